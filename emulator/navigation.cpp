#include "emulator/navigation.hpp"

#include <algorithm>
#include <cmath>

#include "emulator/move.hpp"
#include "emulator/wire.hpp"

// Layout: the moveonpc wiki, hid-sony and USB_Host_Shield agree unless a comment says otherwise.

namespace psmove::emulator {
namespace {

constexpr std::uint8_t charging_code = 0xEE;
constexpr std::size_t report_size = 49;

struct Place {
  std::size_t byte;
  unsigned mask;
  std::size_t pressure;   ///< where its analogue value is; 0: it has none
  bool is_graded = true;  ///< false: that value is 0 or 255
};
// By NavigationButton.
constexpr std::array<Place, 10> places = {{{0x02, 0x02, 0},
                                           {0x02, 0x10, 0x0E},
                                           {0x02, 0x20, 0x0F},
                                           {0x02, 0x40, 0x10},
                                           {0x02, 0x80, 0x11},
                                           {0x03, 0x01, 0x12},
                                           {0x03, 0x04, 0x14},
                                           {0x03, 0x20, 0x17, false},
                                           {0x03, 0x40, 0x18, false},
                                           {0x04, 0x01, 0}}};

/// The order in which people write it; the Move has it the other way round.
void append(Writer& report, const Address& address) {
  for (const auto octet : address.octets) report.u8(octet);
}

}  // namespace

Navigation::Navigation(const NavigationOptions& options)
    : options_(options),
      interval_(std::llround(1e9 / (options.reports_per_s > 0 ? options.reports_per_s : 100))) {}

Identity Navigation::identity() const {
  Identity identity;
  identity.maker = "Sony Computer Entertainment";
  identity.name = "Navigation Controller";
  identity.vendor = 0x054C;
  identity.product = 0x042F;
  identity.usb_version = 0x0100;
  identity.class_of_device = 0x002508;
  return identity;
}

void Navigation::set_on_cable(bool on_cable) {
  if (on_cable == on_cable_) return;
  on_cable_ = on_cable;
  is_awake_on_cable_ = was_ps_pressed_ = false;
  if (on_cable) battery_code_off_cable_ = battery_code_;
  battery_code_ = on_cable ? charging_code : battery_code_off_cable_;
}

std::vector<std::byte> Navigation::hid_descriptor() const {
  return Move::hid_descriptor(Descriptor::joystick, report_size - 1);
}

bool Navigation::is_talkative(Link via) const {
  if (via == Link::radio) return is_awake_on_radio_;
  return is_awake_on_cable_ && was_ps_pressed_;
}

void Navigation::set_stick(double x, double y) {
  const auto byte = [](double value) {
    return static_cast<std::uint8_t>(std::lrint(128 + 127 * std::clamp(value, -1.0, 1.0)));
  };
  stick_ = {byte(x), byte(y)};
}

bool Navigation::set_pressure(NavigationButton button, double fraction) {
  const auto at = static_cast<std::size_t>(button);
  if (places[at].pressure == 0 || !places[at].is_graded) return false;
  pressures_[at] = static_cast<std::uint8_t>(std::lrint(255 * std::clamp(fraction, 0.0, 1.0)));
  return true;
}

std::size_t Navigation::input_report(std::span<std::byte> report, Time) {
  std::array<std::uint8_t, report_size> wire{};
  wire[0] = 0x01;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    const bool is_held = (held_ >> i & 1) != 0;
    if (is_held) wire[place.byte] = static_cast<std::uint8_t>(wire[place.byte] | place.mask);
    if (place.pressure != 0) wire[place.pressure] = is_held ? 0xFF : pressures_[i];
  }
  wire[0x06] = stick_[0];
  wire[0x07] = stick_[1];
  wire[0x1D] = 0x03;
  wire[0x1E] = battery_code_;
  // At rest on a table, as the wiki's report shows it: big endian around 512.
  constexpr std::array<unsigned, 4> at_rest = {514, 513, 418, 512};
  for (std::size_t i = 0; i < 4; ++i) {
    wire[0x29 + 2 * i] = static_cast<std::uint8_t>(at_rest[i] >> 8);
    wire[0x2A + 2 * i] = static_cast<std::uint8_t>(at_rest[i] & 0xFF);
  }
  const auto length = std::min(wire.size(), report.size());
  std::copy_n(std::as_bytes(std::span(wire)).begin(), length, report.begin());
  return length;
}

std::optional<std::vector<std::byte>> Navigation::get_feature(std::uint8_t id, Link via) {
  Writer report;
  if (id == 0xF2) {  // reading it makes the device operational on the cable
    if (via == Link::cable) is_awake_on_cable_ = true;
    report.u8(id).u8(0xFF).u8(0xFF).u8(0x00);
    append(report, options_.address);
    return report.zeros(18 - report.size()).take();
  }
  if (id == 0xF5) {  // BlueZ and hid-sony find the address at 2, so the id is not in it
    report.u8(0x01).u8(0x00);
    append(report, options_.host);
    return report.take();
  }
  return std::nullopt;
}

bool Navigation::set_feature(std::span<const std::byte> report, Link via, Time) {
  Reader reader(report);
  const auto id = reader.u8();
  if (id == 0xF4) {
    const bool wakes = reader.u8() == 0x42 && reader.is_whole();
    (via == Link::radio ? is_awake_on_radio_ : is_awake_on_cable_) |= wakes;
    if (via == Link::cable) was_ps_pressed_ |= wakes;
    return wakes;
  }
  if (id == 0xF5 && via == Link::cable && report.size() >= 8) {
    // id, 1, address (BlueZ), or id, 1, 0, address (the wiki).
    reader.raw(report.size() - 7);
    const auto address = reader.raw(6);
    for (std::size_t i = 0; i < 6; ++i)
      options_.host.octets[i] = std::to_integer<std::uint8_t>(address[i]);
    return true;
  }
  return false;
}

bool Navigation::output(std::span<const std::byte> report, Time) {
  return !report.empty() && report.front() == std::byte{0x01};
}

void Navigation::reconnect() {
  is_awake_on_radio_ = false;
}

}  // namespace psmove::emulator
