// A controller's body: the members people hold on to, in their order.
#include "api/wire/controller_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace psmove::wire {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ControllerState sample_state() {
  ControllerState state;
  state.address = *parse_address("00:06:f7:16:2a:3b");
  state.number = 1;
  state.name = "left \"hand\"";
  state.model = "zcm1";
  state.source = Source::hidraw;
  state.input = InputStatus::streaming;
  state.links = {{Transport::bluetooth, parse_address("aa:bb:cc:dd:ee:ff")},
                 {Transport::usb, std::nullopt}};
  state.battery = {80, BatteryState::discharging, 4};
  state.firmware = "2.20 rev 1829";
  state.capabilities.magnetometer = true;
  state.calibration = {true, MagnetometerStatus::fitted};
  state.radio = {87.5714, 1000, 12, 1, 34.1234};
  state.led.shown = {255, 0, 0};
  state.led.state = OutputState::applied;
  state.led.applied_us = 1795334400123456;
  state.led.layers = {{"rest", 0, std::nullopt, {255, 0, 0}, Effect::pulse}};
  state.newest = Sample{};
  return state;
}

TEST(ControllerBody, HasItsMembersInTheDocumentedOrder) {
  const auto body = ordered_json::parse(controller_body(sample_state()));
  std::vector<std::string> names;
  for (const auto& [name, value] : body.items()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "id", "number", "name", "model", "source", "connected", "status", "links",
                       "battery", "firmware", "capabilities", "calibration", "radio", "led",
                       "rumble", "rumble_limit", "extension", "companion", "sensors"}));
}

TEST(ControllerBody, SaysWhatTheStateSays) {
  const auto body = json::parse(controller_body(sample_state()));
  EXPECT_EQ(body["id"], "00:06:f7:16:2a:3b");
  EXPECT_EQ(body["name"], "left \"hand\"");
  EXPECT_EQ(body["connected"], true);
  EXPECT_EQ(body["links"], json::parse(R"([{"transport":"bluetooth","adapter":"aa:bb:cc:dd:ee:ff"},
                                           {"transport":"usb"}])"));
  EXPECT_EQ(body["battery"], json::parse(R"({"percent":80,"state":"discharging"})"));
  EXPECT_EQ(body["calibration"], json::parse(R"({"factory":true,"magnetometer":"fitted"})"));
  EXPECT_EQ(body["radio"], json::parse(R"({"reports_per_s":87.6,"reports":1000,"lost":12,
                                           "rejected":1,"longest_gap_ms":34.1})"));
  EXPECT_EQ(body["led"], json::parse(R"({"red":255,"green":0,"blue":0,"color":"#ff0000",
      "state":"applied","applied_us":1795334400123456,"layers":[{"owner":"rest","priority":0,
      "until_us":null,"red":255,"green":0,"blue":0,"color":"#ff0000","effect":"pulse"}]})"));
  EXPECT_EQ(
      body["rumble"],
      json::parse(R"({"value":0,"state":"off","applied_us":null,"layers":[],"limited":false})"));
  EXPECT_TRUE(body["sensors"].contains("time_us"));
}

TEST(ControllerBody, UnknownMembersAreNull) {
  ControllerState state;
  state.hint = "Press the PS button.";
  const auto body = json::parse(controller_body(state));
  EXPECT_EQ(body["connected"], false);
  EXPECT_EQ(body["status"], "offline");
  EXPECT_EQ(body["hint"], "Press the PS button.");
  for (const auto* name : {"name", "firmware", "sensors"})
    EXPECT_TRUE(body[name].is_null()) << name;
  EXPECT_TRUE(body["battery"]["percent"].is_null());
}

TEST(LedBody, ShowsWhereAFadeGoes) {
  LedStatus led;
  led.target = Rgb{0, 0, 255};
  EXPECT_EQ(json::parse(led_body(led))["target"],
            json::parse(R"({"red":0,"green":0,"blue":255,"color":"#0000ff"})"));
  EXPECT_EQ(json::parse(led_result(Address{}, led))["id"], "00:00:00:00:00:00");
}

}  // namespace
}  // namespace psmove::wire
