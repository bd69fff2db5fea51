// Handing on what was learned, and taking it with doubt.

#include <algorithm>

#include "fusion/orientation_filter.hpp"

namespace psmove::fusion {
namespace {

// What may have changed since the state was saved: another temperature, a
// knock, a new battery.
constexpr double session_bias_deg_s = 0.3;
constexpr double session_scale = 0.0005;
constexpr double session_accel_bias_m_s2 = 0.01;
constexpr double session_latency_s = 0.0002;
constexpr double session_hard_iron_ut = 1.0;
constexpr double session_mag_latency_s = 0.002;

/// Whether an estimate can be one: finite, a variance where there must be one,
/// and a value that the prior (standard deviation) does not call impossible.
template <std::size_t size>
bool is_plausible(const LearnedState::Estimate<size>& estimate, double prior) {
  for (std::size_t i = 0; i < size; ++i)
    if (!(std::abs(estimate.value[i]) < 6 * prior) || !(estimate.variance[i] >= 0) ||
        !std::isfinite(estimate.variance[i]))
      return false;
  return true;
}

}  // namespace

LearnedState OrientationFilter::learned() const noexcept {
  LearnedState state;
  const auto variance = [this](int index, std::size_t i) {
    return covariance_.variance(index + static_cast<int>(i));
  };
  for (std::size_t i = 0; i < 3; ++i) {
    state.gyro_bias_rad_s.value[i] = bias_[i];
    state.gyro_bias_rad_s.variance[i] = variance(error_bias, i);
    state.accel_bias_m_s2.value[i] = accel_bias_[i];
    state.accel_bias_m_s2.variance[i] = variance(error_accel_bias, i);
    state.hard_iron_ut.value[i] = hard_iron_[i];
    state.hard_iron_ut.variance[i] = variance(error_hard_iron, i);
  }
  for (std::size_t i = 0; i < 9; ++i) {
    state.gyro_scale.value[i] = scale_[i / 3][i % 3];
    state.gyro_scale.variance[i] = variance(error_scale, i);
  }
  state.accel_latency_s = {{accel_latency_s_}, {variance(error_accel_latency, 0)}};
  state.mag_latency_s = {{mag_latency_s_}, {variance(error_mag_latency, 0)}};
  return state;
}

bool OrientationFilter::restore(const LearnedState& learned) noexcept {
  const FilterParameters& p = parameters_;
  constexpr double largest_hard_iron = 30;  // uT, a sixth of what is_plausible lets through
  if (started_ || learned.version != LearnedState::current_version) return false;
  if (!is_plausible(learned.gyro_bias_rad_s, radians(p.gyro_bias_deg_s)) ||
      !is_plausible(learned.gyro_scale, std::max(p.gyro_scale, p.gyro_misalignment)) ||
      !is_plausible(learned.accel_bias_m_s2, p.accel_bias_m_s2) ||
      !is_plausible(learned.accel_latency_s, p.accel_latency_s) ||
      !is_plausible(learned.mag_latency_s, p.mag_latency_s) ||
      !is_plausible(learned.hard_iron_ut, largest_hard_iron))
    return false;

  set_sensor_priors();
  // Never surer than what was saved and a new session allow, never less sure
  // than knowing nothing.
  const auto take = [this](int index, double& estimate, double value, double variance,
                           double session) {
    const double prior = covariance_.variance(index);
    const double doubtful = variance + square(session);
    if (!(variance > 0) || doubtful >= prior) return;  // nothing was learned
    estimate = value;
    covariance_.set_variance(index, doubtful);
  };
  for (std::size_t i = 0; i < 3; ++i) {
    const int k = static_cast<int>(i);
    take(error_bias + k, bias_[i], learned.gyro_bias_rad_s.value[i],
         learned.gyro_bias_rad_s.variance[i], radians(session_bias_deg_s));
    take(error_accel_bias + k, accel_bias_[i], learned.accel_bias_m_s2.value[i],
         learned.accel_bias_m_s2.variance[i], session_accel_bias_m_s2);
  }
  for (std::size_t i = 0; i < 9; ++i)
    take(error_scale + static_cast<int>(i), scale_[i / 3][i % 3], learned.gyro_scale.value[i],
         learned.gyro_scale.variance[i], session_scale);
  take(error_accel_latency, accel_latency_s_, learned.accel_latency_s.value[0],
       learned.accel_latency_s.variance[0], session_latency_s);
  restored_field_ = learned.hard_iron_ut.variance[0] > 0;
  if (restored_field_) {
    mag_latency_s_ = learned.mag_latency_s.value[0];
    mag_latency_variance_ = learned.mag_latency_s.variance[0] + square(session_mag_latency_s);
    double worst = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      hard_iron_[i] = learned.hard_iron_ut.value[i];
      worst = std::max(worst, learned.hard_iron_ut.variance[i]);
    }
    hard_iron_variance_ = worst + square(session_hard_iron_ut);
  }
  restored_ = true;
  return true;
}

/// The first rest shows the true bias. If it is far from the restored one, this
/// is another sensor, or it has changed beyond what sessions do; then nothing
/// restored is worth keeping.
void OrientationFilter::doubt_restored(double surprise) noexcept {
  constexpr double impossible = 21;  // of chi squared with three degrees of freedom: once in 10,000
  if (surprise > impossible) set_sensor_priors();
}

}  // namespace psmove::fusion
