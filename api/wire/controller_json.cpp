#include "api/wire/controller_json.hpp"

#include <cstddef>

#include "api/wire/json_members.hpp"
#include "api/wire/sample_encoder.hpp"
#include "api/wire/text.hpp"

namespace psmove::wire {
namespace {

void color_members(std::string& out, Rgb color) {
  integer_member(out, "red", color.red);
  integer_member(out, "green", color.green);
  integer_member(out, "blue", color.blue);
  text_member(out, "color", hex_color(color));
}
/// "0x8081"
std::string hex_word(std::uint16_t word) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 12; shift >= 0; shift -= 4) text += digits[(word >> shift) & 0xF];
  return text;
}
void value_members(std::string& out, Rgb color) {
  color_members(out, color);
}
void value_members(std::string& out, std::uint8_t value) {
  integer_member(out, "value", value);
}

template <class Value>
void layer_object(std::string& out, const OutputLayer<Value>& layer) {
  out += '{';
  text_member(out, "owner", layer.owner);
  integer_member(out, "priority", layer.priority);
  integer_or_null(out, "until_us", layer.until_us);
  value_members(out, layer.value);
  if constexpr (std::is_same_v<Value, Rgb>) text_member(out, "effect", to_string(layer.effect));
  out += '}';
}

/// The members that light and rumble share, into an object that is already open.
template <class Value>
void output_members(std::string& out, const OutputStatus<Value>& output) {
  value_members(out, output.shown);
  text_member(out, "state", to_string(output.state));
  if (output.overridden_by) layer_above(out, *output.overridden_by);
  integer_or_null(out, "applied_us", output.applied_us);
  if (output.target) {
    key(out, "target");
    out += '{';
    value_members(out, *output.target);
    out += '}';
  }
  key(out, "layers");
  out += '[';
  for (const auto& layer : output.layers) {
    if (out.back() != '[') out += ',';
    layer_object(out, layer);
  }
  out += ']';
}

template <class Value>
void output_object(std::string& out, const OutputStatus<Value>& output) {
  out += '{';
  output_members(out, output);
  out += '}';
}

void output_object(std::string& out, const RumbleStatus& rumble) {
  out += '{';
  output_members(out, rumble);
  bool_member(out, "limited", rumble.is_limited);
  out += '}';
}

void rumble_limit_object(std::string& out, const RumbleLimit& limit) {
  out += '{';
  number_member(out, "duty", limit.duty, 3);
  integer_member(out, "window_s", limit.window.count());
  out += '}';
}

void range(std::string& out, std::string_view name, std::string_view unit, double low,
           double high) {
  key(out, name);
  out += '{';
  text_member(out, "unit", unit);
  number_member(out, "min", low, 3);
  number_member(out, "max", high, 3);
  out += '}';
}

void sensor_ranges(std::string& out, const Capabilities& can) {
  key(out, "sensors");
  out += '{';
  const auto sensor = [&out](bool is_there, std::string_view name, std::string_view unit,
                             double low, double high) {
    if (is_there)
      range(out, name, unit, low, high);
    else
      raw_member(out, name, "null");
  };
  sensor(can.motion_sensors, "accel_m_s2", "m/s^2", -can.accel_range_m_s2, can.accel_range_m_s2);
  sensor(can.motion_sensors, "gyro_rad_s", "rad/s", -can.gyro_range_rad_s, can.gyro_range_rad_s);
  // 12-bit words of about 1/3.2 microtesla
  sensor(can.magnetometer, "mag_ut", "uT", -640, 640);
  sensor(can.motion_sensors, "orientation", "unit quaternion, world_from_body", -1, 1);
  sensor(can.motion_sensors, "linear_accel_m_s2", "m/s^2", -can.accel_range_m_s2,
         can.accel_range_m_s2);
  sensor(can.motion_sensors, "temperature_c", "degC", -10, 70);
  range(out, "trigger", "fraction", 0, 1);
  sensor(can.stick, "stick", "fraction", -1, 1);
  sensor(can.pressures, "pressures", "fraction", 0, 1);
  key(out, "buttons");
  out += '[';
  can.buttons.for_each([&out](Button button) {
    if (out.back() != '[') out += ',';
    append_quoted(out, psmove::to_string(button));
  });
  out += "]}";
}

void output_ranges(std::string& out, const Capabilities& can) {
  key(out, "outputs");
  out += can.light ? R"({"led":{"unit":"as the controller takes it","min":0,"max":255,)"
                     R"("effects":["none","blink","pulse","rainbow","candle"]})"
                   : R"({"led":null)";
  out += can.rumble ? R"(,"rumble":{"unit":"as the controller takes it","min":0,"max":255})"
                    : R"(,"rumble":null)";
  out +=
      can.led_pwm ? R"(,"led_pwm":{"unit":"Hz","min":733,"max":24000000}})" : R"(,"led_pwm":null})";
}

void extension_object(std::string& out, const Extension& extension) {
  out += '{';
  text_member(out, "device", psmove::to_string(extension.device));
  if (extension.id)
    text_member(out, "id", hex_word(*extension.id));
  else
    raw_member(out, "id", "null");
  out += '}';
}

void capabilities_object(std::string& out, const Capabilities& can) {
  out += '{';
  integer_member(out, "samples_per_report", can.samples_per_report);
  number_member(out, "reports_per_s", can.reports_per_s, 1);
  bool_member(out, "magnetometer", can.magnetometer);
  bool_member(out, "extension_port", can.extension_port);
  bool_member(out, "input_over_usb", can.input_over_usb);
  sensor_ranges(out, can);
  output_ranges(out, can);
  out += '}';
}

void links_array(std::string& out, const std::vector<LinkInfo>& links) {
  out += '[';
  for (const auto& link : links) {
    if (out.back() != '[') out += ',';
    out += '{';
    text_member(out, "transport", to_string(link.transport));
    if (link.adapter) text_member(out, "adapter", psmove::to_string(*link.adapter));
    out += '}';
  }
  out += ']';
}

void radio_object(std::string& out, const RadioStatistics& radio) {
  out += '{';
  number_member(out, "reports_per_s", radio.reports_per_s, 1);
  integer_member(out, "reports", static_cast<std::int64_t>(radio.reports));
  integer_member(out, "lost", static_cast<std::int64_t>(radio.lost));
  integer_member(out, "rejected", static_cast<std::int64_t>(radio.rejected));
  number_member(out, "longest_gap_ms", radio.longest_gap_ms, 1);
  out += '}';
}

/// An output's body with the controller in front.
std::string output_result(const Address& id, const std::string& body) {
  std::string out = "{";
  text_member(out, "id", psmove::to_string(id));
  return out + ',' + body.substr(1);
}

void identity_members(std::string& out, const ControllerState& state) {
  text_member(out, "id", psmove::to_string(state.address));
  integer_member(out, "number", state.number);
  text_or_null(out, "name", state.name);
  text_member(out, "model", state.model);
  text_member(out, "source", to_string(state.source));
}

void presence_members(std::string& out, const ControllerState& state) {
  bool_member(out, "connected", state.is_connected());
  text_member(out, "status", to_string(state.input));
  if (!state.hint.empty()) text_member(out, "hint", state.hint);
  key(out, "links");
  links_array(out, state.links);
}

}  // namespace

void layer_above(std::string& out, const LayerAbove& above) {
  key(out, "overridden_by");
  out += '{';
  text_member(out, "owner", above.owner);
  integer_member(out, "priority", above.priority);
  out += '}';
}

std::string controller_body(const ControllerState& state) {
  std::string out;
  out.reserve(2048);
  out += '{';
  identity_members(out, state);
  presence_members(out, state);
  raw_member(out, "battery", battery_body(state.battery));
  text_or_null(out, "firmware", state.firmware);
  key(out, "capabilities");
  capabilities_object(out, state.capabilities);
  raw_member(out, "calibration", calibration_body(state.calibration));
  key(out, "radio");
  radio_object(out, state.radio);
  key(out, "led");
  output_object(out, state.led);
  key(out, "rumble");
  output_object(out, state.rumble);
  key(out, "rumble_limit");
  if (state.capabilities.rumble)
    rumble_limit_object(out, state.rumble_limit);
  else
    out += "null";
  key(out, "extension");
  if (state.extension)
    extension_object(out, *state.extension);
  else
    out += "null";
  text_or_null(out, "companion", state.companion ? psmove::to_string(*state.companion) : "");
  key(out, "sensors");
  if (state.newest)
    append_sample(out, *state.newest);
  else
    out += "null";
  out += '}';
  return out;
}

std::string led_body(const LedStatus& led) {
  std::string out;
  output_object(out, led);
  return out;
}
std::string rumble_body(const RumbleStatus& rumble) {
  std::string out;
  output_object(out, rumble);
  return out;
}
std::string led_result(const Address& id, const LedStatus& led) {
  return output_result(id, led_body(led));
}
std::string rumble_result(const Address& id, const RumbleStatus& rumble) {
  return output_result(id, rumble_body(rumble));
}

std::string battery_body(const Battery& battery) {
  std::string out = "{";
  integer_or_null(out, "percent", battery.percent);
  text_member(out, "state", to_string(battery.state));
  out += '}';
  return out;
}

std::string calibration_body(const CalibrationInfo& calibration) {
  std::string out = "{";
  bool_member(out, "factory", calibration.factory);
  text_member(out, "magnetometer", to_string(calibration.magnetometer));
  out += '}';
  return out;
}

std::string_view to_string(BatteryState state) {
  switch (state) {
    case BatteryState::discharging:
      return "discharging";
    case BatteryState::charging:
      return "charging";
    case BatteryState::full:
      return "full";
    case BatteryState::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(OutputState state) {
  switch (state) {
    case OutputState::queued:
      return "queued";
    case OutputState::applied:
      return "applied";
    case OutputState::overridden:
      return "overridden";
    case OutputState::superseded:
      return "superseded";
    case OutputState::off:
      break;
  }
  return "off";
}

std::string_view to_string(Effect effect) {
  switch (effect) {
    case Effect::blink:
      return "blink";
    case Effect::pulse:
      return "pulse";
    case Effect::rainbow:
      return "rainbow";
    case Effect::candle:
      return "candle";
    case Effect::none:
      break;
  }
  return "none";
}

std::string_view to_string(Source source) {
  switch (source) {
    case Source::usb:
      return "usb";
    case Source::simulated:
      return "simulated";
    case Source::recording:
      return "recording";
    case Source::hidraw:
      break;
  }
  return "hidraw";
}

std::string_view to_string(Transport transport) {
  return transport == Transport::usb ? "usb" : "bluetooth";
}

std::string_view to_string(InputStatus status) {
  switch (status) {
    case InputStatus::waiting:
      return "waiting";
    case InputStatus::streaming:
      return "streaming";
    case InputStatus::silent:
      return "silent";
    case InputStatus::no_input_over_usb:
      return "no_input_over_usb";
    case InputStatus::offline:
      break;
  }
  return "offline";
}

std::string_view to_string(MagnetometerStatus status) {
  switch (status) {
    case MagnetometerStatus::raw:
      return "raw";
    case MagnetometerStatus::fitted:
      return "fitted";
    case MagnetometerStatus::none:
      break;
  }
  return "none";
}

}  // namespace psmove::wire
