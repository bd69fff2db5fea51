#pragma once
// Controllers in words, for list, show and watch. Pure: text out of values.

#include <span>
#include <string>
#include <string_view>

#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/style.hpp"

namespace psmove::client {

/// An orientation as people point: degrees.
struct Attitude {
  double heading = 0;  ///< of the sphere, clockwise from world +Y seen from above, 0..360
  double pitch = 0;    ///< sphere up is positive, -90..90
  double roll = 0;     ///< right side down is positive, -180..180
};
[[nodiscard]] Attitude attitude_of(const Quaternion& world_from_body);

[[nodiscard]] std::string battery_text(const Battery& battery);  ///< "80%", "charging", "unknown"
[[nodiscard]] std::string presence_text(const Controller& controller);  ///< "connected", "away"
[[nodiscard]] std::string buttons_text(Buttons buttons);                ///< "cross move", "none"
[[nodiscard]] std::string degree_sign(const Style& style);

/// A swatch where there are colours, and the hex digits always.
[[nodiscard]] std::string light_text(Rgb color, const Style& style);

/// A table of all; below it one line for each hint.
[[nodiscard]] std::string list_text(std::span<const Controller> controllers, const Style& style);
/// One controller with everything that is known of it.
[[nodiscard]] std::string show_text(const Controller& controller, const Style& style);

/// What is on the extension port, and how its controls stand.
[[nodiscard]] std::string extension_text(const Controller& controller, const Style& style);
/// What a controller says about itself.
[[nodiscard]] std::string diagnostics_text(std::string_view title, const DiagnosticsReport& report,
                                           const Style& style);

/// "#ff0000, applied": what came of a write.
[[nodiscard]] std::string outcome_text(std::string_view value, std::string_view state,
                                       std::span<const Layer> layers);
/// The same of a light, and where it is going while it fades.
[[nodiscard]] std::string light_outcome_text(const Light& light, const Style& style);
[[nodiscard]] std::string motor_outcome_text(const Motor& motor);
[[nodiscard]] std::string rumble_limit_text(const Controller& controller);

/// A cue, and below it a line for each controller.
[[nodiscard]] std::string cue_text(const Cue& cue, std::span<const Controller> controllers,
                                   const Style& style);

}  // namespace psmove::client
