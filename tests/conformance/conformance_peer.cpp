// conformance-peer: the daemon's own HTTP and WebSocket sessions with an echo behind them in place
// of the API, so that test suites for those protocols can be pointed at it. Never installed.

#include <CLI/CLI.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "api/application.hpp"
#include "api/request_head.hpp"
#include "api/server.hpp"
#include "api/stream/hub.hpp"
#include "api/stream/stream_session.hpp"
#include "drivers/roster.hpp"

namespace psmove {
namespace {

using namespace std::chrono_literals;

void echo_message(stream::StreamSession& session, const stream::Message& message) {
  const bool is_text = message.kind == stream::Message::Kind::text;
  session.send_message(is_text ? stream::Opcode::text : stream::Opcode::binary, message.payload);
}

/// Every body comes back as it was, whatever the path; `/` opens WebSockets as well, whatever query
/// and subprotocols come with it.
class Echo final : public api::Application {
 public:
  Echo(boost::asio::io_context& io, drivers::Roster& roster, const api::Limits& limits)
      : roster_(roster), hub_(io, roster, limits, echo_message) {}

  std::optional<api::Response> answer(api::Request& request) override {
    api::Response response;
    response.body = request.body;
    response.content_type = "application/octet-stream";
    if (!request.content_type.empty()) response.content_type = request.content_type;
    return response;
  }
  Awaitable<api::Response> wait(api::Request) override { co_return api::Response(); }
  [[nodiscard]] bool takes_websocket(const api::RequestHead& head,
                                     std::string_view path) const override {
    return path == "/" && api::has_token(head.find("upgrade").value_or(""), "websocket");
  }
  [[nodiscard]] std::int64_t now_us() const override { return roster_.clock().now_us(); }
  stream::Hub& hub() override { return hub_; }
  void stop() override { hub_.close_all(stream::close_code::going_away, "the peer is stopping"); }

 private:
  drivers::Roster& roster_;
  stream::Hub hub_;
};

struct Options {
  std::uint16_t port = 0;
  std::size_t message_bytes = api::Limits().message_bytes;
};

api::ServerConfig server_config(const Options& options) {
  api::ServerConfig config;
  config.port = options.port;
  auto& limits = config.limits;
  limits.message_bytes = options.message_bytes;
  if (options.message_bytes > api::Limits().message_bytes) {
    // A large message may come in many small fragments, and its echo waits as one piece.
    limits.message_fragments = options.message_bytes;
    limits.edge_backlog_bytes = 4 * options.message_bytes;
  }
  return config;
}

int run(const Options& options) {
  boost::asio::io_context io(1);
  drivers::UnixClock clock;
  drivers::Roster nobody(clock);
  api::Server server(
      io,
      [&](const api::ServerConfig& config) {
        return std::make_unique<Echo>(io, nobody, config.limits);
      },
      server_config(options));
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) server.stop(1s, [&io] { io.stop(); });
  });
  server.start();
  std::printf("listening http://127.0.0.1:%u\n", unsigned{server.port()});
  std::fflush(stdout);
  io.run();
  return 0;
}

}  // namespace
}  // namespace psmove

int main(int argc, char** argv) {
  psmove::Options options;
  CLI::App app("Echoes HTTP bodies and WebSocket messages through psmoved's own sessions",
               "conformance-peer");
  app.add_option("--port", options.port, "Of 127.0.0.1 and ::1; 0 takes a free one");
  app.add_option("--max-message", options.message_bytes, "Octets of one WebSocket message")
      ->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    return psmove::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "conformance-peer: %s\n", error.what());
    return 1;
  }
}
