#pragma once
// A rigid body that turns and moves exactly as told, and the sensors on it: the truth that tests of
// fusion compare with.

#include <random>

#include "types/imu_sample.hpp"
#include "types/quaternion.hpp"

namespace psmove::fusion {

using Rate = Vec3<RadiansPerSecond>;
using Acceleration = Vec3<MetersPerSecondSquared>;
using Field = Vec3<Microtesla>;

/// Strength and dip of the field in central Europe, ENU.
inline constexpr Field earth_field{0, 20, -44};

class SimulatedBody {
 public:
  explicit SimulatedBody(double rate_hz, const Quaternion& world_from_body = {})
      : dt_(1 / rate_hz), attitude_(world_from_body) {}

  // What is wrong with the sensors.
  Rate gyro_bias;
  double gyro_scale = 0;  ///< fraction, all axes
  double gyro_noise = 0;  ///< rad/s, each sample
  double accel_noise = 0;
  Field hard_iron;
  bool has_magnetometer = true;
  Field field = earth_field;

  /// Turns for one sample at `rate` (body frame) while accelerating (world frame).
  ImuSample step(const Rate& rate, const Acceleration& linear_accel = {}) {
    const double angle = norm(rate) * dt_;
    // Force and field are what they are in the middle of the sample, as a sensor's mean would be.
    const Quaternion half = angle > 0 ? rotation_about(rate.x * dt_ / angle, rate.y * dt_ / angle,
                                                       rate.z * dt_ / angle, angle / 2)
                                      : Quaternion{};
    const Quaternion middle = attitude_ * half;
    attitude_ = normalized(middle * half);
    ImuSample s;
    s.gyro = rate * (1 + gyro_scale) + gyro_bias + noise<RadiansPerSecond>(gyro_noise);
    s.accel = conjugate(middle) * (linear_accel + Acceleration{0, 0, standard_gravity}) +
              noise<MetersPerSecondSquared>(accel_noise);
    if (has_magnetometer) s.mag = conjugate(attitude_) * field + hard_iron;
    s.dt = std::chrono::duration<double>(dt_);
    return s;
  }
  [[nodiscard]] const Quaternion& world_from_body() const { return attitude_; }
  [[nodiscard]] double dt() const { return dt_; }
  [[nodiscard]] int samples(double seconds) const {
    return static_cast<int>(std::lround(seconds / dt_));
  }

 private:
  template <class Unit>
  Vec3<Unit> noise(double sigma) {
    if (sigma == 0) return {};
    std::normal_distribution<double> normal(0, sigma);
    return {normal(random_), normal(random_), normal(random_)};
  }
  double dt_;
  Quaternion attitude_;
  std::mt19937 random_{1};
};

/// Degrees between two orientations.
inline double error_deg(const Quaternion& a, const Quaternion& b) {
  return degrees_from_radians(angle_between(a, b));
}
/// Degrees between the two verticals.
inline double tilt_error_deg(const Quaternion& a, const Quaternion& b) {
  const Quaternion e = a * conjugate(b);
  return degrees_from_radians(2 * std::atan2(std::hypot(e.x, e.y), std::hypot(e.w, e.z)));
}
/// Degrees, signed, about the vertical.
inline double heading_error_deg(const Quaternion& a, const Quaternion& b) {
  const Quaternion e = a * conjugate(b);
  return std::remainder(degrees_from_radians(2 * std::atan2(e.z, e.w)), 360.0);
}

}  // namespace psmove::fusion
