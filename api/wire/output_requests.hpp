#pragma once
// What clients ask of outputs: bodies of PUT, and the stream's `set`.

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "api/wire/fault.hpp"
#include "types/extension.hpp"
#include "types/outputs.hpp"

namespace psmove::wire {

/// Of an effect: reports with outputs go out 40 ms apart, and each half of a blink needs one of its
/// own. At 80 ms, where both take equally long, every delay would push the writes further behind
/// until a half is missed.
inline constexpr std::chrono::milliseconds shortest_period{100};

/// {"red","green","blue"} or {"color"}, with fade_ms, for_ms, effect, period_ms, priority,
/// lease_ms. A primary that is left out is 0. An effect of `rainbow` needs no colour.
/// @param pointer  prefix for the pointers in faults ("/led" in the stream's `set`)
[[nodiscard]] Parsed<LedWish> led_wish(const nlohmann::json& body, std::string_view pointer = "");
/// {"value"}, with for_ms, priority, lease_ms.
[[nodiscard]] Parsed<RumbleWish> rumble_wish(const nlohmann::json& body,
                                             std::string_view pointer = "");

/// {"left","right"} of a wheel's motors, with for_ms.
struct WheelWish {
  WheelRumble rumble;
  std::optional<std::chrono::milliseconds> duration;  ///< 1 ms to 10 s
};
[[nodiscard]] Parsed<WheelWish> wheel_wish(const nlohmann::json& body);

/// {"frequency_hz"}, within the model's limits.
[[nodiscard]] Parsed<std::uint32_t> led_pwm_wish(const nlohmann::json& body,
                                                 std::uint32_t slowest_hz,
                                                 std::uint32_t fastest_hz);

}  // namespace psmove::wire
