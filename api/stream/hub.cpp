#include "api/stream/hub.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/stream/event_session.hpp"
#include "api/stream/framing.hpp"
#include "api/stream/log_feed.hpp"
#include "api/stream/publisher.hpp"
#include "api/stream/stream_session.hpp"
#include "api/stream/subscription.hpp"
#include "api/wire/stream_messages.hpp"
#include "drivers/cues.hpp"
#include "drivers/roster.hpp"

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

/// While somebody is being closed the clock is looked at this often.
constexpr auto closing_pulse = 250ms;

/// The one subscription of a reader. An empty query chooses what everybody gets who chooses
/// nothing.
wire::Parsed<wire::SubscribeRequest> events_asked_for(const EventRequest& request) {
  const auto query = wire::parse_stream_query(request.query);
  if (!query) return query.error();
  if (*query) return **query;
  wire::SubscribeRequest everything;
  everything.id = wire::query_id;
  return everything;
}

Caller caller_of(const auto& request) {
  return {request.is_local, !request.client.token_id.empty(), request.client.scope};
}

}  // namespace

/// Held by a shared_ptr only so that what was posted to the loop can see whether the hub still
/// lives.
struct Hub::Parts : std::enable_shared_from_this<Hub::Parts> {
  Parts(asio::io_context& its_io, drivers::Roster& its_roster, const api::Limits& its_limits,
        drivers::Cues* cues, DataHandler on_data)
      : io(its_io),
        roster(its_roster),
        limits(its_limits),
        publisher({.call_flush = [this] { post([](Parts& hub) { hub.publisher.flush(); }); },
                   .call_tick = [this](SteadyTime when) { wake_publisher(when); },
                   .now = [] { return std::chrono::steady_clock::now(); }}),
        log(publisher, {.call_tell = [this] { post([](Parts& hub) { hub.log.tell(); }); },
                        .now_us = [this] { return roster.clock().now_us(); },
                        .now = [] { return std::chrono::steady_clock::now(); }}),
        context{.io = io,
                .roster = roster,
                .cues = cues,
                .publisher = publisher,
                .limits = limits,
                .counts = counts,
                .backlog = {.motion = limits.backlog,
                            .edge_bytes = limits.edge_backlog_bytes,
                            .dropped_samples = &counts.dropped_samples},
                .closing = [this](Connection&) { hurry(); },
                .gone = [this](Connection& session) { bury(session); },
                .on_data = std::move(on_data)},
        throttle(io),
        pulse(io) {
    roster.add_listener(&publisher);
    roster.add_sample_listener(&publisher);
  }
  ~Parts() {
    roster.remove_sample_listener(&publisher);
    roster.remove_listener(&publisher);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  /// The subprotocol that is spoken, none if none was offered, or what is wrong with protocols and
  /// query. A plain WebSocket has no subprotocol, and its query is nobody's.
  [[nodiscard]] wire::Parsed<std::optional<Protocol>> agree(const Upgrade& upgrade) const;
  void adopt(int socket, const Upgrade& upgrade, std::string_view early,
             std::function<void()> closed);
  void adopt_reader(int socket, const EventRequest& request, std::function<void()> closed);
  void end_all();

 private:
  friend class Hub;

  struct Client {
    std::shared_ptr<Connection> session;
    std::function<void()> closed;
  };

  /// Runs `what(*this)` after every handler that is ready now, if the hub still lives then.
  template <class What>
  void post(What what) {
    asio::post(io, [weak = weak_from_this(), what] {
      if (const auto self = weak.lock()) what(*self);
    });
  }

  void wake_publisher(SteadyTime when) {
    throttle.expires_at(when);
    throttle.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      if (error) return;
      if (const auto self = weak.lock()) self->publisher.tick();
    });
  }

  /// One timer for every session, and none without sessions: an idle daemon does not wake.
  void beat_after(std::chrono::milliseconds interval) {
    pulse_interval = interval;
    pulse.expires_after(interval);
    pulse.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      if (error) return;
      if (const auto self = weak.lock()) self->beat();
    });
  }
  void beat() {
    const auto now = std::chrono::steady_clock::now();
    bool is_anybody_closing = false;
    for (const auto& [number, client] : clients) {
      client.session->check(now);
      is_anybody_closing = is_anybody_closing || client.session->is_closing();
    }
    beat_after(is_anybody_closing ? closing_pulse : calm_pulse());
  }
  void hurry() {
    if (pulse_interval > closing_pulse) beat_after(closing_pulse);
  }
  [[nodiscard]] std::chrono::milliseconds calm_pulse() const {
    return std::chrono::milliseconds(
               std::min({limits.ping_interval, limits.stalled_after, limits.dead_after})) /
           4;
  }

  void admit(std::shared_ptr<Connection> session, std::function<void()> closed);
  void bury(Connection& session) {
    post([number = session.number()](Parts& hub) { hub.remove(number); });
  }
  void remove(std::uint64_t number) {
    const auto found = clients.find(number);
    if (found == clients.end()) return;
    const Client client = std::move(found->second);
    clients.erase(found);
    publisher.remove(*client.session);
    for (const auto& controller : roster.all())
      controller->release_outputs(client.session->owner());
    if (context.cues != nullptr) context.cues->release(client.session->owner());
    if (clients.empty()) pulse.cancel();
    if (client.closed) client.closed();
  }

  asio::io_context& io;
  drivers::Roster& roster;
  const api::Limits limits;
  Counts counts;
  Publisher publisher;
  LogFeed log;
  SessionContext context;
  asio::steady_timer throttle, pulse;
  std::chrono::milliseconds pulse_interval{0};
  std::unordered_map<std::uint64_t, Client> clients;
  std::uint64_t next_number = 1;
};

void Hub::Parts::adopt(int socket, const Upgrade& upgrade, std::string_view early,
                       std::function<void()> closed) {
  const auto session = std::make_shared<StreamSession>(
      context, socket, next_number++, chosen_protocol(upgrade.protocols).value_or(usual_protocol));
  session->set_client(upgrade.is_local, upgrade.client);
  admit(session, std::move(closed));
  const auto query = wire::parse_stream_query(upgrade.query);
  session->start(query ? *query : std::nullopt, early);
}

void Hub::Parts::adopt_reader(int socket, const EventRequest& request,
                              std::function<void()> closed) {
  const auto session = std::make_shared<EventSession>(context, socket, next_number++);
  session->set_client(request.is_local, request.client);
  admit(session, std::move(closed));
  const auto asked = events_asked_for(request);
  const auto resume = wire::parse_stream_position(request.last_event_id);
  session->start(asked ? *asked : wire::SubscribeRequest{}, resume ? &*resume : nullptr);
}

void Hub::Parts::admit(std::shared_ptr<Connection> session, std::function<void()> closed) {
  if (clients.empty()) beat_after(calm_pulse());
  const auto number = session->number();
  clients.emplace(number, Client{std::move(session), std::move(closed)});
}

void Hub::Parts::end_all() {
  for (const auto& [number, client] : clients) client.session->abort();
}

Hub::Hub(asio::io_context& io, drivers::Roster& roster, const api::Limits& limits,
         drivers::Cues& cues)
    : parts_(std::make_shared<Parts>(io, roster, limits, &cues, DataHandler())) {}

Hub::Hub(asio::io_context& io, drivers::Roster& roster, const api::Limits& limits,
         DataHandler on_data)
    : parts_(std::make_shared<Parts>(io, roster, limits, nullptr, std::move(on_data))) {}

Hub::~Hub() {
  parts_->end_all();
  while (!parts_->clients.empty()) parts_->remove(parts_->clients.begin()->first);
}

wire::Parsed<std::optional<Protocol>> Hub::Parts::agree(const Upgrade& upgrade) const {
  if (context.on_data) return std::optional<Protocol>();
  const bool offers_any = upgrade.protocols.find_first_not_of(" \t") != std::string::npos;
  const auto protocol = chosen_protocol(upgrade.protocols);
  if (offers_any && !protocol)
    return wire::Fault{
        wire::ErrorCode::unsupported_subprotocol,
        "The subprotocols here are " + std::string(protocol_names) + "; offer one, or none.",
        {}};
  const auto query = wire::parse_stream_query(upgrade.query);
  if (!query) return query.error();
  if (*query) {
    const auto format = protocol.value_or(usual_protocol).format;
    if (auto fault = stream::fault_of(**query, format, caller_of(upgrade)))
      return *std::move(fault);
    const auto resolved = resolve(**query, roster);
    if (!resolved) return resolved.error();
  }
  return protocol;
}

wire::Parsed<std::string> Hub::accept(const Upgrade& upgrade) {
  if (!is_valid_key(upgrade.key))
    return wire::Fault{
        wire::ErrorCode::bad_request, "Sec-WebSocket-Key is 16 random octets in base64.", {}};
  const auto agreed = parts_->agree(upgrade);
  if (!agreed) return agreed.error();
  const auto& protocol = *agreed;
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  head.append("Sec-WebSocket-Accept: ").append(accept_key(upgrade.key)).append("\r\n");
  if (protocol) head.append("Sec-WebSocket-Protocol: ").append(protocol->name).append("\r\n");
  head += "\r\n";
  return head;
}

void Hub::adopt(int socket, const Upgrade& upgrade, std::string_view early,
                std::function<void()> closed) {
  parts_->adopt(socket, upgrade, early, std::move(closed));
}

std::optional<wire::Fault> Hub::fault_of(const EventRequest& request) const {
  const auto asked = events_asked_for(request);
  if (!asked) return asked.error();
  if (auto fault = stream::fault_of(*asked, Format::event_stream, caller_of(request))) return fault;
  const auto resolved = resolve(*asked, parts_->roster);
  if (!resolved) return resolved.error();
  return std::nullopt;
}

void Hub::adopt_reader(int socket, const EventRequest& request, std::function<void()> closed) {
  parts_->adopt_reader(socket, request, std::move(closed));
}

const Counts& Hub::counts() const {
  return parts_->counts;
}

const Publisher& Hub::publisher() const {
  return parts_->publisher;
}

std::size_t Hub::clients() const {
  return parts_->clients.size();
}

void Hub::close_all(std::uint16_t code, std::string_view reason) {
  for (const auto& [number, client] : parts_->clients) client.session->close(code, reason);
}

void Hub::close_token(std::string_view id, std::uint16_t code, std::string_view reason) {
  for (const auto& [number, client] : parts_->clients)
    if (client.session->token_id() == id) client.session->close(code, reason);
}

}  // namespace psmove::stream
