#pragma once
// What a daemon says, for tests: made by the daemon's own writers, so that neither drifts.

#include <string>

#include "api/wire/controller_json.hpp"
#include "types/controller_state.hpp"

namespace psmove::client {

inline Sample canned_sample() {
  Sample sample;
  sample.sequence = 48213;
  sample.time_us = 1'795'334'400'123'456;
  sample.accel = {0.02, -0.11, 9.79};
  sample.gyro = {0.5, -1.25, 0.01};
  sample.mag = Vec3<Microtesla>{12.3, -40.1, 3.2};
  sample.orientation = rotation_about(0, 0, 1, radians_from_degrees(-90));
  sample.linear_accel = {0, 0, 0};
  sample.temperature_c = 28;
  sample.trigger = 0.5;
  sample.buttons = {Button::cross, Button::move};
  return sample;
}

/// Connected, named, lit, with a sample.
inline ControllerState canned_left() {
  ControllerState state;
  state.address = *parse_address("00:06:f7:16:2a:3b");
  state.number = 1;
  state.name = "left hand";
  state.model = "zcm1";
  state.source = Source::simulated;
  state.input = InputStatus::streaming;
  state.links = {{Transport::bluetooth, parse_address("aa:bb:cc:dd:ee:ff")}};
  state.battery = {80, BatteryState::discharging, 4};
  state.firmware = "2.20 rev 1829";
  state.calibration = {true, MagnetometerStatus::fitted};
  state.radio = {87.6, 4000, 12, 0, 34.1};
  state.led.shown = {255, 0, 64};
  state.led.state = OutputState::applied;
  state.led.layers = {{"rest", 0, std::nullopt, {255, 0, 64}, Effect::none}};
  state.rumble.shown = 120;
  state.rumble.state = OutputState::queued;
  state.newest = canned_sample();
  return state;
}

/// Remembered, without a name, away.
inline ControllerState canned_away() {
  ControllerState state;
  state.address = *parse_address("00:06:f7:00:00:02");
  state.number = 2;
  state.model = "zcm2";
  state.hint = "Press its PS button.";
  return state;
}

inline std::string canned_list() {
  return "[" + wire::controller_body(canned_left()) + "," + wire::controller_body(canned_away()) +
         "]";
}

}  // namespace psmove::client
