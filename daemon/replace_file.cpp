#include "daemon/replace_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool give_to_owner_of(const fs::path& directory, int fd) {
  struct stat about {};
  if (::geteuid() != 0 || ::stat(directory.c_str(), &about) != 0) return true;
  return ::fchown(fd, about.st_uid, about.st_gid) == 0;
}

}  // namespace

std::string replace_file(const fs::path& path, std::string_view text, mode_t mode) {
  fs::path fresh = path;
  fresh += ".new";
  // An older attempt's file may have other permissions; this one begins anew.
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  const auto failure = [&fresh](const char* what, const fs::path& which) {
    std::string sentence = std::string(what) + which.string() + ": " + std::strerror(errno);
    ::unlink(fresh.c_str());
    return sentence;
  };
  if (fd < 0) return failure("cannot write ", fresh);
  const bool is_written =
      ::fchmod(fd, mode) == 0 && give_to_owner_of(path.parent_path(), fd) && write_all(fd, text);
  const int error = errno;
  if (::close(fd) != 0 || !is_written) {
    if (!is_written) errno = error;
    return failure("cannot write ", fresh);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return failure("cannot replace ", path);
  return {};
}

void sync(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace psmove::daemon
