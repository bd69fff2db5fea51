#include "bluez/sdp_record.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "drivers/hid_descriptor.hpp"

namespace psmove::bluez {
namespace {

// Heads of SDP data elements (Bluetooth Core, volume 3 part B, section 3).
constexpr std::uint8_t head_u8 = 0x08, head_u16 = 0x09, head_u32 = 0x0A, head_uuid16 = 0x19,
                       head_text8 = 0x25, head_boolean = 0x28, head_sequence8 = 0x35,
                       head_sequence16 = 0x36;

constexpr std::uint16_t hid_service = 0x1124, l2cap = 0x0100, hidp = 0x0011;
constexpr std::uint16_t control_psm = 0x0011, interrupt_psm = 0x0013;
constexpr std::uint8_t report_descriptor = 0x22;
constexpr std::uint8_t input_report = 1;

// Byte by byte: g++ 12 takes vector::insert after an initializer list for an overflow.
template <class Content>
void append(Bytes& bytes, const Content& more) {
  for (const auto byte : more) bytes.push_back(static_cast<std::uint8_t>(byte));
}

Bytes u8(std::uint8_t value) {
  return {head_u8, value};
}
Bytes u16(std::uint16_t value) {
  return {head_u16, static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
Bytes uuid(std::uint16_t value) {
  return {head_uuid16, static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
Bytes boolean(bool value) {
  return {head_boolean, static_cast<std::uint8_t>(value ? 1 : 0)};
}
/// Of up to 255 bytes, as all of ours are.
template <class Content>
Bytes text(const Content& content) {
  Bytes element = {head_text8, static_cast<std::uint8_t>(content.size())};
  append(element, content);
  return element;
}
Bytes sequence(std::initializer_list<Bytes> elements) {
  Bytes content;
  for (const auto& element : elements) append(content, element);
  Bytes whole;
  if (content.size() < 0x100)
    whole = {head_sequence8, static_cast<std::uint8_t>(content.size())};
  else
    whole = {head_sequence16, static_cast<std::uint8_t>(content.size() >> 8),
             static_cast<std::uint8_t>(content.size())};
  append(whole, content);
  return whole;
}

Bytes hidp_over(std::uint16_t psm) {
  return sequence({sequence({uuid(l2cap), u16(psm)}), sequence({uuid(hidp)})});
}

/// One collection of vendor-defined bytes, in report 1 and in one direction. Output and feature
/// reports need not be declared: hidraw passes them whatever this says.
Bytes vendor_descriptor(std::uint8_t input_payload) {
  return {
      0x06, 0x00,          0xFF,  // usage page: vendor-defined
      0x09, 0x01,                 // usage 1
      0xA1, 0x01,                 // collection: application
      0x85, input_report,         //   report id
      0x09, 0x01,                 //   usage 1
      0x15, 0x00,                 //   from 0
      0x26, 0xFF,          0x00,  //   to 255
      0x75, 0x08,                 //   in 8 bits
      0x95, input_payload,        //   so many of them
      0x81, 0x02,                 //   input
      0xC0,
  };
}

/// A joystick as the reports of a DualShock 3 and a Navigation controller have it: a byte, 19
/// buttons and 13 bits of nothing, two sticks of two axes, and bytes that only hid-sony and hidraw
/// understand.
Bytes joystick_descriptor(std::uint8_t input_payload) {
  constexpr std::uint8_t before_the_rest = 9;
  return {
      0x05, 0x01,          // usage page: generic desktop
      0x09, 0x04,          // joystick
      0xA1, 0x01,          // collection: application
      0x85, input_report,  //   report id
      0x15, 0x00,          //   from 0
      0x25, 0x01,          //   to 1
      0x75, 0x08,
      0x95, 0x01,  //   a byte
      0x81, 0x01,  //     of nothing
      0x05, 0x09,  //   usage page: buttons
      0x19, 0x01,
      0x29, 0x13,  //   1 to 19
      0x75, 0x01,
      0x95, 0x13,  //   a bit for each
      0x81, 0x02,  //     input
      0x95, 0x0D,  //   13 bits
      0x81, 0x01,  //     of nothing
      0x05, 0x01,  //   usage page: generic desktop
      0x26, 0xFF,
      0x00,  //   to 255
      0x75, 0x08,
      0x95, 0x04,  //   four bytes
      0x09, 0x30,
      0x09, 0x31,  //   X, Y
      0x09, 0x32,
      0x09, 0x35,  //   Z, Rz
      0x81, 0x02,  //     input
      0x06, 0x00,
      0xFF,        //   usage page: vendor-defined
      0x09, 0x01,  //   usage 1
      0x95, static_cast<std::uint8_t>(input_payload - before_the_rest),
      0x81, 0x02,  //     input
      0xC0,
  };
}

Bytes descriptor(const StoredModel& model) {
  return model.is_joystick ? joystick_descriptor(model.input_payload)
                           : vendor_descriptor(model.input_payload);
}

}  // namespace

Bytes hid_service_record(const StoredModel& model) {
  using namespace std::string_view_literals;
  return sequence({
      u16(0x0000), {head_u32, 0, 1, 0, 0},                                  // handle
      u16(0x0001), sequence({uuid(hid_service)}),                           // what it is
      u16(0x0004), hidp_over(control_psm),                                  // where to reach it
      u16(0x0006), sequence({u16(0x656E), u16(0x006A), u16(0x0100)}),       // English, UTF-8
      u16(0x0009), sequence({sequence({uuid(hid_service), u16(0x0100)})}),  // HID profile 1.0
      u16(0x000D), sequence({hidp_over(interrupt_psm)}),   // and the second channel
      u16(0x0100), text(model.shown_as),                   // name
      u16(0x0102), text("Sony Computer Entertainment"sv),  // provider
      u16(0x0201), u16(0x0111),                            // HID parser 1.11
      u16(0x0202), u8(0x08),                               // a gamepad
      u16(0x0203), u8(33),                                 // country: US
      u16(0x0204), boolean(true),                          // virtual cable
      u16(0x0205), boolean(true),                          // reconnects by itself
      u16(0x0206), sequence({sequence({u8(report_descriptor), text(descriptor(model))})}),
      u16(0x0207), sequence({sequence({u16(0x0409), u16(0x0100)})}),  // language of its texts
      u16(0x0209), boolean(true),                                     // on a battery
      u16(0x020A), boolean(true),                                     // wakes its host
      u16(0x020B), u16(0x0100),                                       // HID profile 1.0
      u16(0x020C), u16(0x3E80),                                       // supervision: 10 s
      u16(0x020D), boolean(false),                                    // cannot be called
      u16(0x020E), boolean(false),                                    // no boot protocol
  });
}

std::optional<std::size_t> declared_input(const Bytes& record) {
  // The attribute's value: a sequence of sequences of (kind, text).
  const Bytes id = u16(0x0206);
  auto at = std::search(record.begin(), record.end(), id.begin(), id.end());
  if (at == record.end()) return std::nullopt;
  const Bytes kind = u8(report_descriptor);
  at = std::search(at, record.end(), kind.begin(), kind.end());
  if (record.end() - at < 4) return std::nullopt;
  at += 2;
  std::size_t length = 0;
  if (*at == head_text8) {
    length = at[1];
    at += 2;
  } else if (*at == head_text8 + 1 && record.end() - at >= 3) {
    length = static_cast<std::size_t>(at[1]) << 8 | at[2];
    at += 3;
  } else {
    return std::nullopt;
  }
  if (static_cast<std::size_t>(record.end() - at) < length || length == 0) return std::nullopt;
  const auto declared = drivers::declared_input_bytes({&*at, length}, input_report);
  return declared == 0 ? std::nullopt : std::optional(declared);
}

}  // namespace psmove::bluez
