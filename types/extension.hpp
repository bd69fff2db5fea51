#pragma once
// A device on a controller's extension port: which one it is, and what its own controls say.

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace psmove {

enum class ExtensionDevice : std::uint8_t { unknown, sharp_shooter, racing_wheel };

[[nodiscard]] constexpr std::string_view to_string(ExtensionDevice device) {
  if (device == ExtensionDevice::sharp_shooter) return "sharp_shooter";
  if (device == ExtensionDevice::racing_wheel) return "racing_wheel";
  return "unknown";
}

/// Who is on the port.
struct Extension {
  ExtensionDevice device = ExtensionDevice::unknown;
  std::optional<std::uint16_t> id{};  ///< its own word for itself; none where it did not say
  friend bool operator==(const Extension&, const Extension&) = default;
};

/// The gun. Its buttons are merged into the Move's own, and are reported as those.
struct SharpShooter {
  std::uint8_t weapon = 0;  ///< 1..3, as the selector stands; 0: between two
  bool trigger = false;     ///< the firing trigger; it sets `t` and the analogue trigger as well
  bool reload = false;
  bool pump = false;  ///< the pump action; it sets `t`
  friend bool operator==(const SharpShooter&, const SharpShooter&) = default;
};

struct RacingWheel {
  double throttle = 0;    ///< 0..1, the twist grip
  double l2 = 0, r2 = 0;  ///< 0..1
  bool left_paddle = false, right_paddle = false;
  friend bool operator==(const RacingWheel&, const RacingWheel&) = default;
};

/// The device's own controls; monostate: none are known.
using ExtensionControls = std::variant<std::monostate, SharpShooter, RacingWheel>;

/// The wheel's two motors.
struct WheelRumble {
  std::uint8_t left = 0, right = 0;  ///< strength
  [[nodiscard]] constexpr bool is_still() const { return left == 0 && right == 0; }
  friend bool operator==(const WheelRumble&, const WheelRumble&) = default;
};

}  // namespace psmove
