#include "drivers/rumble_budget.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace psmove::drivers {
namespace {

/// Less than this much motor time is none: times are whole nanoseconds.
constexpr double nothing_s = 1e-6;

}  // namespace

RumbleBudget::RumbleBudget(const RumbleLimit& limit) : limit_(limit), left_(capacity()) {}

void RumbleBudget::set_limit(const RumbleLimit& limit, SteadyTime now) {
  settle(now);
  const bool was_full = left_ >= capacity();
  limit_ = limit;
  left_ = was_full ? capacity() : std::min(left_, capacity());
  is_limiting_ = false;
}

std::uint8_t RumbleBudget::sustained() const {
  return static_cast<std::uint8_t>(std::floor(255 * std::clamp(limit_.duty, 0.0, 1.0)));
}

void RumbleBudget::settle(SteadyTime now) {
  if (at_ != SteadyTime::min() && now > at_)
    left_ = std::clamp(left_ - Seconds(now - at_) * drain(), Seconds(0), capacity());
  at_ = std::max(at_, now);
}

std::uint8_t RumbleBudget::run(std::uint8_t wanted, SteadyTime now) {
  settle(now);
  is_limiting_ = wanted > sustained() && (is_limiting_ || left_.count() <= nothing_s);
  running_ = is_limiting_ ? sustained() : wanted;
  return running_;
}

SteadyTime RumbleBudget::runs_out() const {
  if (is_limiting_ || running_ <= sustained()) return SteadyTime::max();
  const auto rest = std::chrono::ceil<std::chrono::microseconds>(left_ / drain());
  return at_ + rest;
}

}  // namespace psmove::drivers
