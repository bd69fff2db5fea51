#pragma once
// The life of one link to a controller, from the first feature report to the last input.

#include <memory>

#include "drivers/hid_channel.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {

class Roster;
class Simulation;

/// Serves a channel until it ends: finds out who is there, reads its calibration, then runs input
/// and output side by side. Never throws; what went wrong is in the log and in the state.
/// @param simulation  the emulated device behind the channel, or nullptr
Awaitable<void> serve_link(Roster& roster, std::unique_ptr<HidChannel> channel,
                           Simulation* simulation = nullptr);

}  // namespace psmove::drivers
