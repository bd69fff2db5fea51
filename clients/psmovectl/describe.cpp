// Tables and sentences about controllers.

#include "clients/psmovectl/describe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <optional>
#include <vector>

#include "api/wire/controller_json.hpp"
#include "clients/psmovectl/context.hpp"
#include "types/units.hpp"

namespace psmove::client {
namespace {

constexpr int label_width = 16;

std::string squared(std::string_view unit, const Style& style) {
  return std::string(unit) + (style.utf8 ? "²" : "2");
}

/// Lines of "  label         text", of which an empty text leaves none.
class Sheet {
 public:
  explicit Sheet(const Style& style) : style_(style) {}
  void title(std::string_view text) { out_ += bold(printable(text, style_), style_) + "\n"; }
  void line(std::string_view label, std::string_view text) {
    if (text.empty()) return;
    out_ += "  " + dim(fitted(label, label_width, style_), style_);
    out_.append(text).append("\n");
  }
  [[nodiscard]] std::string text() const { return out_; }

 private:
  const Style& style_;
  std::string out_;
};

/// "21:30:05.250", by this computer's clock.
std::string time_of_day(std::int64_t unix_us) {
  const auto seconds = static_cast<std::time_t>(unix_us / 1'000'000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 16> text{};
  const auto length = std::strftime(text.data(), text.size(), "%H:%M:%S.", &local);
  const auto thousandths = std::to_string(1000 + unix_us / 1000 % 1000);
  return std::string(text.data(), length) + thousandths.substr(1);
}

std::string joined(std::span<const std::string> words, std::string_view separator) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : separator).append(word);
  return out;
}

template <class Unit>
std::string axes_text(const Vec3<Unit>& v, int decimals, std::string_view unit) {
  return "x " + number(v.x, decimals, 8) + "   y " + number(v.y, decimals, 8) + "   z " +
         number(v.z, decimals, 8) + "   " + std::string(unit);
}

std::string truth_text(bool value) {
  return value ? "yes" : "no";
}

std::string controls_text(const SharpShooter& gun) {
  return "weapon " + (gun.weapon == 0 ? "none" : std::to_string(gun.weapon)) + ", trigger " +
         truth_text(gun.trigger) + ", reload " + truth_text(gun.reload) + ", pump " +
         truth_text(gun.pump);
}
std::string controls_text(const RacingWheel& wheel) {
  return "throttle " + number(wheel.throttle, 2) + ", l2 " + number(wheel.l2, 2) + ", r2 " +
         number(wheel.r2, 2) + ", left paddle " + truth_text(wheel.left_paddle) +
         ", right paddle " + truth_text(wheel.right_paddle);
}
std::string controls_text(std::monostate) {
  return {};
}

void add_motion(Sheet& sheet, const Sample& sample, const Style& style) {
  const auto attitude = attitude_of(sample.orientation);
  const auto degrees = degree_sign(style);
  sheet.line("orientation", "heading " + number(attitude.heading, 1) + degrees + ", pitch " +
                                number(attitude.pitch, 1) + degrees + ", roll " +
                                number(attitude.roll, 1) + degrees);
  const auto& q = sample.orientation;
  sheet.line("quaternion", "w " + number(q.w, 4, 7) + "  x " + number(q.x, 4, 7) + "  y " +
                               number(q.y, 4, 7) + "  z " + number(q.z, 4, 7));
  sheet.line("acceleration", axes_text(sample.accel, 2, squared("m/s", style)));
  sheet.line("turn rate", axes_text(sample.gyro, 3, "rad/s"));
  if (sample.mag) sheet.line("magnetic field", axes_text(*sample.mag, 1, style.utf8 ? "µT" : "uT"));
}

/// Those of the buttons that are pressed at all.
std::string pressures_text(const Pressures& pressures) {
  std::string text;
  for (const auto& [button, value] : pressure_members) {
    if (pressures.*value == 0) continue;
    text.append(text.empty() ? "" : "   ").append(to_string(button));
    text += " " + number(pressures.*value, 2);
  }
  return text.empty() ? "none" : text;
}

void add_sample(Sheet& sheet, const Sample& sample, const Style& style) {
  if (sample.has_motion) add_motion(sheet, sample, style);
  if (sample.stick)
    sheet.line("stick",
               "x " + number(sample.stick->x, 2, 5) + "   y " + number(sample.stick->y, 2, 5));
  if (sample.pressures) sheet.line("pressures", pressures_text(*sample.pressures));
  sheet.line("trigger", number(sample.trigger, 2));
  sheet.line("buttons", buttons_text(sample.buttons));
  sheet.line("controls", std::visit([](const auto& controls) { return controls_text(controls); },
                                    sample.extension));
  if (sample.has_motion)
    sheet.line("temperature", number(sample.temperature_c, 0) + degree_sign(style) + "C");
}

std::string radio_text(const RadioStatistics& radio) {
  return number(radio.reports_per_s, 1) + " reports/s, " + std::to_string(radio.lost) +
         " lost, longest gap " + number(radio.longest_gap_ms, 1) + " ms";
}

std::string calibration_text(const Controller& controller) {
  const std::string factory = controller.factory_calibration
                                  ? "the controller's own"
                                  : "nominal scales (the controller's own was not read)";
  const auto& magnetometer = controller.magnetometer;
  if (magnetometer.empty() || magnetometer == "none") return factory + ", no magnetometer";
  return factory + ", magnetometer " + (magnetometer == "raw" ? "not fitted" : magnetometer);
}

struct Column {
  std::string_view title;
  int width;
  bool is_right_aligned = false;
};

std::string cue_outcome_text(const Cue::Outcome& outcome, const Style& style) {
  auto out = printable(outcome.state, style);
  if (!outcome.overridden_by.empty()) out += " by " + printable(outcome.overridden_by, style);
  return out;
}

}  // namespace

Attitude attitude_of(const Quaternion& world_from_body) {
  const auto q = normalized(world_from_body);
  const auto forward = q * Vec3<Counts>{0, 1, 0};
  const auto right = q * Vec3<Counts>{1, 0, 0};
  const auto up = q * Vec3<Counts>{0, 0, 1};
  Attitude attitude;
  attitude.heading = degrees_from_radians(std::atan2(forward.x, forward.y));
  if (attitude.heading < 0) attitude.heading += 360;
  attitude.pitch = degrees_from_radians(std::asin(std::clamp(forward.z, -1.0, 1.0)));
  attitude.roll = degrees_from_radians(std::atan2(-right.z, up.z));
  return attitude;
}

std::string battery_text(const Battery& battery) {
  switch (battery.state) {
    case BatteryState::charging:
      return "charging";
    case BatteryState::full:
      return "full";
    case BatteryState::discharging:
    case BatteryState::unknown:
      break;
  }
  return battery.percent ? std::to_string(*battery.percent) + "%" : "unknown";
}

std::string presence_text(const Controller& controller) {
  if (!controller.connected) return controller.status == "silent" ? "silent" : "away";
  if (controller.status == "no_input_over_usb") return "cable only";
  return controller.status == "waiting" ? "waiting" : "connected";
}

std::string buttons_text(Buttons buttons) {
  std::string text;
  buttons.for_each(
      [&text](Button button) { text.append(text.empty() ? "" : " ").append(to_string(button)); });
  return text.empty() ? "none" : text;
}

std::string degree_sign(const Style& style) {
  return style.utf8 ? "°" : " deg";
}

std::string light_text(Rgb color, const Style& style) {
  const auto hex = wire::hex_color(color);
  return style.colors == Colors::none ? hex : swatch(color, 2, style) + " " + hex;
}

/// 0 where it is not among them.
int number_of(std::string_view id, std::span<const Controller> controllers) {
  for (const auto& each : controllers)
    if (!id.empty() && each.id == id) return each.number;
  return 0;
}

std::string list_text(std::span<const Controller> controllers, const Style& style) {
  if (controllers.empty())
    return "No controller yet: plug one in with a USB cable, or start psmoved with\n"
           "`--simulate zcm1` to try it without.\n";
  int longest_name = 4;
  int longest_model = 5;
  for (const auto& each : controllers) {
    longest_name = std::max(longest_name, display_width(printable(each.name, style)));
    longest_model = std::max(longest_model, display_width(each.model));
  }
  const int light_width = style.colors == Colors::none ? 7 : 10;
  const int fixed = 3 + longest_model + 10 + 8 + light_width + 17 + 2 * 6;
  const int name_width = std::min(longest_name, std::max(8, style.columns - fixed));
  const std::array<Column, 7> columns = {{{"#", 3, true},
                                          {"NAME", name_width},
                                          {"MODEL", longest_model},
                                          {"STATE", 10},
                                          {"BATTERY", 8},
                                          {"LIGHT", light_width},
                                          {"ID", 17}}};
  std::string head;
  for (const auto& column : columns)
    head += (head.empty() ? "" : "  ") + (column.is_right_aligned
                                              ? right_aligned(column.title, column.width)
                                              : fitted(column.title, column.width, style));
  head.erase(head.find_last_not_of(' ') + 1);
  std::string out = dim(head, style) + "\n";
  std::string hints;
  for (const auto& each : controllers) {
    const auto presence = fitted(presence_text(each), columns[3].width, style);
    out += right_aligned(std::to_string(each.number), columns[0].width) + "  ";
    out += fitted(each.name.empty() ? "-" : printable(each.name, style), name_width, style) + "  ";
    out += fitted(printable(each.model, style), longest_model, style) + "  ";
    out += (each.connected ? presence : dim(presence, style)) + "  ";
    out += fitted(battery_text(each.battery), columns[4].width, style) + "  ";
    out += (each.has_light ? light_text(each.led.color, style) : fitted("-", light_width, style)) +
           "  " + printable(each.id, style);
    if (const int other = number_of(each.companion, controllers); other != 0)
      out += dim(" with " + std::to_string(other), style);
    out += "\n";
    if (!each.hint.empty())
      hints += right_aligned(std::to_string(each.number), columns[0].width) + "  " +
               warning(printable(each.hint, style), style) + "\n";
  }
  return out + hints;
}

std::string show_text(const Controller& controller, const Style& style) {
  Sheet sheet(style);
  sheet.title(controller.display_name());
  sheet.line("number", std::to_string(controller.number));
  sheet.line("id", printable(controller.id, style));
  sheet.line("model", printable(controller.model + ", " + controller.source, style) +
                          (controller.firmware.empty()
                               ? ""
                               : ", firmware " + printable(controller.firmware, style)));
  std::string state = presence_text(controller);
  if (controller.connected && !controller.transports.empty())
    state += ", over " + printable(joined(controller.transports, " and "), style);
  sheet.line("state", state);
  if (!controller.hint.empty()) sheet.line("", warning(printable(controller.hint, style), style));
  sheet.line("battery", battery_text(controller.battery));
  if (controller.connected) sheet.line("radio", radio_text(controller.radio));
  if (controller.has_light) {
    sheet.line("calibration", printable(calibration_text(controller), style));
    sheet.line("light", light_outcome_text(controller.led, style));
    sheet.line("rumble", motor_outcome_text(controller.rumble));
    if (controller.rumble_limit) sheet.line("rumble limit", rumble_limit_text(controller));
  }
  sheet.line("extension", printable(controller.extension, style));
  sheet.line("companion", printable(controller.companion, style));
  if (controller.newest) add_sample(sheet, *controller.newest, style);
  return sheet.text();
}

std::string extension_text(const Controller& controller, const Style& style) {
  Sheet sheet(style);
  sheet.title(controller.display_name());
  sheet.line("extension",
             controller.extension.empty() ? "nothing" : printable(controller.extension, style));
  if (controller.newest)
    sheet.line("controls", std::visit([](const auto& controls) { return controls_text(controls); },
                                      controller.newest->extension));
  return sheet.text();
}

std::string diagnostics_text(std::string_view title, const DiagnosticsReport& report,
                             const Style& style) {
  constexpr std::string_view no_answer = "did not answer";
  Sheet sheet(style);
  sheet.title(title);
  const auto& firmware = report.firmware;
  sheet.line("firmware", firmware ? printable(firmware->version, style) + " rev " +
                                        std::to_string(firmware->revision) +
                                        ", Bluetooth module version " +
                                        std::to_string(firmware->bluetooth_version)
                                  : no_answer);
  if (const auto& power = report.power) {
    sheet.line("battery", "code " + std::to_string(power->battery_code) + ", raw " +
                              std::to_string(power->battery_raw));
    sheet.line("temperature", "raw " + std::to_string(power->temperature_raw));
    sheet.line("charger", printable(power->charger, style) + ", charging " +
                              (power->charging_enabled ? "enabled" : "not enabled"));
  } else {
    sheet.line("power", no_answer);
  }
  const auto& host = report.host_address;
  sheet.line("calls", host.empty()                  ? no_answer
                      : host == "00:00:00:00:00:00" ? "nobody: it was never paired"
                                                    : printable(host, style));
  return sheet.text();
}

std::string light_outcome_text(const Light& light, const Style& style) {
  auto text = light_text(light.color, style);
  if (light.target) text += ", on its way to " + light_text(*light.target, style);
  return outcome_text(text, light.state, light.layers);
}

std::string motor_outcome_text(const Motor& motor) {
  const auto text = outcome_text(std::to_string(motor.value), motor.state, motor.layers);
  return motor.is_limited ? text + ", weakened by its limit" : text;
}

std::string rumble_limit_text(const Controller& controller) {
  const auto& limit = controller.rumble_limit;
  if (!limit) return "it has no motor";
  if (limit->duty >= 1) return "none";
  const double percent = 100 * limit->duty;
  return number(percent, percent == std::round(percent) ? 0 : 1) +
         "% of full strength, in the mean over " + std::to_string(limit->window.count()) + " s";
}

std::string cue_text(const Cue& cue, std::span<const Controller> controllers, const Style& style) {
  std::string out = bold(printable(cue.id, style), style) + ": " + printable(cue.state, style);
  if (cue.state == "waiting" && cue.at_us) out += " for " + time_of_day(*cue.at_us);
  if (cue.skew_us)
    out += ", " + number(static_cast<double>(*cue.skew_us) / 1000, 1) +
           " ms from the first write to the last";
  out += "\n";
  for (const auto& result : cue.results) {
    const auto name = name_of(controllers, result.controller_id, result.controller_id);
    out += "  " + printable(name, style) + ":";
    if (!result.led.state.empty()) out += " light " + cue_outcome_text(result.led, style);
    if (!result.led.state.empty() && !result.rumble.state.empty()) out += ",";
    if (!result.rumble.state.empty()) out += " rumble " + cue_outcome_text(result.rumble, style);
    out += "\n";
  }
  return out;
}

std::string outcome_text(std::string_view value, std::string_view state,
                         std::span<const Layer> layers) {
  std::string text(value);
  if (state == "queued") {
    text += ", queued: it is on its way to the controller";
  } else if (state == "overridden") {
    text += ", overridden";
    if (!layers.empty())
      text += ": " + layers.front().owner + " lies on top (priority " +
              std::to_string(layers.front().priority) + ")";
  } else if (!state.empty()) {
    text.append(", ").append(state);
  }
  return text;
}

}  // namespace psmove::client
