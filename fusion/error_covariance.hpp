#pragma once
// How uncertain everything the filter estimates is, and how one error grows out of another: the
// covariance of an error-state Kalman filter (Markley 2003; Sola, arXiv:1711.02508), with attitude
// errors in the world frame so that they do not turn with the body.

#include <span>

#include "fusion/linear.hpp"

namespace psmove::fusion {

/// Positions of the error states. Those that move by themselves come first, then the constants.
enum ErrorIndex : int {
  error_attitude = 0,  ///< 3, rad, world frame; [2] is heading
  error_velocity = 3,  ///< 3, m/s
  error_position = 6,  ///< 3, m, against the hand's own mean
  error_field = 9,     ///< 1, rad, heading error of the local magnetic field
  error_moving_count = 10,
  error_bias = 10,        ///< 3, rad/s, body frame
  error_scale = 13,       ///< 9, row by row: true rate = rate - bias - scale * rate
  error_accel_bias = 22,  ///< 3, m/s^2, body frame
  error_count = 25,
};
using ErrorVector = std::array<double, error_count>;

/// What a block of samples did to the body, integrated: all that the covariance needs to know of
/// it.
struct MotionIntegral {
  double time = 0;                         ///< s
  Matrix3 rotation{};                      ///< of world_from_body over time
  std::array<Matrix3, 3> rotation_rate{};  ///< [r][c][e] of world_from_body[r][c] * rate[e]
  Axes specific_force{};                   ///< of acceleration incl. gravity, world frame: m/s
  double squared_rate = 0;                 ///< of the rate's square: rad^2/s
  double attitude_noise = 0;               ///< rad^2 added for what was lost or saturated
  double velocity_noise = 0;               ///< (m/s)^2, likewise
};

class ErrorCovariance {
 public:
  /// Everything known exactly.
  void clear();
  [[nodiscard]] double variance(int index) const { return p_[at(index)][at(index)]; }
  [[nodiscard]] double covariance(int i, int j) const { return p_[at(i)][at(j)]; }
  /// Makes one state independent of all others, with this variance.
  void set_variance(int index, double variance);
  void add_variance(int index, double variance) { p_[at(index)][at(index)] += variance; }

  /// Lets errors flow for one block. `field_decay` is what remains of the field's heading error.
  void propagate(const MotionIntegral& motion, double field_decay);

  /// One scalar measurement of sum(coefficient * error[index]).
  struct Term {
    int index;
    double coefficient;
  };
  /// @param residual measured minus expected
  /// @param variance of the measurement, > 0
  /// @param freeze_calibration leave bias, scale and accelerometer bias as they are (and count them
  ///        as uncertain as before)
  /// @return what to add to the estimates
  ErrorVector update(std::span<const Term> terms, double residual, double variance,
                     bool freeze_calibration);

 private:
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static constexpr std::size_t stride = 26;  // even, so that rows start on 16 bytes
  using Row = std::array<double, stride>;
  void propagate_rows(const MotionIntegral& motion, double field_decay);
  void propagate_columns(const MotionIntegral& motion, double field_decay);
  alignas(64) std::array<Row, error_count> p_{};
};

}  // namespace psmove::fusion
