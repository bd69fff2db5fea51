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
using drivers::Cues;
using drivers::SteadyClock;
using namespace std::chrono_literals;

/// All that differs between light and rumble.
struct Led {
  static constexpr const char* name = "light";
  static bool is_there(const Capabilities& can) { return can.light; }
  using Wish = LedWish;
  using Status = LedStatus;
  static wire::Parsed<Wish> parse(const nlohmann::json& body) { return wire::led_wish(body); }
  static void put(CueAction& action, const Wish& wish) { action.led = wish; }
  static void clear(CueAction& action) { action.clear_led = true; }
  static const CueOutput& outcome(const CueResult& result) { return *result.led; }
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
  static void put(CueAction& action, const Wish& wish) { action.rumble = wish; }
  static void clear(CueAction& action) { action.clear_rumble = true; }
  static const CueOutput& outcome(const CueResult& result) { return *result.rumble; }
  static const Status& status(const Controller& controller) { return controller.state().rumble; }
  static std::string body(const Status& status) { return wire::rumble_body(status); }
  static std::string result(const Address& id, const Status& status) {
    return wire::rumble_result(id, status);
  }
};

/// What the output shows, with what became of the client's own write.
template <class Output>
typename Output::Status status_after(const Controller& controller, const CueOutput& written,
                                     bool was_cleared) {
  auto status = Output::status(controller);
  switch (written.outcome) {
    case CueOutcome::overridden:
      status.state = OutputState::overridden;
      status.overridden_by = written.overridden_by;
      break;
    case CueOutcome::superseded:
    case CueOutcome::removed:
      status.state = OutputState::superseded;
      break;
    case CueOutcome::applied:
      // Where a layer was ended, what it lay over is told of, or that nothing is left.
      if (!was_cleared) status.state = OutputState::applied;
      break;
    case CueOutcome::waiting:
    case CueOutcome::queued:
    case CueOutcome::away:  // it shows when the controller is back
      status.state = OutputState::queued;
      break;
  }
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

/// The state after the write: one body, or an array of results for `all`.
template <class Output>
Response written_response(Service& service, const Request& request, const CueStatus& written,
                          bool was_cleared) {
  const bool is_for_all = request.id == "all";
  bool is_queued = false;
  std::string body = is_for_all ? "[" : "";
  for (const CueResult& result : written.results) {
    const auto* controller = service.roster.find(result.controller);
    if (controller == nullptr) continue;
    const auto status = status_after<Output>(*controller, Output::outcome(result), was_cleared);
    is_queued = is_queued || status.state == OutputState::queued;
    if (body.size() > 1) body += ',';
    body += is_for_all ? Output::result(result.controller, status) : Output::body(status);
  }
  if (is_for_all) body += ']';
  if (body.empty())  // forgotten while the request waited
    return problem(controller_of(service, request).error(), request.path);
  auto response = json_response(std::move(body), is_queued ? 202 : 200);
  if (is_queued && !is_for_all) response.fields = "Location: " + request.path + "\r\n";
  return response;
}

/// Sets it at once, and waits for a moment until it is known what became of it.
template <class Output>
Awaitable<Response> set_and_wait(Service& service, const Request& request,
                                 const std::vector<CueAction>& actions, bool is_clearing) {
  const auto deadline = SteadyClock::now() + longest_write_wait;
  Waiter waiter(service.waiters, std::nullopt);
  const auto written = service.cues->set(request.client.owner(), actions);
  while (written->state != CueState::done && !service.is_stopping && SteadyClock::now() < deadline)
    co_await waiter.bell().wait_until(deadline);
  co_return written_response<Output>(service, request, *written, is_clearing);
}

/// The same for each: `change` is given the action for one.
template <class Change>
std::vector<CueAction> actions_for(const std::vector<Address>& targets, Change change) {
  std::vector<CueAction> actions;
  for (const auto& address : targets) {
    CueAction& action = actions.emplace_back();
    action.controller = address;
    change(action);
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
  auto actions = actions_for(*targets, [&wish](CueAction& action) { Output::put(action, *wish); });
  if (*at_us) {
    const auto planned = service.cues->plan(request.client.owner(), *at_us, std::move(actions));
    if (planned.cue == nullptr)
      co_return problem(wire::too_many_cues(Cues::bound(planned.scheduling),
                                            planned.scheduling == Cues::Scheduling::owner_full),
                        request.path);
    const std::string id = planned.cue->id;
    auto response = co_await planned_response(service, id, request.path);
    co_return response;
  }
  auto response = co_await set_and_wait<Output>(service, request, actions, false);
  co_return response;
}

template <class Output>
Awaitable<Response> delete_output(Service& service, Request request) {
  const auto targets = targets_of<Output>(service, request);
  if (!targets) co_return problem(targets.error(), request.path);
  const auto actions = actions_for(*targets, [](CueAction& action) { Output::clear(action); });
  auto response = co_await set_and_wait<Output>(service, request, actions, true);
  co_return response;
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
