#include "api/stream/stream_session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "api/wire/controller_json.hpp"
#include "drivers/roster.hpp"

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;
using drivers::Controller;
using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;

/// The kernel's own queue would hide seconds of stale motion. It doubles this number; together with
/// what is not yet on the wire it is about a tenth of a second of seven controllers.
constexpr int send_buffer_bytes = 32 * 1024;
constexpr int unsent_bytes = 32 * 1024;

/// Reads of one wake-up, so that one client that floods does not hold up the others.
constexpr int reads_per_wake_up = 4;
/// Pieces of one gathered send; more waits for the next.
constexpr std::size_t pieces_per_send = 16;

/// Pings and pongs a peer may send at once, and for each further one it must wait.
constexpr auto control_interval = 50ms;
constexpr auto control_burst = 50 * control_interval;

/// How long a peer may take to answer a close, once it is sent.
constexpr auto close_wait = 1s;

void set_option(int socket, int level, int name, int value) {
  // A Unix-domain socket knows no TCP options; it does not need them either.
  (void)::setsockopt(socket, level, name, &value, sizeof value);
}

}  // namespace

struct StreamSession::Socket {
  Socket(boost::asio::io_context& io, int socket) : descriptor(io, socket) {}
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor;
};

StreamSession::StreamSession(SessionContext& context, int socket, std::uint64_t number)
    : context_(context),
      socket_(std::make_unique<Socket>(context.io, socket)),
      number_(number),
      receiver_(Role::server, {.message_bytes = context.limits.message_bytes,
                               .fragments = context.limits.message_fragments}),
      backlog_(context.backlog),
      last_heard_(SteadyClock::now()),
      last_pinged_(last_heard_) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes);
  set_option(socket, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
}

StreamSession::~StreamSession() = default;

void StreamSession::start(const std::optional<wire::SubscribeRequest>& query,
                          std::string_view early) {
  if (context_.on_data) {
    hear(early);
    return wait_readable();
  }
  const auto& limits = context_.limits;
  const auto backlog_ms = std::chrono::milliseconds(limits.backlog).count();
  say(wire::hello_message(owner(), "psmoved.v1+json", now_us(),
                          {.message_bytes = limits.message_bytes,
                           .message_fragments = limits.message_fragments,
                           .subscriptions = limits.subscriptions,
                           .backlog_ms = backlog_ms,
                           .ping_interval_s = limits.ping_interval.count(),
                           .dead_after_s = limits.dead_after.count()}));
  if (query)
    if (const auto fault = subscribe(*query)) say(wire::error_message("\"query\"", *fault));
  hear(early);
  wait_readable();
}

// ---- the socket

void StreamSession::wait_readable() {
  if (is_dead_) return;
  using boost::asio::posix::descriptor_base;
  socket_->descriptor.async_wait(descriptor_base::wait_read,
                                 [self = shared_from_this()](const error_code& error) {
                                   if (!error && !self->is_dead_) self->read();
                                 });
}

void StreamSession::read() {
  // One for all: a session is done with it before it returns to the loop.
  static std::array<char, 16 * 1024> buffer;
  for (int i = 0; i < reads_per_wake_up && !is_dead_; ++i) {
    const auto count =
        ::recv(socket_->descriptor.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (count <= 0) return end();
    hear({buffer.data(), static_cast<std::size_t>(count)});
    if (static_cast<std::size_t>(count) < buffer.size()) break;
  }
  wait_readable();
}

void StreamSession::take(const SharedBatch& batch) {
  if (is_closing_ || is_dead_) return;
  backlog_.push(batch, SteadyClock::now());
}

void StreamSession::queue(SharedBatch batch) {
  if (is_dead_) return;
  backlog_.push(std::move(batch), SteadyClock::now());
  context_.publisher.touch(*this);
}

void StreamSession::send() {
  if (is_dead_) return;
  if (backlog_.has_overflowed() && !is_closing_)
    close(close_code::slow_consumer, "too slow: its events no longer fit");
  if (!is_waiting_to_write_) write();
}

void StreamSession::write() {
  std::array<std::string_view, pieces_per_send> pieces;
  std::array<iovec, pieces_per_send> vectors;
  while (!backlog_.is_empty()) {
    const std::size_t count = backlog_.pieces(pieces);
    std::size_t wanted = 0;
    for (std::size_t i = 0; i < count; ++i) {
      // sendmsg(2) takes a mutable pointer and only reads through it.
      vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};  // NOLINT
      wanted += pieces[i].size();
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const auto sent =
        ::sendmsg(socket_->descriptor.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return end();
    if (sent > 0) {
      backlog_.consume(static_cast<std::size_t>(sent));
      said_something_ = true;
    }
    if (sent < 0 || static_cast<std::size_t>(sent) < wanted) {
      if (sent > 0 || !is_waiting_to_write_) last_progress_ = SteadyClock::now();
      return wait_writable();
    }
  }
  is_waiting_to_write_ = false;
  if (!is_closing_) return;
  ::shutdown(socket_->descriptor.native_handle(), SHUT_WR);
  closing_since_ = SteadyClock::now();
}

void StreamSession::wait_writable() {
  is_waiting_to_write_ = true;
  using boost::asio::posix::descriptor_base;
  socket_->descriptor.async_wait(descriptor_base::wait_write,
                                 [self = shared_from_this()](const error_code& error) {
                                   if (!error && !self->is_dead_) self->write();
                                 });
}

void StreamSession::abort() {
  if (is_dead_) return;
  // Without this the kernel would keep what a stalled peer does not read.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(socket_->descriptor.native_handle(), SOL_SOCKET, SO_LINGER, &at_once,
                     sizeof at_once);
  end();
}

void StreamSession::end() {
  if (std::exchange(is_dead_, true)) return;
  error_code ignored;
  socket_->descriptor.close(ignored);  // pending waits return
  context_.gone(*this);
}

void StreamSession::close(std::uint16_t code, std::string_view reason) {
  if (is_closing_ || is_dead_) return;
  if (code == close_code::slow_consumer) backlog_.cut();
  say_control(Opcode::close, close_payload(code, reason));
  is_closing_ = true;
  closing_since_ = SteadyClock::now();
  context_.closing(*this);
}

void StreamSession::check(SteadyTime now) {
  if (is_dead_) return;
  const auto& limits = context_.limits;
  const bool has_stalled = is_waiting_to_write_ && now - last_progress_ >= limits.stalled_after;
  if (is_closing_ && !has_stalled) {
    // All is with the kernel, which goes on delivering it.
    if (!is_waiting_to_write_ && now - closing_since_ >= close_wait) end();
    return;
  }
  if (has_stalled || now - last_heard_ >= limits.dead_after) return abort();
  if (now - last_pinged_ < limits.ping_interval || is_waiting_to_write_) return;
  last_pinged_ = now;
  // A browser's script cannot see a ping; a message it can.
  if (!std::exchange(said_something_, false) && !context_.on_data)
    say(wire::heartbeat_message(now_us()));
  say_control(Opcode::ping, {});
}

// ---- what the client says

void StreamSession::hear(std::string_view bytes) {
  if (bytes.empty()) return;
  last_heard_ = SteadyClock::now();
  while (!is_dead_) {
    const auto message = receiver_.next(bytes);
    if (!message) return;
    handle(*message);
  }
}

void StreamSession::handle(const Message& message) {
  const bool is_data = message.kind == Message::Kind::text || message.kind == Message::Kind::binary;
  if (is_data && context_.on_data && !is_closing_) return context_.on_data(*this, message);
  switch (message.kind) {
    case Message::Kind::text:
      return handle_text(message.payload);
    case Message::Kind::binary:
      return close(close_code::unsupported_data, "psmoved.v1+json takes text");
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
  if (!is_closing_) say_control(Opcode::pong, payload);
}

void StreamSession::handle_close(const Message& message) {
  close(message.code, {});  // its own code back; where we closed first there is nothing more to say
}

bool StreamSession::floods() {
  const auto now = SteadyClock::now();
  control_debt_ = std::max(control_debt_, now) + control_interval;
  return control_debt_ - now > control_burst;
}

void StreamSession::handle_text(std::string_view text) {
  if (is_closing_) return;
  const auto message = wire::parse_client_message(text);
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

std::optional<Fault> StreamSession::subscribe(const wire::SubscribeRequest& request) {
  if (std::any_of(subscriptions_.begin(), subscriptions_.end(),
                  [&](const auto& mine) { return mine.first == request.id; }))
    return Fault{ErrorCode::subscription_exists,
                 "This connection already has a subscription \"" + request.id + "\".", "/id"};
  if (subscriptions_.size() >= context_.limits.subscriptions)
    return Fault{ErrorCode::too_many_subscriptions,
                 "A connection has at most " + std::to_string(context_.limits.subscriptions) +
                     " subscriptions.",
                 {}};
  const auto resolved = resolve(request, context_.roster);
  if (!resolved) return resolved.error();
  const Subscription& subscription = resolved->subscription;

  std::vector<std::string> ids, bodies;
  for (const auto& id : subscription.controllers) ids.push_back(to_string(id));
  say(wire::subscribed_message(request, ids));
  if (request.snapshot) {
    for (const auto& controller : context_.roster.all())
      if (subscription.selects(controller->address()))
        bodies.push_back(wire::controller_body(controller->state()));
    say(wire::snapshot_message(request.id, bodies));
  }
  const auto group = context_.publisher.subscribe(*this, subscription);
  subscriptions_.emplace_back(request.id, group);
  if (resolved->resume.empty()) return std::nullopt;
  auto history = context_.publisher.history(group, resolved->resume);
  if (!history->is_empty()) queue(std::move(history));
  return std::nullopt;
}

std::optional<Fault> StreamSession::unsubscribe(const std::string& id) {
  const auto mine =
      std::find_if(subscriptions_.begin(), subscriptions_.end(),
                   [&](const auto& subscription) { return subscription.first == id; });
  if (mine == subscriptions_.end())
    return Fault{ErrorCode::unknown_subscription,
                 "This connection has no subscription \"" + id + "\".", "/id"};
  context_.publisher.unsubscribe(*this, mine->second);
  backlog_.forget(mine->second);
  subscriptions_.erase(mine);
  say(wire::unsubscribed_message(id));
  return std::nullopt;
}

std::optional<Fault> StreamSession::set_outputs(const wire::SetRequest& request,
                                                std::string_view to) {
  std::vector<Controller*> chosen;
  for (std::size_t i = 0; i < request.controllers.size(); ++i) {
    const auto& name = request.controllers[i];
    auto pointer = "/controllers/" + std::to_string(i);
    Controller* controller = context_.roster.find(name);
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
    for (const auto& controller : context_.roster.all())
      if (controller->is_connected() && controller->model().capabilities.light)
        chosen.push_back(controller.get());
  std::vector<wire::SetResult> results;
  results.reserve(chosen.size());
  for (Controller* controller : chosen) results.push_back(set_outputs(*controller, request));
  say(wire::set_reply(to, results));
  return std::nullopt;
}

wire::SetResult StreamSession::set_outputs(Controller& controller,
                                           const wire::SetRequest& request) {
  wire::SetResult result{.controller = controller.address(), .led = {}, .rumble = {}};
  if (request.led) controller.set_led(owner(), *request.led);
  if (request.rumble) controller.set_rumble(owner(), *request.rumble);
  if (request.clear_led) controller.clear_led(owner());
  if (request.clear_rumble) controller.clear_rumble(owner());
  const auto ended = controller.outputs_are_settled() ? OutputState::applied : OutputState::queued;
  if (request.led) result.led = controller.led_state_for(owner());
  if (request.rumble) result.rumble = controller.rumble_state_for(owner());
  if (request.clear_led) result.led = ended;
  if (request.clear_rumble) result.rumble = ended;
  return result;
}

// ---- what we say

void StreamSession::say(std::string_view text, Opcode opcode) {
  queue(single(opcode, text));
}

void StreamSession::say_control(Opcode opcode, std::string_view payload) {
  queue(single(opcode, payload));
}

std::int64_t StreamSession::now_us() const {
  return context_.roster.clock().now_us();
}

}  // namespace psmove::stream
