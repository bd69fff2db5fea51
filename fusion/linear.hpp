#pragma once
// The little 3x3 algebra that the filter's insides need: plain arrays, indexable, no units.

#include <array>
#include <cmath>

#include "types/quaternion.hpp"

namespace psmove::fusion {

using Axes = std::array<double, 3>;
using Matrix3 = std::array<Axes, 3>;

[[nodiscard]] constexpr double square(double x) {
  return x * x;
}
[[nodiscard]] constexpr double dot(const Axes& a, const Axes& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
[[nodiscard]] inline double length(const Axes& a) {
  return std::sqrt(dot(a, a));
}
[[nodiscard]] constexpr Axes multiply(const Matrix3& m, const Axes& v) {
  return {dot(m[0], v), dot(m[1], v), dot(m[2], v)};
}
template <class Unit>
[[nodiscard]] constexpr Axes axes(const Vec3<Unit>& v) {
  return {v.x, v.y, v.z};
}
template <class Unit>
[[nodiscard]] constexpr Vec3<Unit> tagged(const Axes& a) {
  return {a[0], a[1], a[2]};
}

/// The matrix of a unit quaternion: its columns are the body's axes in the world.
[[nodiscard]] constexpr Matrix3 matrix(const Quaternion& q) {
  const double xx = q.x * q.x, yy = q.y * q.y, zz = q.z * q.z;
  const double xy = q.x * q.y, xz = q.x * q.z, yz = q.y * q.z;
  const double wx = q.w * q.x, wy = q.w * q.y, wz = q.w * q.z;
  return {{{1 - 2 * (yy + zz), 2 * (xy - wz), 2 * (xz + wy)},
           {2 * (xy + wz), 1 - 2 * (xx + zz), 2 * (yz - wx)},
           {2 * (xz - wy), 2 * (yz + wx), 1 - 2 * (xx + yy)}}};
}

/// The rotation whose axis times angle is `v`, radians.
[[nodiscard]] inline Quaternion rotation_vector(const Axes& v) {
  const double squared = dot(v, v);
  if (squared < 1e-8) {  // series: exact to rounding here, and cheaper
    const double s = 0.5 - squared / 48;
    return {1 - squared / 8 + squared * squared / 384, s * v[0], s * v[1], s * v[2]};
  }
  const double angle = std::sqrt(squared);
  const double s = std::sin(angle / 2) / angle;
  return {std::cos(angle / 2), s * v[0], s * v[1], s * v[2]};
}

/// Into -pi..pi.
[[nodiscard]] inline double wrapped_angle(double radians) {
  return std::remainder(radians, 2 * std::numbers::pi);
}

}  // namespace psmove::fusion
