// Durations, colours and settings from the command line.

#include "clients/psmovectl/values.hpp"

#include <cstdlib>
#include <ctime>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace psmove::client {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Words = std::vector<std::string>;

TEST(DurationTest, UnitsAreUnderstood) {
  EXPECT_EQ(parse_duration("500ms").value(), milliseconds(500));
  EXPECT_EQ(parse_duration("2s").value(), milliseconds(2000));
  EXPECT_EQ(parse_duration("1.5s").value(), milliseconds(1500));
  EXPECT_EQ(parse_duration("2min").value(), milliseconds(120'000));
  EXPECT_EQ(parse_duration("0s").value(), milliseconds(0));
}

TEST(DurationTest, ANumberWithoutUnitIsNoDuration) {
  for (const auto* text :
       {"", "500", "s", "ms", "-1s", "1 s", "1h", "nans", "infs", "1e9s", "1.5.s"}) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration.has_error()) << text;
    EXPECT_THAT(duration.error().message, HasSubstr("like 500ms"));
  }
}

TEST(ColorTest, EveryWayOfWritingOne) {
  EXPECT_EQ(parse_color_words(Words{"hotpink"}).value(), (Rgb{255, 105, 180}));
  EXPECT_EQ(parse_color_words(Words{"#ff0080"}).value(), (Rgb{255, 0, 128}));
  EXPECT_EQ(parse_color_words(Words{"ff0080"}).value(), (Rgb{255, 0, 128}));
  EXPECT_EQ(parse_color_words(Words{"#f00"}).value(), (Rgb{255, 0, 0}));
  EXPECT_EQ(parse_color_words(Words{"f00"}).value(), (Rgb{255, 0, 0}));
  EXPECT_EQ(parse_color_words(Words{"255,0,128"}).value(), (Rgb{255, 0, 128}));
  EXPECT_EQ(parse_color_words(Words{"255", "0", "128"}).value(), (Rgb{255, 0, 128}));
  EXPECT_EQ(parse_color_words(Words{"off"}).value(), (Rgb{0, 0, 0}));
}

TEST(ColorTest, WhatIsNoColourSaysWhatWouldBe) {
  for (const auto& words : {Words{"reddish"}, Words{"255"}, Words{"256", "0", "0"}, Words{"1", "2"},
                            Words{"#ff"}, Words{"-1", "0", "0"}}) {
    const auto color = parse_color_words(words);
    ASSERT_TRUE(color.has_error()) << words.front();
    EXPECT_THAT(color.error().message, HasSubstr("hotpink"));
  }
}

TEST(RumbleTest, TakesAnOctetOrOff) {
  EXPECT_EQ(parse_rumble("0").value(), 0);
  EXPECT_EQ(parse_rumble("255").value(), 255);
  EXPECT_EQ(parse_rumble("off").value(), 0);
  EXPECT_TRUE(parse_rumble("256").has_error());
  EXPECT_TRUE(parse_rumble("loud").has_error());
}

TEST(FrequencyTest, IsAWholeNumber) {
  EXPECT_EQ(parse_frequency("20000").value(), 20000U);
  for (const auto* text : {"", "20kHz", "-1", "733.5", "4294967296"})
    EXPECT_THAT(parse_frequency(text).error().message, HasSubstr("like 20000")) << text;
}

TEST(SimulationTest, EverySettingIsUnderstood) {
  const auto patch =
      parse_simulation(Words{"motion=wave", "buttons=cross,move", "trigger=0.5", "battery=20",
                             "link=down", "loss=0.02", "magnetometer=absent"})
          .value();
  EXPECT_EQ(patch.motion, "wave");
  EXPECT_EQ(patch.buttons, (Buttons{Button::cross, Button::move}));
  EXPECT_EQ(patch.trigger, 0.5);
  EXPECT_EQ(patch.battery_percent, 20);
  EXPECT_EQ(patch.link_up, false);
  EXPECT_EQ(patch.loss, 0.02);
  EXPECT_EQ(patch.magnetometer, "absent");
}

TEST(SimulationTest, WhatIsPluggedInItsControlsAndTheStick) {
  const auto gun =
      parse_simulation(Words{"extension=sharp_shooter", "controls=weapon:2,reload:yes,pump:off"})
          .value();
  EXPECT_EQ(gun.extension, std::optional(ExtensionDevice::sharp_shooter));
  EXPECT_EQ(gun.controls.weapon, 2);
  EXPECT_EQ(gun.controls.reload, true);
  EXPECT_EQ(gun.controls.pump, false);
  EXPECT_FALSE(gun.controls.trigger) << "what is not given stays as it is";
  const auto wheel =
      parse_simulation(Words{"controls=throttle:0.5,left_paddle:true", "stick=0.5,-1"}).value();
  EXPECT_FALSE(wheel.extension);
  EXPECT_EQ(wheel.controls.throttle, 0.5);
  EXPECT_EQ(wheel.controls.left_paddle, true);
  EXPECT_EQ(wheel.stick, (Stick{0.5, -1}));
  const auto pressed = parse_simulation(Words{"pressures=l1:0.5,up:1"}).value().pressures;
  EXPECT_EQ(pressed.l1, 0.5);
  EXPECT_EQ(pressed.up, 1);
  EXPECT_FALSE(pressed.down) << "what is not given stays as it is";
  const auto pulled = parse_simulation(Words{"extension=none"}).value();
  ASSERT_TRUE(pulled.extension);
  EXPECT_FALSE(*pulled.extension);
}

TEST(SimulationTest, NoButtonsAreAListToo) {
  EXPECT_EQ(parse_simulation(Words{"buttons="}).value().buttons, Buttons{});
  EXPECT_EQ(parse_simulation(Words{"buttons=none"}).value().buttons, Buttons{});
}

TEST(SimulationTest, TyposAreRefusedWithTheChoices) {
  EXPECT_THAT(parse_simulation(Words{"moton=wave"}).error().message, HasSubstr("use motion,"));
  EXPECT_THAT(parse_simulation(Words{"buttons=corss"}).error().message, HasSubstr("cross"));
  EXPECT_THAT(parse_simulation(Words{"link=sideways"}).error().message, HasSubstr("link=up"));
  EXPECT_THAT(parse_simulation(Words{"trigger=hard"}).error().message, HasSubstr("0 to 1"));
  EXPECT_THAT(parse_simulation(Words{"extension=gun"}).error().message, HasSubstr("racing_wheel"));
  EXPECT_THAT(parse_simulation(Words{"controls=weapon:x"}).error().message, HasSubstr("weapon:3"));
  EXPECT_THAT(parse_simulation(Words{"controls=pump"}).error().message, HasSubstr("pump:yes"));
  EXPECT_THAT(parse_simulation(Words{"controls=l2:deep"}).error().message, HasSubstr("l2:0 to"));
  EXPECT_THAT(parse_simulation(Words{"controls="}).error().message, HasSubstr("throttle:0.5"));
  for (const auto* pressures : {"pressures=l2:1", "pressures=l1", "pressures="})
    EXPECT_THAT(parse_simulation(Words{pressures}).error().message, HasSubstr("l1:0.5"));
  for (const auto* stick : {"stick=1", "stick=1,", "stick=1,2,3", "stick=left,up"})
    EXPECT_THAT(parse_simulation(Words{stick}).error().message, HasSubstr("stick=0.5,-1")) << stick;
  EXPECT_THAT(parse_simulation(Words{"wave"}).error().message, HasSubstr("KEY=VALUE"));
}

TEST(DutyTest, SharesAndNoLimit) {
  EXPECT_DOUBLE_EQ(parse_duty("30%").value(), 0.3);
  EXPECT_DOUBLE_EQ(parse_duty("0.25").value(), 0.25);
  EXPECT_DOUBLE_EQ(parse_duty("off").value(), 1);
  EXPECT_DOUBLE_EQ(parse_duty("0").value(), 0);
  for (const auto* text : {"", "%", "101%", "-1", "2", "half", "nan"})
    EXPECT_THAT(parse_duty(text).error().message, HasSubstr("30%")) << text;
}

class ClockTimeTest : public testing::Test {
 protected:
  ClockTimeTest() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  static constexpr std::int64_t day = 24 * 3600, noon = 20'000 * day + 12 * 3600;
  std::chrono::system_clock::time_point now{std::chrono::seconds(noon)};
};

TEST_F(ClockTimeTest, TheNextSuchMoment) {
  EXPECT_EQ(parse_clock_time("12:30", now).value(), (noon + 1800) * 1'000'000);
  EXPECT_EQ(parse_clock_time("12:00:00.25", now).value(), noon * 1'000'000 + 250'000);
  EXPECT_EQ(parse_clock_time("12:00", now).value(), (noon + day) * 1'000'000);
  EXPECT_EQ(parse_clock_time("11:59:59", now).value(), (noon + day - 1) * 1'000'000);
}

TEST_F(ClockTimeTest, OtherTextsAreNoTimes) {
  for (const auto* text :
       {"", "12", "24:00", "12:60", "12:00:60", "noon", "12:00:00:00", "-1:00", ":"})
    EXPECT_THAT(parse_clock_time(text, now).error().message, HasSubstr("21:30")) << text;
}

TEST(CueSettingTest, AColourARumbleOrBoth) {
  const auto both = parse_cue_setting("left=red,rumble:120").value();
  EXPECT_EQ(both.which, "left");
  EXPECT_EQ(both.led, (LedWish{.color = {255, 0, 0}}));
  EXPECT_EQ(both.rumble, (RumbleWish{.value = 120}));
  EXPECT_FALSE(parse_cue_setting("2=rumble:off").value().led);
  EXPECT_EQ(parse_cue_setting("all=off").value().led, LedWish{});
  for (const auto* text : {"", "left", "=red", "left=", "left=red,blue", "left=rumble:1,rumble:2"})
    EXPECT_TRUE(parse_cue_setting(text).has_error()) << text;
  EXPECT_THAT(parse_cue_setting("left=reddish").error().message, HasSubstr("reddish"));
}

}  // namespace
}  // namespace psmove::client
