// The light's frequency, the wheel's motors, diagnosis: requests that a link carries out one after
// the other, and that the controller may take its time for.
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string_view>
#include <utility>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/wire/device_json.hpp"
#include "api/wire/output_requests.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::Errand;
using drivers::Errands;
using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;
using namespace std::chrono_literals;

/// A feature report may hold its caller for five seconds when the controller is leaving.
constexpr auto longest_errand = 12s;
/// A wheel that has not been told by then is said to be queued.
constexpr auto longest_wheel_wait = 300ms;
/// Motors that nobody takes care of stop by themselves.
constexpr auto longest_wheel_rumble = 10s;
/// What was read not longer ago than this is not read again.
constexpr auto diagnosis_lifetime = 1s;

Fault cannot(std::string_view what) {
  return Fault{ErrorCode::not_capable, "This model has no " + std::string(what) + ".", {}};
}

/// Waits until an errand is done.
/// @return what went wrong
Awaitable<std::optional<Fault>> wait_for(Service& service, Address address, Errand Errands::*kind,
                                         unsigned number) {
  const auto deadline = SteadyClock::now() + longest_errand;
  Waiter waiter(service.waiters, std::nullopt);
  for (;;) {
    const Controller* controller = service.roster.find(address);
    if (controller == nullptr || !controller->is_connected())
      co_return Fault{ErrorCode::controller_offline, "This controller left meanwhile.", {}};
    const Errand& errand = controller->errands().*kind;
    // Numbers only grow; a newer one that is done settles this one as well.
    if (errand.done >= number) {
      if (!errand.error) co_return std::nullopt;
      co_return Fault{ErrorCode::no_answer,
                      "The controller did not take the request: " + errand.error.message() + ".",
                      {}};
    }
    if (service.is_stopping || SteadyClock::now() >= deadline)
      co_return Fault{ErrorCode::no_answer, "The controller did not answer within 12 s.", {}};
    co_await waiter.bell().wait_until(deadline);
  }
}

// ---- the frequency of the light

wire::Parsed<Controller*> controller_with_pwm(Service& service, const Request& request) {
  auto controller = controller_of(service, request);
  if (controller && !(*controller)->model().capabilities.led_pwm)
    return cannot("light whose frequency can be set");
  return controller;
}

std::string pwm_body(const Controller& controller) {
  const auto& set = controller.errands().led_pwm_hz;
  return wire::led_pwm_body(set.value_or(drivers::usual_led_pwm), set.has_value());
}

// ---- the wheel's motors

wire::Parsed<Controller*> controller_with_wheel(Service& service, const Request& request) {
  auto controller = controller_of(service, request);
  if (!controller) return controller;
  if (!(*controller)->model().capabilities.extension_port) return cannot("extension port");
  if (!(*controller)->is_connected())
    return Fault{
        ErrorCode::controller_offline, "This controller is away; nothing was changed.", {}};
  if (!(*controller)->has_wheel())
    return Fault{ErrorCode::no_extension, "There is no racing wheel on its extension port.", {}};
  return controller;
}

std::string wheel_body(const Controller& controller) {
  const auto status = controller.wheel_status();
  return wire::wheel_body(status.shown, status.state, status.until_us);
}

/// Asks for it, and answers with how far it has come.
Awaitable<Response> drive_wheel(Service& service, Address address, WheelRumble rumble,
                                SteadyClock::duration length) {
  service.roster.find(address)->set_wheel_rumble(rumble, SteadyClock::now() + length);
  const auto deadline = SteadyClock::now() + longest_wheel_wait;
  Waiter waiter(service.waiters, std::nullopt);
  for (;;) {
    const Controller* controller = service.roster.find(address);
    if (controller == nullptr) co_return no_content();
    const bool is_queued = controller->wheel_status().state == OutputState::queued;
    if (!is_queued || service.is_stopping || SteadyClock::now() >= deadline)
      co_return json_response(wheel_body(*controller));
    co_await waiter.bell().wait_until(deadline);
  }
}

}  // namespace

std::optional<Response> get_led_pwm(Service& service, const Request& request) {
  const auto controller = controller_with_pwm(service, request);
  if (!controller) return problem(controller.error(), request.path);
  return json_response(pwm_body(**controller));
}

Awaitable<Response> put_led_pwm(Service& service, Request request) {
  const auto found = controller_with_pwm(service, request);
  if (!found) co_return problem(found.error(), request.path);
  const auto body = body_of(request);
  if (!body) co_return problem(body.error(), request.path);
  const auto wish = wire::led_pwm_wish(*body, drivers::slowest_led_pwm, drivers::fastest_led_pwm);
  if (!wish) co_return problem(wish.error(), request.path);
  const auto connected = connected_controller_of(service, request);
  if (!connected) co_return problem(connected.error(), request.path);
  if (!(*connected)->is_on_bluetooth())
    co_return problem(
        {ErrorCode::not_on_bluetooth,
         "Whether the frequency may be set over the cable is not known, and a mistake "
         "leaves the light dark; it is set over Bluetooth alone.",
         {}},
        request.path);
  const Address address = (*connected)->address();
  const unsigned number = (*connected)->ask_for_led_pwm(*wish);
  const auto fault = co_await wait_for(service, address, &Errands::led_pwm, number);
  if (fault) co_return problem(*fault, request.path);
  co_return json_response(pwm_body(*service.roster.find(address)));
}

std::optional<Response> get_extension_rumble(Service& service, const Request& request) {
  const auto controller = controller_with_wheel(service, request);
  if (!controller) return problem(controller.error(), request.path);
  return json_response(wheel_body(**controller));
}

Awaitable<Response> put_extension_rumble(Service& service, Request request) {
  const auto controller = controller_with_wheel(service, request);
  if (!controller) co_return problem(controller.error(), request.path);
  const auto body = body_of(request);
  if (!body) co_return problem(body.error(), request.path);
  const auto wish = wire::wheel_wish(*body);
  if (!wish) co_return problem(wish.error(), request.path);
  const SteadyClock::duration length = wish->duration.value_or(longest_wheel_rumble);
  auto response = co_await drive_wheel(service, (*controller)->address(), wish->rumble, length);
  co_return response;
}

Awaitable<Response> delete_extension_rumble(Service& service, Request request) {
  const auto controller = controller_with_wheel(service, request);
  if (!controller) co_return problem(controller.error(), request.path);
  auto response = co_await drive_wheel(service, (*controller)->address(), WheelRumble{}, 0s);
  co_return response;
}

Awaitable<Response> get_diagnostics(Service& service, Request request) {
  const auto found = controller_of(service, request);
  if (!found) co_return problem(found.error(), request.path);
  if (!(*found)->model().answers_diagnostics)
    co_return problem(cannot("report on itself"), request.path);
  const auto connected = connected_controller_of(service, request);
  if (!connected) co_return problem(connected.error(), request.path);
  const Address address = (*connected)->address();
  const auto& errands = (*connected)->errands();
  const bool is_fresh = errands.diagnostics && !errands.diagnosis.error &&
                        SteadyClock::now() - errands.diagnosed_at < diagnosis_lifetime;
  if (!is_fresh) {
    const unsigned number = (*connected)->ask_for_diagnostics();
    const auto fault = co_await wait_for(service, address, &Errands::diagnosis, number);
    if (fault) co_return problem(*fault, request.path);
  }
  const auto& diagnostics = service.roster.find(address)->errands().diagnostics;
  if (!diagnostics)  // it left and came back just now
    co_return problem({ErrorCode::no_answer, "The controller did not answer.", {}}, request.path);
  co_return json_response(wire::diagnostics_body(*diagnostics));
}

}  // namespace psmove::api
