#pragma once
// The whole network side in this process, with simulated controllers and a client that speaks
// bytes. One thread: while the client waits, it turns the server's loop.

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "api/server.hpp"
#include "drivers/clock.hpp"
#include "drivers/roster.hpp"
#include "drivers/simulation.hpp"
#include "emulator/device_list.hpp"

namespace psmove::api {

using namespace std::chrono_literals;
using nlohmann::json;

/// One answer, taken apart.
struct Reply {
  int status = 0;
  std::map<std::string, std::string> fields;  ///< names in lower case
  std::string body;

  [[nodiscard]] json parsed() const {
    auto document = json::parse(body, nullptr, false);
    EXPECT_FALSE(document.is_discarded()) << body;
    return document;
  }
  [[nodiscard]] std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? "" : found->second;
  }
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() { config.port = 0; }
  ~ServerTest() override {
    if (server) stop();
  }

  /// Starts with the controllers of a `--simulate` list, and waits until each has sent a sample.
  void start(const std::string& simulated = "zcm1:name=left,zcm2") {
    const auto devices = emulator::parse_device_list(simulated).devices;
    for (const auto& device : devices)
      boost::asio::co_spawn(io, drivers::run_simulation(roster, device), boost::asio::detached);
    server = std::make_unique<Server>(io, roster, config);
    server->start();
    run_until([&] {
      return roster.all().size() == devices.size() &&
             std::all_of(roster.all().begin(), roster.all().end(), [](const auto& controller) {
               return controller->average(0ms).has_value();
             });
    });
  }

  void stop() {
    bool stopped = false;
    server->stop(2s, [&stopped] { stopped = true; });
    run_until([&stopped] { return stopped; });
    server.reset();
  }

  /// Turns the loop until something is so; gives up after ten seconds.
  void run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "waited for ten seconds";
        return;
      }
      io.restart();
      io.run_one_for(10ms);
    }
  }

  // Simulated controllers live in coroutines of the loop, which must go before the roster does.
  drivers::UnixClock clock;
  drivers::Roster roster{clock};
  boost::asio::io_context io{1};
  ServerConfig config;
  std::unique_ptr<Server> server;
};

/// A TCP client that sends exactly what it is told.
class Client {
 public:
  using Turn = std::function<void(const std::function<bool()>&)>;

  Client(Turn turn, std::uint16_t port, const char* address = "127.0.0.1")
      : turn_(std::move(turn)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    EXPECT_EQ(inet_pton(AF_INET, address, &to.sin_addr), 1);
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0)
        << std::strerror(errno);
    ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  }
  Client(Client&& other) noexcept
      : turn_(std::move(other.turn_)),
        socket_(std::exchange(other.socket_, -1)),
        received_(std::move(other.received_)),
        closed_(other.closed_) {}
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }

  [[nodiscard]] int socket() const { return socket_; }

  void send(std::string_view bytes) {
    turn_([&] {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      return bytes.empty() || (sent < 0 && errno != EAGAIN);
    });
  }

  /// The next answer; status 0 where the connection ended first.
  Reply read(bool to_head_request = false) {
    turn_([&] { return receive() || received_.find("\r\n\r\n") != std::string::npos; });
    Reply reply;
    const auto end = received_.find("\r\n\r\n");
    if (end == std::string::npos) return reply;
    read_fields(reply, received_.substr(0, end + 2));
    received_.erase(0, end + 4);
    const auto length = to_head_request || !reply.fields.count("content-length")
                            ? 0U
                            : std::stoul(reply.field("content-length"));
    turn_([&] { return receive() || received_.size() >= length; });
    reply.body = received_.substr(0, length);
    received_.erase(0, length);
    return reply;
  }

  Reply get(const std::string& path) { return request("GET", path); }
  Reply request(const std::string& method, const std::string& path, const std::string& body = {},
                const std::string& type = "application/json", const std::string& fields = {}) {
    std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
    if (!body.empty())
      text +=
          "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    send(text + "\r\n" + body);
    return read(method == "HEAD");
  }

  /// Waits for the end of the connection. @return whether it came without more bytes
  bool is_closed() {
    turn_([&] { return receive(); });
    return received_.empty();
  }
  /// Waits for so many bytes, or the end of the connection.
  void wait_for_bytes(std::size_t count) {
    turn_([&] { return receive() || received_.size() >= count; });
  }
  [[nodiscard]] const std::string& unread() const { return received_; }

 private:
  /// @return whether the connection has ended
  bool receive() {
    std::array<char, 4096> bytes{};
    while (!closed_) {
      const auto count = ::recv(socket_, bytes.data(), bytes.size(), 0);
      if (count > 0)
        received_.append(bytes.data(), static_cast<std::size_t>(count));
      else if (count < 0 && errno == EAGAIN)
        return false;
      else
        closed_ = true;
    }
    return true;
  }

  static void read_fields(Reply& reply, const std::string& head) {
    EXPECT_TRUE(head.starts_with("HTTP/1.1 ")) << head;
    reply.status = std::stoi(head.substr(9, 3));
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
      const auto end = head.find("\r\n", at);
      const auto colon = head.find(": ", at);
      std::string name = head.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      reply.fields[name] += head.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
  }

  Turn turn_;
  int socket_ = -1;
  std::string received_;
  bool closed_ = false;
};

}  // namespace psmove::api
