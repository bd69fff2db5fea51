// The ellipsoid fit against iron that is known.

#include "fusion/magnetometer_fit.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "simulated_body.hpp"

namespace psmove::fusion {
namespace {

constexpr double pi = std::numbers::pi;
const Field iron{35, -20, 12};

/// What a magnetometer with this iron reads of a field of 48 uT in a direction.
Field distorted(const Field& direction, const Field& hard = iron) {
  const Field f = direction * (48 / norm(direction));
  return Field{1.1 * f.x + 0.05 * f.y, 0.05 * f.x + 0.95 * f.y - 0.03 * f.z,
               -0.03 * f.y + 0.9 * f.z} +
         hard;
}

/// Directions all over the sphere, or over the part above `least_z`.
void turn_about(MagnetometerFit& fit, double least_z = -1, double noise = 0.3,
                int readings = 3000) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (int i = 0; i < readings; ++i) {
    const Field d{normal(random), normal(random), normal(random)};
    if (d.z / norm(d) < least_z) continue;
    fit.add(distorted(d) + Field{normal(random), normal(random), normal(random)} * noise);
  }
}

TEST(MagnetometerFit, FindsHardAndSoftIron) {
  MagnetometerFit fit;
  turn_about(fit);
  EXPECT_GT(fit.coverage(), 0.95);
  const auto calibration = fit.calibration();
  ASSERT_TRUE(calibration);
  // 0.3 uT of noise over some hundred readings leaves less than 0.1 uT.
  EXPECT_LT(norm(calibration->hard_iron - iron), 0.2);
  EXPECT_LT(calibration->residual_ut, 0.4);
  for (double a = 0; a < 2 * pi; a += 0.3)
    for (double z = -0.9; z < 1; z += 0.3) {
      const Field d{std::cos(a) * std::sqrt(1 - z * z), std::sin(a) * std::sqrt(1 - z * z), z};
      const Field got = calibration->apply(distorted(d));
      EXPECT_NEAR(norm(got), calibration->field_ut, 0.3);
      // The fit cannot know a rotation; a symmetric distortion of 10 % comes back to 1 degree.
      EXPECT_GT(dot(got, d) / norm(got), std::cos(radians_from_degrees(1)));
    }
}

TEST(MagnetometerFit, RestingDoesNotCount) {
  MagnetometerFit fit;
  for (int i = 0; i < 1000; ++i) fit.add(distorted({1, 2, 3}));
  EXPECT_EQ(fit.readings(), 1U);
  EXPECT_FALSE(fit.calibration());
  EXPECT_LT(fit.coverage(), 0.1);
}

TEST(MagnetometerFit, HalfASphereGivesHardIronOnly) {
  MagnetometerFit fit;
  turn_about(fit, -0.2);
  EXPECT_LT(fit.coverage(), MagnetometerFit::soft_iron_coverage);
  const auto calibration = fit.calibration();
  ASSERT_TRUE(calibration);
  EXPECT_EQ(calibration->soft_iron, (std::array<double, 9>{1, 0, 0, 0, 1, 0, 0, 0, 1}));
  // A sphere forced on an ellipsoid of +-10 %: the centre is off by some of that.
  EXPECT_LT(norm(calibration->hard_iron - iron), 8);
  const auto missing = fit.missing_direction();
  ASSERT_TRUE(missing);
  EXPECT_LT(missing->z, -0.3);  // down there nothing was seen
}

TEST(MagnetometerFit, AFlatTurnIsNotEnough) {
  MagnetometerFit fit;
  for (double a = 0; a < 2 * pi; a += 0.01) fit.add(distorted({std::cos(a), std::sin(a), 0.1}));
  EXPECT_FALSE(fit.calibration());
}

TEST(MagnetometerFit, AMagnetThatCameAlongIsRefused) {
  MagnetometerFit fit;
  turn_about(fit, -1, 0.3, 300);
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 300; ++i)
    fit.add(distorted({normal(random), normal(random), normal(random)}, {-60, 80, 10}));
  EXPECT_FALSE(fit.calibration());
}

TEST(MagnetometerFit, BadReadingsChangeNothing) {
  MagnetometerFit fit;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(fit.add({nan, 0, 0}));
  EXPECT_FALSE(fit.add({}));
  EXPECT_EQ(fit.readings(), 0U);
  EXPECT_FALSE(fit.missing_direction());
  turn_about(fit);
  EXPECT_TRUE(fit.calibration());
  fit.clear();
  EXPECT_EQ(fit.readings(), 0U);
}

}  // namespace
}  // namespace psmove::fusion
