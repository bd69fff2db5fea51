// The published clock: what happens to it when somebody sets the wall clock.

#include "drivers/clock.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t hour = 3600 * second;
constexpr std::int64_t start_us = 1'795'334'400 * second;

/// A UnixClock, disciplined every 5 s against a wall clock that is `offset` off from the start.
struct Disciplined {
  SteadyTime now{1000s};
  UnixClock clock{now, start_us};
  std::int64_t wall_us = start_us;

  void pass(std::chrono::seconds duration) {
    for (auto left = duration; left > 0s; left -= 5s) {
      now += 5s;
      wall_us += 5 * second;
      clock.discipline(now, wall_us);
    }
  }
  [[nodiscard]] std::int64_t error_us() const { return clock.microseconds(now) - wall_us; }
};

TEST(UnixClock, FollowsTheSteadyClockFromWhereItWasAnchored) {
  const UnixClock clock(SteadyTime{10s}, start_us);
  EXPECT_EQ(clock.microseconds(SteadyTime{10s}), start_us);
  EXPECT_EQ(clock.microseconds(SteadyTime{11s} + 1us), start_us + second + 1);
  EXPECT_EQ(clock.microseconds(SteadyTime{9s}), start_us - second);
}

TEST(UnixClock, StaysPutWhileTheWallClockAgrees) {
  Disciplined time;
  time.pass(24h);
  EXPECT_EQ(time.error_us(), 0);
}

TEST(UnixClock, IsAnchoredToTheRealWallClock) {
  const UnixClock clock;
  const auto wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  EXPECT_LT(std::abs(clock.now_us() - wall_us), second);
}

TEST(UnixClock, SmallErrorIsGoneWithinMinutes) {
  for (const std::int64_t step : {+5000, -5000}) {
    Disciplined time;
    time.wall_us += step;
    time.pass(180s);
    EXPECT_LE(std::abs(time.error_us()), 10) << step;
  }
}

TEST(UnixClock, WallClockSetByHoursNeitherJumpsNorGoesBack) {
  for (const std::int64_t step : {-3 * hour, +3 * hour, -1000 * hour, +1000 * hour}) {
    Disciplined time;
    time.pass(60s);
    time.wall_us += step;
    auto before = time.clock.microseconds(time.now);
    auto instant = time.now;
    for (int i = 0; i < 3600; ++i) {
      if (i % 500 == 0) time.pass(5s);
      instant = std::max(instant, time.now) + 10ms;
      const auto after = time.clock.microseconds(instant);
      ASSERT_GT(after, before);
      before = after;
    }
    // An hour later it has moved by at most 500 parts per million towards the wall clock.
    Disciplined later;
    later.wall_us += step;
    const auto elapsed_us = hour;
    later.pass(3600s);
    const auto gained = later.clock.microseconds(later.now) - start_us - elapsed_us;
    EXPECT_LE(std::abs(gained), elapsed_us * 500 / 1'000'000 + 1);
    EXPECT_EQ(gained > 0, step > 0);
    EXPECT_GE(std::abs(gained), elapsed_us * 490 / 1'000'000);
  }
}

TEST(UnixClock, PastInstantsReadTheSameBeforeAndAfterACorrection) {
  Disciplined time;
  time.wall_us += hour;
  time.pass(5s);
  const auto taken = time.now + 4990ms;  // a sample stamped just before the next correction
  const auto published = time.clock.microseconds(taken);
  time.wall_us -= 2 * hour;  // and the slew turns round
  time.pass(5s);
  EXPECT_EQ(time.clock.microseconds(taken), published);
  EXPECT_GE(time.clock.microseconds(time.now), published);
}

TEST(UnixClock, NeverGoesBackWhileTheSlewTurnsRoundAndRound) {
  Disciplined time;
  std::int64_t before = 0;
  for (int i = 0; i < 2000; ++i) {
    time.now += 1ms;
    time.wall_us += (i % 2 == 0 ? hour : -hour);
    time.clock.discipline(time.now, time.wall_us);
    for (const auto ahead : {0us, 400us, 999us}) {
      const auto after = time.clock.microseconds(time.now + ahead);
      ASSERT_GE(after, before);
      before = after;
    }
  }
}

TEST(UnixClock, CorrectionFromThePastIsIgnored) {
  UnixClock clock(SteadyTime{100s}, start_us);
  clock.discipline(SteadyTime{99s}, start_us + hour);
  EXPECT_EQ(clock.microseconds(SteadyTime{200s}), start_us + 100 * second);
}

}  // namespace
}  // namespace psmove::drivers
