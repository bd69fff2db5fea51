#include "emulator/script.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "emulator/keyboard.hpp"
#include "emulator/move.hpp"
#include "emulator/navigation.hpp"

namespace psmove::emulator {
namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text, Number lowest, Number highest) {
  Number value{};
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || !(value >= lowest && value <= highest))
    return std::nullopt;
  return value;
}

std::string_view take_word(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

std::optional<bool> parse_switch(std::string_view text) {
  if (text != "on" && text != "off") return std::nullopt;
  return text == "on";
}

std::optional<std::uint8_t> parse_octet(std::string_view text) {
  const auto code = from_hex(text.size() == 1 ? "0" + std::string(text) : text);
  if (!code || code->size() != 1) return std::nullopt;
  return std::to_integer<std::uint8_t>(code->front());
}

/// The set of names in a comma-separated list, as bits in the order of `names`.
template <std::size_t size>
std::optional<unsigned> parse_names(std::string_view list,
                                    const std::array<std::string_view, size>& names) {
  unsigned bits = 0;
  while (!list.empty()) {
    const auto found = std::find(names.begin(), names.end(), take_word(list, ','));
    if (found == names.end()) return std::nullopt;
    bits |= 1U << (found - names.begin());
  }
  return bits;
}

std::optional<Buttons> parse_buttons(std::string_view list) {
  const auto bits = parse_names(list, button_names);
  if (!bits) return std::nullopt;
  Buttons buttons;
  for (unsigned i = 0; i < button_count; ++i)
    if ((*bits >> i & 1) != 0) buttons.insert(static_cast<Button>(i));
  return buttons;
}

/// One verb of one kind of device: what it accepts, in words, and what it does. `act` says false to
/// an argument that it does not take.
template <class Target>
struct Verb {
  std::string_view name, accepted;
  bool (*act)(Target& target, std::string_view argument, Time now);
};

template <class Value, class Act>
bool act_on(const std::optional<Value>& value, Act act) {
  if (value) act(*value);
  return value.has_value();
}

constexpr std::string_view battery_accepts = "the code on the wire in hexadecimal, such as 5 or ee";

constexpr Verb<Move> move_verbs[] = {
    {"hold",
     "a comma-separated list of select, start, triangle, circle, cross, square, ps, move and t",
     [](Move& move, std::string_view list, Time) {
       return act_on(parse_buttons(list), [&](Buttons buttons) { move.hold(buttons); });
     }},
    {"tap",
     "a comma-separated list of select, start, triangle, circle, cross, square, ps, move and t",
     [](Move& move, std::string_view list, Time) {
       return act_on(parse_buttons(list), [&](Buttons buttons) { move.tap(buttons); });
     }},
    {"trigger", "a number from 0 to 1",
     [](Move& move, std::string_view text, Time) {
       return act_on(number_in(text, 0.0, 1.0), [&](double value) { move.set_trigger(value); });
     }},
    {"battery", battery_accepts,
     [](Move& move, std::string_view text, Time) {
       return act_on(parse_octet(text), [&](std::uint8_t code) { move.set_battery_code(code); });
     }},
    {"motion", "still, wave, figure8, tumble or trial=FILE",
     [](Move& move, std::string_view name, Time now) {
       auto made = make_motion(name);
       if (made.motion) move.set_motion(std::move(made.motion), now);
       return made.error.empty();
     }},
    {"loss", "a number from 0 to 1",
     [](Move& move, std::string_view text, Time) {
       return act_on(number_in(text, 0.0, 1.0), [&](double value) { move.set_loss(value); });
     }},
    {"raw", "1 to 4096 bytes in hexadecimal",
     [](Move& move, std::string_view hex, Time) {
       auto report = from_hex(hex);
       const bool fine = report && !report->empty() && report->size() <= 4096;
       if (fine) move.send_raw(std::move(*report));
       return fine;
     }},
    {"mag", "normal, absent or disturbed",
     [](Move& move, std::string_view name, Time) {
       return act_on(parse_magnetometer(name),
                     [&](Magnetometer state) { move.set_magnetometer(state); });
     }},
    {"length", "the bytes of an input report with its id, 1 to 255",
     [](Move& move, std::string_view text, Time) {
       return act_on(number_in<std::size_t>(text, 1, 255),
                     [&](std::size_t length) { move.set_report_length(length); });
     }},
    {"zero-address", "on or off",
     [](Move& move, std::string_view text, Time) {
       return act_on(parse_switch(text), [&](bool on) { move.set_hides_address(on); });
     }},
};

constexpr Verb<Navigation> navigation_verbs[] = {
    {"hold", "a comma-separated list of l3, up, right, down, left, l2, l1, circle, cross and ps",
     [](Navigation& navigation, std::string_view list, Time) {
       return act_on(parse_names(list, navigation_button_names),
                     [&](unsigned buttons) { navigation.hold(buttons); });
     }},
    {"stick", "two numbers from -1 to 1, right and down positive",
     [](Navigation& navigation, std::string_view text, Time) {
       const auto x = number_in(take_word(text, ' '), -1.0, 1.0);
       const auto y = number_in(text, -1.0, 1.0);
       if (x && y) navigation.set_stick(*x, *y);
       return x && y;
     }},
    {"pressure", "one of l1, l2, up, right, down and left, and a number from 0 to 1",
     [](Navigation& navigation, std::string_view text, Time) {
       const auto button = parse_names(take_word(text, ' '), navigation_button_names);
       const auto fraction = number_in(text, 0.0, 1.0);
       return button && std::has_single_bit(*button) && fraction &&
              navigation.set_pressure(static_cast<NavigationButton>(std::countr_zero(*button)),
                                      *fraction);
     }},
    {"battery", battery_accepts,
     [](Navigation& navigation, std::string_view text, Time) {
       return act_on(parse_octet(text),
                     [&](std::uint8_t code) { navigation.set_battery_code(code); });
     }},
};

constexpr Verb<Keyboard> keyboard_verbs[] = {
    {"type", "letters from a to z",
     [](Keyboard& keyboard, std::string_view letters, Time) { return keyboard.type(letters); }},
};

/// Of the delay or the length, and for which report: `VALUE [ID]`.
std::optional<std::optional<std::uint8_t>> parse_id(std::string_view text) {
  if (text.empty()) return std::optional<std::uint8_t>{};
  const auto id = parse_octet(text);
  if (!id) return std::nullopt;
  return id;
}

constexpr Verb<HidDevice> common_verbs[] = {
    {"host", "the address of the host that it calls",
     [](HidDevice& device, std::string_view text, Time) {
       return act_on(parse_address(text),
                     [&](const Address& host) { device.peripheral().set_host(host); });
     }},
    {"feature-delay", "milliseconds, never or 0, and the id of the report if not all are meant",
     [](HidDevice& device, std::string_view text, Time) {
       const auto value = take_word(text, ' ');
       const auto milliseconds = number_in<long>(value, 0, 3'600'000);
       const auto id = parse_id(text);
       if ((!milliseconds && value != "never") || !id) return false;
       auto fault = device.feature_fault();
       fault.delay = std::chrono::milliseconds(milliseconds.value_or(0));
       fault.never = value == "never";
       fault.only = *id;
       device.set_feature_fault(fault);
       return true;
     }},
    {"feature-length", "right or 0 to 255 bytes, and the id of the report if not all are meant",
     [](HidDevice& device, std::string_view text, Time) {
       const auto value = take_word(text, ' ');
       const auto length = number_in<std::size_t>(value, 0, 255);
       const auto id = parse_id(text);
       if ((!length && value != "right") || !id) return false;
       auto fault = device.feature_fault();
       fault.length = length;
       fault.only = *id;
       device.set_feature_fault(fault);
       return true;
     }},
};

template <class Target, std::size_t size>
ScriptResult look_up(const Verb<Target> (&verbs)[size], Target* target, std::string_view name,
                     std::string_view argument, Time now) {
  if (!target) return {};
  for (const auto& verb : verbs) {
    if (verb.name != name) continue;
    if (verb.act(*target, argument, now)) return {true, {}};
    return {true, wants(name, verb.accepted, argument)};
  }
  return {};
}

template <class Target, std::size_t size>
void append_names(const Verb<Target> (&verbs)[size], bool are_meant, std::string& names) {
  if (!are_meant) return;
  for (const auto& verb : verbs) names += (names.empty() ? "" : ", ") + std::string(verb.name);
}

}  // namespace

Complaint wants(std::string_view verb, std::string_view accepted, std::string_view argument) {
  return std::string(verb) + " takes " + std::string(accepted) + ", not '" + std::string(argument) +
         "'";
}

ScriptResult obey(HidDevice& device, std::string_view verb, std::string_view argument, Time now) {
  auto* navigation = dynamic_cast<Navigation*>(&device.peripheral());
  auto* keyboard = dynamic_cast<Keyboard*>(&device.peripheral());
  for (auto result : {look_up(move_verbs, device.move(), verb, argument, now),
                      look_up(navigation_verbs, navigation, verb, argument, now),
                      look_up(keyboard_verbs, keyboard, verb, argument, now),
                      look_up(common_verbs, &device, verb, argument, now)})
    if (result.is_known) return result;
  return {};
}

std::string verbs_of(const HidDevice& device) {
  std::string names;
  append_names(move_verbs, device.move() != nullptr, names);
  append_names(navigation_verbs, dynamic_cast<const Navigation*>(&device.peripheral()) != nullptr,
               names);
  append_names(keyboard_verbs, dynamic_cast<const Keyboard*>(&device.peripheral()) != nullptr,
               names);
  append_names(common_verbs, true, names);
  return names;
}

}  // namespace psmove::emulator
