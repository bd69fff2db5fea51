// The device clock against simulated controllers and radios whose truth is known.

#include "drivers/device_clock.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

/// How long the fastest report takes through the radio; nobody can see it, so it counts as no
/// delay.
constexpr double fastest = 0.001;

/// A controller and its radio. Everything is in seconds.
struct Device {
  double interval = 1 / 87.6;
  double tick = 10e-6;
  double first_tick = 60000;   ///< so that the first wrap comes soon
  double sampling_jitter = 0;  ///< part of an interval
  std::uint32_t seed = 1;
  bool is_learned_from_at_once = false;

  std::function<double(std::mt19937&)> delay = [](std::mt19937&) { return 0.0; };
  std::function<bool(std::uint64_t report, std::mt19937&)> is_lost =
      [](std::uint64_t, std::mt19937&) { return false; };
  std::function<std::uint16_t(std::uint16_t, std::mt19937&)> garble_ticks =
      [](std::uint16_t ticks, std::mt19937&) { return ticks; };
  std::function<std::uint8_t(std::uint8_t, std::mt19937&)> garble_sequence =
      [](std::uint8_t sequence, std::mt19937&) { return sequence; };
  std::function<double(std::uint64_t report)> pause = [](std::uint64_t) { return 0.0; };
  std::function<double(std::uint64_t report)> stall = [](std::uint64_t) { return 0.0; };
};

/// One report that arrived, its truth, and what the clock made of it.
struct Outcome {
  std::uint64_t report;  ///< true number
  double taken;          ///< true time, plus the fastest way through the radio
  double arrived;
  double stamp;
  std::uint64_t stamped_report;
  int lost;
  double interval;
};

constexpr SteadyTime origin{1h};

/// Runs a device for so many reports and checks what always holds on the way.
std::vector<Outcome> run(DeviceClock& clock, const Device& device, std::uint64_t reports,
                         double start = 0) {
  std::mt19937 random(device.seed);
  std::vector<Outcome> outcomes;
  double taken = start;
  double arrived = start;
  SteadyTime last_stamp = origin - 1s;
  SteadyTime last_arrival = origin - 1s;
  for (std::uint64_t report = 0; report < reports; ++report) {
    const double wobble =
        device.sampling_jitter * std::uniform_real_distribution(-0.5, 0.5)(random);
    taken += device.interval * (1 + wobble) + device.pause(report);
    const bool lost = device.is_lost(report, random);
    // Reports do not overtake each other.
    arrived = std::max(arrived, taken + fastest + device.delay(random) + device.stall(report));
    if (lost) continue;
    const auto ticks = static_cast<std::uint16_t>(
        static_cast<std::uint64_t>(device.first_tick + taken / device.tick) & 0xFFFF);
    const auto sequence = static_cast<std::uint8_t>(report & 15);
    const auto arrival = origin + std::chrono::nanoseconds(std::llround(arrived * 1e9));
    const auto stamp = clock.on_report(device.garble_sequence(sequence, random),
                                       device.garble_ticks(ticks, random), arrival);
    if (device.is_learned_from_at_once) clock.learn();
    EXPECT_GT(stamp.taken, last_stamp);
    EXPECT_LE(stamp.taken, std::max(arrival, last_stamp + 1ns));
    EXPECT_GT(stamp.interval, 0ns);
    EXPECT_GE(stamp.lost, 0);
    if (arrival > last_arrival) {
      EXPECT_LE(stamp.taken, arrival);
    }
    last_stamp = stamp.taken;
    last_arrival = arrival;
    outcomes.push_back({.report = report,
                        .taken = taken + fastest,
                        .arrived = arrived,
                        .stamp = Seconds(stamp.taken - origin).count(),
                        .stamped_report = stamp.report,
                        .lost = stamp.lost,
                        .interval = Seconds(stamp.interval).count()});
  }
  return outcomes;
}

struct Errors {
  double rms = 0, worst = 0;  ///< of the stamps, seconds, from `after` on
  int miscounted = 0;         ///< reports whose number does not go on as the truth does
};
Errors errors_of(const std::vector<Outcome>& outcomes, double after) {
  Errors errors;
  double squares = 0;
  int count = 0;
  for (std::size_t i = 1; i < outcomes.size(); ++i) {
    const auto& one = outcomes[i];
    const auto& before = outcomes[i - 1];
    if (one.taken < after) continue;
    const double error = one.stamp - one.taken;
    squares += error * error;
    ++count;
    errors.worst = std::max(errors.worst, std::abs(error));
    if (one.stamped_report - before.stamped_report != one.report - before.report) {
      ++errors.miscounted;
    }
  }
  errors.rms = count > 0 ? std::sqrt(squares / count) : INFINITY;
  return errors;
}

std::function<double(std::mt19937&)> exponential(double mean) {
  return [mean](std::mt19937& random) { return std::exponential_distribution(1 / mean)(random); };
}
std::function<double(std::mt19937&)> uniform(double most) {
  return [most](std::mt19937& random) { return std::uniform_real_distribution(0.0, most)(random); };
}
std::function<bool(std::uint64_t, std::mt19937&)> loses(double part) {
  return [part](std::uint64_t report, std::mt19937& random) {
    return std::bernoulli_distribution(part)(random) && report > 0;
  };
}

constexpr auto zcm1_nominal = 11'364us;
constexpr auto zcm2_nominal = 1266us;

TEST(DeviceClock, LearnsTheSameWheneverItDoes) {
  const auto stamps = [](bool at_once) {
    DeviceClock clock(11400us);
    Device device{.is_learned_from_at_once = at_once, .delay = exponential(0.003)};
    device.is_lost = loses(0.05);
    device.pause = [](std::uint64_t report) { return report == 700 ? 5.0 : 0.0; };
    std::vector<double> all;
    for (const auto& outcome : run(clock, device, 1000)) all.push_back(outcome.stamp);
    return all;
  };
  EXPECT_EQ(stamps(true), stamps(false));
}

TEST(DeviceClock, FirstReportIsStampedWithItsArrival) {
  DeviceClock clock(zcm1_nominal);
  const auto stamp = clock.on_report(7, 1234, origin);
  EXPECT_EQ(stamp.taken, origin);
  EXPECT_EQ(stamp.interval, zcm1_nominal);
  EXPECT_EQ(stamp.report, 0U);
  EXPECT_EQ(stamp.lost, 0);
}

/// Units of the tick, none of which is documented.
class TickUnit : public testing::TestWithParam<double> {};

TEST_P(TickUnit, JitterOfTheRadioIsTakenOut) {
  Device device{.tick = GetParam()};
  device.delay = exponential(0.003);
  DeviceClock clock(zcm1_nominal);
  const auto errors = errors_of(run(clock, device, 3000), 4);
  // Arrivals are 3 ms late on average and 4.2 ms rms.
  EXPECT_LT(errors.rms, 0.0003);
  EXPECT_LT(errors.worst, 0.0015);
  EXPECT_EQ(errors.miscounted, 0);
  EXPECT_NEAR(Seconds(clock.interval()).count() / device.interval, 1, 3e-4);
  EXPECT_NEAR(clock.tick().count() / device.tick, 1, device.tick < 1e-4 ? 5e-4 : 0.02);
}

TEST_P(TickUnit, HoldsForTheFastModelToo) {
  Device device{.interval = 1 / 783.0, .tick = GetParam()};
  device.delay = uniform(0.006);
  DeviceClock clock(zcm2_nominal);
  const auto errors = errors_of(run(clock, device, 20'000), 4);
  // Arrivals are 3 ms late on average. Reports do not overtake each other, so that even the
  // earliest of a hundred is a few tenths of a millisecond late.
  EXPECT_LT(errors.rms, 0.0005);
  EXPECT_LT(errors.worst, 0.0015);
  EXPECT_EQ(errors.miscounted, 0);
  EXPECT_NEAR(Seconds(clock.interval()).count() / device.interval, 1, 3e-4);
}

TEST_P(TickUnit, LostReportsAreCountedAndTimed) {
  Device device{.tick = GetParam()};
  device.delay = exponential(0.002);
  device.is_lost = loses(0.2);
  DeviceClock clock(zcm1_nominal);
  const auto outcomes = run(clock, device, 4000);
  const auto errors = errors_of(outcomes, 3);
  EXPECT_LT(errors.rms, 0.0005);
  EXPECT_LT(errors.worst, 0.002);
  EXPECT_EQ(errors_of(outcomes, 0).miscounted, 0);
  std::uint64_t lost = 0;
  for (const auto& one : outcomes) lost += static_cast<std::uint64_t>(one.lost);
  EXPECT_EQ(lost + outcomes.size(), outcomes.back().report + 1);
}

TEST_P(TickUnit, LongLossesAreResolvedByTheTimeThatPassed) {
  // 10 to 60 reports in a row, beyond the 15 that the sequence can tell.
  for (const std::uint64_t length : {10U, 15U, 16U, 17U, 31U, 32U, 33U, 60U}) {
    Device device{.tick = GetParam()};
    device.delay = exponential(0.002);
    device.is_lost = [length](std::uint64_t report, std::mt19937&) {
      return report % 500 >= 400 && report % 500 < 400 + length;
    };
    DeviceClock clock(zcm1_nominal);
    const auto errors = errors_of(run(clock, device, 3000), 3);
    EXPECT_EQ(errors.miscounted, 0) << length;
    EXPECT_LT(errors.worst, 0.005) << length;
  }
}

TEST_P(TickUnit, FastModelLosingMoreThanTheSequenceCanTell) {
  for (const std::uint64_t length : {16U, 40U, 100U}) {
    Device device{.interval = 1 / 783.0, .tick = GetParam()};
    device.delay = exponential(0.001);
    device.is_lost = [length](std::uint64_t report, std::mt19937&) {
      return report % 4000 >= 3000 && report % 4000 < 3000 + length;
    };
    DeviceClock clock(zcm2_nominal);
    const auto errors = errors_of(run(clock, device, 20'000), 2);
    EXPECT_EQ(errors.miscounted, 0) << length;
    EXPECT_LT(errors.worst, 0.003) << length;
  }
}

TEST_P(TickUnit, DelayIsNotMistakenForALoss) {
  // Everything is held up for 120 ms, then comes at once: no report is missing.
  Device device{.tick = GetParam()};
  device.delay = exponential(0.002);
  device.stall = [](std::uint64_t report) { return report % 400 == 300 ? 0.120 : 0.0; };
  DeviceClock clock(zcm1_nominal);
  const auto errors = errors_of(run(clock, device, 3000), 3);
  EXPECT_EQ(errors.miscounted, 0);
  EXPECT_LT(errors.worst, 0.003);
}

INSTANTIATE_TEST_SUITE_P(Units, TickUnit, testing::Values(1e-6, 10e-6, 12.5e-6, 100e-6, 1e-3),
                         [](const auto& of) {
                           return std::to_string(std::lround(of.param * 1e9)) + "ns";
                         });

TEST(DeviceClock, TicksThatWrapSeveralTimesADelayAreStillRight) {
  // 1 us ticks wrap every 65 ms; the stall is three wraps long and no report is lost.
  Device device{.tick = 1e-6};
  device.delay = exponential(0.001);
  device.stall = [](std::uint64_t report) { return report % 500 == 400 ? 0.220 : 0.0; };
  DeviceClock clock(zcm1_nominal);
  const auto errors = errors_of(run(clock, device, 3000), 3);
  EXPECT_EQ(errors.miscounted, 0);
  EXPECT_LT(errors.worst, 0.002);
}

TEST(DeviceClock, StuckTicksAreIgnored) {
  Device device;
  device.delay = exponential(0.003);
  device.is_lost = loses(0.05);
  device.garble_ticks = [](std::uint16_t, std::mt19937&) { return std::uint16_t{0xC00A}; };
  DeviceClock clock(zcm1_nominal);
  const auto errors = errors_of(run(clock, device, 3000), 2);
  EXPECT_EQ(clock.tick().count(), 0);
  EXPECT_LT(errors.rms, 0.0003);
  EXPECT_LT(errors.worst, 0.0015);
  EXPECT_EQ(errors.miscounted, 0);
}

TEST(DeviceClock, RandomTicksAreIgnored) {
  for (const double interval : {1 / 87.6, 1 / 783.0}) {
    Device device{.interval = interval};
    device.delay = exponential(0.002);
    device.is_lost = loses(0.05);
    device.garble_ticks = [](std::uint16_t, std::mt19937& random) {
      return static_cast<std::uint16_t>(random());
    };
    DeviceClock clock(interval > 0.01 ? zcm1_nominal : zcm2_nominal);
    const auto errors = errors_of(run(clock, device, 10'000), 2);
    EXPECT_EQ(clock.tick().count(), 0);
    EXPECT_LT(errors.rms, 0.0003);
    EXPECT_LT(errors.worst, 0.002);
    EXPECT_EQ(errors.miscounted, 0);
  }
}

TEST(DeviceClock, TicksThatBreakAndRecoverDoLittleHarm) {
  Device device;
  device.delay = exponential(0.002);
  int count = 0;
  device.garble_ticks = [&count](std::uint16_t ticks, std::mt19937& random) {
    ++count;
    if (count % 700 == 350) return std::uint16_t{0};            // a single flaw
    if (count > 1000 && count < 1200) return std::uint16_t{5};  // stuck for two seconds
    if (count > 2000 && count < 2200) return static_cast<std::uint16_t>(random());
    return ticks;
  };
  DeviceClock clock(zcm1_nominal);
  const auto errors = errors_of(run(clock, device, 4000), 2);
  EXPECT_NEAR(clock.tick().count(), 10e-6, 1e-8);
  EXPECT_EQ(errors.miscounted, 0);
  // A report or two are misplaced by at most an interval each time, and settle within half a
  // second.
  EXPECT_LT(errors.rms, 0.002);
  EXPECT_LT(errors.worst, 0.015);
}

TEST(DeviceClock, UnevenReportsAreTimedByTheirTicks) {
  // The controller skips samples without counting them: one to four intervals between reports.
  Device device{.interval = 1 / 300.0};
  device.delay = exponential(0.001);
  device.pause = [](std::uint64_t report) {
    return static_cast<double>(report * 7 % 13 % 4) * 0.004;
  };
  DeviceClock clock(zcm2_nominal);
  const auto errors = errors_of(run(clock, device, 6000), 4);
  EXPECT_GT(clock.tick().count(), 0);
  EXPECT_LT(errors.rms, 0.0005);
  EXPECT_LT(errors.worst, 0.003);
}

TEST(DeviceClock, StuckSequenceCountsReportsAsTheyCome) {
  for (const bool with_ticks : {false, true}) {
    Device device;
    device.delay = exponential(0.002);
    device.garble_sequence = [](std::uint8_t, std::mt19937&) { return std::uint8_t{3}; };
    if (!with_ticks)
      device.garble_ticks = [](std::uint16_t, std::mt19937&) { return std::uint16_t{9}; };
    DeviceClock clock(zcm1_nominal);
    const auto errors = errors_of(run(clock, device, 2000), 2);
    EXPECT_LT(errors.rms, 0.0005);
    EXPECT_EQ(errors.miscounted, 0);
  }
}

TEST(DeviceClock, GarbageAllOverStaysNearTheArrivals) {
  Device device;
  device.delay = exponential(0.002);
  device.garble_sequence = [](std::uint8_t, std::mt19937& random) {
    return static_cast<std::uint8_t>(random() & 15);
  };
  device.garble_ticks = [](std::uint16_t, std::mt19937& random) {
    return static_cast<std::uint16_t>(random());
  };
  DeviceClock clock(zcm1_nominal);
  const auto outcomes = run(clock, device, 3000);
  for (const auto& one : outcomes) {
    ASSERT_LT(one.arrived - one.stamp, 0.150);
  }
}

TEST(DeviceClock, LearnsARateFarFromTheNominal) {
  // A ZCM2 that shares its radio: 280 reports a second where 790 are usual.
  Device device{.interval = 1 / 280.0};
  device.delay = uniform(0.004);
  DeviceClock clock(zcm2_nominal);
  const auto outcomes = run(clock, device, 3000);
  EXPECT_NEAR(Seconds(clock.interval()).count() * 280, 1, 1e-3);
  const auto errors = errors_of(outcomes, 2);
  EXPECT_LT(errors.rms, 0.0005);
  EXPECT_LT(errors_of(outcomes, 0).worst,
            0.150);  // before a quarter of a second has shown the rate
  EXPECT_NEAR(outcomes.back().interval * 280, 1, 0.02);
}

TEST(DeviceClock, FollowsARateThatChanges) {
  for (const bool with_ticks : {false, true}) {
    Device device{.interval = 1 / 790.0};
    device.delay = uniform(0.003);
    device.pause = [](std::uint64_t report) {
      return report > 8000 && report < 12'000 ? 1 / 280.0 - 1 / 790.0 : 0;
    };
    if (!with_ticks)
      device.garble_ticks = [](std::uint16_t, std::mt19937&) { return std::uint16_t{9}; };
    DeviceClock clock(zcm2_nominal);
    const auto outcomes = run(clock, device, 24'000);
    const auto errors = errors_of(outcomes, 36);
    EXPECT_NEAR(Seconds(clock.interval()).count() * 790, 1, 2e-3);
    EXPECT_LT(errors.rms, 0.0005);
    for (const auto& one : outcomes) ASSERT_LT(std::abs(one.stamp - one.taken), 0.150);
  }
}

TEST(DeviceClock, ADriftingQuartzIsFollowed) {
  Device device{.interval = 1 / 87.6 * (1 + 80e-6)};
  device.delay = exponential(0.002);
  DeviceClock clock(zcm1_nominal);
  const auto errors = errors_of(run(clock, device, 100'000), 10);  // 19 minutes
  EXPECT_LT(errors.rms, 0.0002);
  EXPECT_LT(errors.worst, 0.002);
  EXPECT_EQ(errors.miscounted, 0);
}

TEST(DeviceClock, LongSilenceStartsAgainAtTheArrival) {
  for (const double pause : {3.0, 70.0, 7200.0}) {
    Device device;
    device.delay = exponential(0.001);
    device.pause = [pause, &device](std::uint64_t report) {
      // Whole intervals, and nothing was counted meanwhile.
      return report == 1500 ? std::round(pause / device.interval) * device.interval : 0.0;
    };
    DeviceClock clock(zcm1_nominal);
    const auto outcomes = run(clock, device, 3000);
    for (const auto& one : outcomes) {
      if (one.taken > 2) {
        ASSERT_LT(std::abs(one.stamp - one.taken), 0.012) << one.report;
      }
    }
  }
}

TEST(DeviceClock, SamplingThatWobblesIsFollowedByTheTicks) {
  Device device{.sampling_jitter = 0.2};
  device.delay = exponential(0.003);
  DeviceClock clock(zcm1_nominal);
  const auto errors = errors_of(run(clock, device, 3000), 2);
  EXPECT_GT(clock.tick().count(), 0);
  EXPECT_LT(errors.rms, 0.0005);
}

TEST(DeviceClock, ReportsInABurstAreStampedApart) {
  // The host reads every 50 ms only: four or five reports arrive at the same instant.
  Device device;
  DeviceClock clock(zcm1_nominal);
  std::vector<double> gaps;
  double before = 0;
  for (int report = 0; report < 1000; ++report) {
    const double taken = report * device.interval;
    const double arrived = std::ceil(taken / 0.050) * 0.050;
    const auto stamp =
        clock.on_report(static_cast<std::uint8_t>(report & 15),
                        static_cast<std::uint16_t>(std::llround(taken / 1e-5) & 0xFFFF),
                        origin + std::chrono::nanoseconds(std::llround(arrived * 1e9)));
    const double at = Seconds(stamp.taken - origin).count();
    if (report > 300) gaps.push_back(at - before);
    before = at;
  }
  for (const double gap : gaps) EXPECT_NEAR(gap, device.interval, 0.002);
}

TEST(DeviceClock, RestartForgetsTheOldController) {
  Device device;
  device.delay = exponential(0.002);
  DeviceClock used(zcm1_nominal);
  run(used, device, 2000);
  used.restart();
  EXPECT_EQ(used.interval(), zcm1_nominal);
  EXPECT_EQ(used.tick().count(), 0);
  // Another tick unit, another place in the sequence, as if new.
  Device other{.interval = 1 / 88.4, .tick = 50e-6, .seed = 9};
  other.delay = exponential(0.002);
  DeviceClock fresh(zcm1_nominal);
  const auto again = run(used, other, 1000, 100);
  const auto first = run(fresh, other, 1000, 100);
  ASSERT_EQ(again.size(), first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(again[i].stamp, first[i].stamp);
    EXPECT_EQ(again[i].stamped_report, first[i].stamped_report);
  }
}

TEST(DeviceClock, AnyInputKeepsItsPromises) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    DeviceClock clock(std::chrono::nanoseconds(random() % 20'000'000));
    auto arrived = origin;
    auto last = origin - 1s;
    for (int i = 0; i < 500; ++i) {
      switch (random() % 8) {
        case 0:
          break;  // the same instant
        case 1:
          arrived += std::chrono::nanoseconds(random() % 100);
          break;
        case 2:
          arrived += std::chrono::milliseconds(random() % 5000);
          break;
        case 3:
          if (random() % 50 == 0) arrived += 1000h;
          break;
        default:
          arrived += std::chrono::microseconds(random() % 20'000);
          break;
      }
      const auto stamp = clock.on_report(static_cast<std::uint8_t>(random()),
                                         static_cast<std::uint16_t>(random()), arrived);
      ASSERT_GT(stamp.taken, last);
      ASSERT_LE(stamp.taken, std::max(arrived, last + 1ns));
      ASSERT_GT(stamp.interval, 0ns);
      ASSERT_GE(stamp.lost, 0);
      last = stamp.taken;
    }
  }
}

}  // namespace
}  // namespace psmove::drivers
