#pragma once
// What a server serves: the daemon its REST API and its stream, the conformance tests an echo. HTTP
// itself, limits, deadlines and who may come in are the server's.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "api/routes.hpp"
#include "api/traffic.hpp"
#include "types/awaitable.hpp"

namespace psmove::stream {
class Hub;
}

namespace psmove::api {

struct RequestHead;

class Application {
 public:
  Application() = default;
  virtual ~Application() = default;
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  /// Answers at once; or nothing, and then wait() answers. The request lives until it was answered.
  virtual std::optional<Response> answer(Request& request) = 0;
  /// Answers when something has happened.
  virtual Awaitable<Response> wait(Request request) = 0;
  /// Whether this is where WebSockets are opened.
  [[nodiscard]] virtual bool takes_websocket(const RequestHead& head,
                                             std::string_view path) const = 0;
  /// Whether this is where server-sent events are read.
  [[nodiscard]] virtual bool takes_events(std::string_view path) const {
    static_cast<void>(path);
    return false;
  }
  /// Uses a ticket up. @return who may come in with it; nothing where it is none
  virtual std::optional<Principal> redeem(std::string_view ticket) {
    static_cast<void>(ticket);
    return std::nullopt;
  }
  /// Unix time by the clock that everything published goes by.
  [[nodiscard]] virtual std::int64_t now_us() const = 0;
  /// Where they live then.
  virtual stream::Hub& hub() = 0;
  /// The server stops: WebSockets say goodbye, and what waits answers.
  virtual void stop() = 0;
  /// Where the server counts what its clients do.
  [[nodiscard]] Traffic& traffic() { return traffic_; }

 private:
  Traffic traffic_;
};

}  // namespace psmove::api
