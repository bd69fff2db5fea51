// Parsing of command-line values; see values.hpp.

#include "clients/psmovectl/values.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <ctime>
#include <optional>
#include <vector>

#include "api/wire/controller_json.hpp"

namespace psmove::client {
namespace {

Error refused(std::string_view text, std::string_view expectation) {
  return {ErrorKind::invalid_argument,
          "'" + std::string(text) + "' is not " + std::string(expectation),
          0,
          {},
          {},
          {}};
}

template <class Number>
std::optional<Number> whole(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> finite(std::string_view text) {
  const auto value = whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<Rgb> from_numbers(std::span<const std::string> words) {
  std::array<std::uint8_t, 3> parts{};
  if (words.size() != parts.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = whole<std::uint8_t>(words[i]);
    if (!part) return std::nullopt;
    parts[i] = *part;
  }
  return Rgb{parts[0], parts[1], parts[2]};
}

/// A '#' begins a comment in a shell, so it may be left out. Three digits alone are no colour: they
/// are a red whose green and blue got lost.
bool is_bare_hex(std::string_view text) {
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  return std::all_of(text.begin(), text.end(), is_hex) &&
         (text.size() == 6 ||
          (text.size() == 3 && !std::all_of(text.begin(), text.end(), is_digit)));
}

Answer<Buttons> button_list(std::string_view text) {
  Buttons buttons;
  if (text.empty() || text == "none") return buttons;
  for (const auto& name : split(text, ',')) {
    const auto button = parse_button(name);
    if (!button) {
      std::string known;
      for (const auto each : button_names) known.append(known.empty() ? "" : ", ").append(each);
      return refused(name, "a button: use " + known + ", with commas between, or none");
    }
    buttons.insert(*button);
  }
  return buttons;
}

std::optional<bool> yes_or_no(std::string_view text) {
  if (text == "yes" || text == "on" || text == "true") return true;
  if (text == "no" || text == "off" || text == "false") return false;
  return std::nullopt;
}

Answer<std::optional<ExtensionDevice>> extension_device(std::string_view text) {
  if (text.empty() || text == "none") return std::optional<ExtensionDevice>();
  for (const auto device :
       {ExtensionDevice::sharp_shooter, ExtensionDevice::racing_wheel, ExtensionDevice::unknown})
    if (text == to_string(device)) return std::optional(device);
  return refused(text, "an extension device: use sharp_shooter, racing_wheel, unknown or none");
}

/// Puts one control, "weapon:2", into those that are to change.
std::optional<Error> apply_control(std::string_view text,
                                   wire::SimulationPatch::Controls& controls) {
  using Controls = wire::SimulationPatch::Controls;
  static constexpr std::array<std::pair<std::string_view, std::optional<bool> Controls::*>, 5>
      switches = {{{"trigger", &Controls::trigger},
                   {"reload", &Controls::reload},
                   {"pump", &Controls::pump},
                   {"left_paddle", &Controls::left_paddle},
                   {"right_paddle", &Controls::right_paddle}}};
  static constexpr std::array<std::pair<std::string_view, std::optional<double> Controls::*>, 3>
      fractions = {
          {{"throttle", &Controls::throttle}, {"l2", &Controls::l2}, {"r2", &Controls::r2}}};
  const auto colon = std::min(text.find(':'), text.size());
  const auto name = text.substr(0, colon);
  const auto value = text.substr(std::min(colon + 1, text.size()));
  if (name == "weapon") {
    controls.weapon = whole<int>(value);
    if (controls.weapon) return std::nullopt;
    return refused(text, "a weapon: use weapon:1, weapon:2 or weapon:3");
  }
  for (const auto& [known, member] : switches) {
    if (name != known) continue;
    controls.*member = yes_or_no(value);
    if (controls.*member) return std::nullopt;
    return refused(text,
                   "a switch: use " + std::string(name) + ":yes or " + std::string(name) + ":no");
  }
  for (const auto& [known, member] : fractions) {
    if (name != known) continue;
    controls.*member = finite(value);
    if (controls.*member) return std::nullopt;
    return refused(text,
                   "a position: use " + std::string(name) + ":0 to " + std::string(name) + ":1");
  }
  return refused(text,
                 "a control: use weapon:1, trigger:yes, reload:yes or pump:yes of a "
                 "sharp_shooter, throttle:0.5, l2:0.5, r2:0.5, left_paddle:yes or "
                 "right_paddle:yes of a racing_wheel, with commas between");
}

Answer<wire::SimulationPatch::Controls> control_list(std::string_view text) {
  wire::SimulationPatch::Controls controls;
  for (const auto& each : split(text, ','))
    if (auto error = apply_control(each, controls)) return *std::move(error);
  return controls;
}

Answer<Stick> stick_position(std::string_view text) {
  const auto parts = split(text, ',');
  const auto x = finite(parts.front());
  const auto y = finite(parts.back());
  if (parts.size() == 2 && x && y) return Stick{*x, *y};
  return refused(text, "a position of the stick: use X,Y, each -1 to 1, like stick=0.5,-1");
}

Answer<wire::SimulationPatch::Pressures> pressure_list(std::string_view text) {
  using Pressures = wire::SimulationPatch::Pressures;
  static constexpr std::array<std::pair<std::string_view, std::optional<double> Pressures::*>, 5>
      buttons = {{{"l1", &Pressures::l1},
                  {"up", &Pressures::up},
                  {"right", &Pressures::right},
                  {"down", &Pressures::down},
                  {"left", &Pressures::left}}};
  Pressures pressures;
  for (const auto& each : split(text, ',')) {
    const auto colon = std::min(each.find(':'), each.size());
    const auto name = std::string_view(each).substr(0, colon);
    const auto* const button = std::find_if(
        buttons.begin(), buttons.end(), [name](const auto& known) { return known.first == name; });
    const auto fraction = finite(std::string_view(each).substr(std::min(colon + 1, each.size())));
    if (button == buttons.end() || !fraction)
      return refused(
          each,
          "a pressure: use l1:0.5, up:1, right:1, down:1 or left:1, with commas between; "
          "that of L2 is trigger=0.5");
    pressures.*button->second = fraction;
  }
  return pressures;
}

std::optional<Error> apply_setting(std::string_view key, std::string_view value,
                                   wire::SimulationPatch& patch) {
  if (key == "motion") {
    patch.motion = value;
  } else if (key == "magnetometer") {
    patch.magnetometer = value;
  } else if (key == "buttons") {
    const auto buttons = button_list(value);
    if (!buttons) return buttons.error();
    patch.buttons = *buttons;
  } else if (key == "link") {
    if (value != "up" && value != "down") return refused(value, "a link: use link=up or link=down");
    patch.link_up = value == "up";
  } else if (key == "battery") {
    const auto percent = whole<int>(value);
    if (!percent) return refused(value, "a battery in percent: use battery=0 to battery=100");
    patch.battery_percent = *percent;
  } else if (key == "trigger" || key == "loss") {
    const auto fraction = finite(value);
    if (!fraction)
      return refused(value, "a number from 0 to 1, as " + std::string(key) + " wants it");
    (key == "trigger" ? patch.trigger : patch.loss) = *fraction;
  } else if (key == "extension") {
    const auto device = extension_device(value);
    if (!device) return device.error();
    patch.extension = *device;
  } else if (key == "controls") {
    const auto controls = control_list(value);
    if (!controls) return controls.error();
    patch.controls = *controls;
  } else if (key == "stick") {
    const auto stick = stick_position(value);
    if (!stick) return stick.error();
    patch.stick = *stick;
  } else if (key == "pressures") {
    const auto pressures = pressure_list(value);
    if (!pressures) return pressures.error();
    patch.pressures = *pressures;
  } else {
    return refused(key,
                   "a setting of a simulation: use motion, buttons, trigger, battery, link, loss, "
                   "magnetometer, extension, controls, stick or pressures");
  }
  return std::nullopt;
}

}  // namespace

Answer<std::chrono::milliseconds> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 3> units = {
      {{"ms", 1}, {"min", 60'000}, {"s", 1000}}};
  static constexpr double longest_ms = 24 * 3600 * 1000.0;
  for (const auto& [unit, factor] : units) {
    if (!text.ends_with(unit)) continue;
    const auto value = finite(text.substr(0, text.size() - unit.size()));
    if (!value || *value < 0 || *value * factor > longest_ms) break;
    return std::chrono::milliseconds(std::llround(*value * factor));
  }
  return refused(text, "a duration: use a number with its unit, like 500ms, 1.5s or 2min");
}

Answer<Rgb> parse_color_words(std::span<const std::string> words) {
  if (words.size() == 1) {
    const auto& word = words.front();
    if (word == "off") return Rgb{};
    if (const auto named = wire::parse_color(word)) return *named;
    if (is_bare_hex(word)) return wire::parse_color("#" + word).value_or(Rgb{});
    if (const auto color = from_numbers(split(word, ','))) return *color;
  } else if (const auto color = from_numbers(words)) {
    return *color;
  }
  std::string given;
  for (const auto& word : words) given.append(given.empty() ? "" : " ").append(word);
  return refused(given,
                 "a colour: use a name (hotpink), six hex digits (ff0080), three numbers "
                 "0 to 255 (255 0 128), or off");
}

Answer<std::uint8_t> parse_rumble(std::string_view text) {
  if (text == "off") return std::uint8_t{0};
  if (const auto value = whole<std::uint8_t>(text)) return *value;
  return refused(text, "a rumble: use 0 to 255, or off");
}

Answer<double> parse_duty(std::string_view text) {
  constexpr std::string_view expectation = "a share: use 30%, 0.3, or off for no limit";
  if (text == "off") return 1.0;
  const bool is_percent = text.ends_with('%');
  const auto value = finite(text.substr(0, text.size() - (is_percent ? 1 : 0)));
  if (!value) return refused(text, expectation);
  const double duty = is_percent ? *value / 100 : *value;
  if (!(duty >= 0 && duty <= 1)) return refused(text, expectation);
  return duty;
}

Answer<std::int64_t> parse_clock_time(std::string_view text,
                                      std::chrono::system_clock::time_point now) {
  using std::chrono::system_clock;
  constexpr std::string_view expectation = "a time of day: use 21:30, 21:30:05 or 21:30:05.25";
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return refused(text, expectation);
  const auto hour = whole<unsigned>(parts[0]);
  const auto minute = whole<unsigned>(parts[1]);
  const auto second = parts.size() == 3 ? finite(parts[2]) : std::optional(0.0);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || !(*second >= 0 && *second < 60))
    return refused(text, expectation);
  const std::time_t today = system_clock::to_time_t(now);
  std::tm local{};
  ::localtime_r(&today, &local);
  local.tm_hour = static_cast<int>(*hour);
  local.tm_min = static_cast<int>(*minute);
  local.tm_sec = 0;
  const auto instant = [&] {
    local.tm_isdst = -1;
    return system_clock::from_time_t(std::mktime(&local)) +
           std::chrono::microseconds(std::llround(*second * 1e6));
  };
  auto when = instant();
  if (when <= now) {
    ++local.tm_mday;
    local.tm_hour = static_cast<int>(*hour);
    when = instant();
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
}

Answer<CueWish::Output> parse_cue_setting(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    return refused(text, "a setting: use left=red, 2=rumble:120 or all=off,rumble:0");
  CueWish::Output output{.which = std::string(text.substr(0, equals))};
  for (const auto& part : split(text.substr(equals + 1), ',')) {
    constexpr std::string_view motor = "rumble:";
    const bool is_motor = part.starts_with(motor);
    if (is_motor ? output.rumble.has_value() : output.led.has_value())
      return refused(text, "one colour and one rumble at most");
    if (is_motor) {
      const auto value = parse_rumble(std::string_view(part).substr(motor.size()));
      if (!value) return value.error();
      output.rumble = RumbleWish{.value = *value};
    } else {
      const auto color = parse_color_words({&part, 1});
      if (!color) return color.error();
      output.led = LedWish{.color = *color};
    }
  }
  return output;
}

Answer<std::uint32_t> parse_frequency(std::string_view text) {
  if (const auto value = whole<std::uint32_t>(text)) return *value;
  return refused(text, "a frequency: use a whole number of hertz, 733 to 24000000, like 20000");
}

Answer<Effect> parse_effect(std::string_view text) {
  std::string known;
  for (const auto effect :
       {Effect::none, Effect::blink, Effect::pulse, Effect::rainbow, Effect::candle}) {
    if (text == wire::to_string(effect)) return effect;
    known.append(known.empty() ? "" : ", ").append(wire::to_string(effect));
  }
  return refused(text, "an effect: use one of " + known);
}

Answer<wire::SimulationPatch> parse_simulation(std::span<const std::string> settings) {
  wire::SimulationPatch patch;
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos)
      return refused(setting, "a setting: write KEY=VALUE, like motion=wave or trigger=0.5");
    const auto key = std::string_view(setting).substr(0, equals);
    if (auto error = apply_setting(key, std::string_view(setting).substr(equals + 1), patch))
      return *std::move(error);
  }
  return patch;
}

}  // namespace psmove::client
