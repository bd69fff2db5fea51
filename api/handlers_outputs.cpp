// Lights and rumble: the client's layer is written, and the answer says how far it has come.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/wire/controller_json.hpp"
#include "api/wire/cue_requests.hpp"
#include "api/wire/instant.hpp"
#include "api/wire/output_requests.hpp"
#include "drivers/cues.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::SteadyClock;
using namespace std::chrono_literals;

/// All that differs between light and rumble.
struct Led {
  static constexpr const char* name = "light";
  static bool is_there(const Capabilities& can) { return can.light; }
  using Wish = LedWish;
  using Status = LedStatus;
  static wire::Parsed<Wish> parse(const nlohmann::json& body) { return wire::led_wish(body); }
  static void set(Controller& controller, const std::string& owner, const Wish& wish) {
    controller.set_led(owner, wish);
  }
  static void put(CueAction& action, const Wish& wish) { action.led = wish; }
  static void clear(Controller& controller, const std::string& owner) {
    controller.clear_led(owner);
  }
  static OutputState state_for(Controller& controller, const std::string& owner) {
    return controller.led_state_for(owner);
  }
  static const Status& status(const Controller& controller) { return controller.state().led; }
  static std::string body(const Status& status) { return wire::led_body(status); }
  static std::string result(const Address& id, const Status& status) {
    return wire::led_result(id, status);
  }
};

struct Rumble {
  static constexpr const char* name = "motor";
  static bool is_there(const Capabilities& can) { return can.rumble; }
  using Wish = RumbleWish;
  using Status = RumbleStatus;
  static wire::Parsed<Wish> parse(const nlohmann::json& body) {
    auto wish = wire::rumble_wish(body);
    if (wish && !wish->duration && !wish->lease) wish->lease = rumble_default_lease;
    return wish;
  }
  static void set(Controller& controller, const std::string& owner, const Wish& wish) {
    controller.set_rumble(owner, wish);
  }
  static void put(CueAction& action, const Wish& wish) { action.rumble = wish; }
  static void clear(Controller& controller, const std::string& owner) {
    controller.clear_rumble(owner);
  }
  static OutputState state_for(Controller& controller, const std::string& owner) {
    return controller.rumble_state_for(owner);
  }
  static const Status& status(const Controller& controller) { return controller.state().rumble; }
  static std::string body(const Status& status) { return wire::rumble_body(status); }
  static std::string result(const Address& id, const Status& status) {
    return wire::rumble_result(id, status);
  }
};

/// What the output shows, with `state` as the client's own layer sees it while it has one.
template <class Output>
typename Output::Status status_for(Controller& controller, const std::string& owner) {
  auto status = Output::status(controller);
  const bool has_layer = std::any_of(status.layers.begin(), status.layers.end(),
                                     [&owner](const auto& layer) { return layer.owner == owner; });
  if (has_layer) status.state = Output::state_for(controller, owner);
  return status;
}

/// The controllers that a write is for: the one it names, or all that are connected and have it.
template <class Output>
wire::Parsed<std::vector<Address>> targets_of(Service& service, const Request& request) {
  std::vector<Address> targets;
  if (request.id == "all") {
    for (const auto& controller : service.roster.all())
      if (controller->is_connected() && Output::is_there(controller->model().capabilities))
        targets.push_back(controller->address());
    return targets;
  }
  const auto controller = connected_controller_of(service, request);
  if (!controller) return controller.error();
  if (!Output::is_there((*controller)->model().capabilities))
    return wire::Fault{
        wire::ErrorCode::not_capable, std::string("This model has no ") + Output::name + ".", {}};
  targets.push_back((*controller)->address());
  return targets;
}

template <class Output>
bool is_queued(Service& service, const std::string& owner, const std::vector<Address>& targets) {
  return std::any_of(targets.begin(), targets.end(), [&](const Address& address) {
    auto* controller = service.roster.find(address);
    return controller != nullptr && controller->is_connected() &&
           status_for<Output>(*controller, owner).state == OutputState::queued;
  });
}

template <class Output>
Awaitable<void> wait_until_written(Service& service, const std::string& owner,
                                   const std::vector<Address>& targets) {
  const auto deadline = SteadyClock::now() + longest_write_wait;
  Waiter waiter(service.waiters, std::nullopt);
  while (is_queued<Output>(service, owner, targets) && !service.is_stopping &&
         SteadyClock::now() < deadline)
    co_await waiter.bell().wait_until(deadline);
}

/// The state after the write: one body, or an array of results for `all`.
template <class Output>
Response written_response(Service& service, const Request& request,
                          const std::vector<Address>& targets) {
  const std::string owner = request.client.owner();
  const bool is_for_all = request.id == "all";
  std::string body = is_for_all ? "[" : "";
  for (const auto& address : targets) {
    auto* controller = service.roster.find(address);
    if (controller == nullptr) continue;
    const auto status = status_for<Output>(*controller, owner);
    if (body.size() > 1) body += ',';
    body += is_for_all ? Output::result(address, status) : Output::body(status);
  }
  if (is_for_all) body += ']';
  if (body.empty())  // forgotten while the request waited
    return problem(controller_of(service, request).error(), request.path);
  const bool queued = is_queued<Output>(service, owner, targets);
  auto response = json_response(std::move(body), queued ? 202 : 200);
  if (queued && !is_for_all) response.fields = "Location: " + request.path + "\r\n";
  return response;
}

/// The same for each.
template <class Output>
std::vector<CueAction> actions_for(const std::vector<Address>& targets,
                                   const typename Output::Wish& wish) {
  std::vector<CueAction> actions;
  for (const auto& address : targets) {
    CueAction action{.controller = address};
    Output::put(action, wish);
    actions.push_back(action);
  }
  return actions;
}

template <class Output>
std::optional<Response> get_output(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  return json_response(Output::body(Output::status(**controller)));
}

template <class Output>
Awaitable<Response> put_output(Service& service, Request request) {
  const std::string owner = request.client.owner();
  const auto targets = targets_of<Output>(service, request);
  if (!targets && targets.error().code == wire::ErrorCode::unknown_controller)
    co_return problem(targets.error(), request.path);
  auto body = body_of(request);
  if (!body) co_return problem(body.error(), request.path);
  const auto instant = wire::take_instant(*body);
  if (!instant) co_return problem(instant.error(), request.path);
  const auto at_us = wire::resolve(*instant, service.roster.clock().now_us());
  if (!at_us) co_return problem(at_us.error(), request.path);
  const auto wish = Output::parse(*body);
  if (!wish) co_return problem(wish.error(), request.path);
  if (!targets) co_return problem(targets.error(), request.path);
  if (*at_us) {
    const CueStatus* cue = service.cues->plan(owner, *at_us, actions_for<Output>(*targets, *wish));
    if (cue == nullptr)
      co_return problem(wire::too_many_cues(drivers::Cues::most_pending), request.path);
    auto response = co_await planned_response(service, cue->id, request.path);
    co_return response;
  }
  for (const auto& address : *targets) Output::set(*service.roster.find(address), owner, *wish);
  co_await wait_until_written<Output>(service, owner, *targets);
  co_return written_response<Output>(service, request, *targets);
}

template <class Output>
Awaitable<Response> delete_output(Service& service, Request request) {
  const std::string owner = request.client.owner();
  const auto targets = targets_of<Output>(service, request);
  if (!targets) co_return problem(targets.error(), request.path);
  for (const auto& address : *targets) Output::clear(*service.roster.find(address), owner);
  co_await wait_until_written<Output>(service, owner, *targets);
  co_return written_response<Output>(service, request, *targets);
}

}  // namespace

std::optional<Response> get_led(Service& service, const Request& request) {
  return get_output<Led>(service, request);
}
Awaitable<Response> put_led(Service& service, Request request) {
  return put_output<Led>(service, std::move(request));
}
Awaitable<Response> delete_led(Service& service, Request request) {
  return delete_output<Led>(service, std::move(request));
}
std::optional<Response> get_rumble(Service& service, const Request& request) {
  return get_output<Rumble>(service, request);
}
Awaitable<Response> put_rumble(Service& service, Request request) {
  return put_output<Rumble>(service, std::move(request));
}
Awaitable<Response> delete_rumble(Service& service, Request request) {
  return delete_output<Rumble>(service, std::move(request));
}

}  // namespace psmove::api
