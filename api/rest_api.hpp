#pragma once
// The daemon's application: the REST API of routes.cpp, and the stream.

#include <memory>

#include "api/application.hpp"
#include "api/handlers.hpp"
#include "api/metrics.hpp"
#include "api/stream/hub.hpp"

namespace psmove::api {

struct Token;

class RestApi final : public Application {
 public:
  /// @param config  outlives it, as io and roster do
  RestApi(boost::asio::io_context& io, drivers::Roster& roster, const ServerConfig& config);
  ~RestApi() override;

  std::optional<Response> answer(Request& request) override;
  Awaitable<Response> wait(Request request) override;
  [[nodiscard]] bool takes_websocket(const RequestHead& head, std::string_view path) const override;
  [[nodiscard]] bool takes_events(std::string_view path) const override;
  std::optional<Principal> redeem(std::string_view ticket) override;
  [[nodiscard]] std::int64_t now_us() const override;
  stream::Hub& hub() override { return hub_; }
  void stop() override;

 private:
  void forget(const Token& token);

  Metrics metrics_;
  std::shared_ptr<drivers::Cues> cues_;
  stream::Hub hub_;
  Service service_;
};

}  // namespace psmove::api
