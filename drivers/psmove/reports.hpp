#pragma once
// What the reports of both models have in common, for zcm1.cpp and zcm2.cpp alone.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>

#include "drivers/psmove/bytes.hpp"
#include "drivers/psmove/model.hpp"

namespace psmove::drivers {

/// Light and motor go off by themselves about 5 s after the last output report (one source); three
/// programs repeat them every 4 s. 3 s is ours: a machine that stands still for a second, as busy
/// ones do, then leaves nobody in the dark.
inline constexpr std::chrono::milliseconds output_refresh{3000};

/// Output reports share the radio link with input reports and cost some of them when they come
/// faster than this. Programs in use wait 120 to 150 ms, which makes fades visibly stepped; 40 ms
/// is ours, 25 steps a second.
inline constexpr std::chrono::milliseconds output_spacing{40};

/// no error where `bytes` can be an input report of at least `shortest` bytes.
[[nodiscard]] inline error_code check_input_report(std::span<const std::byte> bytes,
                                                   std::size_t shortest) {
  if (bytes.empty()) return ReportError::too_short;
  if (bytes[0] != std::byte{0x01}) return ReportError::wrong_id;
  if (bytes.size() < shortest) return ReportError::too_short;
  if (bytes.size() > longest_input_report) return ReportError::too_long;
  return {};
}

/// no error where `bytes` can be an assembled calibration blob of this size: block 0 with its
/// header comes first.
[[nodiscard]] inline error_code check_blob(std::span<const std::byte> bytes, std::size_t size) {
  if (bytes.size() < size) return ReportError::incomplete;
  if (bytes.size() > size) return ReportError::too_long;
  if (bytes[0] != std::byte{0x10} || bytes[1] != std::byte{0x00}) return ReportError::wrong_id;
  return {};
}

/// Everything outside the samples that sits at the same place in both.
template <std::size_t Size>
[[nodiscard]] InputReport common_input(std::span<const std::byte, Size> report) {
  InputReport input;
  input.sequence = u8<0x04>(report) & 0x0F;
  input.ticks = static_cast<std::uint16_t>(u8<0x0B>(report) << 8 | u8<0x2B>(report));
  input.battery_code = u8<0x0C>(report);
  input.temperature_raw = static_cast<std::uint16_t>(u8<0x25>(report) << 4 | u8<0x26>(report) >> 4);
  return input;
}

/// The buttons that are reported once per report: all but Move and the trigger's click.
template <std::size_t Size>
[[nodiscard]] Buttons common_buttons(std::span<const std::byte, Size> report) {
  Buttons buttons;
  buttons.set(Button::select, (u8<0x01>(report) & 0x01) != 0);
  buttons.set(Button::start, (u8<0x01>(report) & 0x08) != 0);
  buttons.set(Button::triangle, (u8<0x02>(report) & 0x10) != 0);
  buttons.set(Button::circle, (u8<0x02>(report) & 0x20) != 0);
  buttons.set(Button::cross, (u8<0x02>(report) & 0x40) != 0);
  buttons.set(Button::square, (u8<0x02>(report) & 0x80) != 0);
  buttons.set(Button::ps, (u8<0x03>(report) & 0x01) != 0);
  return buttons;
}

inline void mark_saturated(InputReport& input) {
  for (std::size_t i = 0; i < input.sample_count; ++i) {
    auto& sample = input.samples[i];
    sample.accel_saturated = is_saturated(sample.accel);
    sample.gyro_saturated = is_saturated(sample.gyro);
  }
}

/// Report 0x06, 9 bytes, which both models take; 0x02 is documented for the ZCM1 only. Rumble below
/// 64 does not start a ZCM1's motor, which is left to whoever chooses the value.
inline std::size_t encode_output(const Outputs& outputs, std::span<std::byte, 49> report) {
  constexpr std::size_t size = 9;
  std::fill_n(report.begin(), size, std::byte{0});
  put_u8<0>(report, 0x06);
  put_u8<2>(report, outputs.led.red);
  put_u8<3>(report, outputs.led.green);
  put_u8<4>(report, outputs.led.blue);
  put_u8<6>(report, outputs.rumble);
  return size;
}

/// Feature reports 0x04 and 0x05.
inline constexpr AddressReports move_addresses{.own = 0x04,
                                               .host = 0x04,
                                               .parse_own = parse_own_address,
                                               .parse_host = parse_host_address,
                                               .encode_host = encode_host_address};

/// The scales of a typical unit, as a Calibration that is not the factory's.
[[nodiscard]] constexpr Calibration nominal_calibration(const Vec3<Counts>& counts_per_g,
                                                        const Vec3<Counts>& accel_zero,
                                                        const Vec3<Counts>& gyro_counts) {
  Calibration nominal;
  nominal.accel_gain = from_g(1 / counts_per_g.x, 1 / counts_per_g.y, 1 / counts_per_g.z);
  nominal.accel_offset = {-nominal.accel_gain.x * accel_zero.x,
                          -nominal.accel_gain.y * accel_zero.y,
                          -nominal.accel_gain.z * accel_zero.z};
  nominal.gyro_gain = {radians_from_degrees(1 / gyro_counts.x),
                       radians_from_degrees(1 / gyro_counts.y),
                       radians_from_degrees(1 / gyro_counts.z)};
  return nominal;
}

/// What every axis can show of a 16-bit word at these gains, +-. The sensors' own limits are not
/// published.
template <class Unit>
[[nodiscard]] constexpr double smallest_range(const Vec3<Unit>& gain) {
  return 32768 * std::min({gain.x, gain.y, gain.z});
}

}  // namespace psmove::drivers
