#pragma once
// Controllers and their parts as JSON bodies: the same bytes for GET, snapshots and events.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/wire/fault.hpp"
#include "types/controller_state.hpp"

namespace psmove::wire {

/// GET /controllers/{id}. Members that are not known are null (`name`, `firmware`,
/// `battery.percent`, `sensors`); `hint` alone is left out where there is none.
[[nodiscard]] std::string controller_body(const ControllerState& state);
[[nodiscard]] std::string led_body(const LedStatus& led);           ///< GET …/led
[[nodiscard]] std::string rumble_body(const RumbleStatus& rumble);  ///< GET …/rumble
/// The same with the controller's `id` in front: an item of the answer for `all`.
[[nodiscard]] std::string led_result(const Address& id, const LedStatus& led);
[[nodiscard]] std::string rumble_result(const Address& id, const RumbleStatus& rumble);
/// The member "overridden_by", into an object that is open.
void layer_above(std::string& out, const LayerAbove& above);
[[nodiscard]] std::string battery_body(const Battery& battery);
[[nodiscard]] std::string calibration_body(const CalibrationInfo& calibration);

[[nodiscard]] std::string_view to_string(BatteryState state);
[[nodiscard]] std::string_view to_string(OutputState state);
[[nodiscard]] std::string_view to_string(Effect effect);
[[nodiscard]] std::string_view to_string(Source source);
[[nodiscard]] std::string_view to_string(Transport transport);
[[nodiscard]] std::string_view to_string(InputStatus status);
[[nodiscard]] std::string_view to_string(MagnetometerStatus status);

[[nodiscard]] std::string hex_color(Rgb color);  ///< "#ff0000"
/// "#f00", "#ff0000", or a CSS colour name in any case.
[[nodiscard]] std::optional<Rgb> parse_color(std::string_view text);

}  // namespace psmove::wire
