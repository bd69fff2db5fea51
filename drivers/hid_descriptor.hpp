#pragma once
// The one thing we ask of a HID report descriptor: how long it says a report is.

#include <cstddef>
#include <cstdint>
#include <span>

namespace psmove::drivers {

/// Payload bytes (without the id) that a descriptor declares for this input report; 0 where it
/// declares none or cannot be read. Format: USB HID 1.11, section 6.2.2.
std::size_t declared_input_bytes(std::span<const std::uint8_t> descriptor, std::uint8_t report_id);

}  // namespace psmove::drivers
