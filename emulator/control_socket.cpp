#include "emulator/control_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <thread>
#include <utility>

#include "emulator/file_descriptor.hpp"

namespace psmove::emulator {
namespace {

constexpr std::size_t longest_line = 16 * 1024;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    fail("control socket '" + path + "'");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

FileDescriptor unix_socket(int flags) {
  FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!fd.is_open()) fail("control socket");
  return fd;
}

template <class Call>
bool with_address(const sockaddr_un& address, Call call) {
  return call(reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof address}) == 0;
}

bool connect_to(const FileDescriptor& fd, const sockaddr_un& address) {
  return with_address(
      address, [&](const sockaddr* a, socklen_t size) { return ::connect(fd.get(), a, size); });
}

bool bind_to(const FileDescriptor& fd, const sockaddr_un& address) {
  return with_address(address,
                      [&](const sockaddr* a, socklen_t size) { return ::bind(fd.get(), a, size); });
}

/// A socket that nobody listens on any more; errno stays EADDRINUSE where it is anything else.
bool is_abandoned(const std::string& path, const sockaddr_un& address) {
  std::error_code ignored;
  const bool abandoned = std::filesystem::is_socket(path, ignored) &&
                         !connect_to(unix_socket(0), address) && errno == ECONNREFUSED;
  if (!abandoned) errno = EADDRINUSE;
  return abandoned;
}

/// Sends everything, or says false.
bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string receive_line(int fd, std::string& received) {
  for (;;) {
    if (const auto end = received.find('\n'); end != std::string::npos) {
      auto line = received.substr(0, end);
      received.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> chunk;
    const auto length = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length == 0) errno = ECONNRESET;
    if (length <= 0) fail("waiting for the emulator's answer");
    received.append(chunk.data(), static_cast<std::size_t>(length));
  }
}

}  // namespace

ControlSocket::ControlSocket(std::string path, LineHandler handler)
    : path_(std::move(path)), handler_(std::move(handler)), listener_(unix_socket(SOCK_NONBLOCK)) {
  const auto address = address_of(path_);
  bool bound = bind_to(listener_, address);
  if (!bound && errno == EADDRINUSE && is_abandoned(path_, address) && ::unlink(path_.c_str()) == 0)
    bound = bind_to(listener_, address);
  if (!bound) fail("control socket '" + path_ + "'");
  if (::listen(listener_.get(), 8) != 0) fail("control socket '" + path_ + "'");
}

ControlSocket::~ControlSocket() {
  ::unlink(path_.c_str());
}

void ControlSocket::add_to(std::vector<pollfd>& waiting) const {
  waiting.push_back({listener_.get(), POLLIN, 0});
  for (const auto& connection : connections_) waiting.push_back({connection.fd.get(), POLLIN, 0});
}

void ControlSocket::serve() {
  accept_all();
  std::erase_if(connections_, [this](Connection& connection) { return !serve(connection); });
}

void ControlSocket::accept_all() {
  for (;;) {
    FileDescriptor fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.is_open()) return;
    connections_.push_back({std::move(fd), {}});
  }
}

bool ControlSocket::serve(Connection& connection) {
  for (;;) {
    std::array<char, 4096> chunk;
    const auto length = ::recv(connection.fd.get(), chunk.data(), chunk.size(), 0);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return true;
    if (length <= 0) return false;
    auto& received = connection.received;
    received.append(chunk.data(), static_cast<std::size_t>(length));
    for (auto end = received.find('\n'); end != std::string::npos; end = received.find('\n')) {
      const auto answer = handler_(std::string_view(received).substr(0, end)) + '\n';
      received.erase(0, end + 1);
      // A client that does not read its answers is let go rather than waited for.
      if (!send_all(connection.fd.get(), answer)) return false;
    }
    if (received.size() > longest_line) return false;
  }
}

std::vector<std::string> ask(const std::string& path, const std::vector<std::string>& lines,
                             std::chrono::milliseconds patience) {
  const auto address = address_of(path);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  FileDescriptor fd = unix_socket(0);
  while (!connect_to(fd, address)) {
    const bool may_come = errno == ENOENT || errno == ECONNREFUSED;
    if (!may_come || std::chrono::steady_clock::now() >= deadline)
      fail("nobody listens at '" + path + "'");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::vector<std::string> answers;
  std::string received;
  for (const auto& line : lines) {
    if (!send_all(fd.get(), line + '\n')) fail("sending to '" + path + "'");
    answers.push_back(receive_line(fd.get(), received));
  }
  return answers;
}

}  // namespace psmove::emulator
