#pragma once
// How uncertain everything the filter estimates is, and how one error grows out
// of another: the covariance of an error-state Kalman filter (Markley 2003;
// Sola, arXiv:1711.02508), with attitude errors in the world frame so that they
// do not turn with the body.

#include <algorithm>
#include <span>

#include "fusion/linear.hpp"

namespace psmove::fusion {

/// Positions of the error states: those that move by themselves, constants of
/// the inertial sensors, then all that only a magnetometer needs.
enum ErrorIndex : int {
  error_attitude = 0,  ///< 3, rad, world frame; [2] is heading
  error_velocity = 3,  ///< 3, m/s
  error_position = 6,  ///< 3, m, against the hand's own mean
  error_moving_count = 9,
  error_bias = 9,            ///< 3, rad/s, body frame
  error_scale = 12,          ///< 9, row by row: true rate = rate - bias - scale * rate
  error_accel_bias = 21,     ///< 3, m/s^2, body frame
  error_accel_latency = 24,  ///< 1, s, of the accelerometer against the gyroscope
  error_inertial_count = 25,
  error_local_field = 25,  ///< 3, uT, world frame: the field here against the room's
  error_hard_iron = 28,    ///< 3, uT, body frame
  error_room_field = 31,   ///< 2, uT, north and up
  error_mag_latency = 33,  ///< 1, s, of the magnetometer against the gyroscope
  error_count = 34,
};
using ErrorVector = std::array<double, error_count>;

/// What a block of samples did to the body, integrated: all that the covariance
/// needs to know of it.
struct MotionIntegral {
  double time = 0;                         ///< s
  Matrix3 rotation{};                      ///< of world_from_body over time
  std::array<Matrix3, 3> rotation_rate{};  ///< [r][c][e]: of world_from_body[r][c] * rate[e]
  Axes force{};                            ///< of acceleration with gravity, world frame: m/s
  Axes force_change{};                     ///< of its change by a second of latency: m/s^2
  double squared_rate = 0;                 ///< of the rate's square: rad^2/s
  double attitude_noise = 0;               ///< rad^2 added for what was lost or saturated
  double velocity_noise = 0;               ///< (m/s)^2, likewise
};

class ErrorCovariance {
 public:
  [[nodiscard]] double variance(int index) const { return p_[at(index)][at(index)]; }
  /// Makes one state independent of all others, with this variance.
  void set_variance(int index, double variance);
  void add_variance(int index, double variance) { p_[at(index)][at(index)] += variance; }
  /// Whether the magnetometer's states are in use; without them every operation
  /// is cheaper.
  void use_magnetic_states(bool use) { count_ = use ? error_count : error_inertial_count; }

  /// Lets errors flow for one block.
  void propagate(const MotionIntegral& motion);
  /// Shrinks one state towards zero: what a mean-reverting error does by
  /// itself.
  void decay(int index, double factor);

  /// One scalar measurement of sum(coefficient * error[index]).
  struct Term {
    int index;
    double coefficient;
  };
  /// The variance that a residual should have, measurement noise apart.
  [[nodiscard]] double expected(std::span<const Term> terms) const;
  /// @param residual measured minus expected
  /// @param variance of the measurement, > 0
  /// @param freeze_calibration leave all that is not moving as it is (and as
  /// uncertain as before)
  /// @return what to add to the estimates
  ErrorVector update(std::span<const Term> terms, double residual, double variance,
                     bool freeze_calibration);

 private:
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static constexpr std::size_t stride = 34;  // rows start on 16 bytes
  using Row = std::array<double, stride>;
  /// P H^T.
  [[nodiscard]] Row column(std::span<const Term> terms) const;
  void mirror();
  void propagate_rows(const MotionIntegral& motion);
  void propagate_columns(const MotionIntegral& motion);

  // Only the upper triangle is kept up to date; mirror() completes it where
  // whole rows are needed.
  alignas(64) std::array<Row, error_count> p_{};
  std::size_t count_ = error_inertial_count;
};

}  // namespace psmove::fusion
