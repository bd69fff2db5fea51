#include "api/stream/stream_session.hpp"

#include <algorithm>
#include <chrono>

#include "api/wire/cue_requests.hpp"
#include "drivers/cues.hpp"
#include "drivers/roster.hpp"

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;
using drivers::Controller;
using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;

/// Pings and pongs a peer may send at once, and for each further one it must wait.
constexpr auto control_interval = 50ms;
constexpr auto control_burst = 50 * control_interval;

}  // namespace

StreamSession::StreamSession(SessionContext& context, int socket, std::uint64_t number,
                             const Protocol& protocol)
    : Connection(context, socket, number, protocol.format),
      protocol_(protocol),
      receiver_(Role::server, {.message_bytes = context.limits.message_bytes,
                               .fragments = context.limits.message_fragments}),
      last_heard_(SteadyClock::now()),
      last_pinged_(last_heard_) {}

void StreamSession::start(const std::optional<wire::SubscribeRequest>& query,
                          std::string_view early) {
  if (context().on_data) {
    hear(early);
    return wait_readable();
  }
  say_hello(protocol_.name);
  if (query)
    if (const auto fault = subscribe(*query)) say(wire::error_message("\"query\"", *fault));
  hear(early);
  wait_readable();
}

bool StreamSession::is_lost(SteadyTime now) const {
  return now - last_heard_ >= context().limits.dead_after;
}

void StreamSession::stay_in_touch(SteadyTime now) {
  if (now - last_pinged_ < context().limits.ping_interval) return;
  last_pinged_ = now;
  // A browser's script cannot see a ping; a message it can.
  if (!has_said_something() && !context().on_data) {
    say(wire::heartbeat_message(now_us()));
    static_cast<void>(has_said_something());  // it does not count: another follows if silence does
  }
  say_control(Opcode::ping, {});
}

void StreamSession::say_goodbye(std::uint16_t code, std::string_view reason) {
  say_control(Opcode::close, close_payload(code, reason));
}

// ---- what the client says

void StreamSession::hear(std::string_view bytes) {
  if (bytes.empty()) return;
  last_heard_ = SteadyClock::now();
  while (!is_dead()) {
    const auto message = receiver_.next(bytes);
    if (!message) return;
    handle(*message);
  }
}

void StreamSession::handle(const Message& message) {
  const bool is_data = message.kind == Message::Kind::text || message.kind == Message::Kind::binary;
  if (is_data && context().on_data && !is_closing()) return context().on_data(*this, message);
  switch (message.kind) {
    case Message::Kind::text:
      return handle_text(message.payload);
    case Message::Kind::binary:
      return handle_binary(message.payload);
    case Message::Kind::ping:
      return handle_ping(message.payload);
    case Message::Kind::pong:
      if (floods()) close(close_code::policy_violation, "too many control frames");
      return;
    case Message::Kind::close:
      return handle_close(message);
    case Message::Kind::violation:
      return close(message.code, message.payload);
  }
}

void StreamSession::handle_ping(std::string_view payload) {
  if (floods()) return close(close_code::policy_violation, "too many control frames");
  if (!is_closing()) say_control(Opcode::pong, payload);
}

void StreamSession::handle_close(const Message& message) {
  begin_to_close(message.code,
                 {});  // its own code back; where we closed first there is nothing more to say
}

bool StreamSession::floods() {
  const auto now = SteadyClock::now();
  control_debt_ = std::max(control_debt_, now) + control_interval;
  return control_debt_ - now > control_burst;
}

void StreamSession::handle_text(std::string_view text) {
  if (is_closing()) return;
  if (protocol_.format == Format::cbor)
    return say(wire::error_message(
        "null", {ErrorCode::invalid_cbor, "psmoved.v1+cbor takes CBOR in binary messages.", {}}));
  handle(wire::parse_client_message(text));
}

void StreamSession::handle_binary(std::string_view bytes) {
  if (is_closing()) return;
  if (protocol_.format != Format::cbor)
    return close(close_code::unsupported_data, std::string(protocol_.name) + " takes text");
  handle(wire::parse_client_cbor(bytes));
}

void StreamSession::handle(const wire::ClientMessage& message) {
  const auto fault = message.request ? answer(*message.request, message.to)
                                     : std::optional<Fault>(message.request.error());
  if (fault) say(wire::error_message(message.to, *fault));
}

std::optional<Fault> StreamSession::answer(const wire::StreamRequest& request,
                                           std::string_view to) {
  if (const auto* asked = std::get_if<wire::SubscribeRequest>(&request)) return subscribe(*asked);
  if (const auto* asked = std::get_if<wire::UnsubscribeRequest>(&request))
    return unsubscribe(asked->id);
  if (const auto* asked = std::get_if<wire::SetRequest>(&request)) return set_outputs(*asked, to);
  if (const auto* asked = std::get_if<wire::PingRequest>(&request))
    say(wire::pong_message(*asked, now_us()));
  return std::nullopt;
}

wire::Parsed<StreamSession::Controllers> StreamSession::chosen(
    const wire::SetRequest& request) const {
  Controllers chosen;
  for (std::size_t i = 0; i < request.controllers.size(); ++i) {
    const auto& name = request.controllers[i];
    auto pointer = "/controllers/" + std::to_string(i);
    Controller* controller = context().roster.find(name);
    if (controller == nullptr)
      return Fault{ErrorCode::unknown_controller, "There is no controller \"" + name + "\".",
                   std::move(pointer)};
    if (!controller->is_connected())
      return Fault{ErrorCode::controller_offline, "The controller \"" + name + "\" is away.",
                   std::move(pointer)};
    const auto& can = controller->model().capabilities;
    if (((request.led || request.clear_led) && !can.light) ||
        ((request.rumble || request.clear_rumble) && !can.rumble))
      return Fault{ErrorCode::not_capable,
                   "The controller \"" + name + "\" does not have what is to be set.",
                   std::move(pointer)};
    if (std::find(chosen.begin(), chosen.end(), controller) == chosen.end())
      chosen.push_back(controller);
  }
  if (request.controllers.empty())
    for (const auto& controller : context().roster.all())
      if (controller->is_connected() && controller->model().capabilities.light)
        chosen.push_back(controller.get());
  return chosen;
}

std::optional<Fault> StreamSession::set_outputs(const wire::SetRequest& request,
                                                std::string_view to) {
  if (scope() < api::Scope::outputs)
    return Fault{ErrorCode::insufficient_scope,
                 "To set outputs needs a token with the scope \"outputs\".",
                 {}};
  const auto at_us = wire::resolve(request.instant, now_us());
  if (!at_us) return at_us.error();
  const auto controllers = chosen(request);
  if (!controllers) return controllers.error();
  if (*at_us) return plan_outputs(*controllers, request, **at_us, to);
  std::vector<CueAction> actions;
  for (const Controller* controller : *controllers)
    actions.push_back({.controller = controller->address(),
                       .led = request.led,
                       .rumble = request.rumble,
                       .clear_led = request.clear_led,
                       .clear_rumble = request.clear_rumble});
  const auto tell = [weak = weak_from_this()](const CueStatus& status) {
    if (const auto self = weak.lock()) static_cast<StreamSession&>(*self).tell_outcome(status);
  };
  auto status = context().cues->set(owner(), std::move(actions), tell);
  say(wire::set_reply(to, status->results));
  if (status->state == CueState::done) return std::nullopt;
  if (followed_.size() >= most_followed) {
    say(wire::outcome_message(followed_.front().to, followed_.front().status->results));
    followed_.erase(followed_.begin());
  }
  followed_.push_back({std::string(to), std::move(status)});
  return std::nullopt;
}

void StreamSession::tell_outcome(const CueStatus& status) {
  const auto found =
      std::find_if(followed_.begin(), followed_.end(),
                   [&status](const Followed& each) { return each.status.get() == &status; });
  if (found == followed_.end()) return;
  say(wire::outcome_message(found->to, status.results));
  followed_.erase(found);
}

/// They are set when their instant has come; the client is told now that they wait, and then what
/// became of them.
std::optional<Fault> StreamSession::plan_outputs(const Controllers& controllers,
                                                 const wire::SetRequest& request,
                                                 std::int64_t at_us, std::string_view to) {
  std::vector<CueAction> actions;
  std::vector<CueResult> results;
  const CueOutput queued{.outcome = CueOutcome::queued};
  for (const Controller* controller : controllers) {
    actions.push_back(
        {.controller = controller->address(), .led = request.led, .rumble = request.rumble});
    CueResult& result = results.emplace_back();
    result.controller = controller->address();
    if (request.led) result.led = queued;
    if (request.rumble) result.rumble = queued;
  }
  drivers::Cues& cues = *context().cues;
  const auto [scheduling, cue] = cues.plan(owner(), at_us, std::move(actions));
  if (cue == nullptr)
    return wire::too_many_cues(drivers::Cues::bound(scheduling),
                               scheduling == drivers::Cues::Scheduling::owner_full);
  say(wire::set_reply(to, results, cue));
  const auto tell = [weak = weak_from_this(), to = std::string(to)](const CueStatus& status) {
    if (const auto self = weak.lock())
      static_cast<StreamSession&>(*self).say(wire::cue_message(to, status));
  };
  cues.when_done(cue->id, tell);
  return std::nullopt;
}

// ---- what we say

void StreamSession::send_message(Opcode opcode, std::string_view payload) {
  queue(single(opcode, payload));
}

void StreamSession::say_control(Opcode opcode, std::string_view payload) {
  queue(single(opcode, payload));
}

}  // namespace psmove::stream
