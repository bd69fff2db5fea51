// Feature reports and the single bytes that mean the same on every model.

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "drivers/psmove/bytes.hpp"
#include "drivers/psmove/model.hpp"

namespace psmove::drivers {
namespace {

// Boost's base class is never deleted through, and its destructor cannot be made virtual from here.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class ReportCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "psmove report"; }
  std::string message(int value) const override {
    switch (static_cast<ReportError>(value)) {
      case ReportError::too_short:
        return "too few bytes";
      case ReportError::too_long:
        return "too many bytes";
      case ReportError::wrong_id:
        return "not the expected report";
      case ReportError::bad_block:
        return "a calibration block that this model does not have";
      case ReportError::incomplete:
        return "calibration blocks are missing";
      case ReportError::implausible:
        return "values that no working controller has";
    }
    return "unknown report error";
  }
};
#pragma GCC diagnostic pop

constexpr std::byte calibration_id{0x10};
constexpr std::size_t block_size = 49;
constexpr std::size_t block_header = 2;

/// psmoveapi's thermistor curve: entry i is where the word leaves i - 10 degrees Celsius upwards.
constexpr std::array<std::uint16_t, 80> thermistor = {
    0x1f6, 0x211, 0x22c, 0x249, 0x266, 0x284, 0x2a4, 0x2c4, 0x2e5, 0x308, 0x32b, 0x34f,
    0x374, 0x399, 0x3c0, 0x3e8, 0x410, 0x439, 0x463, 0x48d, 0x4b8, 0x4e4, 0x510, 0x53d,
    0x56a, 0x598, 0x5c6, 0x5f4, 0x623, 0x651, 0x680, 0x6af, 0x6de, 0x70d, 0x73c, 0x76b,
    0x79a, 0x7c9, 0x7f7, 0x825, 0x853, 0x880, 0x8ad, 0x8d9, 0x905, 0x930, 0x95b, 0x985,
    0x9af, 0x9d8, 0xa00, 0xa28, 0xa4f, 0xa75, 0xa9b, 0xac0, 0xae4, 0xb07, 0xb2a, 0xb4b,
    0xb6d, 0xb8d, 0xbad, 0xbcb, 0xbea, 0xc07, 0xc24, 0xc40, 0xc5b, 0xc75, 0xc8f, 0xca8,
    0xcc1, 0xcd8, 0xcf0, 0xd06, 0xd1c, 0xd31, 0xd46, 0xd5a};
constexpr int thermistor_first_c = -10;

/// Six octets, least significant first.
template <std::size_t Offset>
Address reversed_address(std::span<const std::byte, 16> report) {
  return {{u8<Offset + 5>(report), u8<Offset + 4>(report), u8<Offset + 3>(report),
           u8<Offset + 2>(report), u8<Offset + 1>(report), u8<Offset>(report)}};
}

/// Whether a gain is close enough to the nominal one to be a calibration and no accident.
bool is_plausible(double gain, double nominal) {
  return std::isfinite(gain) && gain > nominal / 2 && gain < nominal * 2;
}
template <class Unit>
bool is_plausible(const Vec3<Unit>& gain, const Vec3<Unit>& nominal) {
  return is_plausible(gain.x, nominal.x) && is_plausible(gain.y, nominal.y) &&
         is_plausible(gain.z, nominal.z);
}

}  // namespace

const boost::system::error_category& report_category() noexcept {
  static const ReportCategory category;
  return category;
}

Vec3<MetersPerSecondSquared> Calibration::accel(const Vec3<Counts>& raw) const {
  return {accel_gain.x * raw.x + accel_offset.x, accel_gain.y * raw.y + accel_offset.y,
          accel_gain.z * raw.z + accel_offset.z};
}

Vec3<RadiansPerSecond> Calibration::gyro(const Vec3<Counts>& raw) const {
  return {gyro_gain.x * raw.x + gyro_offset.x, gyro_gain.y * raw.y + gyro_offset.y,
          gyro_gain.z * raw.z + gyro_offset.z};
}

Vec3<Microtesla> Calibration::mag(const Vec3<Counts>& raw) const {
  return {mag_ut_per_count * raw.x, mag_ut_per_count * raw.y, mag_ut_per_count * raw.z};
}

Result<Calibration> calibration_from(const FactoryReadings& readings, const Calibration& nominal) {
  const auto accel_span = readings.accel_high - readings.accel_low;
  const auto accel_middle = (readings.accel_high + readings.accel_low) * 0.5;

  Calibration calibration;
  calibration.mag_ut_per_count = nominal.mag_ut_per_count;
  calibration.accel_gain = from_g(2 / accel_span.x, 2 / accel_span.y, 2 / accel_span.z);
  calibration.gyro_gain = {readings.gyro_span_rad_s / readings.gyro_span.x,
                           readings.gyro_span_rad_s / readings.gyro_span.y,
                           readings.gyro_span_rad_s / readings.gyro_span.z};
  if (!is_plausible(calibration.accel_gain, nominal.accel_gain) ||
      !is_plausible(calibration.gyro_gain, nominal.gyro_gain))
    return ReportError::implausible;

  calibration.accel_offset =
      Vec3<MetersPerSecondSquared>{} -
      Vec3<MetersPerSecondSquared>{calibration.accel_gain.x * accel_middle.x,
                                   calibration.accel_gain.y * accel_middle.y,
                                   calibration.accel_gain.z * accel_middle.z};
  calibration.gyro_offset = Vec3<RadiansPerSecond>{} -
                            Vec3<RadiansPerSecond>{calibration.gyro_gain.x * readings.gyro_zero.x,
                                                   calibration.gyro_gain.y * readings.gyro_zero.y,
                                                   calibration.gyro_gain.z * readings.gyro_zero.z};
  for (const double offset :
       {calibration.accel_offset.x, calibration.accel_offset.y, calibration.accel_offset.z})
    if (std::abs(offset) > standard_gravity / 2) return ReportError::implausible;
  calibration.is_factory = true;
  return calibration;
}

CalibrationAssembler::CalibrationAssembler(std::size_t block_count) : block_count_(block_count) {
  assert(block_count >= 1 && block_count <= blocks_.size());
}

Result<bool> CalibrationAssembler::add(std::span<const std::byte> report) {
  if (report.empty()) return ReportError::too_short;
  if (report[0] != calibration_id) return ReportError::wrong_id;
  if (report.size() < block_size) return ReportError::too_short;
  const auto block = report.first<block_size>();
  // The low bits number the block, the top bit marks the last one.
  const std::size_t number = u8<1>(block) & 0x7FU;
  const bool is_last = (u8<1>(block) & 0x80U) != 0;
  if (number >= block_count_ || is_last != (number + 1 == block_count_))
    return ReportError::bad_block;
  auto& place = blocks_[number].emplace();
  std::copy(block.begin(), block.end(), place.begin());
  return is_complete();
}

bool CalibrationAssembler::is_complete() const {
  return std::all_of(blocks_.begin(), std::next(blocks_.begin(), static_cast<long>(block_count_)),
                     [](const auto& block) { return block.has_value(); });
}

std::vector<std::byte> CalibrationAssembler::blob() const {
  std::vector<std::byte> blob;
  if (!is_complete()) return blob;
  for (std::size_t number = 0; number < block_count_; ++number) {
    const auto& block = *blocks_[number];
    blob.insert(blob.end(), block.begin() + (number == 0 ? 0 : block_header), block.end());
  }
  return blob;
}

Result<PairingAddresses> parse_addresses(std::span<const std::byte> report) {
  if (report.empty()) return ReportError::too_short;
  if (report[0] != std::byte{0x04}) return ReportError::wrong_id;
  if (report.size() < 16) return ReportError::too_short;
  const auto bytes = report.first<16>();
  const PairingAddresses addresses{.controller = reversed_address<0x01>(bytes),
                                   .host = reversed_address<0x0A>(bytes)};
  if (addresses.controller.is_zero()) return ReportError::implausible;
  return addresses;
}

Result<Address> parse_own_address(std::span<const std::byte> report) {
  const auto addresses = parse_addresses(report);
  if (!addresses) return addresses.error();
  return addresses->controller;
}

Result<Address> parse_host_address(std::span<const std::byte> report) {
  const auto addresses = parse_addresses(report);
  if (!addresses) return addresses.error();
  return addresses->host;
}

std::vector<std::byte> encode_host_address(const Address& host) {
  std::vector<std::byte> report(23);
  report[0] = std::byte{0x05};
  for (std::size_t i = 0; i < host.octets.size(); ++i)
    report[1 + i] = static_cast<std::byte>(host.octets[host.octets.size() - 1 - i]);
  return report;
}

Result<FirmwareInfo> parse_firmware_info(std::span<const std::byte> report) {
  if (!report.empty() && report[0] == std::byte{0xF9}) report = report.subspan(1);
  if (report.size() < 4) return ReportError::too_short;
  // Big-endian, unlike most of what the controller says.
  const auto word = [report](std::size_t at) {
    if (at + 1 >= report.size()) return std::uint16_t{0};
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(report[at]) << 8 |
                                      std::to_integer<unsigned>(report[at + 1]));
  };
  const FirmwareInfo info{.version = word(0), .revision = word(2), .bluetooth_version = word(4)};
  if (info.version == 0) return ReportError::implausible;
  return info;
}

Result<std::string> parse_firmware(std::span<const std::byte> report) {
  const auto info = parse_firmware_info(report);
  if (!info) return info.error();
  std::array<char, 32> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%x.%02x rev %u", unsigned{info->version} >> 8,
                    unsigned{info->version} & 0xFFU, unsigned{info->revision});
  return std::string(text.data(), static_cast<std::size_t>(length));
}

Result<PowerInfo> parse_power(std::span<const std::byte> bytes) {
  if (bytes.empty()) return ReportError::too_short;
  if (bytes[0] != std::byte{0xF7}) return ReportError::wrong_id;
  if (bytes.size() < 8) return ReportError::too_short;
  const auto report = bytes.first<8>();
  const auto charger = u8<7>(report);
  return PowerInfo{.battery_code = u8<1>(report),
                   .battery_adc = u16<2>(report),
                   .temperature_raw = u16<4>(report),
                   .is_charging_enabled = u8<6>(report) != 0,
                   .charger = charger < 4 ? static_cast<Charger>(charger) : Charger::unknown};
}

std::vector<std::byte> encode_led_pwm(std::uint32_t frequency_hz) {
  std::vector<std::byte> report = {std::byte{0x03}, std::byte{0x41}, std::byte{0x00}};
  for (unsigned shift = 0; shift < 32; shift += 8)
    report.push_back(static_cast<std::byte>(frequency_hz >> shift & 0xFFU));
  return report;
}

Battery battery_from_code(std::uint8_t code) {
  constexpr std::uint8_t full_off_cable = 5;
  constexpr std::uint8_t on_cable_charging = 0xEE;
  constexpr std::uint8_t on_cable_full = 0xEF;
  // Each step stands for its lower end: 1 is "at least 20 %", as psmoveapi and the wiki have it.
  if (code <= full_off_cable)
    return {.percent = code * 20, .state = BatteryState::discharging, .code = code};
  if (code == on_cable_charging)
    return {.percent = std::nullopt, .state = BatteryState::charging, .code = code};
  if (code == on_cable_full) return {.percent = 100, .state = BatteryState::full, .code = code};
  return {.percent = std::nullopt, .state = BatteryState::unknown, .code = code};
}

double temperature_from_raw(std::uint16_t raw) {
  const auto beyond = std::upper_bound(thermistor.begin(), thermistor.end(), raw);
  return static_cast<double>(thermistor_first_c + std::distance(thermistor.begin(), beyond));
}

}  // namespace psmove::drivers
