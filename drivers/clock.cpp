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

std::int64_t wall_clock_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

UnixClock::UnixClock() : UnixClock(SteadyClock::now(), wall_clock_us()) {}

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
  discipline(SteadyClock::now(), wall_clock_us());
}

void UnixClock::discipline(SteadyTime steady, std::int64_t wall_us) {
  if (steady < anchor_) return;
  const std::int64_t here = nanoseconds(steady);
  const double error_s = (static_cast<double>(wall_us) - static_cast<double>(here) / 1000) * 1e-6;
  anchor_ = steady;
  anchor_ns_ = here;
  slew_before_ = slew_;
  slew_ = std::clamp(error_s / settling_time.count(), -largest_slew, largest_slew);
}

}  // namespace psmove::drivers
