// What one filter learned, given to the next: it helps where it is true and costs nothing where
// not.

#include <gtest/gtest.h>
#include <limits>

#include "fusion/orientation_filter.hpp"
#include "simulated_body.hpp"

namespace psmove::fusion {
namespace {

SimulatedBody imperfect_body() {
  SimulatedBody body(176);
  body.has_magnetometer = false;
  body.gyro_bias = {0.01, -0.015, 0.008};
  body.gyro_scale = 0.004;
  body.gyro_noise = 0.002;
  body.accel_noise = 0.03;
  return body;
}

/// Motion from the first sample on, and the largest heading error in it.
double wave(SimulatedBody& body, OrientationFilter& filter, double seconds) {
  double worst = 0;
  for (int i = 0; i < body.samples(seconds); ++i) {
    const double t = (i + 0.5) * body.dt();
    filter.update(
        body.step({3 * std::sin(1.7 * t), 2 * std::sin(2.3 * t), 2 + 3 * std::sin(0.9 * t)},
                  {2 * std::cos(5.1 * t), 3 * std::cos(4.3 * t), 1.5 * std::cos(6.1 * t)}));
    worst = std::max(worst,
                     std::abs(heading_error_deg(filter.world_from_body(), body.world_from_body())));
  }
  return worst;
}

LearnedState taught() {
  SimulatedBody body = imperfect_body();
  OrientationFilter filter;
  for (int i = 0; i < body.samples(10); ++i) filter.update(body.step({}));
  wave(body, filter, 90);
  return filter.learned();
}

double start_in_motion(const LearnedState* learned, SimulatedBody body) {
  OrientationFilter filter;
  if (learned) filter.restore(*learned);
  return wave(body, filter, 30);
}

TEST(LearnedState, MakesTheNextStartBetter) {
  const LearnedState learned = taught();
  const double with = start_in_motion(&learned, imperfect_body());
  const double without = start_in_motion(nullptr, imperfect_body());
  // Both find their tilt in motion first, which costs the same; scale and bias are known to one
  // only.
  EXPECT_LT(with, 0.9 * without);
}

TEST(LearnedState, KnowsTheSensorToItsOwnUncertainty) {
  const LearnedState learned = taught();
  for (std::size_t i = 0; i < 3; ++i) {
    // The filter's matrix undoes the scale: 1 - 1 / 1.004.
    const double error = learned.gyro_scale.value[4 * i] - 0.004 / 1.004;
    EXPECT_LT(std::abs(error), 4 * std::sqrt(learned.gyro_scale.variance[4 * i])) << i;
  }
}

TEST(LearnedState, OfAnotherSensorCostsLittle) {
  LearnedState learned = taught();
  SimulatedBody other = imperfect_body();
  other.gyro_scale = -0.002;
  other.gyro_bias = {-0.01, 0.01, 0.0};
  const auto after_rest = [&other](const LearnedState* state) {
    SimulatedBody body = other;
    OrientationFilter filter;
    if (state) filter.restore(*state);
    for (int i = 0; i < body.samples(10); ++i) filter.update(body.step({}));
    return wave(body, filter, 30);
  };
  // The first rest shows another bias by more than a session explains, and all is forgotten.
  EXPECT_LT(after_rest(&learned), 1.2 * after_rest(nullptr) + 0.5);
}

TEST(LearnedState, RestoredIsWhatWasLearned) {
  const LearnedState learned = taught();
  OrientationFilter filter;
  ASSERT_TRUE(filter.restore(learned));
  const LearnedState again = filter.learned();
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_DOUBLE_EQ(again.gyro_scale.value[i], learned.gyro_scale.value[i]);
    EXPECT_GT(again.gyro_scale.variance[i], learned.gyro_scale.variance[i]);
  }
}

TEST(LearnedState, NonsenseIsRefused) {
  const LearnedState good = taught();
  const auto refused = [](LearnedState state) {
    OrientationFilter filter;
    return !filter.restore(state);
  };
  LearnedState state = good;
  state.version = 2;
  EXPECT_TRUE(refused(state));
  state = good;
  state.gyro_scale.value[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(refused(state));
  state = good;
  state.gyro_bias_rad_s.variance[0] = -1;
  EXPECT_TRUE(refused(state));
  state = good;
  state.gyro_bias_rad_s.value[0] = 1;
  EXPECT_TRUE(refused(state));
  EXPECT_FALSE(refused(good));
}

TEST(LearnedState, ComesTooLateAfterTheFirstSample) {
  const LearnedState good = taught();
  SimulatedBody body(176);
  OrientationFilter filter;
  filter.update(body.step({}));
  EXPECT_FALSE(filter.restore(good));
}

TEST(LearnedState, OfAFilterThatNeverRanChangesNothing) {
  OrientationFilter filter;
  const LearnedState nothing = OrientationFilter().learned();
  EXPECT_TRUE(filter.restore(nothing));
  SimulatedBody body = imperfect_body();
  EXPECT_DOUBLE_EQ(start_in_motion(&nothing, body), start_in_motion(nullptr, body));
}

}  // namespace
}  // namespace psmove::fusion
