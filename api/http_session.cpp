#include "api/http_session.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <exception>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <utility>

#include "api/accept.hpp"
#include "api/access.hpp"
#include "api/problem.hpp"
#include "api/request_body.hpp"
#include "api/stream/hub.hpp"
#include "api/tickets.hpp"
#include "api/wire/text.hpp"

namespace psmove::api {
namespace {

using drivers::SteadyClock;
using drivers::SteadyTime;
using wire::ErrorCode;
using wire::Fault;
using namespace std::chrono_literals;

constexpr std::string_view event_stream = "text/event-stream";
/// A closed connection is read on for this long, so that the peer sees the answer before a reset.
constexpr std::chrono::milliseconds linger_time = 2s;
/// What a connection beyond the limit gets to say what it wants.
constexpr auto refused_patience = 1s;
/// A read buffer holds the largest head, and a good part of a body behind it.
constexpr std::size_t buffer_room = 8 * 1024;
constexpr std::size_t most_spare_buffers = 4;

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), made anew once a second.
std::string_view http_date() {
  static std::time_t made_at = 0;
  static std::array<char, 40> text{};
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                  days[utc.tm_wday % 7], utc.tm_mday, months[utc.tm_mon % 12], utc.tm_year + 1900,
                  utc.tm_hour, utc.tm_min, utc.tm_sec);
    made_at = now;
  }
  return text.data();
}

Traffic::Verb verb_of(Method method) {
  using enum Traffic::Verb;
  constexpr std::array verbs{get, put, post, patch, del, options, other};
  return verbs[static_cast<std::size_t>(method)];
}

/// 16 bytes in base64: 22 digits and two equals signs.
bool is_websocket_key(std::string_view key) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  return key.size() == 24 && key.ends_with("==") &&
         key.substr(0, 22).find_first_not_of(digits) == std::string_view::npos;
}

/// Of a field that is a list, and may come in several lines.
std::string all_values(const RequestHead& head, std::string_view name) {
  std::string list;
  for (const auto& field : head.fields()) {
    if (!equals_ignoring_case(field.name, name)) continue;
    if (!list.empty()) list += ", ";
    list += field.value;
  }
  return list;
}

Response upgrade_required(std::string_view path) {
  auto response = problem(
      {ErrorCode::upgrade_required, "This is the stream: a WebSocket, version 13.", {}}, path);
  response.fields += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  return response;
}

Response internal_error(const std::exception& error, std::string_view path) {
  spdlog::error("a request failed path={} error=\"{}\"", path, error.what());
  return problem({ErrorCode::internal, "This is a bug in psmoved; its log has the details.", {}},
                 path);
}

}  // namespace

struct HttpSession::Socket {
  Socket(boost::asio::io_context& io, int native) : descriptor(io, native) {}
  boost::asio::posix::stream_descriptor descriptor;
};

/// A request that could not be answered where it stood in the buffer.
struct HttpSession::Pending {
  Request request;
  std::unique_ptr<BodyReader> body;  ///< where there is one
  bool expects_continue = false;
};

HttpSession::HttpSession(boost::asio::io_context& io, SessionContext& context, int socket,
                         Peer peer, std::shared_ptr<void> admission, bool is_refused)
    : context_(context),
      admission_(std::move(admission)),
      socket_(std::make_unique<Socket>(io, socket)),
      peer_(std::move(peer)),
      is_refused_(is_refused) {
  set_deadline(is_refused ? std::chrono::milliseconds(refused_patience)
                          : std::chrono::milliseconds(context.limits.head_deadline));
}

HttpSession::~HttpSession() = default;

// Each co_await here and below is an initialiser or an assignment of its own: g++ 12 miscompiles
// some that stand in the condition of a loop, an if or a conditional expression.
Awaitable<void> HttpSession::run() {
  Step step = Step::need_input;
  bool is_fine = true;
  for (;;) {
    switch (step) {
      case Step::answered:
        step = advance();
        break;
      case Step::need_input:
        prepare_to_wait();
        is_fine = co_await receive();
        step = is_fine ? advance() : after_silence();
        break;
      case Step::need_output:
        is_fine = co_await flush();
        step = is_fine ? after_answer() : Step::broken;
        break;
      case Step::need_body:
        step = co_await read_body();
        break;
      case Step::must_wait:
        step = co_await wait_for_handler();
        break;
      case Step::upgraded:
        hand_over();
        co_return;
      case Step::finished:
        co_await linger();
        co_return;
      case Step::broken:
        co_return;
    }
  }
}

// ---- from bytes to answers; nothing here suspends

/// Answers whatever is complete in the buffer.
HttpSession::Step HttpSession::advance() {
  const HeadLimits limits{context_.limits.head_bytes, context_.limits.head_fields,
                          context_.limits.target_bytes};
  for (;;) {
    verb_ = Traffic::Verb::other;
    is_head_request_ = false;
    is_http_1_0_ = false;
    const auto extent = head_extent(input(), limits);
    if (!extent) return refuse_and_close(extent.error(), {});
    consume(extent->skipped);
    if (extent->length == 0) return Step::need_input;
    const auto head = read_head(input().substr(0, extent->length), limits);
    if (!head) return refuse_and_close(head.error(), {});
    const Step step = begin(*head, extent->length);
    if (step != Step::answered) return step;
  }
}

HttpSession::Step HttpSession::begin(const RequestHead& head, std::size_t head_length) {
  is_idle_ = false;
  is_head_request_ = head.method == "HEAD";
  verb_ = is_head_request_ ? Traffic::Verb::head : verb_of(parse_method(head.method));
  is_http_1_0_ = head.minor_version == 0;
  keeps_alive_ = head.keeps_alive && !is_refused_;
  const std::string_view scheme = peer_.is_encrypted ? "https://" : "http://";
  if (!equals_ignoring_case(head.target.substr(0, scheme.size()), scheme))
    return judge(head, head_length, head.target);
  // A target with a host in it wins over Host (RFC 9112 3.2.2).
  const auto target = head.target.substr(scheme.size());
  const auto end = std::min(target.find_first_of("/?"), target.size());
  RequestHead named = head;
  named.host = target.substr(0, end);
  named.has_host = true;
  return judge(named, head_length, end == target.size() ? "/" : target.substr(end));
}

/// Asks who may come in, before anybody looks where to.
HttpSession::Step HttpSession::judge(const RequestHead& head, std::size_t head_length,
                                     std::string_view target) {
  if (peer_.lacks_encryption)
    return refuse_and_close(
        {ErrorCode::bad_request,
         "From where you ask, psmoved speaks TLS only: say https:// and wss://.",
         {}},
        {});
  if (const auto fault = context_.access.refuse(head, peer_.local_address, peer_.is_encrypted)) {
    if (head.has_body()) return refuse_and_close(*fault, target);
    consume(head_length);
    return refuse(*fault, target);
  }
  cors_origin_ = context_.access.foreign_origin(head);
  client_ = context_.authentication.identify(head.find("authorization"), peer_, SteadyClock::now(),
                                             context_.application.now_us());
  if (client_.fault) ++context_.application.traffic().refused_tokens;
  if (head.content_length.value_or(0) > context_.limits.body_bytes)
    return refuse_and_close(
        {ErrorCode::payload_too_large,
         "A body has at most " + std::to_string(context_.limits.body_bytes) + " bytes.",
         {}},
        target);
  return take_request(head, head_length, target);
}

HttpSession::Step HttpSession::take_request(const RequestHead& head, std::size_t head_length,
                                            std::string_view target) {
  const auto question = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, question);
  const auto query = target.substr(std::min(question + 1, target.size()));
  if (is_refused_ && path != "/livez")
    return refuse_and_close({ErrorCode::overloaded, "There are too many connections.", {}}, path);
  if (context_.application.takes_websocket(head, path)) {
    if (head.has_body())
      return refuse_and_close({ErrorCode::bad_request, "An upgrade has no body.", {}}, path);
    consume(head_length);
    return take_upgrade(head, path, query);
  }
  if (context_.application.takes_events(path)) {
    if (head.has_body())
      return refuse_and_close({ErrorCode::bad_request, "A request for events has no body.", {}},
                              path);
    consume(head_length);
    return take_events(head, path, query);
  }
  auto pending = std::make_unique<Pending>();
  pending->expects_continue = head.expects_continue;
  auto& request = pending->request;
  request.client = client_;
  request.address = peer_.address;
  request.method = parse_method(head.method);
  request.is_encrypted = peer_.is_encrypted;
  request.host = head.host;
  request.path = path;
  request.query = query;
  request.accept = head.find("accept").value_or("");
  request.if_none_match = head.find("if-none-match").value_or("");
  request.content_type = head.find("content-type").value_or("");
  request.media = parse_media(request.content_type);
  if (head.has_body())
    pending->body = std::make_unique<BodyReader>(context_.limits.body_bytes, head);
  pending_ = std::move(pending);
  consume(head_length);
  return pending_->body ? Step::need_body : respond();
}

/// Answers the pending request, whose body is complete.
HttpSession::Step HttpSession::respond() {
  Request& request = pending_->request;
  try {
    if (const auto response = context_.application.answer(request)) return answer(*response);
  } catch (const std::exception& error) {
    return answer(internal_error(error, request.path));
  }
  return Step::must_wait;
}

/// A ticket goes before everything else that would say who this is.
void HttpSession::redeem_ticket(std::string& query) {
  const auto ticket = take_ticket(query);
  if (!ticket) return;
  client_ = context_.authentication.identify_ticket(context_.application.redeem(*ticket), peer_,
                                                    SteadyClock::now());
  if (client_.fault) ++context_.application.traffic().refused_tokens;
}

HttpSession::Step HttpSession::take_upgrade(const RequestHead& head, std::string_view path,
                                            std::string_view query) {
  constexpr std::string_view allow = "GET, OPTIONS";
  if (head.method == "OPTIONS") return answer(allowed(allow));
  if (head.method != "GET") return answer(not_allowed(allow, path));
  std::string rest_of_query(query);
  redeem_ticket(rest_of_query);
  if (const auto fault = client_.refusal(Scope::read))
    return answer(refused(*fault, Scope::read, path));
  if (!head.upgrades || is_http_1_0_ ||
      !has_token(head.find("upgrade").value_or(""), "websocket") ||
      head.find("sec-websocket-version") != "13")
    return answer(upgrade_required(path));
  const auto key = head.find("sec-websocket-key").value_or("");
  if (!is_websocket_key(key))
    return refuse({ErrorCode::bad_request, "Sec-WebSocket-Key is 16 bytes in base64.", {}}, path);
  auto upgrade = std::make_unique<stream::Upgrade>(
      stream::Upgrade{std::move(rest_of_query), std::string(key),
                      all_values(head, "sec-websocket-protocol"), peer_.is_local, client_});
  auto accepted = context_.application.hub().accept(*upgrade);
  if (!accepted) return answer(refused(accepted.error(), Scope::admin, path));
  upgrade_ = std::move(upgrade);
  constexpr int switching_protocols = 101;
  context_.application.traffic().count_answer(verb_, switching_protocols);
  context_.answer = std::move(*accepted);
  return send_answer();
}

/// The answer ends with the connection, so that the same bytes serve every reader.
HttpSession::Step HttpSession::take_events(const RequestHead& head, std::string_view path,
                                           std::string_view query) {
  constexpr std::string_view allow = "GET, HEAD, OPTIONS";
  if (head.method == "OPTIONS") return answer(allowed(allow));
  if (head.method != "GET" && head.method != "HEAD") return answer(not_allowed(allow, path));
  std::string rest_of_query(query);
  redeem_ticket(rest_of_query);
  if (const auto fault = client_.refusal(Scope::read))
    return answer(refused(*fault, Scope::read, path));
  if (!accepts(all_values(head, "accept"), event_stream))
    return refuse({ErrorCode::not_acceptable, "Events come as text/event-stream.", {}}, path);
  auto request = std::make_unique<stream::EventRequest>(stream::EventRequest{
      std::move(rest_of_query), std::string(head.find("last-event-id").value_or("")),
      peer_.is_local, client_});
  if (const auto fault = context_.application.hub().fault_of(*request))
    return answer(refused(*fault, Scope::admin, path));
  Response response;
  response.content_type = event_stream;
  response.is_endless = true;
  response.fields = "X-Accel-Buffering: no\r\n";
  keeps_alive_ = false;
  if (!is_head_request_) events_ = std::move(request);
  return answer(response);
}

HttpSession::Step HttpSession::refuse(const Fault& fault, std::string_view instance) {
  return answer(problem(fault, instance.substr(0, instance.find('?'))));
}

HttpSession::Step HttpSession::refuse_and_close(const Fault& fault, std::string_view instance) {
  keeps_alive_ = false;
  return refuse(fault, instance);
}

HttpSession::Step HttpSession::answer(const Response& response) {
  if (context_.is_stopping) keeps_alive_ = false;
  const bool has_content = response.status != 204 && response.status != 304;
  context_.application.traffic().count_answer(verb_, response.status);
  std::string& out = context_.answer;
  out = "HTTP/1.1 ";
  wire::append_integer(out, response.status);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\nDate: ";
  out += http_date();
  if (has_content) {
    out += "\r\nContent-Type: ";
    out += response.content_type;
  }
  if (has_content && !response.is_endless) {
    out += "\r\nContent-Length: ";
    wire::append_integer(out, static_cast<std::int64_t>(response.body.size()));
  }
  if (!response.is_cacheable) out += "\r\nCache-Control: no-store";
  out += "\r\nX-Content-Type-Options: nosniff\r\n";
  if (context_.access.has_foreign_origins()) out += "Vary: Origin\r\n";
  if (!cors_origin_.empty()) out += "Access-Control-Allow-Origin: " + cors_origin_ + "\r\n";
  if (response.status == 426)
    out += keeps_alive_ ? "Connection: Upgrade\r\n" : "Connection: Upgrade, close\r\n";
  else if (!keeps_alive_)
    out += "Connection: close\r\n";
  else if (is_http_1_0_)
    out += "Connection: keep-alive\r\n";
  if (!response.allow.empty()) {
    out += "Allow: " + response.allow + "\r\n";
    // Cross-origin pages that may talk to us are told what they may send.
    if (!cors_origin_.empty() && response.status == 204)
      out += "Access-Control-Allow-Methods: " + response.allow +
             "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type\r\n"
             "Access-Control-Max-Age: 600\r\n";
  }
  out += response.fields;
  out += "\r\n";
  if (has_content && !is_head_request_) out += response.body;
  return send_answer();
}

/// Gives the answer to the socket; what it does not take waits in output_.
HttpSession::Step HttpSession::send_answer() {
  const std::string& out = context_.answer;
  const auto sent = ::send(socket_->descriptor.native_handle(), out.data(), out.size(),
                           MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return Step::broken;
  const auto taken = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  if (taken < out.size()) {
    output_.assign(out, taken);
    set_deadline(context_.limits.write_deadline);
    return Step::need_output;
  }
  return after_answer();
}

HttpSession::Step HttpSession::after_answer() {
  pending_.reset();
  cors_origin_.clear();
  if (upgrade_ || events_) return Step::upgraded;
  if (!keeps_alive_) return Step::finished;
  has_served_ = true;
  is_idle_ = true;
  set_deadline(context_.limits.keep_alive);
  return Step::answered;
}

/// The peer closed, a deadline passed, or the server stops.
HttpSession::Step HttpSession::after_silence() {
  if (!has_expired_ || is_aborted_) return Step::broken;
  has_expired_ = false;
  if (is_refused_)
    return refuse_and_close({ErrorCode::overloaded, "There are too many connections.", {}}, {});
  if (is_idle_) return Step::broken;
  return refuse_and_close({ErrorCode::timeout, "The request did not arrive in time.", {}}, {});
}

// ---- waiting

Awaitable<bool> HttpSession::receive() {
  auto& descriptor = socket_->descriptor;
  for (;;) {
    if (has_expired_ || is_aborted_) co_return false;
    const auto [error] =
        co_await descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                       boost::asio::as_tuple(boost::asio::deferred));
    if (error || has_expired_ || is_aborted_) co_return false;
    if (buffer_.empty()) {
      auto& spare = context_.spare_buffers;
      if (spare.empty()) {
        buffer_.resize(context_.limits.head_bytes + buffer_room);
      } else {
        buffer_ = std::move(spare.back());
        spare.pop_back();
      }
    }
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= std::exchange(begin_, 0);
    }
    if (end_ == buffer_.size()) co_return false;
    const auto count =
        ::recv(descriptor.native_handle(), buffer_.data() + end_, buffer_.size() - end_, 0);
    if (count > 0) {
      end_ += static_cast<std::size_t>(count);
      co_return true;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) co_return false;
  }
}

Awaitable<bool> HttpSession::flush() {
  auto& descriptor = socket_->descriptor;
  while (!output_.empty()) {
    const auto [error] =
        co_await descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                                       boost::asio::as_tuple(boost::asio::deferred));
    if (error || has_expired_ || is_aborted_) co_return false;
    const auto sent = ::send(descriptor.native_handle(), output_.data(), output_.size(),
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) co_return false;
    output_.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }
  output_ = std::string();
  co_return true;
}

Awaitable<HttpSession::Step> HttpSession::read_body() {
  set_deadline(context_.limits.body_deadline);
  BodyReader& reader = *pending_->body;
  bool asks_to_continue = pending_->expects_continue;
  for (;;) {
    const auto used = reader.put(input());
    if (!used) co_return refuse_and_close(used.error(), pending_->request.path);
    consume(*used);
    if (reader.is_done()) break;
    if (std::exchange(asks_to_continue, false)) {
      output_ = "HTTP/1.1 100 Continue\r\n\r\n";
      const bool sent = co_await flush();
      if (!sent) co_return Step::broken;
    }
    const bool received = co_await receive();
    if (!received) {
      if (end_ - begin_ < buffer_.size()) co_return after_silence();
      co_return refuse_and_close(
          {ErrorCode::bad_request, "A chunk of the body has no end of line.", {}},
          pending_->request.path);
    }
  }
  pending_->request.body = reader.take();
  co_return respond();
}

Awaitable<HttpSession::Step> HttpSession::wait_for_handler() {
  deadline_ = SteadyTime::max();  // the handler has one of its own
  Response response;
  try {
    response = co_await context_.application.wait(pending_->request);
  } catch (const std::exception& error) {
    response = internal_error(error, pending_->request.path);
  }
  if (is_aborted_) co_return Step::broken;
  co_return answer(response);
}

/// Says that nothing more comes, and reads until the peer has understood: closing with unread
/// input would reset the connection, and the answer could be lost with it.
Awaitable<void> HttpSession::linger() {
  ::shutdown(socket_->descriptor.native_handle(), SHUT_WR);
  set_deadline(context_.is_stopping ? 200ms : linger_time);
  is_idle_ = true;
  bool more = true;
  while (more) {
    begin_ = end_ = 0;
    more = co_await receive();
  }
}

void HttpSession::prepare_to_wait() {
  if (input().empty()) {
    release_buffer();
  } else if (is_idle_) {
    is_idle_ = false;
    if (!is_refused_) set_deadline(context_.limits.head_deadline);
  }
}

void HttpSession::hand_over() {
  const std::string early(input());
  const int socket = socket_->descriptor.release();
  // The admission lives on in the hub's callback, and ends with the WebSocket or the events.
  auto ended = [admission = std::move(admission_)] {};
  auto& hub = context_.application.hub();
  if (upgrade_)
    hub.adopt(socket, *upgrade_, early, std::move(ended));
  else
    hub.adopt_reader(socket, *events_, std::move(ended));
}

// ---- deadlines

SteadyTime HttpSession::check_deadline(SteadyTime now) {
  if (now < deadline_) return deadline_;
  has_expired_ = true;
  deadline_ = SteadyTime::max();
  boost::system::error_code ignored;
  socket_->descriptor.cancel(ignored);
  return deadline_;
}

void HttpSession::stop() {
  if (is_idle_ && input().empty()) abort();
}

void HttpSession::abort() {
  is_aborted_ = true;
  boost::system::error_code ignored;
  socket_->descriptor.cancel(ignored);
}

void HttpSession::set_deadline(std::chrono::milliseconds from_now) {
  deadline_ = SteadyClock::now() + from_now;
  has_expired_ = false;
  context_.watch(deadline_);
}

// ---- the buffer

std::string_view HttpSession::input() const {
  return {buffer_.data() + begin_, end_ - begin_};
}

void HttpSession::consume(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

void HttpSession::release_buffer() {
  begin_ = end_ = 0;
  if (buffer_.empty()) return;
  if (context_.spare_buffers.size() < most_spare_buffers)
    context_.spare_buffers.push_back(std::move(buffer_));
  buffer_ = std::vector<char>();
}

}  // namespace psmove::api
