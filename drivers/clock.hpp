#pragma once
// The two clocks of the daemon: steady time to measure with, Unix time to publish.

#include <chrono>
#include <cstdint>

namespace psmove::drivers {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

/// Unix time that never goes back and never jumps: anchored to the wall clock once, then slewed
/// towards it by at most 500 parts per million (what adjtime(3) does), however far the wall clock
/// is set.
class UnixClock {
 public:
  UnixClock();
  /// Anchored to these readings, for tests.
  UnixClock(SteadyTime steady, std::int64_t wall_us);

  /// Unix time of a steady instant in microseconds. Instants a little in the past are fine.
  [[nodiscard]] std::int64_t microseconds(SteadyTime when) const;
  [[nodiscard]] std::int64_t now_us() const { return microseconds(SteadyClock::now()); }

  /// Compares with the wall clock and chooses the slew; call it every few seconds.
  void discipline();
  /// The same with both readings given, for tests. A steady time before that of an earlier call is
  /// ignored.
  void discipline(SteadyTime steady, std::int64_t wall_us);

 private:
  [[nodiscard]] std::int64_t nanoseconds(SteadyTime when) const;
  void steer(SteadyTime steady, std::int64_t wall_ns);

  SteadyTime anchor_;           ///< where the present slew began
  std::int64_t anchor_ns_ = 0;  ///< Unix time there
  double slew_ = 0;             ///< seconds of correction per second since the anchor
  double slew_before_ = 0;  ///< the same before the anchor, so that the recent past stays as it was
};

}  // namespace psmove::drivers
