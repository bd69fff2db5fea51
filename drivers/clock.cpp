// Unix time from the steady clock: two straight lines that meet at the last correction.

#include "drivers/clock.hpp"

#include <algorithm>

namespace psmove::drivers {
namespace {

/// What adjtime(3) does at most, in seconds per second.
constexpr double largest_slew = 500e-6;

/// An error is spread over this long, so that the jitter of two clock readings stays far below a
/// microsecond per sample.
constexpr std::chrono::duration<double> settling_time{16};

struct Reading {
  SteadyTime steady;
  std::int64_t wall_ns = 0;
};

/// Both clocks at one moment: the wall clock is read between two readings of the other, and of
/// three tries the one that nothing came between is taken.
Reading read_both() {
  Reading best;
  auto shortest = SteadyClock::duration::max();
  for (int i = 0; i < 3; ++i) {
    const auto before = SteadyClock::now();
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto took = SteadyClock::now() - before;
    if (took >= shortest) continue;
    shortest = took;
    best = {.steady = before + took / 2,
            .wall_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count()};
  }
  return best;
}

}  // namespace

UnixClock::UnixClock() {
  const auto now = read_both();
  anchor_ = now.steady;
  anchor_ns_ = now.wall_ns;
}

UnixClock::UnixClock(SteadyTime steady, std::int64_t wall_us)
    : anchor_(steady), anchor_ns_(wall_us * 1000) {}

std::int64_t UnixClock::nanoseconds(SteadyTime when) const {
  const std::int64_t since =
      std::chrono::duration_cast<std::chrono::nanoseconds>(when - anchor_).count();
  const double slew = since >= 0 ? slew_ : slew_before_;
  return anchor_ns_ + since + static_cast<std::int64_t>(static_cast<double>(since) * slew);
}

std::int64_t UnixClock::microseconds(SteadyTime when) const {
  return nanoseconds(when) / 1000;
}

void UnixClock::discipline() {
  const auto now = read_both();
  steer(now.steady, now.wall_ns);
}

void UnixClock::discipline(SteadyTime steady, std::int64_t wall_us) {
  steer(steady, wall_us * 1000);
}

void UnixClock::steer(SteadyTime steady, std::int64_t wall_ns) {
  if (steady < anchor_) return;
  const std::int64_t here = nanoseconds(steady);
  const double error_s = static_cast<double>(wall_ns - here) * 1e-9;
  anchor_ = steady;
  anchor_ns_ = here;
  slew_before_ = slew_;
  slew_ = std::clamp(error_s / settling_time.count(), -largest_slew, largest_slew);
}

}  // namespace psmove::drivers
