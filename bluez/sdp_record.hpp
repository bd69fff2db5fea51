#pragma once
// The service record that tells BlueZ what a controller is: a Move does not answer SDP usefully, so
// its host has to know beforehand.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace psmove::bluez {

using Bytes = std::vector<std::uint8_t>;

/// A HID service record (Bluetooth HID profile 1.1, section 5.3) as the controllers behave: HIDP on
/// PSM 0x11 and 0x13, a virtual cable, reconnected by the device.
///
/// Its report descriptor is one vendor-defined collection. The record that other tools store, a
/// DualShock 3's, declares 48 bytes of input: since 2026 kernels drop every report that is
/// shorter than declared (seen with 6.1.192), and with that all that a ZCM2 says. It also makes a
/// joystick of nonsense axes, which this one does not. A ZCM1's and a Navigation controller's
/// descriptor is replaced by hid-sony whatever it says.
///
/// @param input_payload  bytes of input report 1 after its id, 1..255: never more than are sent
[[nodiscard]] Bytes hid_service_record(std::uint8_t input_payload);

/// The bytes of input report 1 after its id that a stored record declares.
/// @return none where the record cannot be read or says nothing of that report
[[nodiscard]] std::optional<std::size_t> declared_input(const Bytes& record);

}  // namespace psmove::bluez
