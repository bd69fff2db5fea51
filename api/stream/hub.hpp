#pragma once
// The door between HTTP and the stream: an upgraded socket goes in, and lives there.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/principal.hpp"
#include "api/server.hpp"
#include "api/wire/fault.hpp"

namespace psmove::drivers {
class Cues;
}

namespace psmove::stream {

class Publisher;
class StreamSession;
struct Counts;
struct Message;

/// A WebSocket upgrade request that passed the HTTP side's checks (Host, Origin, version, key).
struct Upgrade {
  std::string query;      ///< raw query string of the target, without the '?'
  std::string key;        ///< Sec-WebSocket-Key
  std::string protocols;  ///< Sec-WebSocket-Protocol as offered, may be empty
  bool is_local = true;   ///< the client is on this machine
  api::Principal client{};
};

/// A GET of the event stream that passed the HTTP side's checks.
struct EventRequest {
  std::string query;          ///< raw, without the '?'
  std::string last_event_id;  ///< of the field of that name, may be empty
  bool is_local = true;       ///< the reader is on this machine
  api::Principal client{};
};

/// All WebSocket clients and readers of the event stream of one daemon and the publisher that feeds
/// them.
class Hub {
 public:
  /// @param cues  take what clients set; outlive it
  Hub(boost::asio::io_context& io, drivers::Roster& roster, const api::Limits& limits,
      drivers::Cues& cues);
  /// Of plain WebSockets: their messages go to `on_data`, see SessionContext.
  Hub(boost::asio::io_context& io, drivers::Roster& roster, const api::Limits& limits,
      std::function<void(StreamSession&, const Message&)> on_data);
  ~Hub();

  /// Checks query and protocols before anything is sent.
  /// @return the whole 101 response head to send, or the fault to answer with
  wire::Parsed<std::string> accept(const Upgrade& upgrade);

  /// Takes over a connected, non-blocking TCP socket (the descriptor is now ours) after the 101 was
  /// sent. `early` is what the client sent right behind its request. `closed` is called once, when
  /// the connection is gone.
  void adopt(int socket, const Upgrade& upgrade, std::string_view early,
             std::function<void()> closed);

  /// What is wrong with a request for events, looked for before anything is sent.
  [[nodiscard]] std::optional<wire::Fault> fault_of(const EventRequest& request) const;
  /// Takes over a socket, as adopt() does, after the head of the answer was sent.
  void adopt_reader(int socket, const EventRequest& request, std::function<void()> closed);

  [[nodiscard]] std::size_t clients() const;
  [[nodiscard]] const Counts& counts() const;
  [[nodiscard]] const Publisher& publisher() const;
  /// Closes every client with this code and reason.
  void close_all(std::uint16_t code, std::string_view reason);
  /// Closes those that came with this token.
  void close_token(std::string_view id, std::uint16_t code, std::string_view reason);

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace psmove::stream
