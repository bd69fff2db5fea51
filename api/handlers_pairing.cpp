// Pairing: controllers on the cable, and whom they call.
#include <boost/asio/awaitable.hpp>
#include <chrono>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/wire/output_requests.hpp"
#include "api/wire/pairing_json.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::SteadyClock;
using wire::ErrorCode;
using namespace std::chrono_literals;

/// Feature reports may block for seconds on a bad cable: one is written, one read.
constexpr auto longest_write = 12s;

}  // namespace

std::optional<Response> get_pairing(Service& service, const Request&) {
  std::string body = "[";
  for (const auto& controller : service.roster.all()) {
    if (!controller->pairing()) continue;
    if (body.size() > 1) body += ',';
    body += wire::pairing_body(controller->state(), *controller->pairing());
  }
  return json_response(body + "]");
}

Awaitable<Response> post_pairing(Service& service, Request request) {
  const auto body = action_body_of(request);
  if (!body) co_return problem(body.error(), request.path);
  const auto wanted = wire::pairing_request(*body);
  if (!wanted) co_return problem(wanted.error(), request.path);
  Controller* controller = service.roster.find(wanted->controller);
  if (controller == nullptr)
    co_return problem(
        {ErrorCode::unknown_controller,
         "No controller has the id, number or name \"" + wanted->controller + "\".", "/controller"},
        request.path);
  const Address address = controller->address();
  if (!controller->ask_for_host(wanted->host))
    co_return problem({ErrorCode::not_on_cable,
                       "Only a controller on the USB cable can be told whom to call.",
                       {}},
                      request.path);
  const auto deadline = SteadyClock::now() + longest_write;
  Waiter waiter(service.waiters, std::nullopt);
  for (;;) {
    controller = service.roster.find(address);
    const auto status = controller != nullptr ? controller->pairing() : std::nullopt;
    if (!status)
      co_return problem({ErrorCode::pairing_failed, "The cable was pulled meanwhile.", {}},
                        request.path);
    if (status->stage == PairingStage::failed)
      co_return problem({ErrorCode::pairing_failed, status->trouble, {}}, request.path);
    if (status->stage == PairingStage::host_written)
      co_return json_response(wire::pairing_body(controller->state(), *status));
    if (service.is_stopping || SteadyClock::now() >= deadline)
      co_return json_response(wire::pairing_body(controller->state(), *status), 202);
    co_await waiter.bell().wait_until(deadline);
  }
}

}  // namespace psmove::api
