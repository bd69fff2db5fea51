// Scripted motion, checked by physics: what the sensors feel must follow from the pose it states.

#include "emulator/motion.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <unistd.h>
#include <vector>

namespace psmove::emulator {
namespace {

std::unique_ptr<Motion> made(std::string_view name) {
  auto result = make_motion(name);
  EXPECT_EQ(result.error, "");
  return std::move(result.motion);
}

constexpr Vec3<MetersPerSecondSquared> upward_gravity{0, 0, standard_gravity};

class SmoothMotion : public testing::TestWithParam<const char*> {};

TEST_P(SmoothMotion, IntegratedGyroReproducesTheOrientation) {
  const auto motion = made(GetParam());
  constexpr double step = 1e-4;
  Quaternion integrated = motion->at(0).world_from_body;
  double worst = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto rate = motion->at((i + 0.5) * step).gyro;
    const double angle = norm(rate) * step;
    if (angle > 0) {
      const auto axis = rate * (1 / norm(rate));
      integrated = normalized(integrated * rotation_about(axis.x, axis.y, axis.z, angle));
    }
    worst = std::max(worst, angle_between(integrated, motion->at((i + 1) * step).world_from_body));
  }
  EXPECT_LT(worst, 1e-5);  // the midpoint rule's own error over 20 s
}

TEST_P(SmoothMotion, SecondDerivativeOfPositionIsWhatTheAccelerometerFeels) {
  const auto motion = made(GetParam());
  constexpr double h = 1e-4;
  for (double t = 1; t < 12; t += 0.0371) {
    const auto before = motion->at(t - h), now = motion->at(t), after = motion->at(t + h);
    const auto bend = (before.position + after.position - 2 * now.position) * (1 / (h * h));
    const Vec3<MetersPerSecondSquared> acceleration{bend.x, bend.y, bend.z};
    const auto felt = now.world_from_body * now.accel;
    EXPECT_LT(norm(felt - (acceleration + upward_gravity)), 1e-4) << "at " << t << " s";
  }
}

TEST_P(SmoothMotion, FieldIsTheEarthsInTheStatedOrientation) {
  const auto motion = made(GetParam());
  for (double t = 0; t < 5; t += 0.1) {
    const auto state = motion->at(t);
    EXPECT_LT(norm(state.world_from_body * state.mag - earth_field), 1e-9);
    EXPECT_NEAR(norm(state.world_from_body), 1, 1e-12);
  }
}

TEST_P(SmoothMotion, BeginsFacingNorth) {
  // So that an estimate without a magnetometer, which calls the first heading north, can be
  // compared with the truth.
  const auto ahead = made(GetParam())->at(0).world_from_body * Vec3<Meters>{0, 1, 0};
  EXPECT_NEAR(ahead.x, 0, 1e-12);
  EXPECT_GT(ahead.y, 0.5);
}

TEST_P(SmoothMotion, KnowsItsName) {
  EXPECT_EQ(made(GetParam())->name(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Scripts, SmoothMotion,
                         testing::Values("still", "wave", "figure8", "tumble"),
                         [](const auto& p) { return std::string(p.param); });

TEST(StillMotion, FeelsGravityAloneAndLiesLevel) {
  const auto state = made("still")->at(3);
  EXPECT_EQ(state.world_from_body, Quaternion{});
  EXPECT_EQ(state.accel, upward_gravity);
  EXPECT_EQ(state.gyro, Vec3<RadiansPerSecond>{});
}

TEST(WaveMotion, StaysWithinWhatTheSensorsCanMeasure) {
  const auto wave = made("wave");
  double fastest = 0;
  for (double t = 0; t < 20; t += 0.003) {
    const auto state = wave->at(t);
    EXPECT_LT(norm(state.accel), 6 * standard_gravity);
    EXPECT_LT(norm(state.gyro), 20);
    fastest = std::max(fastest, norm(state.gyro));
  }
  EXPECT_GT(fastest, 3);  // a wave, not a tremor
}

TEST(FigureEight, SphereLeadsAlongThePath) {
  const auto motion = made("figure8");
  for (double t = 0.01; t < 5; t += 0.07) {
    const auto before = motion->at(t - 1e-5), state = motion->at(t), after = motion->at(t + 1e-5);
    const auto velocity = after.position - before.position;
    const auto ahead = state.world_from_body * Vec3<Meters>{0, 1, 0};
    const double cosine = (velocity.x * ahead.x + velocity.y * ahead.y) /
                          (std::hypot(velocity.x, velocity.y) * std::hypot(ahead.x, ahead.y));
    EXPECT_NEAR(cosine, 1, 1e-6);
  }
}

/// A file of rows, gone at the end of the test.
class TrialFile {
 public:
  explicit TrialFile(const std::vector<std::array<float, 14>>& rows)
      : path_(std::filesystem::temp_directory_path() /
              ("psmove-trial-" + std::to_string(::getpid()) + ".f32")) {
    std::ofstream file(path_, std::ios::binary);
    for (const auto& row : rows) file.write(reinterpret_cast<const char*>(row.data()), sizeof row);
  }
  ~TrialFile() { std::filesystem::remove(path_); }
  TrialFile(const TrialFile&) = delete;
  TrialFile& operator=(const TrialFile&) = delete;
  [[nodiscard]] std::string name() const { return "trial=" + path_.string(); }
  void append_byte() const { std::ofstream(path_, std::ios::binary | std::ios::app) << 'x'; }

 private:
  std::filesystem::path path_;
};

constexpr double row_seconds = 7.0 / 2000;

TEST(Trial, InterpolatesBetweenRowsAndLoops) {
  const TrialFile file({{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0, 0, 0, 1},
                        {3, 2, 3, 4, 7, 6, 7, 8, 11, 1, 0, 0, 0, 1},
                        {5, 2, 3, 4, 9, 6, 7, 8, 13, 0, 0, 0, -1, 1}});
  const auto trial = made(file.name());
  EXPECT_NEAR(trial->at(0).gyro.x, 1, 1e-9);
  EXPECT_NEAR(trial->at(0.5 * row_seconds).gyro.x, 2, 1e-9);
  EXPECT_NEAR(trial->at(row_seconds).accel.y, 7, 1e-9);
  EXPECT_NEAR(trial->at(1.5 * row_seconds).mag.z, 12, 1e-9);
  EXPECT_NEAR(trial->at((3 * 1000 + 1) * row_seconds).gyro.x, 3, 1e-6);
  EXPECT_EQ(trial->name(), file.name());
}

TEST(Trial, ReferenceIsTheTruthAndStaysWhereItIsUnknown) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float half = std::sqrt(0.5F);
  const TrialFile file({{0, 0, 0, 0, 0, 9, 0, 0, 0, nan, nan, nan, nan, 0},
                        {0, 0, 0, 0, 0, 9, 0, 0, 0, half, 0, 0, half, 0},
                        {0, 0, 0, 0, 0, 9, 0, 0, 0, nan, nan, nan, nan, 0}});
  const auto trial = made(file.name());
  const auto quarter_turn = rotation_about(0, 0, 1, radians_from_degrees(90));
  for (const double row : {0.0, 0.5, 1.0, 2.0})
    EXPECT_LT(angle_between(trial->at(row * row_seconds).world_from_body, quarter_turn), 1e-6);
}

TEST(Trial, EqualOrientationsOfOppositeSignDoNotCancel) {
  const TrialFile file(
      {{0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 9, 0, 0, 0, -1, 0, 0, 0, 0}});
  EXPECT_LT(angle_between(made(file.name())->at(0.5 * row_seconds).world_from_body, {}), 1e-9);
}

TEST(Trial, FileOfAnythingElseIsRefusedInOneSentence) {
  const TrialFile file({{}, {}});
  file.append_byte();
  const auto result = make_motion(file.name());
  EXPECT_EQ(result.motion, nullptr);
  EXPECT_NE(result.error.find("not made of whole rows"), std::string::npos);
  EXPECT_NE(result.error.find("14 float32"), std::string::npos);
}

TEST(Trial, PublishedTrialBeginsAtRest) {
  const char* from_environment = std::getenv("PSMOVED_SHARED");
  const std::filesystem::path shared =
      from_environment ? from_environment : TEST_SOURCE_DIR "/../../shared";
  const auto path = shared / "data/broad/01_undisturbed_slow_rotation_A.f32";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no BROAD trials at " << path;
  const auto state = made("trial=" + path.string())->at(1.0);
  EXPECT_NEAR(norm(state.accel), 9.8, 0.2);
  EXPECT_LT(norm(state.gyro), 0.05);
  const auto up = state.world_from_body * state.accel;
  EXPECT_NEAR(up.z, 9.8, 0.2);
}

TEST(MotionNames, UnknownOneIsRefusedWithThoseAccepted) {
  for (const char* name : {"", "Still", "dance", "trial=", "trial=/no/such/file"}) {
    const auto result = make_motion(name);
    EXPECT_EQ(result.motion, nullptr) << name;
    EXPECT_NE(result.error.find("accepted"), std::string::npos) << result.error;
  }
  EXPECT_NE(make_motion("dance").error.find("still, wave, figure8, tumble and trial=FILE"),
            std::string::npos);
}

}  // namespace
}  // namespace psmove::emulator
