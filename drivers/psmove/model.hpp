#pragma once
// All that differs between controller models, as data and plain functions. A new model is one file
// and one line in models.cpp.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "types/address.hpp"
#include "types/buttons.hpp"
#include "types/controller_state.hpp"
#include "types/diagnostics.hpp"
#include "types/outputs.hpp"
#include "types/result.hpp"
#include "types/units.hpp"

namespace psmove::drivers {

/// Why bytes from a controller were refused.
enum class ReportError { too_short = 1, too_long, wrong_id, bad_block, incomplete, implausible };
const boost::system::error_category& report_category() noexcept;
inline error_code make_error_code(ReportError e) {
  return {static_cast<int>(e), report_category()};
}

/// Sensor words of one instant, offsets removed, in the body frame's axes (the magnetometer's Y is
/// already negated into it).
struct RawSample {
  Vec3<Counts> accel, gyro;
  std::optional<Vec3<Counts>> mag;  ///< only in the sample that brings a new reading
  Buttons buttons;
  std::uint8_t trigger = 0;
  bool accel_saturated = false;  ///< a word at the end of its 16-bit range
  bool gyro_saturated = false;
};

/// One input report, decoded. Samples are oldest first.
struct InputReport {
  std::uint8_t sequence = 0;  ///< 0..15, +1 per report
  std::uint16_t ticks = 0;  ///< the device's own clock, wraps; its unit is not documented anywhere
  std::uint8_t battery_code = 0;
  std::uint16_t temperature_raw = 0;  ///< 12-bit thermistor reading
  std::optional<Stick> stick{};
  std::optional<Pressures> pressures{};
  bool extension_connected = false;
  std::array<std::uint8_t, 5> extension{};
  std::size_t sample_count = 1;
  std::array<RawSample, 2> samples{};

  [[nodiscard]] std::span<const RawSample> all_samples() const {
    return {samples.data(), sample_count};
  }
};

/// Turns counts into SI units, per axis: value = gain * counts + offset.
struct Calibration {
  Vec3<MetersPerSecondSquared> accel_gain, accel_offset;
  Vec3<RadiansPerSecond> gyro_gain, gyro_offset;
  double mag_ut_per_count = 1.0 / 3.2;
  bool is_factory = false;  ///< read from the controller, not the nominal scales of the model

  [[nodiscard]] Vec3<MetersPerSecondSquared> accel(const Vec3<Counts>& raw) const;
  [[nodiscard]] Vec3<RadiansPerSecond> gyro(const Vec3<Counts>& raw) const;
  [[nodiscard]] Vec3<Microtesla> mag(const Vec3<Counts>& raw) const;
};

/// What a factory blob says about gains, in counts, whatever its layout.
struct FactoryReadings {
  Vec3<Counts> accel_low, accel_high;  ///< each axis at -1 g and at +1 g
  Vec3<Counts> gyro_zero;              ///< what a gyro word of an input report is at rest
  Vec3<Counts> gyro_span;              ///< how much each axis moves over `gyro_span_rad_s`
  double gyro_span_rad_s = 0;
};
/// Gains and offsets from such readings.
/// @param nominal  of the model; a gain beyond half to double of it, or an accelerometer zero
/// beyond
///   half a g, is no calibration (a blank or damaged blob), and would make infinities
/// @return implausible then
Result<Calibration> calibration_from(const FactoryReadings& readings, const Calibration& nominal);

/// The longest input report that is taken. Nothing known is longer than 49 bytes, but the exact
/// length of a ZCM2's is not settled (44, perhaps 45), so that bytes after the known ones are
/// allowed and ignored. 64 is the largest packet of the controller's endpoint; anything beyond is
/// not its report.
inline constexpr std::size_t longest_input_report = 64;

/// How a controller is asked for its own address and its host's, and told another host.
struct AddressReports {
  std::uint8_t own = 0x04, host = 0x04;  ///< ids of the feature reports
  Result<Address> (*parse_own)(std::span<const std::byte> report) = nullptr;
  Result<Address> (*parse_host)(std::span<const std::byte> report) = nullptr;
  std::vector<std::byte> (*encode_host)(const Address& host) = nullptr;
};

/// Everything the rest of the program knows about a kind of controller.
struct ControllerModel {
  std::string_view name;  ///< "zcm1"
  std::uint16_t vendor, product;
  Capabilities capabilities;
  std::size_t calibration_blocks;            ///< how many 0x10 reads make one blob; 0: it has none
  Calibration nominal;                       ///< used while the controller's own cannot be read
  std::chrono::milliseconds output_refresh;  ///< repeat outputs this often while anything is on
  std::chrono::milliseconds output_spacing;  ///< at least this long between two output reports

  /// Decodes one Bluetooth input report (id 0x01), exactly what read(2) returned.
  /// @return raw counts; too_short, too_long (beyond longest_input_report) or wrong_id otherwise
  Result<InputReport> (*parse_input)(std::span<const std::byte> report);
  /// Reads an assembled calibration blob (see CalibrationAssembler).
  /// @return incomplete or too_long where the length is not the model's, wrong_id where it does not
  ///   begin as a blob does, implausible where a gain would be absurd
  Result<Calibration> (*parse_calibration)(std::span<const std::byte> blob);
  /// Writes the output report for these outputs, all bytes of `report` that it uses. @return its
  /// length
  std::size_t (*encode_output)(const Outputs& outputs, std::span<std::byte, 49> report);

  AddressReports addresses;
  bool answers_diagnostics = true;  ///< feature reports 0xF9 and 0xF7
  /// Its reports carry a sequence number and a clock; without them they are taken to be as old as
  /// their arrival, and losses cannot be seen.
  bool has_counters = true;
  /// The feature report that makes it speak on Bluetooth; empty: it does so by itself.
  std::span<const std::byte> wake_up{};
};

/// Every model we speak, in the order people should see them.
std::span<const ControllerModel* const> models();
/// The model with these USB/Bluetooth ids, or nullptr.
const ControllerModel* find_model(std::uint16_t vendor, std::uint16_t product);
/// The model of this name ("zcm1"), or nullptr.
const ControllerModel* find_model(std::string_view name);

/// Collects the blocks of feature report 0x10, which come in any order, from any start and with
/// repeats, into one blob.
class CalibrationAssembler {
 public:
  /// @param block_count  1..3
  explicit CalibrationAssembler(std::size_t block_count);
  /// Takes one answer to GET 0x10, 49 bytes (what a host added after them is ignored).
  /// @return true once every block is there, false before; too_short, wrong_id, or bad_block for a
  ///   number or a last-block mark that this model's blob does not have
  Result<bool> add(std::span<const std::byte> report);
  [[nodiscard]] bool is_complete() const;
  /// The blob: block 0 whole, then each later block without its two header bytes. Empty until every
  /// block is there.
  [[nodiscard]] std::vector<std::byte> blob() const;

 private:
  std::size_t block_count_;
  std::array<std::optional<std::array<std::byte, 49>>, 3> blocks_;
};

/// Feature report 0x04: who the controller is, and whom it will call.
struct PairingAddresses {
  Address controller, host;
};
/// @param report  16 bytes or more with the id first (a ZCM2 may answer with more)
/// @return too_short, wrong_id, or implausible for a controller without an address
Result<PairingAddresses> parse_addresses(std::span<const std::byte> report);

/// The same, one at a time.
Result<Address> parse_own_address(std::span<const std::byte> report);
Result<Address> parse_host_address(std::span<const std::byte> report);

/// Feature report 0x05, over the cable only: whom the controller calls when its PS button is
/// pressed. The 16 bytes after the address look like a link key and are zeros, as psmoveapi sends
/// them; others send 10 01 02 12, and both work.
std::vector<std::byte> encode_host_address(const Address& host);

/// Feature report 0xF9 as "2.20 rev 1829". Over USB the id byte may be missing; a first byte other
/// than 0xF9 is taken as the version's.
/// @return too_short, or implausible for version 0
Result<std::string> parse_firmware(std::span<const std::byte> report);

/// The same, as numbers.
Result<FirmwareInfo> parse_firmware_info(std::span<const std::byte> report);

/// Feature report 0xF7, 12 bytes.
/// @return too_short or wrong_id
Result<PowerInfo> parse_power(std::span<const std::byte> report);

/// What the light's pulse width modulation can be set to, in Hz, and what it is until then
/// (moveonpc wiki). The resolution falls towards the top: at 7 MHz five levels are left.
inline constexpr std::uint32_t slowest_led_pwm = 733, fastest_led_pwm = 24'000'000,
                               usual_led_pwm = 188'000;
/// Feature report 0x03. A light that is on when it arrives stays dark until the next connect.
std::vector<std::byte> encode_led_pwm(std::uint32_t frequency_hz);

/// The battery byte of an input report. Values that no two sources agree on (0xF1, 0xFE among them)
/// are `unknown`, without a percentage.
Battery battery_from_code(std::uint8_t code);

/// The 12-bit thermistor word in degrees Celsius, -10..70, whole degrees.
double temperature_from_raw(std::uint16_t raw);

}  // namespace psmove::drivers

template <>
struct boost::system::is_error_code_enum<psmove::drivers::ReportError> : std::true_type {};
