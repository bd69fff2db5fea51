// How long a motor may run, on a clock of the test's own.

#include "drivers/rumble_budget.hpp"

#include <gtest/gtest.h>

#include "drivers/output_layers.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

constexpr auto frame = 20ms;

SteadyTime t(std::chrono::nanoseconds since_start) {
  return SteadyTime{1h} + since_start;
}

/// The mean strength over `duration` where `wanted(when)` is wanted, asked every 10 ms.
template <class Wanted>
double mean_strength(RumbleBudget& budget, std::chrono::seconds duration, Wanted wanted) {
  double sum = 0;
  int count = 0;
  for (auto when = 0ms; when < duration; when += 10ms, ++count)
    sum += budget.run(wanted(when), t(when)) / 255.0;
  return sum / count;
}

TEST(RumbleBudget, FullStrengthLastsAsLongAsItIsAllowedAndThenWeakensOnce) {
  RumbleBudget budget({.duty = 0.5, .window = 60s});
  EXPECT_EQ(budget.run(255, t(0s)), 255);
  // It empties at 1 - 0.5 a second.
  EXPECT_EQ(budget.runs_out(), t(60s));
  EXPECT_EQ(budget.run(255, t(59'999ms)), 255);
  EXPECT_FALSE(budget.is_limiting());
  EXPECT_EQ(budget.run(255, t(60s)), 127);
  EXPECT_TRUE(budget.is_limiting());
  for (auto when = 60s; when < 600s; when += 1s) EXPECT_EQ(budget.run(255, t(when)), 127);
  EXPECT_EQ(budget.runs_out(), SteadyTime::max());
}

TEST(RumbleBudget, WhatItCanGoOnWithForeverIsNeverTouched) {
  RumbleBudget budget({.duty = 0.5, .window = 60s});
  for (auto when = 0s; when < 3600s; when += 1s) EXPECT_EQ(budget.run(127, t(when)), 127);
  EXPECT_EQ(budget.runs_out(), SteadyTime::max());
}

TEST(RumbleBudget, RestFillsItAgain) {
  RumbleBudget budget({.duty = 0.5, .window = 60s});
  budget.run(255, t(0s));
  ASSERT_EQ(budget.run(255, t(100s)), 127);
  budget.run(0, t(100s));
  EXPECT_EQ(budget.run(255, t(120s)), 255);  // ten seconds of it came back
  EXPECT_EQ(budget.runs_out(), t(140s));
  budget.run(0, t(140s));
  EXPECT_EQ(budget.run(255, t(1000s)), 255);
  EXPECT_EQ(budget.runs_out(), t(1060s));  // no more than a full one
}

TEST(RumbleBudget, TheMeanHoldsWhateverIsAskedFor) {
  for (const double duty : {0.1, 0.3, 0.5, 0.8}) {
    RumbleBudget steady({.duty = duty, .window = 10s});
    EXPECT_LE(mean_strength(steady, 1000s, [](auto) { return std::uint8_t{255}; }), duty + 0.011);
    RumbleBudget pulsed({.duty = duty, .window = 10s});
    EXPECT_LE(mean_strength(pulsed, 1000s,
                            [](auto when) {
                              return when % 700ms < 500ms ? std::uint8_t{220} : std::uint8_t{0};
                            }),
              duty + 0.011);
  }
}

TEST(RumbleBudget, OneIsNoLimitAndNoneIsStill) {
  RumbleBudget free({.duty = 1, .window = 60s});
  EXPECT_EQ(free.run(255, t(0s)), 255);
  EXPECT_EQ(free.runs_out(), SteadyTime::max());
  EXPECT_EQ(free.run(255, t(24h)), 255);
  RumbleBudget still({.duty = 0, .window = 60s});
  EXPECT_EQ(still.run(255, t(0s)), 0);
  EXPECT_TRUE(still.is_limiting());
}

TEST(RumbleBudget, ANewLimitHoldsAtOnce) {
  RumbleBudget budget({.duty = 1, .window = 60s});
  budget.run(255, t(0s));
  budget.set_limit({.duty = 0.2, .window = 10s}, t(100s));
  EXPECT_EQ(budget.run(255, t(100s)), 255);
  EXPECT_EQ(budget.runs_out(), t(102'500ms));
  EXPECT_EQ(budget.run(255, t(103s)), 51);
  budget.set_limit({.duty = 1, .window = 60s}, t(104s));
  EXPECT_EQ(budget.run(255, t(104s)), 255);
}

TEST(RumbleBudget, TimeThatGoesBackChangesNothing) {
  RumbleBudget budget({.duty = 0.5, .window = 60s});
  budget.run(255, t(30s));
  EXPECT_EQ(budget.run(255, t(10s)), 255);
  EXPECT_EQ(budget.runs_out(), t(90s));
}

TEST(RumbleLimit, LayersWeakenWhenTheySaidTheyWould) {
  OutputLayers layers;
  layers.set_rumble_limit({.duty = 0.5, .window = 10s}, t(0s));
  layers.set("rest", RumbleWish{.value = 255}, t(0s));
  EXPECT_EQ(layers.at(t(0s)).rumble, 255);
  EXPECT_EQ(layers.next_change(t(1s), frame), t(10s));
  EXPECT_FALSE(layers.rumble_is_limited(t(9s)));
  EXPECT_EQ(layers.at(t(10s)).rumble, 127);
  EXPECT_TRUE(layers.rumble_is_limited(t(10s)));
  EXPECT_EQ(layers.next_change(t(10s), frame), std::nullopt);
  const UnixClock clock{t(0s), 0};
  EXPECT_EQ(layers.rumble_layers(t(11s), clock).front().value, 255);
}

TEST(RumbleLimit, ARumbleThatEndedWhileNobodyLookedRanNoLonger) {
  OutputLayers layers;
  layers.set_rumble_limit({.duty = 0.5, .window = 10s}, t(0s));
  layers.set("rest", RumbleWish{.value = 255, .duration = 2s}, t(0s));
  ASSERT_EQ(layers.at(t(0s)).rumble, 255);
  layers.set("rest", RumbleWish{.value = 255}, t(100s));
  EXPECT_EQ(layers.at(t(100s)).rumble, 255);
  EXPECT_EQ(layers.next_change(t(100s), frame), t(110s));
}

TEST(RumbleLimit, HoldsWhoeverAsks) {
  OutputLayers layers;
  layers.set_rumble_limit({.duty = 0.5, .window = 10s}, t(0s));
  for (int i = 0; i < 20; ++i) {
    const auto when = t(std::chrono::seconds(i));
    layers.set("owner " + std::to_string(i), RumbleWish{.value = 255}, when);
    EXPECT_LE(layers.at(when).rumble, 255);
  }
  EXPECT_EQ(layers.at(t(20s)).rumble, 127);
}

TEST(RumbleLimit, ClearingEverythingKeepsIt) {
  OutputLayers layers;
  layers.set_rumble_limit({.duty = 0, .window = 10s}, t(0s));
  layers.clear(t(1s));
  layers.set("rest", RumbleWish{.value = 255}, t(2s));
  EXPECT_EQ(layers.at(t(2s)).rumble, 0);
}

}  // namespace
}  // namespace psmove::drivers
