#pragma once
// Says when the body lies still, from gyroscope and accelerometer alone.

#include "fusion/filter_parameters.hpp"
#include "fusion/linear.hpp"

namespace psmove::fusion {

/// Rest is when both sensors stay near their own half-second mean for a while
/// and that mean rate could be bias (the criterion of VQF, Laidig and Seel
/// 2023).
class RestDetector {
 public:
  void start(const Axes& rate, const Axes& force) {
    rate_mean_ = rate;
    force_mean_ = force;
    still_s_ = 0;
  }
  /// @param rate rad/s as measured  @param force m/s^2  @param dt s
  /// @param usual_bias rad/s, and @param bias_margin rad/s: a mean rate further
  /// than that from the
  ///        bias is a slow turn, not rest
  void update(const Axes& rate, const Axes& force, double dt, const Axes& usual_bias,
              double bias_margin, const FilterParameters& parameters);
  void disturb() { still_s_ = 0; }
  [[nodiscard]] bool is_resting(const FilterParameters& parameters) const {
    return still_s_ > parameters.rest_after_s;
  }
  /// rad/s, over about half a second.
  [[nodiscard]] const Axes& mean_rate() const { return rate_mean_; }

 private:
  Axes rate_mean_{}, force_mean_{};
  double still_s_ = 0;
};

}  // namespace psmove::fusion
