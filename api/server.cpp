#include "api/server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <list>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <set>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "api/access.hpp"
#include "api/authentication.hpp"
#include "api/http_session.hpp"
#include "api/listener.hpp"
#include "api/peer.hpp"
#include "api/rest_api.hpp"
#include "api/tls_relay.hpp"

namespace psmove::api {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using drivers::SteadyClock;
using drivers::SteadyTime;
using namespace std::chrono_literals;

/// Connections beyond the limit that are still told so politely.
constexpr std::size_t most_refused = 64;
/// Descriptors that are not for connections: the log, the controllers, the loop itself.
constexpr std::size_t descriptors_for_others = 64;
/// What an encrypted connection takes: itself, and the pair behind it.
constexpr std::size_t descriptors_per_relay = 3;
/// Connections taken per wake-up of a listener before others get their turn.
constexpr int accepts_per_turn = 64;
/// How long to leave a listener alone when there is not even a descriptor to say no with.
constexpr auto exhausted_pause = 50ms;
/// An address of a peer, mapped into IPv6, as a key.
using PeerKey = std::array<unsigned char, 16>;

PeerKey peer_key(const sockaddr_storage& peer) {
  PeerKey key{};
  if (peer.ss_family == AF_INET6) {
    std::memcpy(key.data(), &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr, 16);
  } else if (peer.ss_family == AF_INET) {
    key[10] = key[11] = 0xFF;
    std::memcpy(key.data() + 12, &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, 4);
  }
  return key;
}

/// How many connections there are. Outlives the server where a connection does.
struct Counts {
  std::size_t admitted = 0;
  std::size_t refused = 0;
  std::map<PeerKey, std::size_t> by_address;  ///< beyond this machine
  [[nodiscard]] std::size_t from(const PeerKey& address) const {
    const auto found = by_address.find(address);
    return found == by_address.end() ? 0 : found->second;
  }
  std::function<void()> on_release;
};

/// One connection's place in the counts.
class Admission {
 public:
  /// @param peer  counted by address; nothing: on this machine
  Admission(std::shared_ptr<Counts> counts, std::optional<PeerKey> peer, bool is_refused)
      : counts_(std::move(counts)), peer_(peer), is_refused_(is_refused) {
    if (is_refused_)
      ++counts_->refused;
    else
      ++counts_->admitted;
    if (is_counted_by_address()) ++counts_->by_address[*peer_];
  }
  ~Admission() {
    if (is_refused_)
      --counts_->refused;
    else
      --counts_->admitted;
    if (is_counted_by_address() && --counts_->by_address[*peer_] == 0)
      counts_->by_address.erase(*peer_);
    if (counts_->on_release) counts_->on_release();
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

 private:
  [[nodiscard]] bool is_counted_by_address() const { return !is_refused_ && peer_; }

  std::shared_ptr<Counts> counts_;
  std::optional<PeerKey> peer_;
  bool is_refused_;
};

using SessionList = std::list<HttpSession*>;

/// Keeps a session in the list for as long as it runs.
class Listed {
 public:
  Listed(std::shared_ptr<SessionList> list, HttpSession* session)
      : list_(std::move(list)), place_(list_->insert(list_->end(), session)) {}
  ~Listed() { list_->erase(place_); }
  Listed(const Listed&) = delete;
  Listed& operator=(const Listed&) = delete;

 private:
  std::shared_ptr<SessionList> list_;
  SessionList::iterator place_;
};

Awaitable<void> serve(asio::io_context& io, SessionContext& context,
                      std::shared_ptr<SessionList> sessions, int socket, Peer peer,
                      std::shared_ptr<void> admission, bool is_refused) {
  HttpSession session(io, context, socket, std::move(peer), std::move(admission), is_refused);
  const Listed listed(std::move(sessions), &session);
  co_await session.run();
}

/// The root of every coroutine here: only roots catch and log.
void log_failure(const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    spdlog::error("a connection failed error=\"{}\"", error.what());
  }
}

/// Fewer connections where the system grants fewer descriptors.
ServerConfig within_descriptor_limit(ServerConfig config) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return config;
  const auto granted = static_cast<std::size_t>(limit.rlim_cur);
  std::size_t room =
      granted > 2 * descriptors_for_others ? granted - descriptors_for_others : granted / 2;
  if (config.tls) room /= descriptors_per_relay;
  config.limits.connections = std::min(config.limits.connections, room);
  return config;
}

}  // namespace

struct Server::Parts {
  Parts(asio::io_context& io_context, const MakeApplication& make, ServerConfig wanted)
      : io(io_context),
        config(within_descriptor_limit(std::move(wanted))),
        sockets(config.inherited.empty()
                    ? listen_on_all(config.bind, config.port, config.socket_file)
                    : take_over(config.inherited)),
        port(port_of(sockets)),
        bound(literal_addresses(sockets)),
        access(config.hosts, bound, config.origins),
        application(make(config)),
        authentication(config.tokens,
                       {config.needs_token_here, config.needs_token_beyond, config.trusted_users}),
        context{*application,
                access,
                authentication,
                config.limits,
                [this](SteadyTime when) { watch(when); },
                {},
                {},
                false},
        sweep_timer(io),
        stop_timer(io) {
    for (const auto& listener : sockets) listeners.emplace_back(io, listener.socket);
    refill_reserve();
    counts->on_release = [this] { on_release(); };
  }
  ~Parts() {
    counts->on_release = nullptr;
    for (const auto& relay : relays_now()) relay->abort();
    if (reserve >= 0) ::close(reserve);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Awaitable<void> accept_from(stream_descriptor& listener);
  bool accept_one(int listener);
  void admit(int socket, const sockaddr_storage& address, bool is_last_resort);
  void note_user(const Peer& peer);
  void open(int socket, Peer peer, std::shared_ptr<void> admission, bool is_refused);
  void encrypt(int socket, const Peer& peer, std::shared_ptr<void> admission, bool is_refused);
  void apply(const ServerConfig& changed);
  /// A copy, because one that ends goes from the set.
  [[nodiscard]] std::vector<std::shared_ptr<TlsRelay>> relays_now() const {
    std::vector<std::shared_ptr<TlsRelay>> all;
    for (auto* relay : relays) all.push_back(relay->shared_from_this());
    return all;
  }
  bool spend_reserve(int listener);
  void refill_reserve();
  void on_release();

  void watch(SteadyTime when);
  void sweep();

  void stop(std::chrono::milliseconds deadline, std::function<void()> done);
  void finish_stop();

  asio::io_context& io;
  ServerConfig config;
  std::vector<Listener> sockets;  ///< the descriptors are owned by `listeners`
  std::uint16_t port;
  std::vector<std::string> bound;  ///< literal addresses that are listened on
  std::set<uid_t> users;           ///< who has come over a Unix socket
  Access access;
  std::unique_ptr<Application> application;
  Authentication authentication;
  SessionContext context;
  std::list<stream_descriptor> listeners;
  std::shared_ptr<Counts> counts = std::make_shared<Counts>();
  std::shared_ptr<SessionList> sessions = std::make_shared<SessionList>();
  std::set<TlsRelay*> relays;
  /// Given up for a moment to accept, and refuse, when there are no other descriptors; without it
  /// the listener would stay readable and the loop would spin.
  int reserve = -1;

  asio::steady_timer sweep_timer;
  SteadyTime sweep_at = SteadyTime::max();
  asio::steady_timer stop_timer;
  std::function<void()> stopped;
};

// ---- accepting

Awaitable<void> Server::Parts::accept_from(stream_descriptor& listener) {
  asio::steady_timer pause(io);
  for (;;) {
    const auto [error] =
        co_await listener.async_wait(stream_descriptor::wait_read, asio::as_tuple(asio::deferred));
    if (error) co_return;
    int taken = 0;
    while (taken < accepts_per_turn && accept_one(listener.native_handle())) ++taken;
    const bool is_exhausted = taken == 0 && reserve < 0;
    if (!is_exhausted) continue;
    pause.expires_after(exhausted_pause);
    co_await pause.async_wait(asio::as_tuple(asio::deferred));
    if (context.is_stopping) co_return;
    refill_reserve();
  }
}

/// @return false when there is nobody, or nothing to accept with
bool Server::Parts::accept_one(int listener) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int socket = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket >= 0) {
    admit(socket, peer, false);
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return spend_reserve(listener);
    default:
      return true;  // this one connection failed on its way in (accept(2))
  }
}

void Server::Parts::admit(int socket, const sockaddr_storage& address, bool is_last_resort) {
  const auto& limits = config.limits;
  Peer peer = peer_of(socket);
  const auto key = peer.is_local ? std::nullopt : std::optional(peer_key(address));
  const bool is_full = counts->admitted >= limits.connections;
  const bool is_too_many_of_one = key && counts->from(*key) >= limits.connections_per_address;
  const bool is_refused = is_last_resort || is_full || is_too_many_of_one;
  auto& traffic = application->traffic();
  ++(is_last_resort       ? traffic.refused_resource
     : is_full            ? traffic.refused_limit
     : is_too_many_of_one ? traffic.refused_address
                          : traffic.accepted);
  if (is_refused && counts->refused >= most_refused) {
    ::close(socket);
    return;
  }
  if (peer.uid) {
    note_user(peer);
  } else {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  // With a certificate the first byte tells, on loopback too: whoever says https there means it.
  const bool may_be_encrypted = config.tls && !peer.uid;
  if (may_be_encrypted && is_last_resort) {  // that would take three descriptors
    ::close(socket);
    return;
  }
  auto admission = std::make_shared<Admission>(counts, key, is_refused);
  traffic.connections = counts->admitted;
  if (may_be_encrypted)
    encrypt(socket, peer, std::move(admission), is_refused);
  else
    open(socket, std::move(peer), std::move(admission), is_refused);
}

void Server::Parts::open(int socket, Peer peer, std::shared_ptr<void> admission, bool is_refused) {
  asio::co_spawn(
      io, serve(io, context, sessions, socket, std::move(peer), std::move(admission), is_refused),
      log_failure);
}

void Server::Parts::encrypt(int socket, const Peer& peer, std::shared_ptr<void> admission,
                            bool is_refused) {
  const auto let_in = [this, peer, admission, is_refused](int inner, bool is_encrypted) {
    Peer known = peer;
    known.is_encrypted = is_encrypted;
    known.lacks_encryption = !is_encrypted && (!peer.is_local || config.tls_on_loopback);
    open(inner, std::move(known), admission, is_refused);
  };
  const auto relay = std::make_shared<TlsRelay>(
      io, socket,
      TlsRelay::Plan{.context = config.tls,
                     .handshake_deadline = config.limits.head_deadline,
                     .dead_after = config.limits.dead_after,
                     .on_secure = [let_in](int inner) { let_in(inner, true); },
                     .on_plain = [let_in](int same) { let_in(same, false); },
                     .on_end = [this](TlsRelay& ended) { relays.erase(&ended); },
                     .admission = std::move(admission)});
  relays.insert(relay.get());
  relay->start();
}

/// Once for each user: scripts open a connection for every request.
void Server::Parts::note_user(const Peer& peer) {
  const auto level = users.insert(*peer.uid).second ? spdlog::level::info : spdlog::level::debug;
  spdlog::log(level, "a program came over the Unix socket user={} uid={} pid={}", peer.user,
              *peer.uid, peer.pid);
}

bool Server::Parts::spend_reserve(int listener) {
  if (reserve < 0) return false;
  ::close(std::exchange(reserve, -1));
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int socket = ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket < 0) {
    refill_reserve();
    return false;
  }
  spdlog::warn("out of file descriptors; refusing connections");
  admit(socket, peer, true);
  return true;
}

void Server::Parts::refill_reserve() {
  if (reserve < 0) reserve = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void Server::Parts::on_release() {
  refill_reserve();
  application->traffic().connections = counts->admitted;
  if (stopped && counts->admitted == 0 && counts->refused == 0) finish_stop();
}

// ---- deadlines

/// One timer serves all sessions: it is set to the earliest deadline known, and the sweep then
/// looks at everybody. Most deadlines are put off long before, so it rarely fires.
void Server::Parts::watch(SteadyTime when) {
  if (when >= sweep_at) return;
  sweep_at = when;
  sweep_timer.expires_at(when);
  sweep_timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) sweep();
  });
}

void Server::Parts::sweep() {
  sweep_at = SteadyTime::max();
  const auto now = SteadyClock::now();
  auto next = SteadyTime::max();
  for (auto* session : *sessions) next = std::min(next, session->check_deadline(now));
  if (next != SteadyTime::max()) watch(next);
}

// ---- the end

void Server::Parts::stop(std::chrono::milliseconds deadline, std::function<void()> done) {
  context.is_stopping = true;
  stopped = std::move(done);
  for (auto& listener : listeners) {
    boost::system::error_code ignored;
    listener.close(ignored);
  }
  for (auto& socket : sockets) socket.file.remove();
  application->stop();
  for (auto* session : *sessions) session->stop();
  for (const auto& relay : relays_now()) relay->stop();
  stop_timer.expires_after(deadline);
  stop_timer.async_wait([this](const boost::system::error_code& error) {
    if (error || !stopped) return;
    for (auto* session : *sessions) session->abort();
    for (const auto& relay : relays_now()) relay->abort();
    finish_stop();
  });
  on_release();
}

void Server::Parts::finish_stop() {
  stop_timer.cancel();
  sweep_timer.cancel();
  asio::post(io, std::exchange(stopped, nullptr));
}

// ---- settings that change

void Server::Parts::apply(const ServerConfig& changed) {
  config.hosts = changed.hosts;
  config.origins = changed.origins;
  config.needs_token_here = changed.needs_token_here;
  config.needs_token_beyond = changed.needs_token_beyond;
  config.trusted_users = changed.trusted_users;
  config.token_requests = changed.token_requests;
  config.tls = changed.tls;
  config.tls_on_loopback = changed.tls_on_loopback;
  config.limits.connections = changed.limits.connections;
  config = within_descriptor_limit(std::move(config));
  access = Access(config.hosts, bound, config.origins);
  authentication.set_rules(
      {config.needs_token_here, config.needs_token_beyond, config.trusted_users});
}

// ---- Server

Server::Server(asio::io_context& io, const MakeApplication& application, ServerConfig config)
    : parts_(std::make_unique<Parts>(io, application, std::move(config))) {}

Server::Server(asio::io_context& io, drivers::Roster& roster, ServerConfig config)
    : Server(
          io,
          [&io, &roster](const ServerConfig& actual) {
            return std::make_unique<RestApi>(io, roster, actual);
          },
          std::move(config)) {}

Server::~Server() = default;

void Server::apply(const ServerConfig& changed) {
  parts_->apply(changed);
}

void Server::start() {
  for (auto& listener : parts_->listeners)
    asio::co_spawn(parts_->io, parts_->accept_from(listener), log_failure);
}

void Server::stop(std::chrono::milliseconds deadline, std::function<void()> done) {
  parts_->stop(deadline, std::move(done));
}

std::uint16_t Server::port() const {
  return parts_->port;
}

}  // namespace psmove::api
