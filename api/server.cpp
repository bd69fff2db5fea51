#include "api/server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <list>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "api/access.hpp"
#include "api/authentication.hpp"
#include "api/http_session.hpp"
#include "api/rest_api.hpp"

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
/// Connections taken per wake-up of a listener before others get their turn.
constexpr int accepts_per_turn = 64;
/// How long to leave a listener alone when there is not even a descriptor to say no with.
constexpr auto exhausted_pause = 50ms;
/// With port 0, the one chosen for the first address may be taken on the next.
constexpr int port_attempts = 16;

[[noreturn]] void fail(int error, const std::string& what) {
  throw boost::system::system_error(error, boost::system::system_category(), what);
}

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

bool is_loopback(const PeerKey& key) {
  static constexpr PeerKey six{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  static constexpr std::array<unsigned char, 13> four{0, 0, 0, 0,    0,    0,  0,
                                                      0, 0, 0, 0xFF, 0xFF, 127};
  return key == six || std::equal(four.begin(), four.end(), key.begin());
}

/// How many connections there are. Outlives the server where a connection does.
struct Counts {
  std::size_t admitted = 0;
  std::size_t refused = 0;
  std::map<PeerKey, std::size_t> by_address;  ///< beyond loopback
  std::function<void()> on_release;
};

/// One connection's place in the counts.
class Admission {
 public:
  Admission(std::shared_ptr<Counts> counts, const PeerKey& peer, bool is_refused)
      : counts_(std::move(counts)), peer_(peer), is_refused_(is_refused) {
    if (is_refused_)
      ++counts_->refused;
    else
      ++counts_->admitted;
    if (is_counted_by_address()) ++counts_->by_address[peer_];
  }
  ~Admission() {
    if (is_refused_)
      --counts_->refused;
    else
      --counts_->admitted;
    if (is_counted_by_address() && --counts_->by_address[peer_] == 0)
      counts_->by_address.erase(peer_);
    if (counts_->on_release) counts_->on_release();
  }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

 private:
  [[nodiscard]] bool is_counted_by_address() const { return !is_refused_ && !is_loopback(peer_); }

  std::shared_ptr<Counts> counts_;
  PeerKey peer_;
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
                      std::shared_ptr<SessionList> sessions, int socket,
                      std::shared_ptr<void> admission, bool is_refused) {
  HttpSession session(io, context, socket, std::move(admission), is_refused);
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

/// A listening socket on one literal address.
int listen_on(const std::string& address, std::uint16_t port) {
  const std::string what = address + " port " + std::to_string(port);
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error) throw boost::system::system_error(error, what);
  const asio::ip::tcp::endpoint endpoint(ip, port);
  const int socket =
      ::socket(ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) fail(errno, what);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (ip.is_v6()) ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0 ||
      ::listen(socket, SOMAXCONN) != 0) {
    const int failure = errno;
    ::close(socket);
    fail(failure, what);
  }
  return socket;
}

bool is_no_ipv6(const boost::system::system_error& error) {
  const int code = error.code().value();
  return code == EAFNOSUPPORT || code == EADDRNOTAVAIL;
}

asio::ip::tcp::endpoint local_endpoint(int socket) {
  asio::ip::tcp::endpoint endpoint;
  auto length = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(socket, endpoint.data(), &length) != 0) fail(errno, "getsockname");
  if (endpoint.data()->sa_family != AF_INET && endpoint.data()->sa_family != AF_INET6)
    fail(EAFNOSUPPORT, "an inherited socket is not TCP");
  return endpoint;
}

/// Listens on every address; all or nothing.
std::vector<int> listen_on_all(const std::vector<std::string>& addresses, std::uint16_t port) {
  std::vector<int> sockets;
  try {
    for (const auto& address : addresses) {
      try {
        sockets.push_back(listen_on(address, port));
        if (port == 0) port = local_endpoint(sockets.front()).port();
      } catch (const boost::system::system_error& error) {
        if (address != "::1" || !is_no_ipv6(error) || addresses.size() == 1) throw;
        spdlog::warn("this host has no IPv6; listening without address=::1");
      }
    }
  } catch (...) {
    for (const int socket : sockets) ::close(socket);
    throw;
  }
  return sockets;
}

std::vector<int> listening_sockets(const ServerConfig& config) {
  if (!config.inherited.empty()) {
    for (const int socket : config.inherited) {
      local_endpoint(socket);
      ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    }
    return config.inherited;
  }
  for (int attempt = 1;; ++attempt) {
    try {
      return listen_on_all(config.bind, config.port);
    } catch (const boost::system::system_error& error) {
      const bool may_try_again = config.port == 0 && error.code().value() == EADDRINUSE;
      if (!may_try_again || attempt == port_attempts) throw;
    }
  }
}

/// Fewer connections where the system grants fewer descriptors.
ServerConfig within_descriptor_limit(ServerConfig config) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return config;
  const auto granted = static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t room =
      granted > 2 * descriptors_for_others ? granted - descriptors_for_others : granted / 2;
  config.limits.connections = std::min(config.limits.connections, room);
  return config;
}

std::vector<std::string> literal_addresses(const std::vector<int>& sockets) {
  std::vector<std::string> names;
  for (const int socket : sockets) {
    const auto address = local_endpoint(socket).address();
    if (!address.is_unspecified()) names.push_back(address.to_string());
  }
  return names;
}

}  // namespace

struct Server::Parts {
  Parts(asio::io_context& io_context, const MakeApplication& make, ServerConfig wanted)
      : io(io_context),
        config(within_descriptor_limit(std::move(wanted))),
        sockets(listening_sockets(config)),
        access(config.hosts, literal_addresses(sockets), config.origins),
        application(make(config)),
        authentication(config.tokens, {config.needs_token_here, config.needs_token_beyond}),
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
    for (const int socket : sockets) listeners.emplace_back(io, socket);
    refill_reserve();
    counts->on_release = [this] { on_release(); };
  }
  ~Parts() {
    counts->on_release = nullptr;
    if (reserve >= 0) ::close(reserve);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Awaitable<void> accept_from(stream_descriptor& listener);
  bool accept_one(int listener);
  void admit(int socket, const sockaddr_storage& peer, bool is_last_resort);
  bool spend_reserve(int listener);
  void refill_reserve();
  void on_release();

  void watch(SteadyTime when);
  void sweep();

  void stop(std::chrono::milliseconds deadline, std::function<void()> done);
  void finish_stop();

  asio::io_context& io;
  ServerConfig config;
  std::vector<int> sockets;  ///< owned by `listeners`
  Access access;
  std::unique_ptr<Application> application;
  Authentication authentication;
  SessionContext context;
  std::list<stream_descriptor> listeners;
  std::shared_ptr<Counts> counts = std::make_shared<Counts>();
  std::shared_ptr<SessionList> sessions = std::make_shared<SessionList>();
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

void Server::Parts::admit(int socket, const sockaddr_storage& peer, bool is_last_resort) {
  const auto& limits = config.limits;
  const PeerKey key = peer_key(peer);
  const auto same_address = counts->by_address.find(key);
  const bool is_full = counts->admitted >= limits.connections;
  const bool is_too_many_of_one = same_address != counts->by_address.end() &&
                                  same_address->second >= limits.connections_per_address;
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
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  asio::co_spawn(io,
                 serve(io, context, sessions, socket,
                       std::make_shared<Admission>(counts, key, is_refused), is_refused),
                 log_failure);
  traffic.connections = counts->admitted;
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
  application->stop();
  for (auto* session : *sessions) session->stop();
  stop_timer.expires_after(deadline);
  stop_timer.async_wait([this](const boost::system::error_code& error) {
    if (error || !stopped) return;
    for (auto* session : *sessions) session->abort();
    finish_stop();
  });
  on_release();
}

void Server::Parts::finish_stop() {
  stop_timer.cancel();
  sweep_timer.cancel();
  asio::post(io, std::exchange(stopped, nullptr));
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

void Server::start() {
  for (auto& listener : parts_->listeners)
    asio::co_spawn(parts_->io, parts_->accept_from(listener), log_failure);
}

void Server::stop(std::chrono::milliseconds deadline, std::function<void()> done) {
  parts_->stop(deadline, std::move(done));
}

std::uint16_t Server::port() const {
  return local_endpoint(parts_->listeners.front().native_handle()).port();
}

}  // namespace psmove::api
