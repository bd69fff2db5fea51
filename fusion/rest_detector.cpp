#include "fusion/rest_detector.hpp"

namespace psmove::fusion {

void RestDetector::update(const Axes& rate, const Axes& force, double dt, const Axes& usual_bias,
                          double bias_margin, const FilterParameters& parameters) {
  constexpr double mean_over_s = 0.5;
  const double weight = dt / (mean_over_s + dt);
  double rate_deviation = 0, force_deviation = 0;
  bool could_be_bias = true;
  for (std::size_t i = 0; i < 3; ++i) {
    rate_mean_[i] += weight * (rate[i] - rate_mean_[i]);
    force_mean_[i] += weight * (force[i] - force_mean_[i]);
    rate_deviation += square(rate[i] - rate_mean_[i]);
    force_deviation += square(force[i] - force_mean_[i]);
    could_be_bias = could_be_bias && std::abs(rate_mean_[i] - usual_bias[i]) < bias_margin;
  }
  const bool still = rate_deviation < square(radians_from_degrees(parameters.rest_gyro_deg_s)) &&
                     force_deviation < square(parameters.rest_accel_m_s2) && could_be_bias;
  still_s_ = still ? still_s_ + dt : 0;
}

}  // namespace psmove::fusion
