// Conversions between units.

#include "types/units.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <type_traits>

namespace psmove {
namespace {

TEST(Units, Conversions) {
  EXPECT_DOUBLE_EQ(radians_from_degrees(180), std::numbers::pi);
  EXPECT_DOUBLE_EQ(degrees_from_radians(std::numbers::pi), 180);
  EXPECT_DOUBLE_EQ(radians_per_second_from_rpm(80), radians_from_degrees(480));
  EXPECT_EQ(from_g(0, 0, 1), (Vec3<MetersPerSecondSquared>{0, 0, 9.80665}));
}

TEST(Units, VectorsOfDifferentUnitsAreDifferentTypes) {
  EXPECT_FALSE((std::is_convertible_v<Vec3<Counts>, Vec3<RadiansPerSecond>>));
}

TEST(Units, VectorArithmetic) {
  const Vec3<Counts> a{1, 2, 3}, b{4, -5, 6};
  EXPECT_EQ(a + b, (Vec3<Counts>{5, -3, 9}));
  EXPECT_EQ(a - b, (Vec3<Counts>{-3, 7, -3}));
  EXPECT_EQ(2 * a, (Vec3<Counts>{2, 4, 6}));
  EXPECT_EQ(dot(a, b), 12);
  EXPECT_EQ(norm(Vec3<Counts>{2, -3, 6}), 7);
}

TEST(Units, FinitenessLooksAtEveryComponent) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(is_finite(Vec3<Counts>{1, 2, 3}));
  EXPECT_FALSE(is_finite(Vec3<Counts>{nan, 2, 3}));
  EXPECT_FALSE(is_finite(Vec3<Counts>{1, nan, 3}));
  EXPECT_FALSE(is_finite(Vec3<Counts>{1, 2, -std::numeric_limits<double>::infinity()}));
}

}  // namespace
}  // namespace psmove
