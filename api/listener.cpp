#include "api/listener.hpp"

#include <arpa/inet.h>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <netinet/in.h>
#include <optional>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace psmove::api {
namespace {

namespace asio = boost::asio;

constexpr std::string_view unix_scheme = "unix:";
/// With port 0, the one chosen for the first address may be taken on the next.
constexpr int port_attempts = 16;

[[noreturn]] void fail(int error, const std::string& what) {
  throw boost::system::system_error(error, boost::system::system_category(), what);
}

[[noreturn]] void fail_with(const std::string& sentence) {
  throw std::runtime_error(sentence);
}

/// Closed with its owner, unless that gives it away.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// ---- TCP

/// A listening socket on one literal address.
int listen_on_tcp(const std::string& address, std::uint16_t port) {
  const std::string what = address + " port " + std::to_string(port);
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) throw boost::system::system_error(error, what);
  const asio::ip::tcp::endpoint endpoint(ip, port);
  Descriptor socket(
      ::socket(ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) fail(errno, what);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (ip.is_v6()) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0)
    fail(errno, what);
  return socket.release();
}

bool is_no_ipv6(const boost::system::system_error& error) {
  const int code = error.code().value();
  return code == EAFNOSUPPORT || code == EADDRNOTAVAIL;
}

/// Nothing for a Unix socket.
std::optional<asio::ip::tcp::endpoint> tcp_endpoint(int socket) {
  asio::ip::tcp::endpoint endpoint;
  auto length = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(socket, endpoint.data(), &length) != 0) fail(errno, "getsockname");
  const auto family = endpoint.data()->sa_family;
  if (family == AF_UNIX) return std::nullopt;
  if (family != AF_INET && family != AF_INET6)
    fail(EAFNOSUPPORT, "an inherited socket is neither TCP nor Unix");
  return endpoint;
}

// ---- Unix

sockaddr_un unix_address(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Whether somebody listens there. A socket's file outlives who made it.
bool is_answered(const sockaddr_un& address, const std::string& path) {
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (probe.get() < 0) fail(errno, path);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return true;
  if (errno == ECONNREFUSED || errno == ENOENT) return false;
  if (errno == EAGAIN) return true;  // so many that its queue is full
  fail_with("cannot find out whether somebody listens on " + path + ": " + std::strerror(errno));
}

/// Makes room for a socket's file: takes away one that nobody listens on any more, and nothing
/// else.
void clear_the_way(const sockaddr_un& address, const std::string& path) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return;
    fail_with("cannot listen on " + path + ": " + std::strerror(errno));
  }
  if (!S_ISSOCK(about.st_mode))
    fail_with("cannot listen on " + path +
              ": something that is no socket is in the way; move it, or choose another path");
  if (is_answered(address, path))
    fail_with("cannot listen on " + path +
              ": another program listens there; stop that, or choose another path");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT)
    fail_with("cannot replace the old socket " + path + ": " + std::strerror(errno));
}

/// Two who start at once would take each other's file for an old one: while it lives, no other has
/// this. A file of its own, because the folder may be locked for something else.
class StartLock {
 public:
  explicit StartLock(const std::string& path) : path_(path + ".lock") {
    constexpr mode_t for_the_owner = 0600;
    for (bool is_ours = false; !is_ours;) {
      file_.emplace(
          ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, for_the_owner));
      if (file_->get() < 0)
        fail_with("cannot listen on " + path + ": " +
                  std::filesystem::path(path).parent_path().string() + ": " + std::strerror(errno));
      if (::flock(file_->get(), LOCK_EX) != 0) return;  // not on every file system
      // Who had it before us has taken the file away.
      struct stat about {};
      is_ours = ::fstat(file_->get(), &about) == 0 && about.st_nlink > 0;
    }
  }
  ~StartLock() { ::unlink(path_.c_str()); }
  StartLock(const StartLock&) = delete;
  StartLock& operator=(const StartLock&) = delete;

 private:
  std::string path_;
  std::optional<Descriptor> file_;
};

Listener listen_on_unix(std::string_view where, const SocketFileRules& rules) {
  const std::string path(where);
  const auto address = unix_address(path);
  const StartLock lock(path);
  clear_the_way(address, path);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) fail(errno, path);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail_with("cannot listen on " + path + ": " + std::strerror(errno));
  Listener listener{.socket = -1, .file = SocketFile(path)};
  // Nobody gets in before listen().
  if ((rules.group && ::chown(path.c_str(), static_cast<uid_t>(-1), *rules.group) != 0) ||
      ::chmod(path.c_str(), rules.mode) != 0)
    fail_with("cannot set the group and mode of " + path + ": " + std::strerror(errno));
  if (::listen(socket.get(), SOMAXCONN) != 0)
    fail_with("cannot listen on " + path + ": " + std::strerror(errno));
  listener.socket = socket.release();
  return listener;
}

std::vector<Listener> try_to_listen(const std::vector<std::string>& addresses, std::uint16_t port,
                                    const SocketFileRules& rules) {
  std::vector<Listener> listeners;
  try {
    for (const auto& address : addresses) {
      if (const auto path = socket_path(address)) {
        if (auto wrong = fault_of_address(address); !wrong.empty()) fail_with(wrong);
        listeners.push_back(listen_on_unix(*path, rules));
        continue;
      }
      try {
        listeners.push_back({.socket = listen_on_tcp(address, port)});
        if (port == 0) port = port_of(listeners);
      } catch (const boost::system::system_error& error) {
        if (address != "::1" || !is_no_ipv6(error) || addresses.size() == 1) throw;
        spdlog::warn("this host has no IPv6; listening without address=::1");
      }
    }
  } catch (...) {
    for (const auto& listener : listeners) ::close(listener.socket);
    throw;
  }
  return listeners;
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat about {};
  if (::lstat(path_.c_str(), &about) != 0) return;
  device_ = about.st_dev;
  inode_ = about.st_ino;
}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  return *this;
}

void SocketFile::remove() {
  struct stat about {};
  const auto path = std::exchange(path_, {});
  if (path.empty() || ::lstat(path.c_str(), &about) != 0) return;
  if (about.st_dev == device_ && about.st_ino == inode_) ::unlink(path.c_str());
}

std::optional<std::string_view> socket_path(std::string_view address) {
  if (!address.starts_with(unix_scheme)) return std::nullopt;
  return address.substr(unix_scheme.size());
}

std::string fault_of_address(const std::string& address) {
  constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
  const auto path = socket_path(address);
  if (!path) return {};
  if (!path->starts_with('/') || path->ends_with('/') || path->find('\0') != std::string::npos)
    return "\"" + address +
           "\" is no socket to listen on: it is unix: and a whole path, like "
           "unix:/run/psmoved/psmoved.sock";
  if (path->size() > longest)
    return "the path in \"" + address + "\" is too long: a socket's has at most " +
           std::to_string(longest) + " bytes";
  return {};
}

std::vector<Listener> listen_on_all(const std::vector<std::string>& addresses, std::uint16_t port,
                                    const SocketFileRules& rules) {
  for (int attempt = 1;; ++attempt) {
    try {
      return try_to_listen(addresses, port, rules);
    } catch (const boost::system::system_error& error) {
      const bool may_try_again = port == 0 && error.code().value() == EADDRINUSE;
      if (!may_try_again || attempt == port_attempts) throw;
    }
  }
}

std::vector<Listener> take_over(const std::vector<int>& sockets) {
  std::vector<Listener> listeners;
  for (const int socket : sockets) {
    static_cast<void>(tcp_endpoint(socket));
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    listeners.push_back({.socket = socket});
  }
  return listeners;
}

std::uint16_t port_of(const std::vector<Listener>& listeners) {
  for (const auto& listener : listeners)
    if (const auto endpoint = tcp_endpoint(listener.socket)) return endpoint->port();
  return 0;
}

std::vector<std::string> literal_addresses(const std::vector<Listener>& listeners) {
  std::vector<std::string> names;
  for (const auto& listener : listeners) {
    const auto endpoint = tcp_endpoint(listener.socket);
    if (endpoint && !endpoint->address().is_unspecified())
      names.push_back(endpoint->address().to_string());
  }
  return names;
}

}  // namespace psmove::api
