#pragma once
// Controllers and their parts as JSON bodies: the same bytes for GET, snapshots and events.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/wire/fault.hpp"
#include "types/controller_state.hpp"

namespace psmove::wire {

[[nodiscard]] std::string controller_body(const ControllerState& state);  ///< GET /controllers/{id}
[[nodiscard]] std::string led_body(const LedStatus& led);                 ///< GET …/led
[[nodiscard]] std::string rumble_body(const RumbleStatus& rumble);        ///< GET …/rumble
[[nodiscard]] std::string battery_body(const Battery& battery);
[[nodiscard]] std::string_view to_string(BatteryState state);
[[nodiscard]] std::string_view to_string(OutputState state);
[[nodiscard]] std::string_view to_string(Effect effect);
[[nodiscard]] std::string hex_color(Rgb color);  ///< "#ff0000"
/// "#f00", "#ff0000", or a CSS colour name in any case.
[[nodiscard]] std::optional<Rgb> parse_color(std::string_view text);

}  // namespace psmove::wire
