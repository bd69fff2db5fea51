// Rotations: which way they turn, and how they are put together.

#include "types/quaternion.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <numbers>

namespace psmove {
namespace {

using Vector = Vec3<MetersPerSecondSquared>;
constexpr double quarter = std::numbers::pi / 2;

void expect_near(const Vector& a, const Vector& b) {
  EXPECT_NEAR(norm(a - b), 0, 1e-12);
}

TEST(Quaternion, TurnsRightHanded) {
  expect_near(rotation_about(0, 0, 1, quarter) * Vector{1, 0, 0}, {0, 1, 0});
  expect_near(rotation_about(1, 0, 0, quarter) * Vector{0, 1, 0}, {0, 0, 1});
  expect_near(rotation_about(0, 1, 0, quarter) * Vector{0, 0, 1}, {1, 0, 0});
}

TEST(Quaternion, ProductAppliesTheRightOneFirst) {
  const auto yaw = rotation_about(0, 0, 1, 0.7);
  const auto pitch = rotation_about(1, 0, 0, -0.4);
  const Vector v{0.3, -2, 5};
  expect_near((yaw * pitch) * v, yaw * (pitch * v));
}

TEST(Quaternion, ConjugateTurnsBack) {
  const auto turn = normalized({0.3, -0.5, 0.1, 0.8});
  const Vector v{0.3, -2, 5};
  expect_near(conjugate(turn) * (turn * v), v);
  EXPECT_NEAR(norm(turn), 1, 1e-15);
}

TEST(Quaternion, WhatCannotBeNormalizedIsTheIdentity) {
  EXPECT_EQ(normalized({0, 0, 0, 0}), Quaternion{});
  EXPECT_EQ(normalized({std::numeric_limits<double>::quiet_NaN(), 0, 0, 0}), Quaternion{});
  EXPECT_EQ(normalized({std::numeric_limits<double>::infinity(), 0, 0, 0}), Quaternion{});
}

TEST(Quaternion, AngleIsTheShortWayRound) {
  const auto turn = rotation_about(0, 0, 1, 0.25);
  EXPECT_NEAR(angle_between({}, turn), 0.25, 1e-12);
  EXPECT_NEAR(angle_between({}, {-turn.w, -turn.x, -turn.y, -turn.z}), 0.25, 1e-12);
  EXPECT_NEAR(angle_between(rotation_about(0, 0, 1, -3), rotation_about(0, 0, 1, 3)),
              2 * std::numbers::pi - 6, 1e-12);
  EXPECT_EQ(angle_between(turn, turn), 0);
}

}  // namespace
}  // namespace psmove
