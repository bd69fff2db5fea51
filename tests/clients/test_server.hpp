#pragma once
// A server of a few lines for tests: accepts on loopback and plays a script on each connection.

#include <arpa/inet.h>
#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "api/stream/framing.hpp"
#include "clients/cpp/url.hpp"

namespace psmove::client {

/// One accepted connection, with blocking calls.
class TestConnection {
 public:
  explicit TestConnection(int descriptor) : descriptor_(descriptor) {}

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto size = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  /// Whatever comes next; empty where the peer has gone.
  [[nodiscard]] std::string receive() const {
    std::array<char, 4096> chunk{};
    const auto size = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    return size > 0 ? std::string(chunk.data(), static_cast<std::size_t>(size)) : std::string();
  }
  /// Up to the empty line.
  [[nodiscard]] std::string receive_head() {
    while (pending_.find("\r\n\r\n") == std::string::npos) {
      const auto more = receive();
      if (more.empty()) return std::exchange(pending_, {});
      pending_ += more;
    }
    const auto end = pending_.find("\r\n\r\n") + 4;
    const auto head = pending_.substr(0, end);
    pending_.erase(0, end);
    return head;
  }
  [[nodiscard]] std::string receive_body(std::size_t length) {
    while (pending_.size() < length) {
      const auto more = receive();
      if (more.empty()) break;
      pending_ += more;
    }
    const auto body = pending_.substr(0, length);
    pending_.erase(0, body.size());
    return body;
  }

  /// Grants a WebSocket upgrade. @return the request's head
  std::string upgrade() {
    auto head = receive_head();
    send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Protocol: psmoved.v1+json\r\nSec-WebSocket-Accept: " +
        stream::accept_key(header(head, "Sec-WebSocket-Key")) + "\r\n\r\n");
    return head;
  }
  void send_frame(stream::Opcode opcode, std::string_view payload) const {
    std::string frame;
    stream::append_frame(frame, opcode, payload);
    send(frame);
  }
  /// The next frame of the client: kind, code and payload.
  struct Frame {
    stream::Message::Kind kind = stream::Message::Kind::violation;
    std::uint16_t code = 0;
    std::string payload;
  };
  [[nodiscard]] Frame receive_frame() {
    while (true) {
      std::string_view rest = pending_;
      const auto message = receiver_.next(rest);
      Frame frame;
      if (message) frame = {message->kind, message->code, std::string(message->payload)};
      pending_.erase(0, pending_.size() - rest.size());
      if (message) return frame;
      const auto more = receive();
      if (more.empty()) return {stream::Message::Kind::violation, 0, "the peer has gone"};
      pending_ += more;
    }
  }

  static std::string header(const std::string& head, std::string_view name) {
    const auto at = head.find(std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }

 private:
  int descriptor_;
  std::string pending_;
  stream::Receiver receiver_{stream::Role::server, {}};
};

/// Accepts until it goes out of scope; `script` runs for one connection after another.
class TestServer {
 public:
  explicit TestServer(std::function<void(TestConnection&)> script, int family = AF_INET)
      : script_(std::move(script)), listener_(::socket(family, SOCK_STREAM, 0)) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_in);
    if (family == AF_INET6) {
      auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
      address->sin6_family = AF_INET6;
      address->sin6_addr = in6addr_loopback;
      length = sizeof(sockaddr_in6);
    } else {
      auto* address = reinterpret_cast<sockaddr_in*>(&storage);
      address->sin_family = AF_INET;
      address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    auto* address = reinterpret_cast<sockaddr*>(&storage);
    if (::bind(listener_, address, length) != 0 || ::listen(listener_, 8) != 0)
      throw std::runtime_error("the test server cannot listen");
    ::getsockname(listener_, address, &length);
    // The port is at the same place in both families.
    port_ = ntohs(reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TestServer() {
    stop();
    ::close(listener_);
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] ServerUrl url(std::string host = "127.0.0.1") const {
    return {std::move(host), port_};
  }
  /// Waits for the script that runs, and accepts no more.
  void stop() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void serve() {
    while (true) {
      const int descriptor = ::accept(listener_, nullptr, nullptr);
      if (descriptor < 0) return;
      TestConnection connection(descriptor);
      script_(connection);
      ::close(descriptor);
    }
  }

  std::function<void(TestConnection&)> script_;
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

struct CannedAnswer {
  int status = 200;
  std::string body;
  std::string type = "application/json";
};

/// A daemon with a fixed answer for each "METHOD path"; anything else is 404 unknown_controller.
class CannedDaemon {
 public:
  explicit CannedDaemon(std::map<std::string, CannedAnswer> answers)
      : answers_(std::move(answers)), server_([this](TestConnection& c) { answer(c); }) {}

  [[nodiscard]] ServerUrl url() const { return server_.url(); }
  /// "METHOD path body" of all requests so far.
  [[nodiscard]] std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void answer(TestConnection& connection) {
    const auto head = connection.receive_head();
    if (head.empty()) return;
    const auto line = head.substr(0, head.find(" HTTP/"));
    const auto length = TestConnection::header(head, "Content-Length");
    const auto body = length.empty() ? std::string() : connection.receive_body(std::stoul(length));
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(body.empty() ? line : line + " " + body);
    }
    const auto found = answers_.find(line);
    const auto reply =
        found != answers_.end()
            ? found->second
            : CannedAnswer{404,
                           R"({"status":404,"title":"No such controller","code":)"
                           R"("unknown_controller","detail":"There is no controller 9."})",
                           "application/problem+json"};
    connection.send("HTTP/1.1 " + std::to_string(reply.status) + " X\r\nContent-Type: " +
                    reply.type + "\r\nContent-Length: " + std::to_string(reply.body.size()) +
                    "\r\nConnection: close\r\n\r\n" + reply.body);
  }

  std::map<std::string, CannedAnswer> answers_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  TestServer server_;
};

/// A loopback port where nothing listens.
inline ServerUrl nobody() {
  ServerUrl url;
  {
    const TestServer server([](TestConnection&) {});
    url = server.url();
  }
  return url;
}

}  // namespace psmove::client
