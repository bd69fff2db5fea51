// Connecting with poll(2), because connect(2) alone may take minutes to give up.

#include "clients/cpp/tcp.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <iomanip>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace psmove::client {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList addresses_of(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) found = nullptr;
  return {found, freeaddrinfo};
}

std::string numeric(const addrinfo& address) {
  std::array<char, NI_MAXHOST> text{};
  getnameinfo(address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0,
              NI_NUMERICHOST);
  return text.data();
}

/// @return 0, or the errno of the failure
int connect_one(int family, const sockaddr* address, socklen_t size,
                std::chrono::milliseconds timeout, Socket& out) {
  Socket socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.descriptor() < 0) return errno;
  if (::connect(socket.descriptor(), address, size) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (!wait_for_socket(socket.descriptor(), true, timeout)) return ETIMEDOUT;
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return error;
  }
  const int on = 1;
  if (family != AF_UNIX) setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  out = std::move(socket);
  return 0;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string seconds_text(std::chrono::milliseconds time) {
  std::ostringstream text;
  text << std::setprecision(3) << std::chrono::duration<double>(time).count() << " s";
  return text.str();
}

Error not_connected(const ServerUrl& url, int why, std::chrono::milliseconds timeout) {
  if (why == ETIMEDOUT || why == EAGAIN) return no_answer(url, timeout);
  if (!url.socket.empty() && (why == ECONNREFUSED || why == ENOENT))
    return unreachable("psmoved does not listen at " + url.text() +
                       ": is it running, and is that among its addresses (`bind`)?");
  if (!url.socket.empty() && why == EACCES)
    return unreachable("you may not open " + url.text() +
                       ": its group may, see `socket_group` and `socket_mode`");
  if (why != ECONNREFUSED)
    return unreachable("psmoved cannot be reached at " + url.text() + ": " + std::strerror(why));
  if (is_loopback(url.host))
    return unreachable("psmoved is not running at " + url.text() +
                       ": start it with `systemctl start psmoved` or `./dev run`");
  return unreachable("nothing listens at " + url.text() +
                     ": start psmoved there, and let it listen beyond its own machine (`bind`)");
}

Answer<Connected> connect_unix(const ServerUrl& url, std::chrono::milliseconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  url.socket.copy(address.sun_path, sizeof address.sun_path - 1);
  Socket socket;
  const int error = connect_one(AF_UNIX, reinterpret_cast<const sockaddr*>(&address),
                                sizeof address, timeout, socket);
  if (error != 0) return not_connected(url, error, timeout);
  return Connected{std::move(socket), url.socket};
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Answer<Connected> connect_to(const ServerUrl& url, std::chrono::milliseconds timeout) {
  if (!url.socket.empty()) return connect_unix(url, timeout);
  const std::vector<std::string> hosts = url.host == "localhost"
                                             ? std::vector<std::string>{"::1", "127.0.0.1"}
                                             : std::vector<std::string>{url.host};
  int why = 0;
  bool is_known = false;
  for (const auto& host : hosts) {
    const auto addresses = addresses_of(host, url.port);
    for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
      is_known = true;
      Socket socket;
      const int error =
          connect_one(address->ai_family, address->ai_addr, address->ai_addrlen, timeout, socket);
      if (error == 0) return Connected{std::move(socket), numeric(*address)};
      // "Refused" says more than "no such network", which a host without IPv6 gives for ::1.
      if (why != ECONNREFUSED) why = error;
    }
  }
  if (!is_known) return unreachable("no host is known by the name '" + url.host + "'");
  return not_connected(url, why, timeout);
}

bool wait_for_socket(int descriptor, bool for_writing, std::chrono::milliseconds timeout) {
  pollfd watched{descriptor, static_cast<short>(for_writing ? POLLOUT : POLLIN), 0};
  const auto bounded = std::clamp<std::chrono::milliseconds::rep>(timeout.count(), 0, 86'400'000);
  return ::poll(&watched, 1, static_cast<int>(bounded)) > 0;
}

Error no_answer(const ServerUrl& url, std::chrono::milliseconds waited) {
  return unreachable("no answer from " + url.text() + " within " + seconds_text(waited));
}

Error not_psmoved(const ServerUrl& url, std::string_view what_it_did) {
  return {ErrorKind::not_psmoved,
          "what answers at " + url.text() + " is not psmoved: " + std::string(what_it_did),
          0,
          {},
          {},
          {}};
}

}  // namespace psmove::client
