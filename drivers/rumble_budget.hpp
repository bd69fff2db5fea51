#pragma once
// How long a motor may still run. Pure: the time is given.

#include <cstdint>

#include "drivers/clock.hpp"
#include "types/outputs.hpp"

namespace psmove::drivers {

/// A store of motor time that fills while the motor rests: `window * duty` seconds at full strength
/// at most, and full at first. A strength is taken out of it as it is spent, half strength half as
/// fast. When it is empty the motor goes on at the strength that `duty` allows forever, so that a
/// held rumble weakens once and does not stutter, until less than that is wanted.
class RumbleBudget {
 public:
  explicit RumbleBudget(const RumbleLimit& limit = {});

  /// What is left is kept, as far as the new limit allows as much.
  void set_limit(const RumbleLimit& limit, SteadyTime now);
  [[nodiscard]] const RumbleLimit& limit() const { return limit_; }

  /// Notes what is wanted from `now` on; times go forward, an earlier one counts as the last.
  /// @return the strength that it may have
  std::uint8_t run(std::uint8_t wanted, SteadyTime now);
  /// Whether the last run() gave less than was wanted.
  [[nodiscard]] bool is_limiting() const { return is_limiting_; }
  /// When run() gives less if nothing else is wanted; SteadyTime::max(): never.
  [[nodiscard]] SteadyTime runs_out() const;

 private:
  using Seconds = std::chrono::duration<double>;

  [[nodiscard]] Seconds capacity() const { return limit_.window * limit_.duty; }
  /// What the motor may do forever.
  [[nodiscard]] std::uint8_t sustained() const;
  /// How fast the store empties; negative while it fills.
  [[nodiscard]] double drain() const { return running_ / 255.0 - limit_.duty; }
  void settle(SteadyTime now);

  RumbleLimit limit_;
  Seconds left_;
  SteadyTime at_ = SteadyTime::min();  ///< when `left_` was that
  std::uint8_t running_ = 0;
  bool is_limiting_ = false;
};

}  // namespace psmove::drivers
