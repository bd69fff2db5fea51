#pragma once
// What a WebSocket and an event stream have in common: a socket of ours, a bounded backlog, and
// subscriptions. Small, because most clients are idle.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/principal.hpp"
#include "api/server.hpp"
#include "api/stream/backlog.hpp"
#include "api/stream/counts.hpp"
#include "api/stream/format.hpp"
#include "api/stream/publisher.hpp"
#include "api/stream/subscription.hpp"
#include "api/wire/stream_messages.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {
class Cues;
class Roster;
}  // namespace psmove::drivers

namespace psmove::stream {

class Connection;
class StreamSession;
struct Message;

/// Hears a text or binary message in place of the stream's own protocol.
using DataHandler = std::function<void(StreamSession& session, const Message& message)>;

/// What all connections share.
struct SessionContext {
  boost::asio::io_context& io;
  drivers::Roster& roster;
  drivers::Cues* cues = nullptr;  ///< none where there is on_data, which nobody sets outputs by
  Publisher& publisher;
  const api::Limits& limits;
  Counts& counts;
  Backlog::Bounds backlog;
  std::function<void(Connection&)> closing;  ///< it now waits for the peer to leave, not for long
  std::function<void(Connection&)> gone;     ///< take it away, but not from within this call
  /// Where there is one, WebSockets are plain ones: no hello, no requests, no heartbeat.
  DataHandler on_data{};
};

/// Lives until it has called `gone`; its pending waits hold it until they have returned.
///
/// Callbacks rather than coroutines: one wait for reading and at most one for writing are all that
/// an idle connection keeps, and reads go through one buffer that all connections share.
class Connection : public Subscriber, public std::enable_shared_from_this<Connection> {
 public:
  ~Connection() override;

  /// Begins to close: what is queued still goes out (not with slow_consumer), then the goodbye.
  void close(std::uint16_t code, std::string_view reason);
  /// Looks at the clock: signs of life, and the end of peers that do not answer, read or leave.
  void check(SteadyTime now);
  /// Ends it at once, without a word.
  void abort();

  /// Whether the peer is on this machine, and may know more; and what it may do. Without this call
  /// it may do everything.
  void set_client(bool is_local, const api::Principal& client) {
    caller_ = {is_local, !client.token_id.empty(), client.scope};
    token_id_ = client.token_id;
  }
  [[nodiscard]] const std::string& token_id() const { return token_id_; }

  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// As whom it sets outputs, and is told that it does.
  [[nodiscard]] virtual std::string owner() const = 0;
  [[nodiscard]] bool is_closing() const { return is_closing_; }

  void take(const SharedBatch& batch, SteadyTime now) override;
  void send() override;
  void pass(const SharedBatch& batch, SteadyTime now) override;

 protected:
  /// @param socket  connected and non-blocking; ours from now on
  /// @param number  of this connection since the daemon started
  Connection(SessionContext& context, int socket, std::uint64_t number, Format format);

  /// What came from the peer, never empty.
  virtual void hear(std::string_view bytes) = 0;
  /// Queues the last thing it says.
  virtual void say_goodbye(std::uint16_t code, std::string_view reason) = 0;
  /// It is neither closing nor stalled, and nothing waits to be written.
  virtual void stay_in_touch(SteadyTime now) = 0;
  /// The peer has said nothing for so long that nobody can be there.
  [[nodiscard]] virtual bool is_lost(SteadyTime now) const = 0;

  /// As close(), where it was the peer's wish.
  void begin_to_close(std::uint16_t code, std::string_view reason);
  void say_hello(std::string_view protocol);
  [[nodiscard]] std::optional<wire::Fault> subscribe(const wire::SubscribeRequest& request,
                                                     const wire::StreamPosition* resume = nullptr);
  [[nodiscard]] std::optional<wire::Fault> unsubscribe(const std::string& id);
  /// Queues one message, which is JSON and begins with its type.
  void say(std::string_view text);
  void queue(SharedBatch batch);
  void wait_readable();
  void end();

  [[nodiscard]] SessionContext& context() const { return context_; }
  [[nodiscard]] api::Scope scope() const { return caller_.scope; }
  [[nodiscard]] std::int64_t now_us() const;
  [[nodiscard]] bool is_dead() const { return is_dead_; }
  /// Whether there was a message to send since this was asked last; pings are none.
  [[nodiscard]] bool has_said_something() { return std::exchange(said_something_, false); }

 private:
  struct Socket;

  void count_sent(std::size_t bytes) { door_.sent_bytes += bytes; }
  void wait_writable();
  void read();
  void write();

  // What every report needs comes first, side by side.
  Counts::Door& door_;
  int handle_;  ///< of the socket; -1 once it is closed
  bool is_waiting_to_write_ = false;
  bool said_something_ = false;
  bool is_closing_ = false;
  bool is_dead_ = false;
  Backlog backlog_;
  SessionContext& context_;
  std::unique_ptr<Socket> socket_;
  std::uint64_t number_;
  Format format_;
  std::vector<std::pair<std::string, std::uint64_t>> subscriptions_;  ///< id and group
  SteadyTime last_progress_{};  ///< while it waits to write: when bytes last went out
  SteadyTime closing_since_{};  ///< when the goodbye was queued, then when it was sent
  std::string token_id_;        ///< that it came with; may be empty
  Caller caller_;
};

}  // namespace psmove::stream
