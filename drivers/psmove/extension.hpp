#pragma once
// Devices on a ZCM1's extension port: asking which one it is, reading its controls out of input
// reports, and driving the wheel's motors. Layouts: the moveonpc wiki; the addressing of feature
// report 0xE0 is psmoveapi's as well.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "drivers/psmove/model.hpp"
#include "types/extension.hpp"

namespace psmove::drivers {

inline constexpr std::uint8_t extension_report = 0xE0;
inline constexpr std::size_t extension_report_size = 49;

/// Feature report 0xE0 that has the next GET of it answer with the first bytes of the device's
/// identification block.
std::vector<std::byte> encode_identification_request();
/// The answer to that GET.
/// @param report  49 bytes, id first
/// @return who it is; too_short, wrong_id, bad_block where it answers for another place, or
///   incomplete where nobody answered on the port
Result<Extension> parse_identification(std::span<const std::byte> report);

/// Feature report 0xE0 that sets the wheel's motors; they stop by themselves a short while later.
std::vector<std::byte> encode_wheel_rumble(const WheelRumble& rumble);

/// The device's own controls.
/// @param data    bytes 0x2C to 0x30 of the input report
/// @param sample  the half-frame that the controls are wanted for: the gun's pump shows in its `t`
ExtensionControls decode_controls(ExtensionDevice device, const std::array<std::uint8_t, 5>& data,
                                  const RawSample& sample);

}  // namespace psmove::drivers
