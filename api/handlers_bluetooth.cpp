// The host's radios, and switching controllers off.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <chrono>

#include "api/handlers.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/server.hpp"
#include "api/wire/bluetooth_json.hpp"
#include "api/wire/controller_json.hpp"
#include "drivers/linux/bluez.hpp"
#include "drivers/roster.hpp"
#include "drivers/simulation.hpp"

namespace psmove::api {
namespace {

using drivers::Bluez;
using drivers::Controller;
using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;
using namespace std::chrono_literals;

/// How long a controller may take to leave before the answer says that it has not yet.
constexpr auto longest_leave_wait = 2s;

Fault no_bluetooth(const Bluez* bluez) {
  return Fault{ErrorCode::no_bluetooth,
               bluez == nullptr ? "psmoved was started without hardware." : bluez->why_not(),
               {}};
}

/// Our controllers that are linked through each radio now.
std::vector<wire::Adapter> adapters_of(const Bluez& bluez, const drivers::Roster& roster) {
  std::vector<wire::Adapter> all;
  for (const auto& radio : bluez.adapters()) {
    wire::Adapter adapter{.address = radio.address,
                          .name = radio.name,
                          .alias = radio.alias,
                          .powered = radio.powered,
                          .discoverable = radio.discoverable,
                          .pairable = radio.pairable};
    for (const auto& controller : roster.all()) {
      const auto& links = controller->state().links;
      const bool is_here = std::any_of(links.begin(), links.end(), [&](const LinkInfo& link) {
        return link.adapter == radio.address;
      });
      if (is_here) adapter.controllers.push_back(controller->address());
    }
    all.push_back(std::move(adapter));
  }
  return all;
}

/// Why it cannot be switched off from here.
Fault disconnect_fault(const error_code& error) {
  const std::string by_hand = "hold its PS button for ten seconds instead.";
  if (error == boost::system::errc::permission_denied)
    return {ErrorCode::not_supported,
            "D-Bus does not let psmoved's user talk to BlueZ; " + by_hand,
            {}};
  if (error == boost::system::errc::timed_out)
    return {ErrorCode::no_bluetooth, "bluetoothd does not answer.", {}};
  if (error == boost::system::errc::not_connected)
    return {ErrorCode::not_supported, "BlueZ has no link to this controller; " + by_hand, {}};
  return {ErrorCode::not_supported, "BlueZ refused, psmoved's log has its words; " + by_hand, {}};
}

}  // namespace

std::optional<Response> get_adapters(Service& service, const Request& request) {
  Bluez* bluez = service.config.bluez;
  if (bluez != nullptr) bluez->start();
  if (bluez == nullptr || !bluez->is_running()) return problem(no_bluetooth(bluez), request.path);
  return json_response(wire::adapters_body(adapters_of(*bluez, service.roster)));
}

Awaitable<Response> post_disconnect(Service& service, Request request) {
  const auto found = connected_controller_of(service, request);
  if (!found) co_return problem(found.error(), request.path);
  if (const auto fault = refuse_action_body(request)) co_return problem(*fault, request.path);
  const Address address = (*found)->address();
  if (auto* simulation = (*found)->simulation(); simulation != nullptr) {
    simulation->set_link(false);
  } else if (!(*found)->is_on_bluetooth()) {
    co_return problem({ErrorCode::not_supported,
                       "This controller is on the cable alone; pull it to switch it off.",
                       {}},
                      request.path);
  } else {
    Bluez* bluez = service.config.bluez;
    if (bluez == nullptr) co_return problem(no_bluetooth(bluez), request.path);
    const auto done = co_await bluez->disconnect(address);
    if (!done && !bluez->is_running()) co_return problem(no_bluetooth(bluez), request.path);
    if (!done) co_return problem(disconnect_fault(done.error()), request.path);
  }
  const auto deadline = SteadyClock::now() + longest_leave_wait;
  Waiter waiter(service.waiters, std::nullopt);
  for (;;) {
    const Controller* controller = service.roster.find(address);
    if (controller == nullptr) co_return no_content();
    const bool has_left = !controller->is_connected();
    if (has_left || service.is_stopping || SteadyClock::now() >= deadline)
      co_return json_response(wire::controller_body(controller->state()), has_left ? 200 : 202);
    co_await waiter.bell().wait_until(deadline);
  }
}

}  // namespace psmove::api
