// The filter against motions whose outcome physics dictates. Every tolerance says where it is from.

#include "fusion/orientation_filter.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <utility>

#include "simulated_body.hpp"

namespace psmove::fusion {
namespace {

constexpr double pi = std::numbers::pi;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Keeps the body still for a while.
void rest(SimulatedBody& body, OrientationFilter& filter, double seconds) {
  for (int i = 0; i < body.samples(seconds); ++i) filter.update(body.step({}));
}

/// A hand that waves and turns: up to 3 rad/s and 3 m/s^2, at no point running away.
/// `change` may alter a sample before the filter gets it; `check` runs after it did.
template <class Change, class Check>
void wave(SimulatedBody& body, OrientationFilter& filter, double seconds, Change change,
          Check check) {
  for (int i = 0; i < body.samples(seconds); ++i) {
    const double t = (i + 0.5) * body.dt();
    const Rate rate{2.0 * std::sin(1.7 * t), 1.6 * std::sin(2.3 * t + 1), 2.0 * std::cos(0.9 * t)};
    const Acceleration accel{2.0 * std::cos(5.1 * t), 3.0 * std::cos(4.3 * t),
                             1.5 * std::cos(6.1 * t)};
    ImuSample sample = body.step(rate, accel);
    change(sample, i);
    filter.update(sample);
    check();
  }
}
template <class Change>
void wave(SimulatedBody& body, OrientationFilter& filter, double seconds, Change change) {
  wave(body, filter, seconds, change, [] {});
}
void wave(SimulatedBody& body, OrientationFilter& filter, double seconds) {
  wave(body, filter, seconds, [](ImuSample&, int) {});
}
void as_sensed(ImuSample&, int) {}

class AtRate : public testing::TestWithParam<double> {};

TEST(OrientationFilter, IdentityIsLyingFlatButtonsUpSphereForward) {
  SimulatedBody body(176);
  body.has_magnetometer = false;
  OrientationFilter filter;
  filter.update(body.step({}));
  // One sample without noise: exact but for rounding.
  EXPECT_LT(error_deg(filter.world_from_body(), {}), 1e-6);
  EXPECT_FALSE(filter.has_heading_reference());
}

TEST(OrientationFilter, WithoutMagnetometerForwardIsWhereItPointedAtFirst) {
  const Quaternion start = rotation_about(0, 0, 1, 2.0) * rotation_about(1, 0, 0, 0.7);
  SimulatedBody body(176, start);
  body.has_magnetometer = false;
  OrientationFilter filter;
  rest(body, filter, 1);
  EXPECT_LT(error_deg(filter.world_from_body(), rotation_about(1, 0, 0, 0.7)), 1e-3);
}

TEST(OrientationFilter, SphereUpAtTheStartTipsForwardToLyingFlat) {
  SimulatedBody body(176, rotation_about(0, 0, 1, 1.0) * rotation_about(1, 0, 0, pi / 2));
  body.has_magnetometer = false;
  OrientationFilter filter;
  rest(body, filter, 0.5);
  EXPECT_LT(error_deg(filter.world_from_body(), rotation_about(1, 0, 0, pi / 2)), 1e-3);
  for (int i = 0; i < body.samples(1); ++i) filter.update(body.step({-pi / 2, 0, 0}));
  // The quarter turn back: as exact as integration, with pseudo-measurements pulling below 0.1 deg.
  EXPECT_LT(error_deg(filter.world_from_body(), {}), 0.1);
}

TEST(OrientationFilter, TiltIsRightFromTheFirstSampleInEveryPose) {
  for (double x = -pi; x <= pi; x += pi / 4)
    for (double y = -pi; y <= pi; y += pi / 4) {
      const Quaternion pose = rotation_about(1, 0, 0, x) * rotation_about(0, 1, 0, y);
      SimulatedBody body(176, pose);
      OrientationFilter filter;
      filter.update(body.step({}));
      EXPECT_LT(error_deg(filter.world_from_body(), pose), 1e-4) << x << " " << y;
      rest(body, filter, 2);
      EXPECT_LT(error_deg(filter.world_from_body(), pose), 1e-2) << x << " " << y;
      EXPECT_TRUE(filter.has_heading_reference());
    }
}

TEST(OrientationFilter, ConclusionsMayBeDrawnAtAnyTime) {
  // To the last bit, whoever calls it and when: after every sample, after every third, or never.
  const auto end = [](int every) {
    SimulatedBody body(176);
    OrientationFilter filter;
    int updates = 0;
    wave(body, filter, 3, as_sensed, [&] {
      if (every > 0 && ++updates % every == 0) filter.draw_conclusions();
    });
    filter.draw_conclusions();
    return std::pair(filter.world_from_body(), filter.learned());
  };
  const auto [never, learned] = end(0);
  for (const int every : {1, 2, 3}) {
    const auto [orientation, its] = end(every);
    EXPECT_EQ(orientation, never) << every;
    EXPECT_EQ(its, learned) << every;
  }
}

TEST(OrientationFilter, NorthIsPlusY) {
  // The sphere points east: the body's +Y is world +X, a quarter turn to the right.
  SimulatedBody body(176, rotation_about(0, 0, 1, -pi / 2));
  OrientationFilter filter;
  rest(body, filter, 1);
  const Field forward = filter.world_from_body() * Field{0, 1, 0};
  EXPECT_NEAR(forward.x, 1, 1e-6);
}

TEST_P(AtRate, ConstantRateComesBackAsThatTurn) {
  for (int axis = 0; axis < 3; ++axis) {
    SimulatedBody body(GetParam());
    body.has_magnetometer = false;
    OrientationFilter filter;
    rest(body, filter, 3);
    const double speed = pi;  // two turns in four seconds
    const Rate rate{axis == 0 ? speed : 0, axis == 1 ? speed : 0, axis == 2 ? speed : 0};
    for (int i = 0; i < body.samples(4); ++i) filter.update(body.step(rate));
    // Perfect sensors: what remains is the filter doubting them, well below a tenth of a degree.
    EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 0.1) << axis;
  }
}

TEST_P(AtRate, TiltSurvivesAScaleErrorOfTheGyroscope) {
  for (int axis = 0; axis < 2; ++axis) {
    SimulatedBody body(GetParam());
    body.has_magnetometer = false;
    body.gyro_scale = 0.005;
    OrientationFilter filter;
    rest(body, filter, 3);
    const double speed = pi;
    for (int i = 0; i < body.samples(30); ++i)
      filter.update(body.step({axis == 0 ? speed : 0, axis == 1 ? speed : 0, 0}));
    // 15 turns at 0.5 % are 27 degrees of error to a gyroscope alone. Gravity shows it.
    EXPECT_LT(tilt_error_deg(filter.world_from_body(), body.world_from_body()), 0.7) << axis;
  }
}

TEST_P(AtRate, RestFindsTheBias) {
  SimulatedBody body(GetParam());
  body.has_magnetometer = false;
  body.gyro_bias = {0.01, -0.02, 0.015};  // up to 1.1 deg/s
  body.gyro_noise = 0.002;
  body.accel_noise = 0.02;
  OrientationFilter filter;
  rest(body, filter, 2);
  const double heading_then = heading_error_deg(filter.world_from_body(), body.world_from_body());
  rest(body, filter, 8);
  EXPECT_TRUE(filter.is_resting());
  const auto error = filter.gyro_bias() - body.gyro_bias;
  // 0.03 deg/s: noise averaged over the seconds of rest, and a prior that does not expect so much.
  EXPECT_LT(norm(error), radians_from_degrees(0.03));
  rest(body, filter, 20);
  const double heading_now = heading_error_deg(filter.world_from_body(), body.world_from_body());
  // In the first two seconds the bias turns the heading by 2 deg; after that it stands.
  EXPECT_LT(std::abs(heading_now - heading_then), 0.5);
}

TEST_P(AtRate, WavingKeepsHeadingAndTilt) {
  SimulatedBody body(GetParam());
  OrientationFilter filter;
  rest(body, filter, 3);
  double worst = 0;
  wave(body, filter, 30, as_sensed, [&] {
    worst = std::max(worst, error_deg(filter.world_from_body(), body.world_from_body()));
  });
  // Perfect sensors, but the motion is not zero-mean over any one second, and at 50 Hz some of it
  // happens within a sample.
  EXPECT_LT(worst, 1.0);
  EXPECT_FALSE(filter.is_magnetically_disturbed());
}

INSTANTIATE_TEST_SUITE_P(Rates, AtRate, testing::Values(50.0, 88.0, 176.0, 286.0, 1000.0));

TEST(OrientationFilter, ConingIsIntegratedNotAveraged) {
  // A cone of 10 deg at 3 Hz: the rate's mean is not zero, the orientation comes back every turn.
  constexpr double cone = 10 * pi / 180, spin = 2 * pi * 3;
  SimulatedBody body(176);
  body.has_magnetometer = false;
  OrientationFilter filter;
  rest(body, filter, 3);
  for (int i = 0; i < body.samples(20); ++i) {
    const double t = (i + 0.5) * body.dt();
    filter.update(body.step({-cone * spin * std::sin(spin * t), cone * spin * std::cos(spin * t),
                             spin * cone * cone / 2}));
  }
  // 20 s of coning would drift by 900 deg if its mean rate were taken for bias.
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 1.0);
}

TEST(OrientationFilter, ViolentPeriodicSwingDoesNotSpoilTheCalibration) {
  // An arm's swing, 1.4 Hz, 60 deg to either side, half a metre long: rotation and acceleration
  // are locked to one another, which is what misleads a filter that expects independence.
  SimulatedBody body(176);
  body.has_magnetometer = false;
  OrientationFilter filter;
  rest(body, filter, 5);
  constexpr double reach = pi / 3, w = 2 * pi * 1.4, arm = 0.5, h = 1e-4;
  const auto angle = [](double t) { return reach * std::min(1.0, t / 3) * std::sin(w * t); };
  const auto rate = [&](double t) { return (angle(t + h) - angle(t - h)) / (2 * h); };
  for (int i = 0; i < body.samples(60); ++i) {
    const double t = (i + 0.5) * body.dt();
    const double turn = (rate(t + h) - rate(t - h)) / (2 * h), spin2 = rate(t) * rate(t);
    // Tangential and centripetal acceleration of the hand in the plane of the swing (Y, Z).
    filter.update(body.step({rate(t), 0, 0},
                            {0, -arm * (turn * std::sin(angle(t)) + spin2 * std::cos(angle(t))),
                             arm * (turn * std::cos(angle(t)) - spin2 * std::sin(angle(t)))}));
  }
  rest(body, filter, 3);
  // A filter too sure of its assumptions drifts by 10 to 20 deg in this minute.
  EXPECT_LT(std::abs(heading_error_deg(filter.world_from_body(), body.world_from_body())), 3);
  EXPECT_LT(tilt_error_deg(filter.world_from_body(), body.world_from_body()), 0.5);
}

TEST(OrientationFilter, MagnetThatComesAndGoesTurnsTheHeadingOnlyALittle) {
  SimulatedBody body(176);
  OrientationFilter filter;
  rest(body, filter, 3);
  wave(body, filter, 30);
  double worst = 0;
  const auto watch = [&] {
    worst = std::max(worst,
                     std::abs(heading_error_deg(filter.world_from_body(), body.world_from_body())));
  };
  body.field = {35, 5, -20};  // east rather than north, as strong as the Earth's
  wave(body, filter, 10, as_sensed, watch);
  EXPECT_TRUE(filter.is_magnetically_disturbed());
  body.field = earth_field;
  wave(body, filter, 20, as_sensed, watch);
  EXPECT_FALSE(filter.is_magnetically_disturbed());
  // Following the magnet would be 80 deg.
  EXPECT_LT(worst, 5);
}

TEST(OrientationFilter, MagnetometerCanGoAndComeBack) {
  SimulatedBody body(176);
  OrientationFilter filter;
  rest(body, filter, 3);
  wave(body, filter, 10);
  body.has_magnetometer = false;
  wave(body, filter, 10);
  EXPECT_FALSE(filter.has_heading_reference());
  body.has_magnetometer = true;
  wave(body, filter, 5);
  EXPECT_TRUE(filter.has_heading_reference());
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 1);
}

TEST(OrientationFilter, MagnetometerOnEverySecondSampleIsEnough) {
  SimulatedBody body(176, rotation_about(0, 0, 1, 1.2));
  OrientationFilter filter;
  rest(body, filter, 2);
  wave(body, filter, 20, [](ImuSample& s, int i) {
    if (i % 2 == 0) s.mag.reset();
  });
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 1);
}

TEST(OrientationFilter, ZeroMagnetometerIsNoMagnetometer) {
  SimulatedBody body(176);
  OrientationFilter filter;
  wave(body, filter, 5, [](ImuSample& s, int) { s.mag = Field{}; });
  EXPECT_FALSE(filter.has_heading_reference());
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 3);
}

TEST(OrientationFilter, StuckMagnetometerDoesNotHoldTheHeading) {
  SimulatedBody body(176);
  body.has_magnetometer = false;
  OrientationFilter filter;
  const auto stuck = [](ImuSample& s, int) { s.mag = Field{3, 20, -40}; };
  for (int i = 0; i < body.samples(2); ++i) {
    ImuSample s = body.step({});
    stuck(s, i);
    filter.update(s);
  }
  const double before = heading_error_deg(filter.world_from_body(), body.world_from_body());
  wave(body, filter, 20, stuck);
  const double after = heading_error_deg(filter.world_from_body(), body.world_from_body());
  EXPECT_FALSE(filter.has_heading_reference());
  EXPECT_LT(std::abs(after - before), 3);
}

TEST(OrientationFilter, LostReportsAreBridged) {
  SimulatedBody body(176);
  body.has_magnetometer = false;
  OrientationFilter filter;
  rest(body, filter, 3);
  int missing = 0;
  double worst = 0;
  for (int i = 0; i < body.samples(60); ++i) {
    const double t = i * body.dt();
    ImuSample s = body.step({3 * std::sin(3 * t), 2 * std::sin(4 * t), 2 * std::cos(2 * t)},
                            {3 * std::sin(5 * t), 2 * std::cos(6 * t), 0});
    if (i % 100 == 50 || i % 100 == 51) {  // 2 %: one report of two samples
      ++missing;
      continue;
    }
    s.missing_before = std::exchange(missing, 0);
    filter.update(s);
    worst = std::max(worst, error_deg(filter.world_from_body(), body.world_from_body()));
  }
  // Ignored, the gaps would cost the rotation they hide: up to 2 deg each, 100 of them.
  EXPECT_LT(worst, 2);
}

TEST(OrientationFilter, LongGapKeepsTheCalibrationAndFindsTheTiltAgain) {
  SimulatedBody body(176);
  body.gyro_bias = {0.01, 0.005, -0.01};
  OrientationFilter filter;
  rest(body, filter, 20);
  const auto bias = filter.gyro_bias();
  for (int i = 0; i < body.samples(3); ++i) body.step({0.5, 0.2, 0.4});
  ImuSample s = body.step({});
  s.missing_before = body.samples(3);
  filter.update(s);
  EXPECT_LT(tilt_error_deg(filter.world_from_body(), body.world_from_body()), 1);
  EXPECT_LT(norm(filter.gyro_bias() - bias), 1e-6);
  rest(body, filter, 10);
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 2);
}

TEST(OrientationFilter, ClippedAccelerometerDoesNotTiltTheWorld) {
  SimulatedBody body(176);
  body.has_magnetometer = false;
  OrientationFilter filter;
  rest(body, filter, 5);
  double worst = 0;
  constexpr double range = 4.6 * standard_gravity;
  for (int i = 0; i < body.samples(20); ++i) {
    const double t = i * body.dt();
    // Jerks of 9 g to one side, slower returns: what clips away is not zero-mean.
    const double phase = std::fmod(t, 0.5);
    const double x = phase < 0.1 ? 9 * standard_gravity * std::sin(phase / 0.1 * pi)
                                 : -9 * standard_gravity * 0.25;
    ImuSample s = body.step({0, 0, 2 * std::sin(3 * t)}, {x, 0, 0});
    for (double* a : {&s.accel.x, &s.accel.y, &s.accel.z})
      if (std::abs(*a) > range) {
        *a = std::copysign(range, *a);
        s.accel_saturated = true;
      }
    filter.update(s);
    worst = std::max(worst, tilt_error_deg(filter.world_from_body(), body.world_from_body()));
  }
  // Taken at face value, half of 9 g lost for a tenth of the time is 0.4 g sideways: 20 deg.
  EXPECT_LT(worst, 5);
}

TEST(OrientationFilter, SaturatedGyroscopeIsRecoveredFromAndTeachesNothing) {
  SimulatedBody body(176);
  OrientationFilter filter;
  rest(body, filter, 10);
  wave(body, filter, 20);
  const auto bias = filter.gyro_bias();
  constexpr double range = 2000 * pi / 180;
  for (int i = 0; i < body.samples(0.2); ++i) {
    ImuSample s = body.step({1.3 * range, 0, 0});
    s.gyro.x = range;
    s.gyro_saturated = true;
    filter.update(s);
  }
  // A third of 400 deg is gone now; tilt comes back within seconds of moving on.
  EXPECT_LT(norm(filter.gyro_bias() - bias), radians_from_degrees(0.01));
  wave(body, filter, 20);
  EXPECT_LT(tilt_error_deg(filter.world_from_body(), body.world_from_body()), 3);
  EXPECT_LT(norm(filter.gyro_bias() - bias), radians_from_degrees(0.3));
}

TEST(OrientationFilter, StartInMotionFindsTheTilt) {
  SimulatedBody body(176, rotation_about(1, 0, 0, 0.4));
  body.has_magnetometer = false;
  body.gyro_bias = {0.01, -0.01, 0.01};
  OrientationFilter filter;
  wave(body, filter, 15);
  // The first sample alone is up to 20 deg wrong: 3.5 m/s^2 on top of gravity.
  EXPECT_LT(tilt_error_deg(filter.world_from_body(), body.world_from_body()), 3);
}

TEST(OrientationFilter, SlowTurnAfterRestIsNotTakenForBias) {
  SimulatedBody body(176);
  body.has_magnetometer = false;
  OrientationFilter filter;
  rest(body, filter, 20);
  for (int i = 0; i < body.samples(60); ++i)
    filter.update(body.step({0, 0, radians_from_degrees(1.5)}));
  // The minute hand of this turn covers 90 deg; a filter that calls it rest stands still.
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 9);
}

TEST(OrientationFilter, LinearAccelerationIsInTheWorldWithoutGravity) {
  SimulatedBody body(176, rotation_about(1, 0, 0, 1.0));
  OrientationFilter filter;
  rest(body, filter, 3);
  EXPECT_LT(norm(filter.linear_accel()), 0.01);
  filter.update(body.step({}, {1, 2, 3}));
  const auto a = filter.linear_accel();
  EXPECT_NEAR(a.x, 1, 0.02);
  EXPECT_NEAR(a.y, 2, 0.02);
  EXPECT_NEAR(a.z, 3, 0.02);
}

TEST(OrientationFilter, HeadingResetMakesThisForwardAndCanBeUndone) {
  const Quaternion tilt = rotation_about(1, 0, 0, 0.5);
  SimulatedBody body(176, rotation_about(0, 0, 1, 1.0) * tilt);
  OrientationFilter filter;
  rest(body, filter, 1);
  filter.reset_heading();
  EXPECT_LT(error_deg(filter.world_from_body(), tilt), 0.01);
  for (int i = 0; i < body.samples(1); ++i) filter.update(body.step({}));
  EXPECT_LT(error_deg(filter.world_from_body(), tilt), 0.01);
  filter.clear_heading_reset();
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 0.01);
}

TEST(OrientationFilter, BadInputIsCountedAndSurvived) {
  SimulatedBody body(176);
  OrientationFilter filter;
  rest(body, filter, 3);
  const auto spoil = [&](auto change) {
    ImuSample s = body.step({});
    change(s);
    const auto before = filter.rejected();
    filter.update(s);
    EXPECT_EQ(filter.rejected(), before + 1);
    EXPECT_NEAR(norm(filter.world_from_body()), 1, 1e-9);
  };
  constexpr double inf = std::numeric_limits<double>::infinity();
  spoil([](ImuSample& s) { s.gyro.x = nan; });
  spoil([](ImuSample& s) { s.gyro.z = -inf; });
  spoil([](ImuSample& s) { s.gyro.y = 1e300; });
  spoil([](ImuSample& s) { s.accel.y = nan; });
  spoil([](ImuSample& s) { s.accel.y = inf; });
  spoil([](ImuSample& s) { s.accel = {}; });
  spoil([](ImuSample& s) { s.accel.x = 1e200; });
  spoil([](ImuSample& s) { s.mag = Field{nan, 0, 0}; });
  spoil([](ImuSample& s) { s.mag = Field{}; });
  spoil([](ImuSample& s) { s.mag = Field{inf, inf, inf}; });
  spoil([](ImuSample& s) { s.dt = {}; });
  spoil([](ImuSample& s) { s.dt = -s.dt; });
  spoil([](ImuSample& s) { s.dt = std::chrono::duration<double>(nan); });
  spoil([](ImuSample& s) { s.dt = std::chrono::duration<double>(1e9); });
  rest(body, filter, 5);
  EXPECT_LT(tilt_error_deg(filter.world_from_body(), body.world_from_body()), 0.5);
}

TEST(OrientationFilter, BadFirstSamplesDoNotStartIt) {
  SimulatedBody body(176, rotation_about(1, 0, 0, 1.0));
  OrientationFilter filter;
  ImuSample s = body.step({});
  s.accel = {};
  filter.update(s);
  s.accel = {nan, nan, nan};
  filter.update(s);
  EXPECT_EQ(filter.world_from_body(), Quaternion{});
  rest(body, filter, 1);
  EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 0.01);
}

TEST(OrientationFilter, UpsideDownDoesNotUpsetIt) {
  for (const Quaternion& pose : {rotation_about(1, 0, 0, pi), rotation_about(0, 1, 0, pi),
                                 rotation_about(1, 0, 0, pi - 1e-9), rotation_about(0, 0, 1, pi),
                                 rotation_about(1, 0, 0, -pi / 2)}) {
    SimulatedBody body(176, pose);
    OrientationFilter filter;
    rest(body, filter, 3);
    wave(body, filter, 10);
    EXPECT_LT(error_deg(filter.world_from_body(), body.world_from_body()), 1);
  }
}

TEST(OrientationFilter, ARenewedFieldMovesTheHeadingAndNothingElse) {
  SimulatedBody body(176);
  body.hard_iron = {12, -9, 4};
  body.gyro_bias = {0.01, -0.01, 0.005};
  OrientationFilter filter;
  for (int i = 0; i < body.samples(5); ++i) filter.update(body.step({}));
  const auto turn = [&](double seconds) {
    for (int i = 0; i < body.samples(seconds); ++i) {
      const double t = i * body.dt();
      filter.update(body.step({2 * std::sin(1.1 * t), 1.5 * std::cos(0.7 * t), 1}));
    }
  };
  turn(2);
  const auto bias = filter.gyro_bias();
  filter.renew_field();
  body.hard_iron = {};  // from here on a fit takes it off
  filter.update(body.step({}));
  EXPECT_LT(tilt_error_deg(filter.world_from_body(), body.world_from_body()), 1);
  EXPECT_LT(norm(filter.gyro_bias() - bias), 1e-3);
  turn(5);
  EXPECT_LT(std::abs(heading_error_deg(filter.world_from_body(), body.world_from_body())), 2)
      << "north is where the corrected readings say, not where the iron was";
}

}  // namespace
}  // namespace psmove::fusion
