#pragma once
// What the kernel says of this computer's radios, beside what BlueZ says.

#include <string>

#include "types/address.hpp"

namespace psmove::drivers {

enum class RadioBlock : std::uint8_t { none, by_software, by_switch };

/// Whether rfkill keeps a radio off.
/// @param adapter_name  "hci0"
[[nodiscard]] RadioBlock radio_block(const std::string& adapter_name);

/// Whether the kernel itself holds the link of an input device (hidp), so that it outlives
/// bluetoothd; false where bluetoothd does, or where it is no input device.
[[nodiscard]] bool is_held_by_kernel(const Address& device);

}  // namespace psmove::drivers
