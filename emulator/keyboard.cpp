#include "emulator/keyboard.hpp"

#include <algorithm>
#include <array>

#include "emulator/wire.hpp"

namespace psmove::emulator {

Identity Keyboard::identity() const {
  Identity identity;
  identity.maker = "Somebody";
  identity.name = "Plain Keyboard";
  identity.vendor = 0x1209;   // pid.codes
  identity.product = 0x0001;  // for tests
  identity.usb_version = 0x0100;
  identity.class_of_device = 0x002540;
  identity.subclass = 0x40;
  return identity;
}

std::vector<std::byte> Keyboard::hid_descriptor() const {
  // The keyboard of the HID specification's appendix B, with a report id.
  Writer d;
  for (const int byte :
       {0x05, 0x01, 0x09, 0x06, 0xA1, 0x01, 0x85, 0x01, 0x05, 0x07, 0x19, 0xE0, 0x29,
        0xE7, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x08, 0x81, 0x02, 0x95, 0x01,
        0x75, 0x08, 0x81, 0x03, 0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29,
        0x05, 0x91, 0x02, 0x95, 0x01, 0x75, 0x03, 0x91, 0x03, 0x95, 0x06, 0x75, 0x08,
        0x15, 0x00, 0x25, 0x65, 0x05, 0x07, 0x19, 0x00, 0x29, 0x65, 0x81, 0x00, 0xC0})
    d.u8(static_cast<unsigned>(byte));
  return d.take();
}

std::size_t Keyboard::input_report(std::span<std::byte> report, Time) {
  if (to_send_.empty()) return 0;
  const std::array<std::uint8_t, 9> wire = {0x01, 0, 0, to_send_.front(), 0, 0, 0, 0, 0};
  to_send_.pop_front();
  const auto length = std::min(wire.size(), report.size());
  std::copy_n(std::as_bytes(std::span(wire)).begin(), length, report.begin());
  return length;
}

bool Keyboard::output(std::span<const std::byte> report, Time) {
  return report.size() == 2 && report.front() == std::byte{0x01};
}

bool Keyboard::type(std::string_view letters) {
  if (!std::all_of(letters.begin(), letters.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
    return false;
  constexpr int code_of_a = 4;
  for (const char letter : letters) {
    to_send_.push_back(static_cast<std::uint8_t>(letter - 'a' + code_of_a));
    to_send_.push_back(0);
  }
  return true;
}

}  // namespace psmove::emulator
