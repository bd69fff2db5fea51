// The CECH-ZCS1, "Navigation Controller": half a DualShock 3 with one stick, for the other hand. No
// sphere, no motor, no calibration; its motion sensors are not read. Everything that is particular
// to it is here. Layouts: the moveonpc wiki, hid-sony and USB_Host_Shield agree.

#include <algorithm>

#include "drivers/psmove/bytes.hpp"
#include "drivers/psmove/model.hpp"
#include "drivers/psmove/reports.hpp"

namespace psmove::drivers {
namespace {

constexpr std::size_t report_size = 49;

/// On Bluetooth it keeps silent until this feature report, as a DualShock 3 does; hid-sony sends it
/// as well, and twice does no harm.
constexpr std::array<std::byte, 5> wake_up = {std::byte{0xF4}, std::byte{0x42}, std::byte{0x03},
                                              std::byte{0x00}, std::byte{0x00}};

constexpr Buttons own_buttons = {Button::circle, Button::cross, Button::ps, Button::l1,
                                 Button::l2,     Button::l3,    Button::up, Button::right,
                                 Button::down,   Button::left};

/// 0x80 is the middle; the lowest byte is one step further from it than the highest.
double fraction_of(std::uint8_t byte) {
  return std::max(-1.0, (int{byte} - 0x80) / 127.0);
}

Buttons buttons_of(std::span<const std::byte, report_size> report) {
  Buttons buttons;
  buttons.set(Button::l3, (u8<0x02>(report) & 0x02) != 0);
  buttons.set(Button::up, (u8<0x02>(report) & 0x10) != 0);
  buttons.set(Button::right, (u8<0x02>(report) & 0x20) != 0);
  buttons.set(Button::down, (u8<0x02>(report) & 0x40) != 0);
  buttons.set(Button::left, (u8<0x02>(report) & 0x80) != 0);
  buttons.set(Button::l2, (u8<0x03>(report) & 0x01) != 0);
  buttons.set(Button::l1, (u8<0x03>(report) & 0x04) != 0);
  buttons.set(Button::circle, (u8<0x03>(report) & 0x20) != 0);
  buttons.set(Button::cross, (u8<0x03>(report) & 0x40) != 0);
  buttons.set(Button::ps, (u8<0x04>(report) & 0x01) != 0);
  return buttons;
}

Pressures pressures_of(std::span<const std::byte, report_size> report) {
  return {.l1 = u8<0x14>(report) / 255.0,
          .l2 = u8<0x12>(report) / 255.0,
          .up = u8<0x0E>(report) / 255.0,
          .right = u8<0x0F>(report) / 255.0,
          .down = u8<0x10>(report) / 255.0,
          .left = u8<0x11>(report) / 255.0};
}

Result<InputReport> parse_input(std::span<const std::byte> bytes) {
  if (const auto error = check_input_report(bytes, report_size)) return error;
  const auto report = bytes.first<report_size>();
  InputReport input;
  input.battery_code = u8<0x1E>(report);
  input.stick = Stick{fraction_of(u8<0x06>(report)), fraction_of(u8<0x07>(report))};
  input.pressures = pressures_of(report);
  input.sample_count = 1;
  input.samples[0].trigger = u8<0x12>(report);  // L2
  input.samples[0].buttons = buttons_of(report);
  return input;
}

Result<Calibration> parse_calibration(std::span<const std::byte>) {
  return ReportError::incomplete;
}

std::size_t encode_nothing(const Outputs&, std::span<std::byte, 49>) {
  return 0;
}

Address address_at(std::span<const std::byte> bytes, std::size_t at) {
  Address address;
  for (std::size_t i = 0; i < address.octets.size(); ++i)
    address.octets[i] = std::to_integer<std::uint8_t>(bytes[at + i]);
  return address;
}

/// Feature report 0xF2: the address, in the order people write it, behind the id and three bytes.
/// Reading it makes the controller operational on the cable.
Result<Address> parse_own(std::span<const std::byte> report) {
  if (report.empty()) return ReportError::too_short;
  if (report[0] != std::byte{0xF2}) return ReportError::wrong_id;
  if (report.size() < 10) return ReportError::too_short;
  const Address address = address_at(report, 4);
  if (address.is_zero()) return ReportError::implausible;
  return address;
}

/// Feature report 0xF5: two bytes, of which the first may be the id, then the address.
Result<Address> parse_host(std::span<const std::byte> report) {
  if (report.size() < 8) return ReportError::too_short;
  if (report[0] != std::byte{0xF5} && report[0] != std::byte{0x01}) return ReportError::wrong_id;
  return address_at(report, 2);
}

/// What BlueZ's sixaxis plugin writes.
std::vector<std::byte> encode_host(const Address& host) {
  std::vector<std::byte> report = {std::byte{0xF5}, std::byte{0x01}};
  for (const auto octet : host.octets) report.push_back(std::byte{octet});
  return report;
}

}  // namespace

extern const ControllerModel navigation;
constinit const ControllerModel navigation = {
    .name = "navigation",
    .vendor = 0x054C,
    .product = 0x042F,
    .capabilities = {.samples_per_report = 1,
                     .reports_per_s = 100,  // a guess from the DualShock 3's
                     .input_over_usb = true,
                     .motion_sensors = false,
                     .light = false,
                     .rumble = false,
                     .stick = true,
                     .pressures = true,
                     .buttons = own_buttons},
    .calibration_blocks = 0,
    .nominal = {},
    .output_refresh = output_refresh,
    .output_spacing = output_spacing,
    .parse_input = parse_input,
    .parse_calibration = parse_calibration,
    .encode_output = encode_nothing,
    .addresses = {.own = 0xF2,
                  .host = 0xF5,
                  .parse_own = parse_own,
                  .parse_host = parse_host,
                  .encode_host = encode_host},
    .answers_diagnostics = false,
    .has_counters = false,
    .wake_up = wake_up,
};

}  // namespace psmove::drivers
