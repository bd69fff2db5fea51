#pragma once
// The list of emulated controllers as people write it: `7xzcm1:motion=wave,zcm2:name=left`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/air_manners.hpp"
#include "emulator/move.hpp"

namespace psmove::emulator {

/// What kind of device it is; only Moves have a model.
enum class DeviceKind : std::uint8_t { move, navigation, keyboard };

/// One controller to emulate. `motion` is one that make_motion takes.
struct DeviceSpec {
  DeviceKind kind = DeviceKind::move;
  MoveOptions options;  ///< of other kinds, address, host and rate alone
  std::string motion = "still";
  std::string name;  ///< what people call it; empty: nothing
  Magnetometer magnetometer = Magnetometer::normal;
  std::optional<ExtensionDevice> extension;  ///< on the port of a ZCM1
  double loss = 0;                           ///< of reports lost on the radio, 0..1
  AirManners air;
};
/// zcm1, zcm2, navigation or keyboard.
[[nodiscard]] std::string_view to_string(const DeviceSpec& spec);

/// Who reads the list: the daemon knows fewer keys than the emulator, whose devices can be wrong in
/// ways that only a kernel notices.
enum class DeviceKeys : std::uint8_t {
  simulated,  ///< motion, name, address, rate, mag, loss, extension
  emulated,   ///< those and host, bus, length, declared, descriptor, first-block, blob, seed,
             ///< tick-us, pair, pin, key, record, sdp, callable, fragile; and other kinds of device
};

struct DeviceList {
  std::vector<DeviceSpec> devices;
  std::string error;  ///< one sentence that says what is wrong and what would be accepted; or empty
};

/// Reads a comma-separated list of `[Nx]MODEL[:KEY=VALUE]...`, at most 99 devices in all. Addresses
/// are written with dashes. Without one, the n-th device is 00:06:f7:00:00:n (ZCM1, Navigation) or
/// a4:53:85:00:00:n (ZCM2), prefixes that real ones have, or 02:00:00:00:00:n (keyboard). With
/// `Nx`, an address counts up and a name gets the numbers 1 to N. Emulated ones call the adapter
/// 00:1b:dc:00:00:01 unless told otherwise. Each device has noise of its own, and a ZCM1 one of the
/// published calibrations in turn.
DeviceList parse_device_list(std::string_view list, DeviceKeys keys = DeviceKeys::simulated);

/// The device itself, moving as the specification says.
Move make_move(const DeviceSpec& spec, Time start);

}  // namespace psmove::emulator
