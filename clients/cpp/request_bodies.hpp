#pragma once
// What a client asks, as JSON bodies.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/instant.hpp"
#include "api/wire/output_requests.hpp"
#include "api/wire/simulation_requests.hpp"
#include "clients/cpp/messages.hpp"
#include "types/outputs.hpp"

namespace psmove::client {

using wire::Instant;

/// Members at their defaults are left out, so that the daemon's own defaults hold.
/// @param when  for a later instant; without, at once
[[nodiscard]] std::string led_request(const LedWish& wish, const Instant& when = {});
[[nodiscard]] std::string rumble_request(const RumbleWish& wish, const Instant& when = {});
/// A cue: light and rumble of many controllers at one instant.
struct CueWish {
  struct Output {
    std::string which;  ///< id, number or name, or all
    std::optional<LedWish> led{};
    std::optional<RumbleWish> rumble{};
  };
  Instant when{};  ///< without, at once
  std::vector<Output> outputs{};
};
[[nodiscard]] std::string cue_request(const CueWish& wish);
/// Of one controller's motor. Neither value: everybody's limit again.
[[nodiscard]] std::string rumble_limit_request(std::optional<double> duty,
                                               std::optional<std::chrono::seconds> window);
/// An empty name takes the name away.
[[nodiscard]] std::string name_request(std::string_view name);
/// An empty id, number or name: nobody.
[[nodiscard]] std::string companion_request(std::string_view other);
[[nodiscard]] std::string led_pwm_request(std::uint32_t frequency_hz);
[[nodiscard]] std::string wheel_request(const wire::WheelWish& wish);
/// Of a resource that acts: `{"action": "start"}`.
[[nodiscard]] std::string action_request(std::string_view action);
/// Without a scope, what the daemon gives by itself.
[[nodiscard]] std::string token_request(std::string_view name, std::string_view scope);
[[nodiscard]] std::string pairing_request(std::string_view which, const PairingWish& wish);
[[nodiscard]] std::string simulation_request(const wire::SimulationPatch& patch);

/// A `subscribe` of the stream. Empty lists and absent values leave the choice to the daemon.
struct SubscribeRequest {
  std::string id{};
  std::vector<std::string> controllers = {"*"};  ///< ids, numbers or names
  std::vector<std::string> topics{};
  std::vector<std::string> fields{};
  std::string policy{};  ///< "all", "latest", "window"
  std::optional<double> max_rate_hz{};
};
[[nodiscard]] std::string subscribe_request(const SubscribeRequest& request);

}  // namespace psmove::client
