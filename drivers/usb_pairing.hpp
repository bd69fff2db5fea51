#pragma once
// Writing a host's address into a controller on the cable.

#include "drivers/hid_channel.hpp"
#include "drivers/psmove/model.hpp"
#include "types/awaitable.hpp"
#include "types/pairing.hpp"

namespace psmove::drivers {

/// Reads whom the controller calls now.
Awaitable<PairingStatus> read_host(const AddressReports& reports, HidChannel& channel);

/// Writes the address, always, even if it seems to be there: what the controller stores changes
/// when it meets a console. Then reads it back.
Awaitable<PairingStatus> write_host(const AddressReports& reports, HidChannel& channel,
                                    Address host);

}  // namespace psmove::drivers
