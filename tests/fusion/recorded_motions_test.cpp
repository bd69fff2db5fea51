// The filter on recorded motions with a reference from cameras: what was reached stays reached.

#include <cstdlib>
#include <gtest/gtest.h>

#include "bench/fusion/trials.hpp"

namespace psmove::bench {
namespace {

std::filesystem::path directory() {
  if (const char* shared = std::getenv("PSMOVED_SHARED"))
    return std::filesystem::path(shared) / "data/broad";
  return std::filesystem::path(TEST_SOURCE_DIR) / "../../shared/data/broad";
}

class RecordedMotions : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(directory() / "trials.csv"))
      GTEST_SKIP() << "no recorded trials in " << directory()
                   << "; set PSMOVED_SHARED to where data/broad is";
    trials_ = load_trials(directory());
    ASSERT_EQ(trials_.size(), 18U);
  }
  template <class Value>
  double mean(Value value) {
    double sum = 0;
    for (const auto& trial : trials_) sum += value(trial);
    return sum / static_cast<double>(trials_.size());
  }
  std::vector<Trial> trials_;
  fusion::FilterParameters with_;
  fusion::FilterParameters without_{.use_magnetometer = false};
};

// The bounds are what was reached and about 5 % for rounding and compilers.

TEST_F(RecordedMotions, WithMagnetometerBelow1Point85Degrees) {
  EXPECT_LT(
      mean([this](const Trial& t) { return score_9d(t, run_filter(t, with_).orientation).total; }),
      1.85);
}

TEST_F(RecordedMotions, WithoutMagnetometerInclinationAndDriftStaySmall) {
  double drift = 0, inclination = 0;
  for (const auto& trial : trials_) {
    const auto score = score_6d(trial, run_filter(trial, without_).orientation);
    drift += score.drift_deg_per_min / 18;
    inclination += score.inclination / 18;
  }
  EXPECT_LT(inclination, 0.64);
  EXPECT_LT(drift, 1.2);
}

TEST_F(RecordedMotions, AsAPsMoveWouldSendThem) {
  double total = 0, inclination = 0;
  for (const auto& trial : trials_) {
    const Trial worse = as_ps_move(trial);
    total += score_9d(worse, run_filter(worse, with_).orientation).total / 18;
    inclination += score_6d(worse, run_filter(worse, without_).orientation).inclination / 18;
  }
  EXPECT_LT(total, 2.1);
  EXPECT_LT(inclination, 0.78);
}

TEST_F(RecordedMotions, StartedInMotion) {
  EXPECT_LT(mean([this](const Trial& t) {
              const Trial cold = cold_start(t, 2);
              return score_9d(cold, run_filter(cold, with_).orientation).total;
            }),
            3.2);
}

}  // namespace
}  // namespace psmove::bench
