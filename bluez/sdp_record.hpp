#pragma once
// The service record that tells BlueZ what a controller is: a Move does not answer SDP usefully, so
// its host has to know beforehand.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bluez/stored_model.hpp"

namespace psmove::bluez {

using Bytes = std::vector<std::uint8_t>;

/// A HID service record (Bluetooth HID profile 1.1, section 5.3) as the controllers behave: HIDP on
/// PSM 0x11 and 0x13, a virtual cable, reconnected by the device.
///
/// A Move's report descriptor is one vendor-defined collection. The record that other tools store,
/// a DualShock 3's, declares 48 bytes of input: since 2026 kernels drop every report that is
/// shorter than declared (seen with 6.1.192), and with that all that a ZCM2 says. It also makes a
/// joystick of nonsense axes, which this one does not. A ZCM1's descriptor is replaced by hid-sony
/// whatever it says. A Navigation controller's is not, and hid-sony lets go of one without a stick
/// and buttons ("failed to claim input"): it is declared a joystick, as it is one.
[[nodiscard]] Bytes hid_service_record(const StoredModel& model);

/// The bytes of input report 1 after its id that a stored record declares.
/// @return none where the record cannot be read or says nothing of that report
[[nodiscard]] std::optional<std::size_t> declared_input(const Bytes& record);

}  // namespace psmove::bluez
