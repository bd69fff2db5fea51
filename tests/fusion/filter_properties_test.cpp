// What holds for every motion: finite, of unit length, and the same world whichever way the sensor
// is mounted and however time is cut up.

#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "fusion/orientation_filter.hpp"
#include "simulated_body.hpp"

namespace psmove::fusion {
namespace {

/// The same hand motion for everybody: rest, then waving, with noisy, imperfect sensors.
std::vector<ImuSample> recorded(double rate_hz, double seconds, bool perfect = false) {
  SimulatedBody body(rate_hz, rotation_about(0, 0, 1, 0.5) * rotation_about(1, 0, 0, 0.3));
  if (!perfect) {
    body.gyro_bias = {0.005, -0.003, 0.004};
    body.gyro_scale = 0.003;
    body.gyro_noise = 0.002;
    body.accel_noise = 0.03;
  }
  std::vector<ImuSample> samples;
  for (int i = 0; i < body.samples(seconds); ++i) {
    const double t = (i + 0.5) * body.dt() - 3;
    const double on = t > 0 ? std::min(1.0, t) : 0;
    samples.push_back(body.step(
        {on * 2 * std::sin(1.7 * t), on * 1.5 * std::sin(2.3 * t), on * 2 * std::sin(0.9 * t)},
        {on * 2 * std::cos(5.1 * t), on * 3 * std::cos(4.3 * t), on * std::cos(6.1 * t)}));
  }
  return samples;
}

Quaternion final_orientation(const std::vector<ImuSample>& samples) {
  OrientationFilter filter;
  for (const auto& s : samples) filter.update(s);
  return filter.world_from_body();
}

template <class Unit>
bool finite(const Vec3<Unit>& v) {
  return is_finite(v);
}

void expect_sane(const OrientationFilter& filter) {
  ASSERT_NEAR(norm(filter.world_from_body()), 1, 1e-9);
  ASSERT_TRUE(finite(filter.linear_accel()));
  ASSERT_TRUE(finite(filter.gyro_bias()));
  ASSERT_TRUE(std::isfinite(filter.heading_uncertainty_deg()));
  ASSERT_TRUE(std::isfinite(filter.inclination_uncertainty_deg()));
}

TEST(FilterProperties, AlwaysFiniteAndOfUnitLength) {
  // Everything a broken sensor, driver or radio might deliver, at random, for a long time.
  std::mt19937 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  const auto chance = [&](double p) { return uniform(random) < 2 * p - 1; };
  constexpr double inf = std::numeric_limits<double>::infinity();
  const double odd[] = {0,     -0.0,   inf, -inf, std::numeric_limits<double>::quiet_NaN(),
                        1e308, 1e-308, 199, -3999};
  const auto pick = [&] { return odd[random() % std::size(odd)]; };
  for (int run = 0; run < 10; ++run) {
    OrientationFilter filter;
    for (int i = 0; i < 4000; ++i) {
      ImuSample s;
      const double size = chance(0.05) ? 30 : 3;
      s.gyro = {size * uniform(random), size * uniform(random), size * uniform(random)};
      s.accel = {size * 9 * uniform(random), size * 9 * uniform(random),
                 size * 9 * uniform(random)};
      if (chance(0.5)) s.mag = {50 * uniform(random), 50 * uniform(random), 50 * uniform(random)};
      s.dt = std::chrono::duration<double>(std::pow(10, -2.5 + uniform(random)));
      if (chance(0.02)) s.gyro.x = pick();
      if (chance(0.02)) s.accel.y = pick();
      if (chance(0.02)) s.mag = {pick(), pick(), pick()};
      if (chance(0.02)) s.dt = std::chrono::duration<double>(pick());
      if (chance(0.05)) s.missing_before = static_cast<int>(random() % 3000) - 100;
      if (chance(0.01)) s.missing_before = std::numeric_limits<int>::max();
      s.accel_saturated = chance(0.05);
      s.gyro_saturated = chance(0.05);
      filter.update(s);
      if (chance(0.01)) filter.reset_heading();
      expect_sane(filter);
    }
  }
}

TEST(FilterProperties, HoursOfRestAndMotionDoNotWearItOut) {
  SimulatedBody body(100);
  body.gyro_noise = 0.002;
  body.accel_noise = 0.03;
  OrientationFilter filter;
  for (int i = 0; i < body.samples(3600); ++i) {
    const double t = (i + 0.5) * body.dt();
    const double on = std::fmod(t, 600) < 300 ? 1 : 0;
    filter.update(body.step({on * std::sin(1.7 * t), on * std::cos(t), on * std::sin(0.7 * t)},
                            {on * 2 * std::cos(5 * t), 0, on * std::cos(4 * t)}));
  }
  expect_sane(filter);
  // A true field and an hour of it: the uncertainty is honest if the error is within three of it.
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 3);
  EXPECT_LT(filter.heading_uncertainty_deg(), 5);
}

TEST(FilterProperties, MountingDoesNotMatter) {
  // A sensor turned within its case measures the same world: body_from_sensor * everything.
  const auto samples = recorded(176, 25);
  for (const Quaternion& sensor_from_body :
       {rotation_about(1, 0, 0, 1.0), rotation_about(0, 0, 1, 2.0),
        rotation_about(0, 1, 0, 3.0) * rotation_about(1, 0, 0, -0.8)}) {
    OrientationFilter filter;
    for (ImuSample s : samples) {
      s.gyro = sensor_from_body * s.gyro;
      s.accel = sensor_from_body * s.accel;
      s.mag = sensor_from_body * *s.mag;
      filter.update(s);
    }
    const Quaternion body = filter.world_from_body() * sensor_from_body;
    // Not exact: scale and misalignment have different priors along the sensor's own axes, and rest
    // thresholds hold per axis.
    EXPECT_LT(error_deg(body, final_orientation(samples)), 0.2);
  }
}

TEST(FilterProperties, CuttingTimeFinerDoesNotMatter) {
  const auto samples = recorded(88, 25, true);
  std::vector<ImuSample> finer;
  for (ImuSample s : samples) {
    s.dt /= 2;
    // A constant turn for dt, in two halves. The force is fixed in the world, so that each half has
    // it turned a quarter of the step to either side.
    const double angle = norm(s.gyro) * s.dt.count() / 2;
    const Quaternion quarter =
        angle > 0 ? rotation_about(s.gyro.x / norm(s.gyro), s.gyro.y / norm(s.gyro),
                                   s.gyro.z / norm(s.gyro), angle)
                  : Quaternion{};
    ImuSample first = s, second = s;
    first.accel = quarter * s.accel;
    first.mag.reset();
    second.accel = conjugate(quarter) * s.accel;
    finer.push_back(first);
    finer.push_back(second);
  }
  // Blocks end at other moments; that is all the difference.
  EXPECT_LT(error_deg(final_orientation(finer), final_orientation(samples)), 0.1);
}

TEST(FilterProperties, ChangingRateFromSampleToSampleDoesNotMatter) {
  SimulatedBody slow(60), fast(400);
  OrientationFilter filter;
  // Two bodies in step would be needed for one motion at mixed rates; a constant turn needs none.
  const Rate rate{0.3, 0.2, 0.5};
  for (int i = 0; i < 60 * 3; ++i) filter.update(slow.step({}));
  Quaternion truth;
  std::mt19937 random(4);
  for (int i = 0; i < 2000; ++i) {
    SimulatedBody body(random() % 2 ? 60.0 : 400.0, truth);
    filter.update(body.step(rate));
    truth = body.world_from_body();
  }
  EXPECT_LT(error_deg(filter.world_from_body(), truth), 0.2);
}

TEST(FilterProperties, UncertaintyCoversTheError) {
  // Thirty different sensors: the errors must look like what the filter says of itself.
  double heading = 0, tilt = 0;
  constexpr int sensors = 30;
  for (int i = 0; i < sensors; ++i) {
    std::mt19937 random(static_cast<unsigned>(i));
    std::normal_distribution<double> normal;
    SimulatedBody body(176);
    body.has_magnetometer = false;
    body.gyro_bias = Rate{normal(random), normal(random), normal(random)} * 0.008;
    body.gyro_scale = 0.0017 * normal(random);
    body.gyro_noise = 0.002;
    body.accel_noise = 0.03;
    OrientationFilter filter;
    for (int n = 0; n < body.samples(40); ++n) {
      const double t = (n + 0.5) * body.dt() - 5, on = t > 0 ? std::min(1.0, t) : 0;
      filter.update(body.step(
          {on * 2 * std::sin(1.7 * t), on * 2 * std::sin(2.3 * t), on * 2 * std::sin(0.9 * t)},
          {on * 2 * std::cos(5.1 * t), on * 3 * std::cos(4.3 * t), 0}));
    }
    heading += std::pow(heading_error_deg(filter.world_from_body(), body.world_from_body()) /
                            filter.heading_uncertainty_deg(),
                        2);
    tilt += std::pow(tilt_error_deg(filter.world_from_body(), body.world_from_body()) /
                         filter.inclination_uncertainty_deg(),
                     2);
  }
  // Mean squared error over claimed variance: 1 is exact; boastful beyond 2.
  EXPECT_LT(heading / sensors, 2);
  EXPECT_LT(tilt / sensors, 2);
}

}  // namespace
}  // namespace psmove::fusion
