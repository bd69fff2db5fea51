#pragma once
// The stream's messages, both ways: what clients may ask, read strictly, and what the daemon says.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/wire/fault.hpp"
#include "api/wire/instant.hpp"
#include "api/wire/log_line.hpp"
#include "api/wire/sample_encoder.hpp"
#include "types/controller_state.hpp"
#include "types/cue.hpp"
#include "types/outputs.hpp"

namespace psmove::wire {

/// What one can subscribe to; a message of a topic has its name as `type`.
enum class Topic : std::uint8_t {
  motion,
  button,
  trigger,
  battery,
  controller,
  output,
  radio,
  log
};
inline constexpr std::size_t topic_count = 8;
using Topics = std::uint16_t;  ///< a set: bits of Topic
[[nodiscard]] constexpr Topics bit(Topic topic) {
  return static_cast<Topics>(1U << static_cast<unsigned>(topic));
}
/// What a newcomer expects to see move: motion, presses, and controllers that come and go.
inline constexpr Topics default_topics =
    static_cast<Topics>(bit(Topic::motion) | bit(Topic::button) | bit(Topic::controller));
[[nodiscard]] std::string_view to_string(Topic topic);

enum class Policy : std::uint8_t {
  all,     ///< every sample at once
  latest,  ///< the newest sample, at most max_rate_hz for each controller
  window,  ///< all samples since the last message, at most max_rate_hz messages for each controller
};
[[nodiscard]] std::string_view to_string(Policy policy);

// ---- what clients ask

inline constexpr double slowest_rate_hz = 0.1;
inline constexpr double fastest_rate_hz = 1000;
/// A window message holds at most what a second brings.
inline constexpr double slowest_window_hz = 1;
inline constexpr std::size_t longest_id = 64;          ///< characters
inline constexpr std::string_view query_id = "query";  ///< of the subscription that a query starts

struct SubscribeRequest {
  std::string id;
  std::vector<std::string>
      controllers;  ///< ids, numbers or names; empty: every one, later ones too
  Topics topics = default_topics;
  std::uint16_t fields = all_fields;
  Policy policy = Policy::all;
  std::optional<double> max_rate_hz;  ///< always set with `window`, never with `all`
  struct Since {
    std::string controller;  ///< empty: every one
    std::uint64_t sequence = 0;
  };
  /// The last sequence the client has; empty: nothing to resume, and always with `latest`.
  std::vector<Since> since;
  bool snapshot = true;
};

struct UnsubscribeRequest {
  std::string id;
};

/// Light and rumble for some controllers, at once or at an instant; null ends this connection's
/// layer, and does so at once.
struct SetRequest {
  std::vector<std::string> controllers;  ///< empty: every connected one
  std::optional<LedWish> led;
  std::optional<RumbleWish> rumble;
  bool clear_led = false, clear_rumble = false;
  Instant instant{};
};

struct PingRequest {
  std::string t;  ///< the client's number as JSON text, to be sent back; empty: none
};

using StreamRequest = std::variant<SubscribeRequest, UnsubscribeRequest, SetRequest, PingRequest>;

struct ClientMessage {
  std::string to;  ///< the message's `id` as JSON text, for the answer; "null" where it has none
  Parsed<StreamRequest> request;
};

/// Reads one message. `set` is strict to the last member of led and rumble.
[[nodiscard]] ClientMessage parse_client_message(std::string_view text);
/// The same from CBOR (cbor.hpp).
[[nodiscard]] ClientMessage parse_client_cbor(std::string_view bytes);

/// Reads the query of the stream's URL, without '?': controllers, topics, fields (lists with
/// commas; %2C is a comma inside a name), policy, max_rate_hz, since, snapshot. Pointers in faults
/// are
/// "/max_rate_hz".
/// @return the subscription it starts, with the id "query"; none for an empty query
[[nodiscard]] Parsed<std::optional<SubscribeRequest>> parse_stream_query(std::string_view query);

// ---- what the daemon answers

struct StreamLimits {
  std::size_t message_bytes = 0, message_fragments = 0, subscriptions = 0;
  std::int64_t backlog_ms = 0, ping_interval_s = 0, dead_after_s = 0;
};
[[nodiscard]] std::string hello_message(std::string_view session, std::string_view protocol,
                                        std::int64_t time_us, const StreamLimits& limits);
/// @param controllers  ids, or empty for every one
[[nodiscard]] std::string subscribed_message(const SubscribeRequest& request,
                                             const std::vector<std::string>& controllers);
[[nodiscard]] std::string unsubscribed_message(std::string_view id);
[[nodiscard]] std::string snapshot_message(std::string_view id,
                                           const std::vector<std::string>& controller_bodies);
/// @param to  JSON text of the id, or "null"
[[nodiscard]] std::string error_message(std::string_view to, const Fault& fault);
[[nodiscard]] std::string pong_message(const PingRequest& ping, std::int64_t time_us);
[[nodiscard]] std::string heartbeat_message(std::int64_t time_us);

/// The whole is `queued` while any is, else the worst of `away`, `superseded`, `overridden` and
/// `applied`.
/// @param results  with the outputs that were asked for
/// @param cue  what was planned, where it shall happen at an instant
[[nodiscard]] std::string set_reply(std::string_view to, const std::vector<CueResult>& results,
                                    const CueStatus* cue = nullptr);
/// What became of what such a reply called `queued`.
[[nodiscard]] std::string outcome_message(std::string_view to,
                                          const std::vector<CueResult>& results);
/// The same where it was planned.
[[nodiscard]] std::string cue_message(std::string_view to, const CueStatus& cue);

// ---- events. A subscriber's message is its event_head, shared by all messages of the topic, and
// behind it the body, shared by all subscribers.

/// {"type":"button","subscription":"hands",
[[nodiscard]] std::string event_head(Topic topic, std::string_view subscription);
[[nodiscard]] std::string button_event(const Address& id, Button button, bool pressed,
                                       std::int64_t time_us);
[[nodiscard]] std::string trigger_event(const Address& id, double fraction, std::int64_t time_us);
[[nodiscard]] std::string battery_event(const Address& id, const Battery& battery);
/// @param event  "arrived", "changed", "left", "forgotten"
[[nodiscard]] std::string controller_event(const ControllerState& state, std::string_view event);
[[nodiscard]] std::string output_event(const ControllerState& state);

/// Upper edges of the histogram of gaps; what is longer than the last falls into one more bucket.
inline constexpr std::array<int, 11> gap_edges_ms = {1, 2, 5, 10, 12, 15, 20, 30, 50, 100, 250};
/// How a controller's reports came in since the last such message.
struct RadioReport {
  std::int64_t time_us = 0, period_us = 0;
  std::uint64_t reports = 0, lost = 0;
  std::int64_t longest_gap_us = 0;
  std::array<std::uint32_t, gap_edges_ms.size() + 1> gaps{};
};
[[nodiscard]] std::string radio_event(const Address& id, const RadioReport& report,
                                      std::optional<int> battery_minutes_left);
/// @param suppressed  lines before it that were too many to be told
[[nodiscard]] std::string log_event(std::int64_t time_us, std::string_view level,
                                    const LogLine& line, std::uint32_t suppressed);

}  // namespace psmove::wire
