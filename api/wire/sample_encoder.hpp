#pragma once
// One sample as JSON, written by hand: this runs for every report.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "types/controller_state.hpp"

namespace psmove::wire {

/// Which members of a sample to write; `sequence` and `time_us` always are.
enum class Field : std::uint8_t {
  accel_m_s2,
  gyro_rad_s,
  mag_ut,
  orientation,
  linear_accel_m_s2,
  temperature_c,
  trigger,
  buttons
};
inline constexpr std::uint16_t all_fields = 0xFF;
[[nodiscard]] constexpr std::uint16_t bit(Field field) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(field));
}
[[nodiscard]] std::optional<Field> parse_field(std::string_view name);
[[nodiscard]] std::string_view to_string(Field field);

/// Appends {"sequence":…,"time_us":…,…} with the chosen members. Decimals are fixed point, enough
/// for the sensor's resolution; a value that is not finite is written as 0.
void append_sample(std::string& out, const Sample& sample, std::uint16_t fields = all_fields);

}  // namespace psmove::wire
