// Cues: lights and rumble of many controllers at one instant, all of it or nothing.
#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/wire/cue_json.hpp"
#include "api/wire/cue_requests.hpp"
#include "drivers/cues.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::Cues;
using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;

Fault no_such_cue(const std::string& id) {
  return {ErrorCode::unknown_cue, "There is no cue \"" + id + "\".", {}};
}

Fault has_begun() {
  return {ErrorCode::cue_begun, "This cue is being written; nothing was changed.", {}};
}

/// Puts one output of the request into the action of one controller.
std::optional<Fault> add(std::vector<CueAction>& actions, const Controller& controller,
                         const wire::CueRequest::Output& output, const std::string& pointer) {
  auto action = std::find_if(actions.begin(), actions.end(), [&](const CueAction& each) {
    return each.controller == controller.address();
  });
  if (action == actions.end())
    action = actions.insert(actions.end(), CueAction{.controller = controller.address()});
  if ((output.led && action->led) || (output.rumble && action->rumble))
    return Fault{ErrorCode::conflicting_members,
                 "Controller " + std::to_string(controller.number()) +
                     " is given the same output twice in this cue.",
                 pointer};
  if (output.led) action->led = output.led;
  if (output.rumble) {
    action->rumble = output.rumble;
    if (!output.rumble->duration && !output.rumble->lease)
      action->rumble->lease = rumble_default_lease;
  }
  return std::nullopt;
}

/// The part of an output that a model has.
wire::CueRequest::Output possible(const wire::CueRequest::Output& output, const Capabilities& can) {
  wire::CueRequest::Output part;
  if (can.light) part.led = output.led;
  if (can.rumble) part.rumble = output.rumble;
  return part;
}

/// What a request comes to, with every controller known, here, and able to; or why not.
wire::Parsed<std::vector<CueAction>> actions_of(const drivers::Roster& roster,
                                                const wire::CueRequest& request) {
  std::vector<CueAction> actions;
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    const auto& output = request.outputs[i];
    const auto pointer = "/outputs/" + std::to_string(i);
    if (output.controllers.empty())
      for (const auto& controller : roster.all()) {
        const auto part = possible(output, controller->model().capabilities);
        if (!controller->is_connected() || (!part.led && !part.rumble)) continue;
        if (auto fault = add(actions, *controller, part, pointer)) return *fault;
      }
    for (std::size_t j = 0; j < output.controllers.size(); ++j) {
      const auto& name = output.controllers[j];
      const auto place = pointer + "/controllers/" + std::to_string(j);
      const Controller* controller = roster.find(name);
      if (controller == nullptr)
        return Fault{ErrorCode::unknown_controller, "There is no controller \"" + name + "\".",
                     place};
      if (!controller->is_connected())
        return Fault{ErrorCode::controller_offline,
                     "The controller \"" + name + "\" is away; nothing was changed.", place};
      const auto part = possible(output, controller->model().capabilities);
      if (part.led != output.led || part.rumble != output.rumble)
        return Fault{ErrorCode::not_capable,
                     "The controller \"" + name + "\" does not have what is to be set.", place};
      if (auto fault = add(actions, *controller, part, place)) return *fault;
    }
  }
  return actions;
}

}  // namespace

Awaitable<Response> planned_response(Service& service, std::string id, std::string path) {
  const auto deadline = SteadyClock::now() + longest_write_wait;
  Waiter waiter(service.waiters, std::nullopt);
  for (;;) {
    const CueStatus* cue = service.cues->find(id);
    if (cue == nullptr) co_return problem(no_such_cue(id), path);
    const bool is_over = service.is_stopping || SteadyClock::now() >= deadline;
    if (cue->state != CueState::writing || is_over) break;
    co_await waiter.bell().wait_until(deadline);
  }
  const CueStatus& cue = *service.cues->find(id);
  auto response = json_response(wire::cue_body(cue), cue.state == CueState::done ? 200 : 202);
  if (cue.state != CueState::done) response.fields = "Location: /api/v1/cues/" + id + "\r\n";
  co_return response;
}

std::optional<Response> get_cues(Service& service, const Request&) {
  std::string body = "[";
  for (const CueStatus* cue : service.cues->all()) {
    if (body.size() > 1) body += ',';
    body += wire::cue_body(*cue);
  }
  return json_response(body + ']');
}

std::optional<Response> get_cue(Service& service, const Request& request) {
  const CueStatus* cue = service.cues->find(request.id);
  if (cue == nullptr) return problem(no_such_cue(request.id), request.path);
  return json_response(wire::cue_body(*cue));
}

Awaitable<Response> put_cue(Service& service, Request request) {
  if (!wire::is_cue_id(request.id)) {
    const Fault fault{ErrorCode::invalid_value,
                      "A cue's name is 1 to 64 letters, digits, dots, dashes and underscores.",
                      {}};
    co_return problem(fault, request.path);
  }
  if (request.id.starts_with(Cues::reserved_prefix)) {
    const Fault fault{ErrorCode::reserved_name,
                      "Names that begin with \"" + std::string(Cues::reserved_prefix) +
                          "\" are for cues that psmoved names itself.",
                      {}};
    co_return problem(fault, request.path);
  }
  const auto body = body_of(request);
  if (!body) co_return problem(body.error(), request.path);
  const auto wanted = wire::cue_request(*body, service.roster.clock().now_us());
  if (!wanted) co_return problem(wanted.error(), request.path);
  auto actions = actions_of(service.roster, *wanted);
  if (!actions) co_return problem(actions.error(), request.path);
  const auto scheduling = service.cues->schedule(request.id, request.client.owner(), wanted->at_us,
                                                 std::move(*actions));
  if (scheduling == Cues::Scheduling::writing) co_return problem(has_begun(), request.path);
  if (scheduling != Cues::Scheduling::done)
    co_return problem(
        wire::too_many_cues(Cues::bound(scheduling), scheduling == Cues::Scheduling::owner_full),
        request.path);
  auto response = co_await planned_response(service, request.id, request.path);
  co_return response;
}

std::optional<Response> delete_cue(Service& service, const Request& request) {
  switch (service.cues->remove(request.id)) {
    case Cues::Removal::unknown:
      return problem(no_such_cue(request.id), request.path);
    case Cues::Removal::writing:
      return problem(has_begun(), request.path);
    case Cues::Removal::done:
      break;
  }
  return no_content();
}

}  // namespace psmove::api
