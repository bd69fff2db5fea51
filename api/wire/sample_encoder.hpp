#pragma once
// One sample as JSON, written by hand: this runs for every report.

#include <cstddef>
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
  buttons,
  extension,
  stick,
  pressures
};
inline constexpr unsigned field_count = 11;
[[nodiscard]] constexpr std::uint16_t bit(Field field) {
  return static_cast<std::uint16_t>(1U << static_cast<unsigned>(field));
}
/// Of those that most controllers have nothing to say about, a sample says nothing at all, rather
/// than null: what is meant where nobody chose.
inline constexpr std::uint16_t leave_out_nulls = 1U << 15;
inline constexpr std::uint16_t every_field = (1U << field_count) - 1;
inline constexpr std::uint16_t all_fields = every_field | leave_out_nulls;
inline constexpr std::uint16_t rare_fields =
    bit(Field::extension) | bit(Field::stick) | bit(Field::pressures);
[[nodiscard]] std::optional<Field> parse_field(std::string_view name);
[[nodiscard]] std::string_view to_string(Field field);

/// No sample is longer: names and punctuation 260, 20 decimals of 17, two integers of 20, the
/// temperature, 19 buttons, a wheel, a stick and the pressures. A test checks it with the largest
/// values.
inline constexpr std::size_t longest_sample = 1536;

/// Writes {"sequence":…,"time_us":…,…} with the chosen members. Decimals are fixed point, enough
/// for the sensor's resolution; a value that is not finite is written as 0. What the controller
/// does not have is null.
/// @param out  room for `longest_sample`
/// @return its end
char* write_sample(char* out, const Sample& sample, std::uint16_t fields);
void append_sample(std::string& out, const Sample& sample, std::uint16_t fields = all_fields);

/// No integer is longer.
inline constexpr std::size_t longest_integer = 20;
/// @param out  room for `longest_integer`
/// @return the end of the digits, with a minus in front where there must be one
char* write_integer(char* out, std::int64_t value);

}  // namespace psmove::wire
