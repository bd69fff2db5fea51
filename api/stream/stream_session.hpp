#pragma once
// One WebSocket client: hears its requests, owns its subscriptions and its bounded backlog. Small,
// because most clients are idle.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/server.hpp"
#include "api/stream/backlog.hpp"
#include "api/stream/framing.hpp"
#include "api/stream/publisher.hpp"
#include "api/wire/stream_messages.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {
class Controller;
class Roster;
}  // namespace psmove::drivers

namespace psmove::stream {

class StreamSession;

/// Hears a text or binary message in place of the stream's own protocol.
using DataHandler = std::function<void(StreamSession& session, const Message& message)>;

/// What all sessions share.
struct SessionContext {
  boost::asio::io_context& io;
  drivers::Roster& roster;
  Publisher& publisher;
  const api::Limits& limits;
  Backlog::Bounds backlog;
  std::function<void(StreamSession&)>
      closing;                               ///< it now waits for the peer to leave, not for long
  std::function<void(StreamSession&)> gone;  ///< take it away, but not from within this call
  /// Where there is one, sessions are plain WebSockets: no hello, no requests, no heartbeat.
  DataHandler on_data{};
};

/// Lives until it has called `gone`; its pending waits hold it until they have returned.
///
/// Callbacks rather than coroutines: one wait for reading and at most one for writing are all that
/// an idle connection keeps, and reads go through one buffer that all sessions share.
class StreamSession final : public Subscriber, public std::enable_shared_from_this<StreamSession> {
 public:
  /// @param socket  connected and non-blocking; ours from now on
  /// @param number  of this connection since the daemon started; its outputs are owned by
  ///                "websocket <number>"
  StreamSession(SessionContext& context, int socket, std::uint64_t number);
  ~StreamSession() override;

  /// Says hello, begins the query's subscription, and reads; `early` was read before.
  void start(const std::optional<wire::SubscribeRequest>& query, std::string_view early);
  /// Queues a message.
  void say(std::string_view text, Opcode opcode = Opcode::text);
  /// Begins to close: what is queued still goes out (not with slow_consumer), then the close frame.
  void close(std::uint16_t code, std::string_view reason);
  /// Looks at the clock: heartbeat, and the end of peers that do not answer, read or leave.
  void check(SteadyTime now);
  /// Ends it at once, without a word.
  void abort();

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::string owner() const { return "websocket " + std::to_string(number_); }
  [[nodiscard]] bool is_closing() const { return is_closing_; }

  void take(const SharedBatch& batch) override;
  void send() override;

 private:
  struct Socket;

  void wait_readable();
  void wait_writable();
  void read();
  void write();
  void end();

  void hear(std::string_view bytes);
  void handle(const Message& message);
  void handle_text(std::string_view text);
  void handle_ping(std::string_view payload);
  void handle_close(const Message& message);
  [[nodiscard]] bool floods();

  [[nodiscard]] std::optional<wire::Fault> answer(const wire::StreamRequest& request,
                                                  std::string_view to);
  [[nodiscard]] std::optional<wire::Fault> subscribe(const wire::SubscribeRequest& request);
  [[nodiscard]] std::optional<wire::Fault> unsubscribe(const std::string& id);
  [[nodiscard]] std::optional<wire::Fault> set_outputs(const wire::SetRequest& request,
                                                       std::string_view to);
  [[nodiscard]] wire::SetResult set_outputs(drivers::Controller& controller,
                                            const wire::SetRequest& request);
  void say_control(Opcode opcode, std::string_view payload);
  void queue(SharedBatch batch);
  [[nodiscard]] std::int64_t now_us() const;

  SessionContext& context_;
  std::unique_ptr<Socket> socket_;
  std::uint64_t number_;
  Receiver receiver_;
  Backlog backlog_;
  std::vector<std::pair<std::string, std::uint64_t>> subscriptions_;  ///< id and group
  SteadyTime last_heard_, last_pinged_;
  SteadyTime last_progress_{};  ///< while it waits to write: when bytes last went out
  SteadyTime closing_since_{};  ///< when the close frame was queued, then when it was sent
  SteadyTime control_debt_{};   ///< control frames heard, each a little time ahead of now
  bool is_waiting_to_write_ = false;
  bool said_something_ = false;  ///< since the last ping
  bool is_closing_ = false;
  bool is_dead_ = false;
};

}  // namespace psmove::stream
