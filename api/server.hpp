#pragma once
// The network side of the daemon: listening sockets, HTTP, and the upgrade to the stream.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/listener.hpp"
#include "api/tls.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {
class Bluez;
class Pairings;
class Roster;
}  // namespace psmove::drivers

namespace psmove::api {

class Application;
struct LogCounts;
class Tokens;

/// Every bound a client can meet; GET /api/v1 shows them.
struct Limits {
  std::size_t head_bytes = 8 * 1024;
  std::size_t head_fields = 64;
  std::size_t target_bytes = 2 * 1024;
  std::size_t body_bytes = 16 * 1024;
  std::chrono::seconds head_deadline{5}, body_deadline{10}, write_deadline{10}, keep_alive{60};
  std::size_t connections = 1024;
  std::size_t connections_per_address = 64;  ///< beyond loopback
  std::size_t message_bytes = 16 * 1024;     ///< one WebSocket message
  std::size_t message_fragments = 64;
  std::size_t subscriptions = 16;  ///< per connection
  std::chrono::seconds ping_interval{15}, dead_after{45}, stalled_after{10};
  std::chrono::milliseconds backlog{250};  ///< of motion, per client
  std::size_t edge_backlog_bytes = 256 * 1024;
  std::size_t controllers = 256;  ///< known at a time, beyond which none is made known by request
};

struct ServerConfig {
  std::uint16_t port = 6683;
  /// Addresses to listen on; "unix:/path" is a Unix socket, whose file the rules are for.
  std::vector<std::string> bind = {"127.0.0.1", "::1"};
  SocketFileRules socket_file;
  std::vector<int> inherited;  ///< listening sockets from systemd; then port and bind are not used
  std::vector<std::string> hosts;    ///< further names accepted in Host, besides loopback's
  std::vector<std::string> origins;  ///< foreign origins that may talk to us, exact
  Limits limits;
  drivers::Bluez* bluez = nullptr;        ///< outlives the server; nullptr: no hardware is used
  drivers::Pairings* pairings = nullptr;  ///< the same
  const LogCounts* log = nullptr;         ///< the same; nullptr: nobody counts
  Tokens* tokens = nullptr;               ///< outlives the server; nullptr: there are none
  bool needs_token_here = false;          ///< whether clients on this machine must show one
  bool needs_token_beyond = true;         ///< whether all others must
  bool token_requests = true;             ///< whether a press on a controller can grant a token
  /// Who needs none on a Unix socket, even if needs_token_here.
  std::vector<uid_t> trusted_users;
  TlsContext tls;  ///< what connections are encrypted with, if any: beyond loopback they have to be
  bool tls_on_loopback = false;  ///< and on loopback as well
  /// What /readyz still waits for, as a sentence; empty, or no function at all: ready.
  std::function<std::string()> not_ready;
};

/// Listens and serves until stop(). Constructing it binds, see listen_on_all(). Destroy it after
/// its io_context has stopped running, and before the roster.
class Server {
 public:
  /// Makes what is served.
  /// @param config  with the limits that hold; it lives as long as the server
  using MakeApplication = std::function<std::unique_ptr<Application>(const ServerConfig& config)>;

  Server(boost::asio::io_context& io, const MakeApplication& application, ServerConfig config);
  /// Serves the controllers of a roster.
  Server(boost::asio::io_context& io, drivers::Roster& roster, ServerConfig config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Takes over what can change while it runs: hosts, origins, tokens that are needed, trusted
  /// users, the limit of connections, TLS. Open connections stay as they are.
  void apply(const ServerConfig& changed);
  /// Begins to accept.
  void start();
  /// Stops accepting, closes WebSockets with 1001 and ends what is idle; calls `done` when the
  /// last session is gone or after `deadline`.
  void stop(std::chrono::milliseconds deadline, std::function<void()> done);
  /// The bound one, where 0 was asked for; 0 where it listens on Unix sockets alone.
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace psmove::api
