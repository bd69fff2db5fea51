// Gaps, losses and the battery's forecast, at times that the test gives.
#include "api/stream/radio_meter.hpp"

#include <gtest/gtest.h>
#include <numeric>

namespace psmove::stream {
namespace {

constexpr std::int64_t ms = 1000, minute = 60'000'000;

TEST(RadioMeter, CountsGapsByTheirLength) {
  RadioMeter meter;
  std::int64_t now = 5'000'000;
  std::uint64_t sequence = 0;
  meter.on_report(sequence, 2, now);
  for (const std::int64_t gap : {11 * ms, 12 * ms, 12 * ms + 1, 40 * ms, 500 * ms, 0 * ms})
    meter.on_report(sequence += 2, 2, now += gap);
  EXPECT_FALSE(meter.is_due());
  meter.on_report(sequence += 2, 2, now += 500 * ms);
  ASSERT_TRUE(meter.is_due());
  const auto report = meter.take();
  EXPECT_EQ(report.time_us, now);
  EXPECT_EQ(report.period_us, now - 5'000'000);
  EXPECT_EQ(report.reports, 7U);
  EXPECT_EQ(report.lost, 0U);
  EXPECT_EQ(report.longest_gap_us, 500 * ms);
  // 1, 2, 5, 10, 12, 15, 20, 30, 50, 100, 250, more
  const decltype(report.gaps) expected = {1, 0, 0, 0, 2, 1, 0, 0, 1, 0, 0, 2};
  EXPECT_EQ(report.gaps, expected);
}

TEST(RadioMeter, CountsLostReportsNotSamples) {
  RadioMeter meter;
  meter.on_report(100, 2, 0);
  meter.on_report(102, 2, 11 * ms);
  meter.on_report(110, 2, 44 * ms);
  const auto report = meter.take();
  EXPECT_EQ(report.reports, 2U);
  EXPECT_EQ(report.lost, 3U);
}

TEST(RadioMeter, EachMessageBeginsAnewWhereTheLastOneEnded) {
  RadioMeter meter;
  meter.on_report(0, 1, 0);
  meter.on_report(1, 1, 1'100 * ms);
  EXPECT_EQ(meter.take().reports, 1U);
  EXPECT_FALSE(meter.is_due());
  meter.on_report(2, 1, 1'500 * ms);
  meter.on_report(3, 1, 2'150 * ms);
  ASSERT_TRUE(meter.is_due());
  const auto report = meter.take();
  EXPECT_EQ(report.reports, 2U);
  EXPECT_EQ(report.period_us, 1'050 * ms);
  EXPECT_EQ(std::accumulate(report.gaps.begin(), report.gaps.end(), 0U), 2U);
}

TEST(RadioMeter, ANewConnectionIsNoGapAndNoLoss) {
  RadioMeter meter;
  meter.on_report(500, 1, 0);
  meter.on_report(501, 1, 10 * ms);
  meter.on_report(0, 1, 900 * ms);
  meter.on_report(1, 1, 910 * ms);
  const auto report = meter.take();
  EXPECT_EQ(report.lost, 0U);
  EXPECT_EQ(report.longest_gap_us, 10 * ms);
}

Battery level(int code) {
  return {.percent = code * 20,
          .state = BatteryState::discharging,
          .code = static_cast<std::uint8_t>(code)};
}

TEST(BatteryForecast, KnowsNothingBeforeAWholeStep) {
  BatteryForecast forecast;
  EXPECT_EQ(forecast.minutes_left(0), std::nullopt);
  forecast.on_battery(level(5), 0);
  EXPECT_EQ(forecast.minutes_left(50 * minute), std::nullopt);
  forecast.on_battery(level(4), 60 * minute);  // nobody saw when 5 began
  EXPECT_EQ(forecast.minutes_left(90 * minute), std::nullopt);
  forecast.on_battery(level(3), 100 * minute);
  EXPECT_EQ(forecast.minutes_left(100 * minute), 120) << "three steps of forty minutes";
  EXPECT_EQ(forecast.minutes_left(130 * minute), 90);
  EXPECT_EQ(forecast.minutes_left(200 * minute), 80) << "a step that takes long is not over";
  forecast.on_battery(level(2), 160 * minute);
  EXPECT_EQ(forecast.minutes_left(160 * minute), 100) << "two of fifty, the mean";
}

TEST(BatteryForecast, StepsThatComeTogetherCountAsSoMany) {
  BatteryForecast forecast;
  forecast.on_battery(level(5), 0);
  forecast.on_battery(level(4), 0);
  forecast.on_battery(level(2), 60 * minute);
  EXPECT_EQ(forecast.minutes_left(60 * minute), 60);
  forecast.on_battery(level(0), 90 * minute);
  EXPECT_EQ(forecast.minutes_left(91 * minute), 0);
}

TEST(BatteryForecast, JitterIsNoStepAndAChargeBeginsAnew) {
  BatteryForecast forecast;
  forecast.on_battery(level(4), 0);
  forecast.on_battery(level(3), 10 * minute);
  forecast.on_battery(level(4), 11 * minute);
  forecast.on_battery(level(3), 12 * minute);
  EXPECT_EQ(forecast.minutes_left(12 * minute), std::nullopt);
  forecast.on_battery(level(2), 40 * minute);
  EXPECT_EQ(forecast.minutes_left(40 * minute), 60);
  forecast.on_battery({.percent = std::nullopt, .state = BatteryState::charging, .code = 0xEE},
                      41 * minute);
  EXPECT_EQ(forecast.minutes_left(41 * minute), std::nullopt);
  forecast.on_battery(level(5), 42 * minute);
  forecast.on_battery(level(4), 50 * minute);
  forecast.on_battery(level(3), 60 * minute);
  EXPECT_EQ(forecast.minutes_left(60 * minute), 30);
  forecast.on_battery(level(5), 61 * minute);  // another battery, or charged while it was away
  EXPECT_EQ(forecast.minutes_left(61 * minute), std::nullopt);
}

TEST(BatteryForecast, TimeAwayIsNoUse) {
  BatteryForecast forecast;
  forecast.on_battery(level(4), 0);
  forecast.on_battery(level(3), 10 * minute);
  forecast.pause(20 * minute);
  forecast.go_on(500 * minute);
  forecast.on_battery(level(2), 510 * minute);
  EXPECT_EQ(forecast.minutes_left(510 * minute), 40);
}

}  // namespace
}  // namespace psmove::stream
