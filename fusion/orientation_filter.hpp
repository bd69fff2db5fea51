#pragma once
// Readings in, orientation out. Pure computation: no I/O, no clock, no allocation, no exceptions.

#include "fusion/error_covariance.hpp"
#include "fusion/field_reference.hpp"
#include "fusion/filter_parameters.hpp"
#include "fusion/rest_detector.hpp"
#include "types/imu_sample.hpp"
#include "types/quaternion.hpp"

namespace psmove::fusion {

/// Orientation of one rigid body from gyroscope, accelerometer and, where there is one,
/// magnetometer.
///
/// World frame: right-handed, +Z up. With live magnetometer readings +Y is magnetic north (ENU);
/// without, +Y is where the body's +Y pointed, in the horizontal plane, at the first sample. Where
/// that is straight up or down, the body's +X is taken to point to world +X instead: an upright
/// controller with its buttons towards the user points forward when it is tipped away from them.
/// A magnetometer that begins to answer later turns the world to north at its first reading.
class OrientationFilter {
 public:
  explicit OrientationFilter(const FilterParameters& parameters = {});

  /// Takes one sample; `dt` and `missing_before` say how time passed. Bad input (not finite,
  /// dt out of range) is counted in rejected() and leaves the orientation a unit quaternion.
  void update(const ImuSample& sample) noexcept;

  [[nodiscard]] Quaternion world_from_body() const noexcept;
  /// World frame, gravity removed.
  [[nodiscard]] Vec3<MetersPerSecondSquared> linear_accel() const noexcept;
  /// Estimated gyroscope bias, body frame.
  [[nodiscard]] Vec3<RadiansPerSecond> gyro_bias() const noexcept;
  [[nodiscard]] bool is_resting() const noexcept;
  [[nodiscard]] bool is_magnetically_disturbed() const noexcept;
  /// Whether magnetometer readings steer the heading now.
  [[nodiscard]] bool has_heading_reference() const noexcept;
  [[nodiscard]] unsigned long rejected() const noexcept;

  /// Standard deviation of the heading, degrees: against north with a magnetometer, otherwise
  /// against the start. Grows while nothing refers to the world.
  [[nodiscard]] double heading_uncertainty_deg() const noexcept;
  /// Standard deviation of the inclination, degrees, both tilt angles together.
  [[nodiscard]] double inclination_uncertainty_deg() const noexcept;

  /// Turns the world about the vertical so that +Y is where the body's +Y points now.
  void reset_heading() noexcept;
  /// Goes back to the heading without reset.
  void clear_heading_reset() noexcept;

 private:
  struct Reading {
    Axes rate, force;  ///< rad/s, m/s^2
  };
  [[nodiscard]] bool accept_time(const ImuSample& sample) noexcept;
  [[nodiscard]] bool accept_force(const ImuSample& sample) noexcept;
  [[nodiscard]] bool accept_field(const ImuSample& sample) noexcept;

  void start(const Reading& reading) noexcept;
  void restart_after_gap() noexcept;
  void fill_gap(const Reading& next, int missing, double dt) noexcept;
  void step(const Reading& reading, double dt) noexcept;
  void add_field(const Axes& field) noexcept;
  void meet_north() noexcept;

  void finish_block() noexcept;
  void let_errors_grow() noexcept;
  void use_rest() noexcept;
  void level_coarsely() noexcept;
  void forget_motion() noexcept;
  void use_bounded_motion(bool resting) noexcept;
  void use_field() noexcept;
  void measure(std::span<const ErrorCovariance::Term> terms, double residual,
               double variance) noexcept;
  void correct(const ErrorVector& correction) noexcept;

  FilterParameters parameters_;
  ErrorCovariance covariance_;

  // The estimates the covariance speaks of.
  Quaternion attitude_;
  Axes velocity_{}, position_{};
  double field_heading_ = 0;
  Axes bias_{};
  Matrix3 scale_{};
  Axes accel_bias_{};

  RestDetector rest_;
  FieldReference field_;
  double velocity_seen_ = 0, position_seen_ = 0;  ///< recent variance, per axis

  // The block being collected.
  MotionIntegral motion_;
  Axes rate_sum_{}, field_sum_{};
  int samples_ = 0, fields_ = 0;

  Reading last_{};
  Axes last_field_{};
  Axes linear_accel_{};
  double turned_since_field_changed_ = 0;  ///< rad
  double since_field_s_ = 0;               ///< since a magnetometer reading was last used
  double freeze_s_ = 0;
  double unknown_s_ = 0;  ///< time that passed in samples that could not be used
  bool started_ = false, has_north_ = false;
  unsigned long rejected_ = 0;
  Quaternion reset_;
};

}  // namespace psmove::fusion
