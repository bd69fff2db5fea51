#pragma once
// Who a controller is, and whom it calls: the feature reports that say it, by model.

#include "drivers/hid_channel.hpp"
#include "drivers/psmove/model.hpp"
#include "types/awaitable.hpp"
#include "types/pairing.hpp"

namespace psmove::drivers {

/// Asks a controller for its own address.
/// @return what the model's parser or the channel says where it does not work
Awaitable<Result<Address>> read_own_address(const AddressReports& reports, HidChannel& channel);

/// Reads whom a controller on the cable calls now.
Awaitable<CableState> read_host(const AddressReports& reports, HidChannel& channel);

/// Writes the address, always, even if it seems to be there: what the controller stores changes
/// when it meets a console. Then reads it back.
Awaitable<CableState> write_host(const AddressReports& reports, HidChannel& channel, Address host);

/// One sentence on what to try with a cable that answers like this.
std::string cable_advice(const error_code& error);

}  // namespace psmove::drivers
