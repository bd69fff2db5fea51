// What list and show print, from the daemon's own JSON.

#include "clients/psmovectl/describe.hpp"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "canned.hpp"

namespace psmove::client {
namespace {

using testing::HasSubstr;
using testing::Not;

const Style unicode{Colors::none, true, 80};

std::vector<Controller> canned_controllers() {
  return parse_controllers(canned_list()).value();
}

TEST(AttitudeTest, FlatAndForwardIsZero) {
  const auto attitude = attitude_of({});
  EXPECT_NEAR(attitude.heading, 0, 1e-9);
  EXPECT_NEAR(attitude.pitch, 0, 1e-9);
  EXPECT_NEAR(attitude.roll, 0, 1e-9);
}

TEST(AttitudeTest, HeadingIsClockwiseFromNorth) {
  // Clockwise seen from above is the left-hand way round +Z.
  EXPECT_NEAR(attitude_of(rotation_about(0, 0, 1, radians_from_degrees(-90))).heading, 90, 1e-6);
  EXPECT_NEAR(attitude_of(rotation_about(0, 0, 1, radians_from_degrees(90))).heading, 270, 1e-6);
}

TEST(AttitudeTest, SphereUpIsPositivePitch) {
  EXPECT_NEAR(attitude_of(rotation_about(1, 0, 0, radians_from_degrees(30))).pitch, 30, 1e-6);
}

TEST(AttitudeTest, RightSideDownIsPositiveRoll) {
  EXPECT_NEAR(attitude_of(rotation_about(0, 1, 0, radians_from_degrees(30))).roll, 30, 1e-6);
  EXPECT_NEAR(std::abs(attitude_of(rotation_about(0, 1, 0, radians_from_degrees(180))).roll), 180,
              1e-6);
}

TEST(AttitudeTest, AnglesDoNotDisturbEachOther) {
  const auto q = rotation_about(0, 0, 1, radians_from_degrees(-123)) *
                 rotation_about(1, 0, 0, radians_from_degrees(20)) *
                 rotation_about(0, 1, 0, radians_from_degrees(-50));
  const auto attitude = attitude_of(q);
  EXPECT_NEAR(attitude.heading, 123, 1e-6);
  EXPECT_NEAR(attitude.pitch, 20, 1e-6);
  EXPECT_NEAR(attitude.roll, -50, 1e-6);
}

TEST(ListTest, TableIsAligned) {
  EXPECT_EQ(list_text(canned_controllers(), unicode),
            "  #  NAME       MODEL  STATE       BATTERY   LIGHT    ID\n"
            "  1  left hand  zcm1   connected   80%       #ff0040  00:06:f7:16:2a:3b\n"
            "  2  -          zcm2   away        unknown   #000000  00:06:f7:00:00:02\n"
            "  2  Press its PS button.\n");
}

TEST(ListTest, LongNamesStayWithin80Columns) {
  auto controllers = canned_controllers();
  controllers[0].name = std::string(64, 'w');
  controllers[1].name = "左手左手左手左手左手左手左手左手左手左手";
  for (const auto& style : {unicode, Style{Colors::none, false, 80}}) {
    std::istringstream lines(list_text(controllers, style));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80) << line;
  }
}

TEST(ListTest, ColoursAddASwatch) {
  const auto text = list_text(canned_controllers(), {Colors::full, true, 80});
  EXPECT_THAT(text, HasSubstr("\x1b[48;2;255;0;64m  \x1b[0m #ff0040"));
  EXPECT_THAT(list_text(canned_controllers(), unicode), Not(HasSubstr("\x1b")));
}

TEST(ListTest, NothingYetSaysWhatToDo) {
  EXPECT_THAT(list_text({}, unicode), HasSubstr("USB cable"));
}

TEST(ShowTest, EverythingHasItsLine) {
  EXPECT_EQ(show_text(canned_controllers()[0], unicode),
            "left hand\n"
            "  number          1\n"
            "  id              00:06:f7:16:2a:3b\n"
            "  model           zcm1, simulated, firmware 2.20 rev 1829\n"
            "  state           connected, over bluetooth\n"
            "  battery         80%\n"
            "  radio           87.6 reports/s, 12 lost, longest gap 34.1 ms\n"
            "  calibration     the controller's own, magnetometer fitted\n"
            "  light           #ff0040, applied\n"
            "  rumble          120, queued: it is on its way to the controller\n"
            "  rumble limit    50% of full strength, in the mean over 60 s\n"
            "  orientation     heading 90.0°, pitch 0.0°, roll 0.0°\n"
            "  quaternion      w  0.7071  x  0.0000  y  0.0000  z -0.7071\n"
            "  acceleration    x     0.02   y    -0.11   z     9.79   m/s²\n"
            "  turn rate       x    0.500   y   -1.250   z    0.010   rad/s\n"
            "  magnetic field  x     12.3   y    -40.1   z      3.2   µT\n"
            "  trigger         0.50\n"
            "  buttons         cross move\n"
            "  temperature     28°C\n");
}

TEST(ShowTest, AwayShowsTheHintAndNoSensors) {
  const auto text = show_text(canned_controllers()[1], unicode);
  EXPECT_THAT(text, HasSubstr("controller 2\n"));
  EXPECT_THAT(text, HasSubstr("  state           away\n                  Press its PS button.\n"));
  EXPECT_THAT(text, Not(HasSubstr("acceleration")));
}

TEST(OutcomeTest, OverriddenNamesWhoLiesOnTop) {
  const std::vector<Layer> layers = {{"websocket 17", 5}, {"rest", 0}};
  EXPECT_EQ(outcome_text("#ff0000", "overridden", layers),
            "#ff0000, overridden: websocket 17 lies on top (priority 5)");
}

/// A Navigation controller and the Move that it belongs to.
std::vector<Controller> two_hands() {
  auto move = canned_left();
  ControllerState navigation;
  navigation.address = Address{{0, 6, 0xF7, 0, 0, 2}};
  navigation.number = 2;
  navigation.model = "navigation";
  navigation.input = InputStatus::streaming;
  navigation.capabilities.motion_sensors = navigation.capabilities.light =
      navigation.capabilities.rumble = false;
  navigation.capabilities.stick = true;
  navigation.companion = move.address;
  navigation.newest = Sample{};
  navigation.newest->has_motion = false;
  navigation.newest->stick = Stick{0.5, -1};
  navigation.newest->pressures = Pressures{.l1 = 0.25};
  navigation.newest->buttons = {Button::l1};
  move.companion = navigation.address;
  move.extension = Extension{ExtensionDevice::racing_wheel, std::uint16_t{0x8101}};
  move.newest->extension = RacingWheel{1, 0, 0, true, false};
  return parse_controllers("[" + wire::controller_body(move) + "," +
                           wire::controller_body(navigation) + "]")
      .value();
}

TEST(ListTest, CompanionsNameEachOther) {
  std::istringstream lines(list_text(two_hands(), unicode));
  std::string head, move, navigation;
  std::getline(lines, head);
  std::getline(lines, move);
  std::getline(lines, navigation);
  EXPECT_THAT(move, HasSubstr("00:06:f7:16:2a:3b with 2"));
  EXPECT_THAT(navigation, HasSubstr("00:06:f7:00:00:02 with 1"));
  EXPECT_THAT(navigation, Not(HasSubstr("#000000"))) << "it has no light";
}

TEST(ShowTest, ANavigationControllerShowsItsStickAndNoMotion) {
  const auto text = show_text(two_hands().at(1), unicode);
  EXPECT_THAT(text, HasSubstr("x  0.50   y -1.00"));
  EXPECT_THAT(text, HasSubstr("l1 0.25"));
  EXPECT_THAT(text, HasSubstr("00:06:f7:16:2a:3b"));
  for (const auto* word : {"orientation", "acceleration", "temperature", "light", "rumble"})
    EXPECT_THAT(text, Not(HasSubstr(word))) << word;
}

TEST(ShowTest, AnExtensionDeviceIsNamedWithItsControls) {
  const auto text = show_text(two_hands().at(0), unicode);
  EXPECT_THAT(text, HasSubstr("racing_wheel"));
  EXPECT_THAT(text, HasSubstr("throttle 1.00, l2 0.00, r2 0.00, left paddle yes, right paddle no"));
}

}  // namespace
TEST(CueTextTest, SaysWhatBecameOfEachOutputAndWhoIsAbove) {
  const auto cues =
      parse_cues(R"({"id":"finale","state":"done","at_us":null,"skew_us":1500,"results":[
      {"controller":"00:06:f7:16:2a:3b","status":"overridden",
       "led":{"state":"overridden","applied_us":null,"overridden_by":{"owner":"websocket 3","priority":5}},
       "rumble":{"state":"applied","applied_us":1795334400123702}}]})");
  ASSERT_TRUE(cues);
  EXPECT_EQ(cue_text(cues->front(), {}, unicode),
            "finale: done, 1.5 ms from the first write to the last\n"
            "  00:06:f7:16:2a:3b: light overridden by websocket 3, rumble applied\n");
}

}  // namespace psmove::client
