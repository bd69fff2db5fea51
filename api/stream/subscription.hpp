#pragma once
// What a client asked for, with its controllers found: equal subscriptions share one group.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/principal.hpp"
#include "api/stream/format.hpp"
#include "api/wire/stream_messages.hpp"
#include "api/wire/stream_position.hpp"
#include "types/address.hpp"

namespace psmove::drivers {
class Roster;
}

namespace psmove::stream {

struct Subscription {
  std::string id;
  std::vector<Address> controllers;  ///< in order; empty: every one, those that come later too
  wire::Topics topics = wire::default_topics;
  std::uint16_t fields = wire::all_fields;
  wire::Policy policy = wire::Policy::all;
  std::optional<double> max_rate_hz;
  Format format = Format::json;

  friend bool operator==(const Subscription&, const Subscription&) = default;
  [[nodiscard]] bool selects(const Address& controller) const;
  [[nodiscard]] bool wants(wire::Topic topic) const { return (topics & wire::bit(topic)) != 0; }
  /// Between two messages of one controller; 0: as it comes.
  [[nodiscard]] std::chrono::nanoseconds interval() const;
};

/// Who subscribes, as far as it matters.
struct Caller {
  bool is_local = true;  ///< on this machine
  bool has_token = false;
  api::Scope scope = api::Scope::admin;
};

/// What is wrong with a request for this format, or from this client. The topic `log` is for whom
/// everything is; where tokens are not demanded of other machines, not for those without one.
[[nodiscard]] std::optional<wire::Fault> fault_of(const wire::SubscribeRequest& request,
                                                  Format format, const Caller& caller);

/// The last sample a client has from an earlier connection.
struct Resume {
  std::optional<Address> controller;  ///< none: every one
  std::uint64_t sequence = 0;         ///< none has come: `nothing_yet`
};
/// Later than any, and so from another connection of the controller: all that is remembered is new.
inline constexpr std::uint64_t nothing_yet = ~std::uint64_t{0};

/// For a reader that comes back: a controller that its position does not name had sent nothing
/// then.
[[nodiscard]] std::vector<Resume> resume_after(const wire::StreamPosition& position);

struct Resolved {
  Subscription subscription;
  std::vector<Resume> resume;
};

/// Finds the controllers by id, number or name: unknown_controller with a pointer where one does
/// not exist. Later changes of number or name do not matter any more.
[[nodiscard]] wire::Parsed<Resolved> resolve(const wire::SubscribeRequest& request,
                                             const drivers::Roster& roster);

}  // namespace psmove::stream
