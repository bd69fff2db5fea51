#include "api/rest_api.hpp"

#include <boost/asio/awaitable.hpp>
#include <utility>

#include "api/authentication.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/stream/framing.hpp"
#include "api/token_requests.hpp"
#include "api/tokens.hpp"
#include "api/wire/strict_json.hpp"
#include "drivers/cues.hpp"
#include "drivers/pairings.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;

constexpr std::string_view stream_path = "/api/v1/stream";
constexpr std::string_view events_path = "/api/v1/events";
constexpr std::string_view every_method = "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS";

/// Of a path that is not there, or has not this method.
Response without_route(const Request& request, std::string_view allow) {
  if (request.method == Method::options && request.path == "*") return allowed(every_method);
  if (allow.empty()) return problem({ErrorCode::not_found, "Nothing is here.", {}}, request.path);
  if (request.method == Method::options) return allowed(allow);
  return not_allowed(allow, request.path);
}

}  // namespace

RestApi::RestApi(boost::asio::io_context& io, drivers::Roster& roster, const ServerConfig& config)
    : metrics_(roster),
      cues_(std::make_shared<drivers::Cues>(roster, roster.clock())),
      hub_(io, roster, config.limits, *cues_),
      service_{.roster = roster,
               .config = config,
               .waiters = std::make_shared<Waiters>(roster),
               .cues = cues_,
               .metrics = metrics_,
               .hub = hub_,
               .traffic = traffic(),
               .started = drivers::SteadyClock::now(),
               .token_requests = std::make_unique<TokenRequests>(roster, config.tokens)} {
  cues_->on_done([this](const CueStatus& cue) { metrics_.on_cue_done(cue); });
  cues_->on_change([waiters = service_.waiters] { waiters->wake_all(); });
  cues_->start(io);
  if (config.pairings != nullptr)
    config.pairings->on_change([waiters = service_.waiters] { waiters->wake_all(); });
  if (config.tokens != nullptr)
    config.tokens->on_revoke([this](const Token& token) { forget(token); });
}

RestApi::~RestApi() {
  if (service_.config.pairings != nullptr) service_.config.pairings->on_change({});
  cues_->stop();
  if (service_.config.tokens != nullptr) service_.config.tokens->on_revoke({});
  service_.waiters->detach();
}

std::optional<Response> RestApi::answer(Request& request) {
  auto match = find_route(request.method, request.path);
  if (match.route == nullptr) return without_route(request, match.allow);
  if (const auto fault = request.client.refusal(match.route->scope))
    return refused(*fault, match.route->scope, request.path);
  if (match.route->parameters == Parameters::none)
    if (const auto fault = wire::refuse_parameters(request.query))
      return problem(*fault, request.path);
  request.id = std::move(match.id);
  request.route = match.route;
  return match.route->now(service_, request);
}

bool RestApi::takes_events(std::string_view path) const {
  return path == events_path;
}

Awaitable<Response> RestApi::wait(Request request) {
  const auto later = request.route->later;
  return later(service_, std::move(request));
}

bool RestApi::takes_websocket(const RequestHead&, std::string_view path) const {
  return path == stream_path;
}

std::optional<Principal> RestApi::redeem(std::string_view ticket) {
  return service_.tickets.redeem(ticket, drivers::SteadyClock::now());
}

std::int64_t RestApi::now_us() const {
  return service_.roster.clock().now_us();
}

/// Whoever came with a token that was revoked is sent away, and what it lit goes dark.
void RestApi::forget(const Token& token) {
  service_.tickets.forget_token(token.id());
  hub_.close_token(token.id(), stream::close_code::token_revoked, "the token was revoked");
  const auto owner = Principal::owner_of_token(token.name);
  cues_->release(owner);
  for (const auto& controller : service_.roster.all()) controller->release_outputs(owner);
}

void RestApi::stop() {
  service_.is_stopping = true;
  hub_.close_all(1001, "psmoved is stopping");
  service_.waiters->wake_all();
}

}  // namespace psmove::api
