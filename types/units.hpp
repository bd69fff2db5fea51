#pragma once
// Three-vectors that know their unit, and the only conversions between units.

#include <cmath>
#include <numbers>

namespace psmove {

struct Counts {};                  ///< raw sensor words, offset already removed
struct RadiansPerSecond {};        ///< angular rate, right-handed
struct MetersPerSecondSquared {};  ///< specific force (accelerometer) or acceleration
struct Microtesla {};              ///< magnetic flux density

/// Three components in one unit. Which frame they are in is said where they are declared.
template <class Unit>
struct Vec3 {
  double x = 0, y = 0, z = 0;

  friend constexpr bool operator==(const Vec3&, const Vec3&) = default;
  friend constexpr Vec3 operator+(const Vec3& a, const Vec3& b) {
    return {a.x + b.x, a.y + b.y, a.z + b.z};
  }
  friend constexpr Vec3 operator-(const Vec3& a, const Vec3& b) {
    return {a.x - b.x, a.y - b.y, a.z - b.z};
  }
  friend constexpr Vec3 operator*(const Vec3& a, double s) { return {a.x * s, a.y * s, a.z * s}; }
  friend constexpr Vec3 operator*(double s, const Vec3& a) { return a * s; }
};

template <class Unit>
[[nodiscard]] constexpr double dot(const Vec3<Unit>& a, const Vec3<Unit>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
template <class Unit>
[[nodiscard]] inline double norm(const Vec3<Unit>& a) {
  return std::sqrt(dot(a, a));
}
template <class Unit>
[[nodiscard]] inline bool is_finite(const Vec3<Unit>& a) {
  return std::isfinite(a.x) && std::isfinite(a.y) && std::isfinite(a.z);
}

/// Standard gravity in m/s^2 (CGPM 1901).
inline constexpr double standard_gravity = 9.80665;

[[nodiscard]] constexpr double radians_from_degrees(double degrees) {
  return degrees * std::numbers::pi / 180.0;
}
[[nodiscard]] constexpr double degrees_from_radians(double radians) {
  return radians * 180.0 / std::numbers::pi;
}
[[nodiscard]] constexpr double radians_per_second_from_rpm(double rpm) {
  return rpm * 2.0 * std::numbers::pi / 60.0;
}
[[nodiscard]] constexpr Vec3<MetersPerSecondSquared> from_g(double x, double y, double z) {
  return Vec3<MetersPerSecondSquared>{x, y, z} * standard_gravity;
}

}  // namespace psmove
