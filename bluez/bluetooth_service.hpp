#pragma once
// bluetoothd as systemd runs it.

#include <functional>
#include <string>

namespace psmove::bluez {

/// BlueZ's version as bluetoothd says it, "5.66"; empty where there is none.
[[nodiscard]] std::string bluez_version();

/// Whether that version admits single devices without a bond (CablePairing: 5.83 and later).
[[nodiscard]] bool knows_cable_pairing(const std::string& version);

/// Carries out `change` while bluetoothd does not run, then starts it again if it ran.
///
/// It is killed, not stopped: stopping switches every adapter off and every device with it, while
/// the kernel keeps the links of input devices of one that just ends, and the next one finds them.
/// @return empty, or one sentence: that of `change`, or why bluetoothd could not be started again
[[nodiscard]] std::string while_stopped(const std::function<std::string()>& change);

}  // namespace psmove::bluez
