#pragma once
// The little 3x3 algebra that the filter's insides need: plain arrays,
// indexable, no units.

#include <array>
#include <cmath>
#include <numbers>

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
[[nodiscard]] constexpr Axes cross(const Axes& a, const Axes& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
[[nodiscard]] constexpr double radians(double degrees) {
  return radians_from_degrees(degrees);
}
template <class Unit>
[[nodiscard]] constexpr Axes axes(const Vec3<Unit>& v) {
  return {v.x, v.y, v.z};
}
template <class Unit>
[[nodiscard]] constexpr Vec3<Unit> tagged(const Axes& a) {
  return {a[0], a[1], a[2]};
}

/// The matrix of a unit quaternion: its columns are the body's axes in the
/// world.
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
  const double squared = dot(v, v) / 4;  // of half the angle
  if (squared < 0.01) {                  // the series is exact to 1e-13 here, and cheaper than
                                         // sine and cosine
    const double s = (1 - squared / 6 * (1 - squared / 20 * (1 - squared / 42))) / 2;
    const double c = 1 - squared / 2 * (1 - squared / 12 * (1 - squared / 30));
    return {c, s * v[0], s * v[1], s * v[2]};
  }
  const double half = std::sqrt(squared);
  const double s = std::sin(half) / (2 * half);
  return {std::cos(half), s * v[0], s * v[1], s * v[2]};
}

/// Turns the world about the vertical, to the left seen from above.
[[nodiscard]] inline Quaternion heading_rotation(double radians) {
  return rotation_about(0, 0, 1, radians);
}

}  // namespace psmove::fusion
