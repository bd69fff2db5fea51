#include "api/stream/event_session.hpp"

#include "drivers/clock.hpp"

namespace psmove::stream {
namespace {

/// What a browser waits before it comes back; long enough not to hammer a daemon that restarts.
constexpr std::string_view retry = "retry: 1000\n\n";

}  // namespace

void EventSession::start(const wire::SubscribeRequest& request,
                         const wire::StreamPosition* resume) {
  last_comment_ = drivers::SteadyClock::now();
  queue(lines({retry}));
  say_hello(usual_protocol.name);
  // It was checked before the head went out: a controller may have been forgotten since, no more.
  if (const auto fault = subscribe(request, resume))
    return close(close_code::policy_violation, fault->detail);
  wait_readable();
}

void EventSession::hear(std::string_view bytes) {
  heard_ += bytes.size();
  if (heard_ > context().limits.message_bytes) end();
}

void EventSession::say_goodbye(std::uint16_t, std::string_view reason) {
  queue(lines({": ", reason, event_end}));
}

void EventSession::stay_in_touch(SteadyTime now) {
  if (now - last_comment_ < context().limits.ping_interval) return;
  last_comment_ = now;
  queue(lines({": still here", event_end}));
}

}  // namespace psmove::stream
