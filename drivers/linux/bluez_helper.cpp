#include "drivers/linux/bluez_helper.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "drivers/linux/on_pool.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace psmove::drivers {
namespace {

using bluez::Answer;
using bluez::Request;

constexpr const char* installed = PSMOVED_BLUEZ_PROGRAM;
/// bluetoothd may take its ten seconds to come back, twice.
constexpr timeval patience{.tv_sec = 30, .tv_usec = 0};

/// A descriptor that is closed with its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

Answer failed(std::string why) {
  Answer answer;
  answer.error = std::move(why);
  return answer;
}

/// psmoved-bluez beside our own program (a build directory), else where it is installed.
std::filesystem::path program() {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = own.parent_path() / "psmoved-bluez";
  return !error && ::access(beside.c_str(), X_OK) == 0 ? beside : installed;
}

Answer converse(int fd, const Request& request) {
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string question = to_line(request) + '\n';
  if (::send(fd, question.data(), question.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(question.size()))
    return failed("psmoved-bluez did not listen");
  std::string line;
  std::array<char, 256> buffer;
  while (line.find('\n') == std::string::npos && line.size() < bluez::longest_line) {
    const auto length = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    line.append(buffer.data(), static_cast<std::size_t>(length));
  }
  const auto answer = bluez::parse_answer(std::string_view(line).substr(0, line.find('\n')));
  return answer ? *answer
                : failed("psmoved-bluez gave no answer; see journalctl -u 'psmoved-bluez@*'");
}

Answer start_and_ask(const Request& request) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return failed(std::strerror(errno));
  Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  std::string path = program();
  std::array<char*, 2> arguments = {path.data(), nullptr};
  pid_t child = 0;
  const int wrong =
      ::posix_spawn(&child, path.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (wrong != 0) return failed(path + ": " + std::strerror(wrong));
  theirs.close();
  auto answer = converse(ours.get(), request);
  ours.close();
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return answer;
}

Answer ask_blocking(const std::filesystem::path& socket, const Request& request) {
  Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof address.sun_path) return failed(path + ": too long for a socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how the C interface wants it
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return converse(fd.get(), request);
  const int error = errno;
  if (::geteuid() == 0) return start_and_ask(request);
  if (error == EACCES)
    return failed("psmoved's user may not use " + path + "; is it in the group psmoved?");
  return failed("What needs root is done by psmoved-bluez, and nobody listens at " + path +
                "; try: sudo systemctl enable --now psmoved-bluez.socket");
}

}  // namespace

BluezHelper::BluezHelper(boost::asio::thread_pool& pool, std::filesystem::path socket)
    : pool_(pool), socket_(std::move(socket)) {}

// No coroutine: see on_pool().
Awaitable<Answer> BluezHelper::ask(Request request) {
  return on_pool(pool_, [socket = socket_, request = std::move(request)] {
    return ask_blocking(socket, request);
  });
}

std::string BluezHelper::command_for(const Request& request) {
  return "sudo " + program().string() + " " + to_line(request);
}

}  // namespace psmove::drivers
