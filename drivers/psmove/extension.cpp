#include "drivers/psmove/extension.hpp"

#include <algorithm>

#include "drivers/psmove/bytes.hpp"

namespace psmove::drivers {
namespace {

constexpr std::uint8_t device_address = 0xA0;  ///< on the port's I2C bus
constexpr std::uint8_t identification = 0x00;  ///< place of the block
constexpr std::uint8_t identification_length = 0x20;
constexpr std::uint8_t wheel_motors = 0x20;  ///< place of the wheel's output
constexpr std::size_t payload = 9;           ///< where the data begins in 0xE0

constexpr std::uint16_t sharp_shooter_id = 0x8081;
constexpr std::uint16_t racing_wheel_id = 0x8101;

using Report = std::array<std::byte, extension_report_size>;

Report request(bool reads, std::uint8_t place, std::uint8_t length) {
  Report report{};
  const std::span<std::byte, extension_report_size> bytes(report);
  put_u8<0>(bytes, extension_report);
  put_u8<1>(bytes, reads ? 1 : 0);
  put_u8<2>(bytes, device_address);
  put_u8<3>(bytes, place);
  put_u8<4>(bytes, length);
  return report;
}

std::uint8_t weapon_of(std::uint8_t bits) {
  switch (bits & 0x07U) {
    case 0x01:
      return 1;
    case 0x02:
      return 2;
    case 0x04:
      return 3;
    default:
      return 0;
  }
}

}  // namespace

std::vector<std::byte> encode_identification_request() {
  const Report report = request(true, identification, identification_length);
  return {report.begin(), report.end()};
}

Result<Extension> parse_identification(std::span<const std::byte> bytes) {
  if (bytes.empty()) return ReportError::too_short;
  if (bytes[0] != std::byte{extension_report}) return ReportError::wrong_id;
  constexpr std::size_t shortest = payload + 2;
  if (bytes.size() < shortest) return ReportError::too_short;
  const auto report = bytes.first<shortest>();
  if (u8<1>(report) != 0) return ReportError::incomplete;
  if (u8<2>(report) != device_address || u8<3>(report) != identification)
    return ReportError::bad_block;
  // Most significant byte first, unlike everything else here.
  const auto id = static_cast<std::uint16_t>(u8<payload>(report) << 8 | u8<payload + 1>(report));
  Extension extension{.device = ExtensionDevice::unknown, .id = id};
  if (id == sharp_shooter_id) extension.device = ExtensionDevice::sharp_shooter;
  if (id == racing_wheel_id) extension.device = ExtensionDevice::racing_wheel;
  return extension;
}

std::vector<std::byte> encode_wheel_rumble(const WheelRumble& rumble) {
  Report report = request(false, wheel_motors, 2);
  report[payload] = std::byte{rumble.right};
  report[payload + 1] = std::byte{rumble.left};
  return {report.begin(), report.end()};
}

ExtensionControls decode_controls(ExtensionDevice device, const std::array<std::uint8_t, 5>& data,
                                  const RawSample& sample) {
  if (device == ExtensionDevice::sharp_shooter) {
    const bool fires = (data[0] & 0x40U) != 0;
    return SharpShooter{.weapon = weapon_of(data[0]),
                        .trigger = fires,
                        .reload = (data[0] & 0x80U) != 0,
                        .pump = !fires && sample.buttons.contains(Button::t)};
  }
  if (device == ExtensionDevice::racing_wheel)
    // The wheel always sets 0x3C beside its paddles.
    return RacingWheel{.throttle = data[0] / 255.0,
                       .l2 = data[1] / 255.0,
                       .r2 = data[2] / 255.0,
                       .left_paddle = (data[3] & 0x01U) != 0,
                       .right_paddle = (data[3] & 0x02U) != 0};
  return std::monostate{};
}

}  // namespace psmove::drivers
