#pragma once
// Feature reports 4 and 5: who a controller is, and whom it calls.

#include "drivers/hid_channel.hpp"
#include "drivers/psmove/model.hpp"
#include "types/awaitable.hpp"
#include "types/pairing.hpp"

namespace psmove::drivers {

/// Asks a controller for both addresses.
/// @return what parse_addresses() or the channel says where it does not work
Awaitable<Result<PairingAddresses>> read_addresses(HidChannel& channel);

/// Reads whom a controller on the cable calls now.
Awaitable<CableState> read_host(HidChannel& channel);

/// Writes the address, always, even if it seems to be there: what the controller stores changes
/// when it meets a console. Then reads it back.
Awaitable<CableState> write_host(HidChannel& channel, Address host);

/// One sentence on what to try with a cable that answers like this.
std::string cable_advice(const error_code& error);

}  // namespace psmove::drivers
