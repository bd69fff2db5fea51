#pragma once
// Unit quaternions as rotations. A rotation is named by what it maps: `world_from_body`.

#include <cmath>

#include "types/units.hpp"

namespace psmove {

/// Rotation quaternion, scalar first. `world_from_body * body_vector` is that vector in the world
/// frame; `a_from_b * b_from_c` is a_from_c (Hamilton product). The default is the identity.
struct Quaternion {
  double w = 1, x = 0, y = 0, z = 0;

  friend constexpr bool operator==(const Quaternion&, const Quaternion&) = default;
  friend constexpr Quaternion operator*(const Quaternion& a, const Quaternion& b) {
    return {a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z,
            a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
            a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
            a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
  }
  /// Rotates a vector. Assumes unit norm.
  template <class Unit>
  friend constexpr Vec3<Unit> operator*(const Quaternion& q, const Vec3<Unit>& v) {
    const double tx = 2 * (q.y * v.z - q.z * v.y);
    const double ty = 2 * (q.z * v.x - q.x * v.z);
    const double tz = 2 * (q.x * v.y - q.y * v.x);
    return {v.x + q.w * tx + q.y * tz - q.z * ty, v.y + q.w * ty + q.z * tx - q.x * tz,
            v.z + q.w * tz + q.x * ty - q.y * tx};
  }
};

/// The inverse rotation (unit norm assumed).
[[nodiscard]] constexpr Quaternion conjugate(const Quaternion& q) {
  return {q.w, -q.x, -q.y, -q.z};
}
[[nodiscard]] inline double norm(const Quaternion& q) {
  return std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
}
/// Scales to unit norm; the identity where that is impossible (zero or not finite).
[[nodiscard]] inline Quaternion normalized(const Quaternion& q) {
  const double n = norm(q);
  if (!(n > 0) || !std::isfinite(n)) return {};
  return {q.w / n, q.x / n, q.y / n, q.z / n};
}
/// The rotation by `angle_rad` about a unit axis, right-handed.
[[nodiscard]] inline Quaternion rotation_about(double axis_x, double axis_y, double axis_z,
                                               double angle_rad) {
  const double s = std::sin(angle_rad / 2);
  return {std::cos(angle_rad / 2), axis_x * s, axis_y * s, axis_z * s};
}
/// The angle between two orientations in radians, 0..pi.
[[nodiscard]] inline double angle_between(const Quaternion& a, const Quaternion& b) {
  const Quaternion d = conjugate(a) * b;
  return 2 * std::atan2(std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z), std::abs(d.w));
}

}  // namespace psmove
