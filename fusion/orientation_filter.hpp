#pragma once
// Readings in, orientation out. Pure computation: no I/O, no clock, no allocation, no exceptions.

#include "types/imu_sample.hpp"
#include "types/quaternion.hpp"

namespace psmove::fusion {

/// Every parameter with its unit, what it means and what a larger value does.
struct FilterParameters {
  // (the owner of orientation_filter.cpp fills this in)
  bool use_magnetometer = true;  ///< false: 6D even where magnetometer readings come
};

/// Orientation of one rigid body from gyroscope, accelerometer and, where there is one, magnetometer.
///
/// World frame: right-handed, +Z up. With live magnetometer readings +Y is magnetic north (ENU);
/// without, +Y is where the body's +Y pointed, in the horizontal plane, at the first sample.
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

  /// Turns the world about the vertical so that +Y is where the body's +Y points now.
  void reset_heading() noexcept;
  /// Goes back to the heading without reset.
  void clear_heading_reset() noexcept;

 private:
  FilterParameters parameters_;
};

}  // namespace psmove::fusion
