#pragma once
// What takes feature reports, as JSON bodies: the light's frequency, the wheel's motors, diagnosis.

#include <cstdint>
#include <optional>
#include <string>

#include "types/diagnostics.hpp"
#include "types/extension.hpp"
#include "types/outputs.hpp"

namespace psmove::wire {

[[nodiscard]] std::string led_pwm_body(std::uint32_t frequency_hz, bool is_set);
[[nodiscard]] std::string wheel_body(const WheelRumble& shown, OutputState state,
                                     std::optional<std::int64_t> until_us);
/// Parts that the controller did not answer for are null.
[[nodiscard]] std::string diagnostics_body(const Diagnostics& diagnostics);

}  // namespace psmove::wire
