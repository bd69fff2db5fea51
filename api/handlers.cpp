#include "api/handlers.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <numeric>
#include <unistd.h>

#include "api/handlers_body.hpp"
#include "api/handlers_wait.hpp"
#include "api/problem.hpp"
#include "api/stream/counts.hpp"
#include "api/stream/hub.hpp"
#include "api/stream/publisher.hpp"
#include "api/stream/stream_session.hpp"
#include "api/traffic.hpp"
#include "api/wire/controller_json.hpp"
#include "api/wire/controller_requests.hpp"
#include "api/wire/sample_encoder.hpp"
#include "api/wire/text.hpp"
#include "drivers/cues.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::Roster;
using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;
using namespace std::chrono_literals;

/// How long `wait=next` waits before it says that nothing came.
constexpr auto longest_sample_wait = 5s;

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

template <class Number>
void append_count(std::string& body, std::string_view name, Number value) {
  if (body.back() != '{') body += ',';
  wire::append_quoted(body, name);
  body += ':';
  wire::append_integer(body, static_cast<std::int64_t>(value));
}

std::string limits_object(const Limits& limits) {
  std::string body = "{";
  append_count(body, "head_bytes", limits.head_bytes);
  append_count(body, "head_fields", limits.head_fields);
  append_count(body, "target_bytes", limits.target_bytes);
  append_count(body, "body_bytes", limits.body_bytes);
  append_count(body, "head_deadline_s", limits.head_deadline.count());
  append_count(body, "body_deadline_s", limits.body_deadline.count());
  append_count(body, "write_deadline_s", limits.write_deadline.count());
  append_count(body, "keep_alive_s", limits.keep_alive.count());
  append_count(body, "connections", limits.connections);
  append_count(body, "connections_per_address", limits.connections_per_address);
  append_count(body, "message_bytes", limits.message_bytes);
  append_count(body, "message_fragments", limits.message_fragments);
  append_count(body, "subscriptions", limits.subscriptions);
  append_count(body, "ping_interval_s", limits.ping_interval.count());
  append_count(body, "dead_after_s", limits.dead_after.count());
  append_count(body, "stalled_after_s", limits.stalled_after.count());
  append_count(body, "backlog_ms", limits.backlog.count());
  append_count(body, "edge_backlog_bytes", limits.edge_backlog_bytes);
  append_count(body, "controllers", limits.controllers);
  append_count(body, "cues", drivers::Cues::most_pending);
  append_count(body, "cues_per_client", drivers::Cues::most_of_one_owner);
  append_count(body, "followed_sets", stream::StreamSession::most_followed);
  return body + '}';
}

std::string clients_object(const Service& service) {
  const auto& counts = service.hub.counts();
  std::string body = "{";
  append_count(body, "connections", service.traffic.connections);
  append_count(body, "websockets", counts.websockets.open);
  append_count(body, "event_streams", counts.event_streams.open);
  append_count(body, "subscriptions", service.hub.publisher().subscriptions());
  append_count(body, "dropped_samples",
               std::accumulate(counts.dropped_samples.begin(), counts.dropped_samples.end(),
                               service.hub.publisher().overflowed()));
  return body + '}';
}

std::string log_object(const ServerConfig& config) {
  const LogCounts counts = config.log == nullptr ? LogCounts() : *config.log;
  std::string body = "{";
  append_count(body, "errors", counts.errors);
  append_count(body, "warnings", counts.warnings);
  append_count(body, "left_out", counts.left_out);
  return body + '}';
}

std::string sample_body(const Sample& sample) {
  std::string body;
  body.reserve(512);
  wire::append_sample(body, sample);
  return body;
}

/// However many ask for the newest sample, it is written once.
const std::string& newest_body(Service& service, const Address& controller, const Sample& newest) {
  auto& cached = service.sensor_bodies[controller];
  if (cached.sequence != newest.sequence || cached.time_us != newest.time_us)
    cached = {newest.sequence, newest.time_us, sample_body(newest)};
  return cached.body;
}

Response sensors_response(Service& service, const Controller& controller,
                          const wire::SensorsQuery& wanted, const Request& request) {
  const auto& newest = controller.newest_sample();
  if (!newest)
    return problem({ErrorCode::no_sample_yet, "This controller has not sent a sample yet.", {}},
                   request.path);
  if (wanted.average) return json_response(sample_body(*controller.average(*wanted.average)));
  return json_response(newest_body(service, controller.address(), *newest));
}

Fault rename_fault(Roster::Rename outcome) {
  if (outcome == Roster::Rename::taken)
    return {ErrorCode::name_taken, "Another controller has this name.", "/name"};
  return {ErrorCode::invalid_value,
          "A name is 1 to 64 characters, and neither a number, an address nor \"all\".", "/name"};
}

bool number_is_taken(const Roster& roster, const Controller& controller, int number) {
  for (const auto& other : roster.all())
    if (other.get() != &controller && other->number() == number) return true;
  return false;
}

/// Who is meant; nullptr: nobody is any more.
wire::Parsed<Controller*> companion_of(const Roster& roster, const Controller& controller,
                                       const std::string& wanted) {
  if (wanted.empty()) return static_cast<Controller*>(nullptr);
  Controller* other = roster.find(wanted);
  if (other == nullptr)
    return Fault{ErrorCode::invalid_value,
                 "No controller has the id, number or name \"" + wanted + "\".", "/companion"};
  switch (Roster::can_pair(controller, *other)) {
    case Roster::Pairing::mismatch:
      return Fault{ErrorCode::invalid_value,
                   "A companion is a Navigation controller for a Move, or the other way round.",
                   "/companion"};
    case Roster::Pairing::taken:
      return Fault{ErrorCode::companion_taken, "It belongs to another controller.", "/companion"};
    case Roster::Pairing::done:
      break;
  }
  return other;
}

/// @return its own limit from now on, or that it has none any more
std::optional<RumbleLimit> patched(RumbleLimit limit,
                                   const wire::ControllerPatch::RumbleLimitPatch& patch) {
  if (patch.is_reset) return std::nullopt;
  limit.duty = patch.duty.value_or(limit.duty);
  limit.window = patch.window.value_or(limit.window);
  return limit;
}

/// All of the patch or nothing of it.
std::optional<Fault> apply(Roster& roster, Controller& controller,
                           const wire::ControllerPatch& patch) {
  if (patch.number && number_is_taken(roster, controller, *patch.number))
    return Fault{ErrorCode::number_taken, "Another controller has this number.", "/number"};
  const auto companion = companion_of(roster, controller, patch.companion.value_or(""));
  if (!companion) return companion.error();
  if (patch.rumble_limit && !controller.model().capabilities.rumble)
    return Fault{ErrorCode::not_capable, "This model has no motor.", "/rumble_limit"};
  if (patch.name && *patch.name != controller.name()) {
    const auto outcome = roster.set_name(controller, *patch.name);
    if (outcome != Roster::Rename::done) return rename_fault(outcome);
  }
  if (patch.number && *patch.number != controller.number())
    roster.set_number(controller, *patch.number);
  if (patch.companion && *companion == nullptr) roster.clear_companion(controller);
  if (*companion != nullptr) roster.set_companion(controller, **companion);
  if (patch.rumble_limit)
    roster.set_rumble_limit(controller,
                            patched(controller.state().rumble_limit, *patch.rumble_limit));
  return std::nullopt;
}

}  // namespace

std::optional<Response> get_root(Service& service, const Request&) {
  const auto uptime = std::chrono::duration<double>(SteadyClock::now() - service.started).count();
  std::string body = R"({"name":"psmoved","version":")" PSMOVED_VERSION R"(","api":"v1","host":)";
  wire::append_quoted(body, host_name());
  body += ",\"uptime_s\":";
  wire::append_number(body, uptime, 3);
  body += R"(,"clock":{"time_us":)";
  wire::append_integer(body, service.roster.clock().now_us());
  body += R"(,"unit":"us","epoch":"unix","monotonic":true},"limits":)";
  body += limits_object(service.config.limits);
  body += R"(,"clients":)" + clients_object(service);
  body += R"(,"log":)" + log_object(service.config);
  body +=
      R"(,"links":{"controllers":"/api/v1/controllers","stream":"/api/v1/stream",)"
      R"("events":"/api/v1/events","openapi":"/api/v1/openapi.json","asyncapi":"/api/v1/asyncapi.json","docs":"/docs",)"
      R"("errors":"/docs/errors","live":"/livez","ready":"/readyz","metrics":"/metrics"}})";
  auto response = json_response(std::move(body));
  response.fields = contract_link;
  return response;
}

std::optional<Response> get_controllers(Service& service, const Request&) {
  std::string body = "[";
  for (const auto& controller : service.roster.all()) {
    if (body.size() > 1) body += ',';
    body += wire::controller_body(controller->state());
  }
  body += ']';
  return json_response(std::move(body));
}

std::optional<Response> get_controller(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  return json_response(wire::controller_body((*controller)->state()));
}

std::optional<Response> put_controller(Service& service, const Request& request) {
  const auto address = parse_address(request.id);
  if (!address || address->is_zero()) {
    const auto known = controller_of(service, request);
    if (!known) return problem(known.error(), request.path);
    return problem({ErrorCode::invalid_value,
                    "A controller is made known by its address, like 00:06:f7:16:2a:3b.",
                    {}},
                   request.path);
  }
  const auto body = body_of(request);
  if (!body) return problem(body.error(), request.path);
  const auto name = wire::model_of(*body);
  if (!name) return problem(name.error(), request.path);
  const auto* model = drivers::find_model(*name);
  if (model == nullptr)
    return problem(
        {ErrorCode::invalid_value, "\"model\" takes one of zcm1, zcm2, navigation.", "/model"},
        request.path);
  Controller* known = service.roster.find(*address);
  if (known != nullptr && &known->model() != model)
    return problem(
        {ErrorCode::invalid_value,
         "This controller is known, and it is a " + std::string(known->model().name) + ".",
         "/model"},
        request.path);
  const std::size_t most = service.config.limits.controllers;
  if (known == nullptr && service.roster.all().size() >= most)
    return problem({ErrorCode::too_many_controllers,
                    std::to_string(most) + " controllers are known, as many as can be.",
                    {}},
                   request.path);
  const Controller& controller = service.roster.get_or_add(*address, *model, Source::hidraw);
  return json_response(wire::controller_body(controller.state()), known != nullptr ? 200 : 201);
}

std::optional<Response> patch_controller(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  const auto body = body_of(request, Media::merge_patch);
  if (!body) return problem(body.error(), request.path);
  const auto patch = wire::controller_patch(*body);
  if (!patch) return problem(patch.error(), request.path);
  if (const auto fault = apply(service.roster, **controller, *patch))
    return problem(*fault, request.path);
  return json_response(wire::controller_body((*controller)->state()));
}

std::optional<Response> delete_controller(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  const Address address = (*controller)->address();
  if (!service.roster.forget(**controller))
    return problem({ErrorCode::controller_connected,
                    "This controller is connected; switch it off before it is forgotten.",
                    {}},
                   request.path);
  service.sensor_bodies.erase(address);
  return no_content();
}

std::optional<Response> get_sensors(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  const auto wanted = wire::sensors_query(request.query);
  if (!wanted) return problem(wanted.error(), request.path);
  if (wanted->waits_for_next) return std::nullopt;
  return sensors_response(service, **controller, *wanted, request);
}

Awaitable<Response> get_next_sensors(Service& service, Request request) {
  const auto wanted = wire::sensors_query(request.query);
  const auto found = controller_of(service, request);
  if (!wanted || !found) co_return problem(!found ? found.error() : wanted.error(), request.path);
  const Address address = (*found)->address();
  const auto before = (*found)->newest_sample();
  const auto deadline = SteadyClock::now() + longest_sample_wait;
  Waiter waiter(service.waiters, address);
  while (!service.is_stopping && SteadyClock::now() < deadline) {
    co_await waiter.bell().wait_until(deadline);
    const Controller* controller = service.roster.find(address);
    if (controller == nullptr) break;
    const auto& newest = controller->newest_sample();
    if (newest && (!before || newest->time_us > before->time_us))
      co_return sensors_response(service, *controller, *wanted, request);
  }
  co_return problem({ErrorCode::no_new_sample, "No sample came within 5 s.", {}}, request.path);
}

std::optional<Response> post_orientation_reset(Service& service, const Request& request) {
  const auto controller = connected_controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  if (const auto fault = refuse_action_body(request)) return problem(*fault, request.path);
  if (!(*controller)->model().capabilities.motion_sensors)
    return problem({ErrorCode::not_capable, "This model has no motion sensors.", {}}, request.path);
  (*controller)->reset_heading();
  return no_content();
}

std::optional<Response> delete_orientation_reset(Service& service, const Request& request) {
  const auto controller = connected_controller_of(service, request);
  if (!controller) return problem(controller.error(), request.path);
  (*controller)->clear_heading_reset();
  return no_content();
}

std::optional<Response> get_livez(Service&, const Request&) {
  return json_response(R"({"status":"alive"})");
}

std::optional<Response> get_readyz(Service& service, const Request&) {
  std::string reason;
  if (service.is_stopping)
    reason = "psmoved is stopping.";
  else if (service.config.not_ready)
    reason = service.config.not_ready();
  if (reason.empty()) return json_response(R"({"status":"ready"})");
  std::string body = R"({"status":"not ready","reason":)";
  wire::append_quoted(body, reason);
  auto response = json_response(body + '}', 503);
  response.fields = "Retry-After: 1\r\n";
  return response;
}

}  // namespace psmove::api
