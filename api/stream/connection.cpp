#include "api/stream/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/socket.h>
#include <sys/uio.h>

#include "api/wire/cbor.hpp"
#include "api/wire/controller_json.hpp"
#include "drivers/roster.hpp"

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;
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

/// How long a peer may take to leave, once the goodbye is sent.
constexpr auto close_wait = 1s;

void set_option(int socket, int level, int name, int value) {
  // A Unix-domain socket knows no TCP options; it does not need them either.
  (void)::setsockopt(socket, level, name, &value, sizeof value);
}

/// Of a message, which begins with it.
std::string_view type_of(std::string_view message) {
  constexpr std::string_view before = R"({"type":")";
  message.remove_prefix(before.size());
  return message.substr(0, message.find('"'));
}

Counts::Door& door_of(Counts& counts, Format format) {
  return format == Format::event_stream ? counts.event_streams : counts.websockets;
}

constexpr int send_flags = MSG_DONTWAIT | MSG_NOSIGNAL;

/// One piece, which is nearly always all there is, needs no gathering.
ssize_t send_some(int socket, std::span<iovec> pieces) {
  if (pieces.size() == 1)
    return ::send(socket, pieces.front().iov_base, pieces.front().iov_len, send_flags);
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  return ::sendmsg(socket, &message, send_flags);
}

}  // namespace

struct Connection::Socket {
  Socket(boost::asio::io_context& io, int socket) : descriptor(io, socket) {}
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor;
};

Connection::Connection(SessionContext& context, int socket, std::uint64_t number, Format format)
    : door_(door_of(context.counts, format)),
      handle_(socket),
      backlog_(context.backlog),
      context_(context),
      socket_(std::make_unique<Socket>(context.io, socket)),
      number_(number),
      format_(format) {
  ++door_.open;
  ++door_.opened;
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes);
  set_option(socket, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  // A reader of events never answers a ping; that its machine is gone, only TCP can notice.
  if (format == Format::event_stream)
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
               static_cast<int>(std::chrono::milliseconds(context.limits.dead_after).count()));
}

Connection::~Connection() = default;

// ---- the socket

void Connection::wait_readable() {
  if (is_dead_) return;
  using boost::asio::posix::descriptor_base;
  socket_->descriptor.async_wait(descriptor_base::wait_read,
                                 [self = shared_from_this()](const error_code& error) {
                                   if (!error && !self->is_dead_) self->read();
                                 });
}

void Connection::read() {
  // One for all: a connection is done with it before it returns to the loop.
  static std::array<char, 16 * 1024> buffer;
  for (int i = 0; i < reads_per_wake_up && !is_dead_; ++i) {
    const auto count = ::recv(handle_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (count <= 0) return end();
    hear({buffer.data(), static_cast<std::size_t>(count)});
    if (static_cast<std::size_t>(count) < buffer.size()) break;
  }
  wait_readable();
}

void Connection::take(const SharedBatch& batch, SteadyTime now) {
  if (is_closing_ || is_dead_) return;
  said_something_ = true;
  backlog_.push(batch, now);
}

void Connection::pass(const SharedBatch& batch, SteadyTime now) {
  if (is_closing_ || is_dead_) return;
  std::size_t sent = 0;
  if (backlog_.is_at_rest() && !is_waiting_to_write_) {
    said_something_ = true;
    const auto bytes = batch->bytes();
    sent = static_cast<std::size_t>(
        std::max<ssize_t>(0, ::send(handle_, bytes.data(), bytes.size(), send_flags)));
    count_sent(sent);
    if (sent == bytes.size()) return;
  }
  // The rest, or all of it, waits; and why it must, writing finds out.
  take(batch, now);
  backlog_.consume(sent);
  send();
}

void Connection::queue(SharedBatch batch) {
  if (is_dead_) return;
  backlog_.push(std::move(batch), SteadyClock::now());
  context_.publisher.touch(*this);
}

void Connection::send() {
  if (is_dead_) return;
  if (!is_waiting_to_write_) write();
  // Only what the socket did not take says anything about the client.
  if (backlog_.has_overflowed() && !is_closing_ && !is_dead_)
    close(close_code::slow_consumer, "too slow: its events no longer fit");
}

void Connection::write() {
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
    const auto sent = send_some(handle_, {vectors.data(), count});
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return end();
    if (sent > 0) {
      backlog_.consume(static_cast<std::size_t>(sent));
      count_sent(static_cast<std::size_t>(sent));
    }
    if (sent < 0 || static_cast<std::size_t>(sent) < wanted) {
      if (sent > 0 || !is_waiting_to_write_) last_progress_ = SteadyClock::now();
      return wait_writable();
    }
  }
  is_waiting_to_write_ = false;
  if (!is_closing_) return;
  ::shutdown(handle_, SHUT_WR);
  closing_since_ = SteadyClock::now();
}

void Connection::wait_writable() {
  is_waiting_to_write_ = true;
  using boost::asio::posix::descriptor_base;
  socket_->descriptor.async_wait(descriptor_base::wait_write,
                                 [self = shared_from_this()](const error_code& error) {
                                   if (!error && !self->is_dead_) self->write();
                                 });
}

void Connection::abort() {
  if (is_dead_) return;
  // Without this the kernel would keep what a stalled peer does not read.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(handle_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  end();
}

void Connection::end() {
  if (std::exchange(is_dead_, true)) return;
  --door_.open;
  error_code ignored;
  socket_->descriptor.close(ignored);  // pending waits return
  handle_ = -1;                        // another's, soon
  context_.gone(*this);
}

void Connection::close(std::uint16_t code, std::string_view reason) {
  if (is_closing_ || is_dead_) return;
  ++context_.counts.closed[code];
  begin_to_close(code, reason);
}

void Connection::begin_to_close(std::uint16_t code, std::string_view reason) {
  if (is_closing_ || is_dead_) return;
  if (code == close_code::slow_consumer) backlog_.cut();
  say_goodbye(code, reason);
  is_closing_ = true;
  closing_since_ = SteadyClock::now();
  context_.closing(*this);
}

void Connection::check(SteadyTime now) {
  if (is_dead_) return;
  const bool has_stalled =
      is_waiting_to_write_ && now - last_progress_ >= context_.limits.stalled_after;
  if (is_closing_ && !has_stalled) {
    // All is with the kernel, which goes on delivering it.
    if (!is_waiting_to_write_ && now - closing_since_ >= close_wait) end();
    return;
  }
  if (has_stalled || is_lost(now)) return abort();
  if (!is_waiting_to_write_) stay_in_touch(now);
}

// ---- subscriptions

std::optional<Fault> Connection::subscribe(const wire::SubscribeRequest& request,
                                           const wire::StreamPosition* resume) {
  if (std::any_of(subscriptions_.begin(), subscriptions_.end(),
                  [&](const auto& mine) { return mine.first == request.id; }))
    return Fault{ErrorCode::subscription_exists,
                 "This connection already has a subscription \"" + request.id + "\".", "/id"};
  if (subscriptions_.size() >= context_.limits.subscriptions)
    return Fault{ErrorCode::too_many_subscriptions,
                 "A connection has at most " + std::to_string(context_.limits.subscriptions) +
                     " subscriptions.",
                 {}};
  if (auto fault = fault_of(request, format_, caller_)) return fault;
  auto resolved = resolve(request, context_.roster);
  if (!resolved) return resolved.error();
  Subscription& subscription = resolved->subscription;
  subscription.format = format_;
  if (resume != nullptr) resolved->resume = resume_after(*resume);

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
  auto history = context_.publisher.history(*this, group, resolved->resume);
  if (!history->is_empty()) queue(std::move(history));
  return std::nullopt;
}

std::optional<Fault> Connection::unsubscribe(const std::string& id) {
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

// ---- what we say

void Connection::say_hello(std::string_view protocol) {
  const auto& limits = context_.limits;
  const auto backlog_ms = std::chrono::milliseconds(limits.backlog).count();
  say(wire::hello_message(owner(), protocol, now_us(),
                          {.message_bytes = limits.message_bytes,
                           .message_fragments = limits.message_fragments,
                           .subscriptions = limits.subscriptions,
                           .backlog_ms = backlog_ms,
                           .ping_interval_s = limits.ping_interval.count(),
                           .dead_after_s = limits.dead_after.count()}));
}

void Connection::say(std::string_view text) {
  said_something_ = true;
  if (format_ == Format::event_stream)
    queue(lines({"event: ", type_of(text), "\ndata: ", text, event_end}));
  else if (format_ == Format::cbor)
    queue(single(Opcode::binary, wire::cbor_of_json(text)));
  else
    queue(single(Opcode::text, text));
}

std::int64_t Connection::now_us() const {
  return context_.roster.clock().now_us();
}

}  // namespace psmove::stream
