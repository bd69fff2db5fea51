#pragma once
// How much of a figure is the tuning: every group of motions judged with parameters that were
// chosen without it.

#include <vector>

#include "bench/fusion/trials.hpp"

namespace psmove::bench {

/// Chooses position_m, mag_local_ut and gyro_rate_noise, each from half, once and twice its
/// default, by the mean 9D total plus 6D inclination of all trials but those of one kind of motion;
/// then scores that kind with them. The kind is a trial's third group (rotation, tapping...).
/// Prints what was chosen for each, and the mean over all trials.
void leave_group_out(const std::vector<Trial>& trials);

}  // namespace psmove::bench
