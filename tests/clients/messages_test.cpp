// Reading what the daemon's own writers write.

#include "clients/cpp/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/wire/sample_encoder.hpp"
#include "canned.hpp"

namespace psmove::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MessagesTest, ControllerComesBackAsItWasWritten) {
  const auto controller = parse_controller(wire::controller_body(canned_left())).value();
  EXPECT_EQ(controller.id, "00:06:f7:16:2a:3b");
  EXPECT_EQ(controller.number, 1);
  EXPECT_EQ(controller.name, "left hand");
  EXPECT_EQ(controller.model, "zcm1");
  EXPECT_EQ(controller.source, "simulated");
  EXPECT_TRUE(controller.connected);
  EXPECT_EQ(controller.status, "streaming");
  EXPECT_THAT(controller.transports, ElementsAre("bluetooth"));
  EXPECT_EQ(controller.battery.percent, 80);
  EXPECT_EQ(controller.battery.state, BatteryState::discharging);
  EXPECT_EQ(controller.magnetometer, "fitted");
  EXPECT_EQ(controller.radio.lost, 12U);
  EXPECT_EQ(controller.led.color, (Rgb{255, 0, 64}));
  EXPECT_EQ(controller.led.layers.at(0).owner, "rest");
  EXPECT_EQ(controller.rumble.value, 120);
  EXPECT_EQ(controller.rumble.state, "queued");
  ASSERT_TRUE(controller.newest);
  EXPECT_EQ(controller.newest->sequence, 48213U);
  EXPECT_NEAR(controller.newest->accel.z, 9.79, 1e-3);
  EXPECT_NEAR(controller.newest->mag.value().y, -40.1, 0.1);
  EXPECT_NEAR(controller.newest->orientation.z, -0.7071, 1e-3);
  EXPECT_EQ(controller.newest->buttons, (Buttons{Button::cross, Button::move}));
}

TEST(MessagesTest, AbsentThingsAreAbsent) {
  const auto controller = parse_controller(wire::controller_body(canned_away())).value();
  EXPECT_FALSE(controller.connected);
  EXPECT_EQ(controller.hint, "Press its PS button.");
  EXPECT_THAT(controller.name, IsEmpty());
  EXPECT_EQ(controller.display_name(), "controller 2");
  EXPECT_FALSE(controller.newest);
  EXPECT_FALSE(controller.battery.percent);
}

TEST(MessagesTest, MotionCarriesSamplesAndDrops) {
  std::string json = R"({"type":"motion","subscription":"watch","controller":"00:06:f7:16:2a:3b",)"
                     R"("received_us":1795334400123999,"samples":[)";
  wire::append_sample(json, canned_sample());
  json += R"(],"dropped":3})";
  const auto message = parse_message(json).value();
  EXPECT_EQ(message.kind, Message::Kind::motion);
  EXPECT_EQ(message.controller_id, "00:06:f7:16:2a:3b");
  EXPECT_EQ(message.dropped, 3U);
  ASSERT_EQ(message.samples.size(), 1U);
  EXPECT_EQ(message.samples[0].time_us, 1'795'334'400'123'456);
}

TEST(MessagesTest, FieldsThatWereNotAskedForKeepDefaults) {
  const auto message =
      parse_message(R"({"type":"motion","samples":[{"sequence":1,"time_us":2}]})").value();
  EXPECT_EQ(message.samples.at(0).orientation, Quaternion{});
}

TEST(MessagesTest, NewerMessagesAndMembersArePassedOver) {
  EXPECT_EQ(parse_message(R"({"type":"gesture","what":[{"deep":1}]})").value().kind,
            Message::Kind::other);
}

TEST(MessagesTest, WrongTypesNeverThrow) {
  for (const auto* json :
       {R"({"type":7,"samples":3,"controllers":"x","dropped":-1,"led":[]})",
        R"({"type":"motion","samples":[1,null,{"sequence":"x"}],"time_us":1e300})",
        R"({"id":"x","number":99999999999999,"battery":5,"led":{"red":-4,"green":"x"}})"}) {
    (void)parse_message(json);
    (void)parse_controller(json);
    (void)parse_controllers(json);
  }
  EXPECT_FALSE(parse_message("nonsense"));
  EXPECT_FALSE(parse_message("[]"));
  EXPECT_FALSE(parse_controllers("{}"));
}

TEST(MessagesTest, WritesAnswerWithOneResultOrMany) {
  EXPECT_EQ(parse_light_results(wire::led_body(canned_left().led)).value().size(), 1U);
  const auto all =
      parse_light_results("[" + wire::led_result(canned_left().address, canned_left().led) + "]")
          .value();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].id, "00:06:f7:16:2a:3b");
  EXPECT_EQ(all[0].light.state, "applied");
}

}  // namespace
}  // namespace psmove::client
