// Pairing: controllers on their way from the cable to a host.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <chrono>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/server.hpp"
#include "api/wire/controller_requests.hpp"
#include "api/wire/pairing_json.hpp"
#include "drivers/linux/bluez.hpp"
#include "drivers/pairings.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::Pairings;
using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;
using namespace std::chrono_literals;

/// Feature reports may block for seconds on a bad cable, and bluetoothd takes its time to start;
/// what is not done by then goes on, and can be watched.
constexpr auto longest_wait = 12s;

Fault fault_of(const drivers::PairingTrouble& trouble) {
  const auto code = trouble.code == "not_on_cable"   ? ErrorCode::not_on_cable
                    : trouble.code == "pairing_busy" ? ErrorCode::pairing_busy
                    : trouble.code == "not_paired"   ? ErrorCode::not_paired
                    : trouble.code == "no_bluetooth" ? ErrorCode::no_bluetooth
                                                     : ErrorCode::pairing_failed;
  const auto how = trouble.command.empty() ? std::string() : " Try: " + trouble.command;
  return Fault{code, trouble.sentence + how, {}};
}

/// The controller that a request names; without a name, the only one on the cable.
wire::Parsed<Controller*> controller_to_pair(Service& service, const wire::PairingRequest& wanted) {
  if (wanted.controller) {
    if (auto* controller = service.roster.find(*wanted.controller)) return controller;
    return Fault{ErrorCode::unknown_controller,
                 "No controller has the id, number or name \"" + *wanted.controller + "\".",
                 "/controller"};
  }
  Controller* only = nullptr;
  for (const auto& controller : service.roster.all()) {
    if (!controller->cable()) continue;
    if (only != nullptr)
      return Fault{ErrorCode::missing_member,
                   "Several controllers are on the cable: say which with \"controller\".",
                   "/controller"};
    only = controller.get();
  }
  if (only != nullptr) return only;
  return Fault{ErrorCode::not_on_cable,
               "No controller is on the cable: plug one in, with a cable that carries data.",
               {}};
}

/// What a request wants, its adapter found by address or by name.
wire::Parsed<PairingWish> wish_of(const Service& service, const wire::PairingRequest& wanted) {
  PairingWish wish{.host = wanted.host,
                   .adapter = parse_address(wanted.adapter.value_or("")),
                   .allow_unbonded = wanted.allow_unbonded,
                   .may_disconnect = wanted.may_disconnect,
                   .without_restart = wanted.without_restart};
  if (!wanted.adapter || wish.adapter) return wish;
  const drivers::Bluez* bluez = service.config.bluez;
  const auto adapters =
      bluez == nullptr ? std::vector<drivers::BluetoothAdapter>() : bluez->adapters();
  const auto named = std::find_if(adapters.begin(), adapters.end(),
                                  [&](const auto& each) { return each.name == *wanted.adapter; });
  if (named == adapters.end())
    return Fault{
        ErrorCode::invalid_value,
        "\"adapter\" takes the address or the name of one that GET /api/v1/adapters lists.",
        "/adapter"};
  wish.adapter = named->address;
  return wish;
}

std::optional<std::string> body_of_pairing(const Service& service, const Controller& controller) {
  if (service.config.pairings == nullptr) return std::nullopt;
  const auto status = service.config.pairings->status(controller.address());
  if (!status) return std::nullopt;
  return wire::pairing_body(controller.state(), *status);
}

Response not_paired(const Request& request) {
  return problem(
      {ErrorCode::not_paired, "This controller is neither on the cable nor being paired.", {}},
      request.path);
}

}  // namespace

std::optional<Response> get_pairing(Service& service, const Request&) {
  std::string body = "[";
  const auto add = [&](const std::string& item) { body += (body.size() > 1 ? "," : "") + item; };
  for (const auto& controller : service.roster.all())
    if (const auto item = body_of_pairing(service, *controller)) add(*item);
  for (const auto& [path, trouble] : service.roster.troubles())
    add(wire::unreadable_body(path, trouble.code, trouble.sentence, trouble.command));
  return json_response(body + "]");
}

std::optional<Response> get_controller_pairing(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  const auto body = body_of_pairing(service, **controller);
  return body ? json_response(*body) : not_paired(request);
}

Awaitable<Response> post_pairing(Service& service, Request request) {
  const auto body = action_body_of(request);
  if (!body) co_return problem(body.error(), request.path);
  const auto wanted = wire::pairing_request(*body);
  if (!wanted) co_return problem(wanted.error(), request.path);
  const auto named = controller_to_pair(service, *wanted);
  if (!named) co_return problem(named.error(), request.path);
  const auto wish = wish_of(service, *wanted);
  if (!wish) co_return problem(wish.error(), request.path);
  Pairings* pairings = service.config.pairings;
  if (pairings == nullptr)
    co_return problem({ErrorCode::no_bluetooth, "psmoved was started without hardware.", {}},
                      request.path);
  const Address address = (*named)->address();
  if (const auto refusal = pairings->begin(address, *wish))
    co_return problem(fault_of(*refusal), request.path);

  const auto deadline = SteadyClock::now() + longest_wait;
  Waiter waiter(service.waiters, std::nullopt);
  while (!service.is_stopping && SteadyClock::now() < deadline && pairings->is_under_way(address))
    co_await waiter.bell().wait_until(deadline);
  const Controller* controller = service.roster.find(address);
  const auto status = pairings->status(address);
  if (controller == nullptr || !status)
    co_return problem({ErrorCode::pairing_failed, "The cable was pulled meanwhile.", {}},
                      request.path);
  if (status->stage == PairingStage::failed)
    co_return problem(fault_of({status->code, status->trouble, status->command}), request.path);
  const bool is_done = !pairings->is_under_way(address) && status->stage != PairingStage::waiting;
  co_return json_response(wire::pairing_body(controller->state(), *status), is_done ? 200 : 202);
}

Awaitable<Response> delete_controller_pairing(Service& service, Request request) {
  const auto found = controller_of(service, request);
  if (!found) co_return problem(found.error(), request.path);
  Pairings* pairings = service.config.pairings;
  if (pairings == nullptr) co_return not_paired(request);
  const Address address = (*found)->address();
  const auto status = pairings->status(address);
  const bool is_connected = status && status->stage == PairingStage::connected;
  if (!is_connected && pairings->cancel(address)) {
    const auto deadline = SteadyClock::now() + longest_wait;
    Waiter waiter(service.waiters, std::nullopt);
    while (!service.is_stopping && SteadyClock::now() < deadline && pairings->is_under_way(address))
      co_await waiter.bell().wait_until(deadline);
    co_return no_content();
  }
  const auto trouble = co_await pairings->unpair(address);
  if (trouble) co_return problem(fault_of(*trouble), request.path);
  co_return no_content();
}

Awaitable<Response> delete_pairing(Service& service, Request request) {
  Pairings* pairings = service.config.pairings;
  if (pairings == nullptr) co_return no_content();
  const auto trouble = co_await pairings->unpair_all();
  if (trouble) co_return problem(fault_of(*trouble), request.path);
  co_return no_content();
}

}  // namespace psmove::api
