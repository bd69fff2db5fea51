#pragma once
// Device ticks, which wrap and have no documented unit, to steady time.

#include <chrono>
#include <cstdint>

#include "drivers/clock.hpp"

namespace psmove::drivers {

/// Unwraps a controller's 4-bit sequence and 16-bit ticks and fits the tick rate to the times at
/// which reports arrive. Arrival jitters with the radio; ticks do not.
class DeviceClock {
 public:
  /// @param nominal_interval  the model's report period, used until the fit is good
  explicit DeviceClock(std::chrono::nanoseconds nominal_interval);

  struct Stamp {
    SteadyTime taken;           ///< when the report's newest sample was taken; never after arrival,
                                ///< always after the previous report's
    std::chrono::nanoseconds interval;  ///< from the previous report's place to this one, per report
    std::uint64_t report = 0;   ///< unwrapped report number since the first
    int lost = 0;               ///< reports missing just before this one
  };

  /// Takes one report's counters and its arrival time (not decreasing).
  Stamp on_report(std::uint8_t sequence, std::uint16_t ticks, SteadyTime arrived);

  /// Forgets everything but the nominal interval: the controller reconnected.
  void restart();

 private:
  // (the owner of device_clock.cpp fills this in)
  std::chrono::nanoseconds nominal_interval_;
};

}  // namespace psmove::drivers
