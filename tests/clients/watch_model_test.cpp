// What watch makes of a stream of messages.

#include "clients/psmovectl/watch_model.hpp"

#include <gtest/gtest.h>

#include "canned.hpp"

namespace psmove::client {
namespace {

Sample at(std::uint64_t sequence, std::int64_t time_us) {
  Sample sample;
  sample.sequence = sequence;
  sample.time_us = time_us;
  return sample;
}

/// Pairs of samples, 87.5 reports per second, as a controller sends them.
void stream_seconds(ArrivalMeter& meter, double seconds, int lose_every = 0) {
  const auto reports = static_cast<std::uint64_t>(seconds * 87.5);
  for (std::uint64_t i = 0; i < reports; ++i) {
    if (lose_every != 0 && i % static_cast<std::uint64_t>(lose_every) == 1) continue;
    const auto time_us = static_cast<std::int64_t>(static_cast<double>(i) * 1e6 / 87.5);
    const std::vector<Sample> samples = {at(2 * i, time_us), at(2 * i + 1, time_us + 5714)};
    meter.add(samples, 0);
  }
}

TEST(ArrivalMeterTest, RateIsThatOfTheSamples) {
  ArrivalMeter meter;
  stream_seconds(meter, 5);
  EXPECT_NEAR(meter.samples_per_s(), 175, 1);
  EXPECT_EQ(meter.lost_fraction(), 0);
}

TEST(ArrivalMeterTest, GapsInTheSequenceAreLosses) {
  ArrivalMeter meter;
  stream_seconds(meter, 5, 10);
  EXPECT_NEAR(meter.lost_fraction(), 0.1, 0.01);
  EXPECT_NEAR(meter.samples_per_s(), 175 * 0.9, 2);
}

TEST(ArrivalMeterTest, OwnSlownessIsNotTheRadiosLoss) {
  ArrivalMeter meter;
  meter.add(std::vector{at(0, 0)}, 0);
  meter.add(std::vector{at(11, 60'000)}, 10);
  EXPECT_EQ(meter.lost_fraction(), 0);
  EXPECT_EQ(meter.dropped(), 10U);
}

TEST(ArrivalMeterTest, ReconnectIsNoLoss) {
  ArrivalMeter meter;
  meter.add(std::vector{at(5000, 0)}, 0);
  meter.add(std::vector{at(0, 2'000'000)}, 0);
  meter.add(std::vector{at(1, 2'010'000)}, 0);
  EXPECT_EQ(meter.lost_fraction(), 0);
  EXPECT_NEAR(meter.samples_per_s(), 100, 1e-9);
}

TEST(ArrivalMeterTest, NothingYetIsNoRate) {
  EXPECT_EQ(ArrivalMeter().samples_per_s(), 0);
}

Message snapshot() {
  return parse_message(R"({"type":"snapshot","subscription":"watch","controllers":)" +
                       canned_list() + "}")
      .value();
}

TEST(WatchModelTest, SnapshotBringsEveryController) {
  WatchModel model;
  model.apply(snapshot());
  ASSERT_EQ(model.controllers().size(), 2U);
  EXPECT_EQ(model.controllers()[0].about.name, "left hand");
  EXPECT_TRUE(model.controllers()[0].newest);
}

TEST(WatchModelTest, EventsChangeTheirController) {
  WatchModel model;
  model.apply(snapshot());
  model.apply(parse_message(R"({"type":"battery","controller":"00:06:f7:16:2a:3b",)"
                            R"("battery":{"percent":20,"state":"discharging"}})")
                  .value());
  model.apply(parse_message(R"({"type":"output","controller":"00:06:f7:16:2a:3b",)"
                            R"("led":{"red":1,"green":2,"blue":3},"rumble":{"value":9}})")
                  .value());
  const auto& left = model.controllers()[0].about;
  EXPECT_EQ(left.battery.percent, 20);
  EXPECT_EQ(left.led.color, (Rgb{1, 2, 3}));
  EXPECT_EQ(left.rumble.value, 9);
}

TEST(WatchModelTest, ArrivalAndDepartureAreSeen) {
  WatchModel model;
  model.apply(snapshot());
  auto back = canned_away();
  back.input = InputStatus::streaming;
  model.apply(parse_message(R"({"type":"controller","event":"arrived","controller":)"
                            R"("00:06:f7:00:00:02","state":)" +
                            wire::controller_body(back) + "}")
                  .value());
  EXPECT_TRUE(model.controllers()[1].about.connected);
  model.apply(parse_message(R"({"type":"controller","event":"left","controller":)"
                            R"("00:06:f7:00:00:02","state":)" +
                            wire::controller_body(canned_away()) + "}")
                  .value());
  EXPECT_FALSE(model.controllers()[1].about.connected);
  model.apply(parse_message(R"({"type":"controller","event":"forgotten","controller":)"
                            R"("00:06:f7:00:00:02"})")
                  .value());
  EXPECT_EQ(model.controllers().size(), 1U);
}

TEST(WatchModelTest, MotionOfAnUnknownControllerIsPassedOver) {
  WatchModel model;
  model.apply(parse_message(R"({"type":"motion","controller":"x","samples":[]})").value());
  EXPECT_TRUE(model.controllers().empty());
}

}  // namespace
}  // namespace psmove::client
