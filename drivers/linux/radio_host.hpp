#pragma once
// What the kernel says of this computer's radios, beside what BlueZ says.

#include <cstdint>
#include <string>
#include <vector>

#include "types/address.hpp"

namespace psmove::drivers {

enum class RadioBlock : std::uint8_t { none, by_software, by_switch };

/// Whether rfkill keeps a radio off.
/// @param adapter_name  "hci0"
[[nodiscard]] RadioBlock radio_block(const std::string& adapter_name);

/// The radios that the kernel has: "hci0".
[[nodiscard]] std::vector<std::string> kernel_adapters();

/// Who holds the link of an input device.
enum class LinkHolder : std::uint8_t {
  nobody,     ///< it is none, or not connected
  kernel,     ///< hidp: the link outlives bluetoothd
  bluetoothd  ///< uhid: the link ends with it
};
[[nodiscard]] LinkHolder holder_of(const Address& device);

}  // namespace psmove::drivers
