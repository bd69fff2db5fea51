#include "api/wire/output_requests.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>

#include "api/wire/controller_json.hpp"
#include "api/wire/text.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t max_nesting = 16;
constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;

/// Builds the document while it is parsed, because the library's own builder lets the last of two
/// equal members win and has no bound on nesting.
class StrictBuilder final : public nlohmann::json_sax<json> {
 public:
  json document;
  Fault fault;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      fault = {ErrorCode::duplicate_member, "The member \"" + name + "\" is given twice.", {}};
      return false;
    }
    member_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    fault = {ErrorCode::invalid_json,
             "This is not valid JSON; it goes wrong at byte " + std::to_string(position) + ".",
             {}};
    return false;
  }

 private:
  json* place(json value) {
    if (open_.empty()) {
      document = std::move(value);
      return &document;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[member_] = std::move(value));
  }
  bool put(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json value) {
    if (open_.size() == max_nesting) {
      fault = {ErrorCode::invalid_json, "Arrays and objects may be nested 16 deep at most.", {}};
      return false;
    }
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  // A container is only moved (by push_back on its parent) before anything is opened inside it,
  // so these pointers stay good.
  std::vector<json*> open_;
  std::string member_;
};

/// "12", "-3.5" as numbers, "true" and "false" as booleans; all else stays text.
json form_value(std::string text) {
  if (text == "true") return true;
  if (text == "false") return false;
  const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  const bool looks_like_number =
      !digits.empty() && digits.front() >= '0' && digits.front() <= '9' &&
      !(digits.size() > 1 && digits[0] == '0' && digits[1] != '.') && !digits.ends_with('.') &&
      digits.find_first_not_of("0123456789.") == std::string_view::npos &&
      std::count(digits.begin(), digits.end(), '.') <= 1;
  if (!looks_like_number) return text;
  const char* end = text.data() + text.size();
  if (digits.find('.') == std::string_view::npos) {
    std::int64_t integer = 0;
    if (std::from_chars(text.data(), end, integer).ec == std::errc{}) return integer;
  }
  double number = 0;
  if (std::from_chars(text.data(), end, number).ec == std::errc{}) return number;
  return text;
}

std::string escaped(std::string_view member) {
  std::string pointer;
  for (const char c : member) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

/// Reads the members of one object and keeps the first fault; after it every read yields nothing.
class Members {
 public:
  Members(const json& object, std::string_view pointer,
          std::initializer_list<std::string_view> accepted)
      : object_(object), pointer_(pointer) {
    if (!object.is_object()) {
      fail(ErrorCode::wrong_type, "", "A JSON object is expected.");
      return;
    }
    for (const auto& [name, value] : object.items())
      if (std::find(accepted.begin(), accepted.end(), name) == accepted.end())
        fail(ErrorCode::unknown_member, name,
             "There is no member \"" + name + "\" here; accepted are " + list(accepted) + ".");
  }

  [[nodiscard]] bool has(std::string_view name) const { return !fault_ && object_.contains(name); }
  [[nodiscard]] bool failed() const { return fault_.has_value(); }
  [[nodiscard]] const Fault& fault() const { return *fault_; }

  void fail(ErrorCode code, std::string_view member, std::string detail) {
    if (fault_) return;
    std::string pointer = pointer_;
    if (!member.empty()) pointer += "/" + escaped(member);
    fault_ = Fault{code, std::move(detail), std::move(pointer)};
  }

  std::optional<std::int64_t> integer(std::string_view name, std::int64_t low, std::int64_t high) {
    if (!has(name)) return std::nullopt;
    const json& value = *object_.find(name);
    const auto wanted = "\"" + std::string(name) + "\" takes a whole number from " +
                        std::to_string(low) + " to " + std::to_string(high) + ".";
    // JSON knows one kind of number: 255.0 is as whole as 255.
    if (!value.is_number() ||
        (value.is_number_float() && std::trunc(value.get<double>()) != value.get<double>())) {
      fail(ErrorCode::wrong_type, name, wanted);
      return std::nullopt;
    }
    const double number = value.get<double>();
    if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high))) {
      fail(ErrorCode::out_of_range, name, wanted);
      return std::nullopt;
    }
    return static_cast<std::int64_t>(number);
  }

  /// @param low, high  whole numbers
  std::optional<double> number(std::string_view name, int low, int high) {
    if (!has(name)) return std::nullopt;
    const json& value = *object_.find(name);
    const auto wanted = "\"" + std::string(name) + "\" takes a number from " + std::to_string(low) +
                        " to " + std::to_string(high) + ".";
    if (!value.is_number()) {
      fail(ErrorCode::wrong_type, name, wanted);
      return std::nullopt;
    }
    const double number = value.get<double>();
    if (!(number >= low && number <= high)) {
      fail(ErrorCode::out_of_range, name, wanted);
      return std::nullopt;
    }
    return number;
  }

  std::optional<double> fraction(std::string_view name, int low = 0) {
    return number(name, low, 1);
  }

  std::optional<bool> truth(std::string_view name) {
    if (!has(name)) return std::nullopt;
    const json& value = *object_.find(name);
    if (!value.is_boolean()) {
      fail(ErrorCode::wrong_type, name, "\"" + std::string(name) + "\" takes true or false.");
      return std::nullopt;
    }
    return value.get<bool>();
  }

  std::optional<std::string> text(std::string_view name) {
    if (!has(name)) return std::nullopt;
    const json& value = *object_.find(name);
    if (!value.is_string()) {
      fail(ErrorCode::wrong_type, name, "\"" + std::string(name) + "\" takes a string.");
      return std::nullopt;
    }
    return value.get_ref<const std::string&>();
  }

  /// A string out of a list of choices, as its index.
  std::optional<std::size_t> choice(std::string_view name,
                                    std::initializer_list<std::string_view> choices) {
    const auto chosen = text(name);
    if (!chosen) return std::nullopt;
    const auto* found = std::find(choices.begin(), choices.end(), *chosen);
    if (found == choices.end()) {
      fail(ErrorCode::invalid_value, name,
           "\"" + std::string(name) + "\" takes one of " + list(choices) + ".");
      return std::nullopt;
    }
    return static_cast<std::size_t>(found - choices.begin());
  }

  std::optional<milliseconds> duration(std::string_view name, std::int64_t low, std::int64_t high) {
    const auto count = integer(name, low, high);
    if (!count) return std::nullopt;
    return milliseconds(*count);
  }

  [[nodiscard]] const json& operator[](std::string_view name) const { return *object_.find(name); }

 private:
  static std::string list(std::initializer_list<std::string_view> words) {
    std::string text;
    for (const auto word : words) {
      if (!text.empty()) text += ", ";
      text += word;
    }
    return text;
  }

  const json& object_;
  std::string pointer_;
  std::optional<Fault> fault_;
};

void read_color(Members& members, LedWish& wish) {
  bool has_primary = false;
  const auto primary = [&](std::string_view name, std::uint8_t& value) {
    if (members.has(name) && members.has("color"))
      members.fail(ErrorCode::conflicting_members, name,
                   "Give either \"color\" or \"red\", \"green\" and \"blue\".");
    has_primary = has_primary || members.has(name);
    if (const auto given = members.integer(name, 0, 255)) value = static_cast<std::uint8_t>(*given);
  };
  primary("red", wish.color.red);
  primary("green", wish.color.green);
  primary("blue", wish.color.blue);
  if (const auto text = members.text("color")) {
    const auto color = parse_color(*text);
    if (color)
      wish.color = *color;
    else
      members.fail(ErrorCode::invalid_value, "color",
                   "\"color\" takes #rgb, #rrggbb or a CSS colour name such as hotpink.");
  } else if (!has_primary && wish.effect != Effect::rainbow) {
    members.fail(ErrorCode::missing_member, "",
                 "Give \"color\", or \"red\", \"green\" and \"blue\".");
  }
}

void read_buttons(Members& members, SimulationPatch& patch) {
  if (!members.has("buttons")) return;
  const json& value = members["buttons"];
  Buttons buttons;
  const auto add = [&](std::string_view name) {
    const auto button = parse_button(name);
    if (button)
      buttons.insert(*button);
    else
      members.fail(ErrorCode::invalid_value, "buttons",
                   "\"buttons\" takes names out of select, start, triangle, circle, cross, "
                   "square, ps, move, t, l1, r1, l2, r2, l3, r3, up, right, down, left.");
  };
  if (value.is_array()) {
    for (const json& item : value)
      if (item.is_string())
        add(item.get_ref<const std::string&>());
      else
        members.fail(ErrorCode::wrong_type, "buttons", "\"buttons\" takes an array of strings.");
  } else if (value.is_string()) {
    std::string_view rest = value.get_ref<const std::string&>();
    while (!rest.empty()) {
      const auto comma = rest.find(',');
      add(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? "" : rest.substr(comma + 1);
    }
  } else {
    members.fail(ErrorCode::wrong_type, "buttons",
                 "\"buttons\" takes an array of strings, or one string with commas.");
  }
  patch.buttons = buttons;
}

void read_extension(Members& members, SimulationPatch& patch) {
  if (!members.has("extension")) return;
  if (members["extension"].is_null()) {
    patch.extension.emplace();
    return;
  }
  constexpr std::array devices = {ExtensionDevice::sharp_shooter, ExtensionDevice::racing_wheel,
                                  ExtensionDevice::unknown};
  const auto chosen =
      members.choice("extension", {"sharp_shooter", "racing_wheel", "unknown", "none"});
  if (!chosen) return;
  patch.extension.emplace();
  if (*chosen < devices.size()) patch.extension->emplace(devices[*chosen]);
}

Parsed<SimulationPatch::Controls> controls_of(const json& object) {
  Members members(object, "/controls",
                  {"weapon", "trigger", "reload", "pump", "throttle", "l2", "r2", "left_paddle",
                   "right_paddle"});
  SimulationPatch::Controls controls;
  if (const auto weapon = members.integer("weapon", 1, 3))
    controls.weapon = static_cast<int>(*weapon);
  controls.trigger = members.truth("trigger");
  controls.reload = members.truth("reload");
  controls.pump = members.truth("pump");
  controls.throttle = members.fraction("throttle");
  controls.l2 = members.fraction("l2");
  controls.r2 = members.fraction("r2");
  controls.left_paddle = members.truth("left_paddle");
  controls.right_paddle = members.truth("right_paddle");
  if (members.failed()) return members.fault();
  return controls;
}

Parsed<Stick> stick_of(const json& object) {
  Members members(object, "/stick", {"x", "y"});
  const Stick stick{members.fraction("x", -1).value_or(0), members.fraction("y", -1).value_or(0)};
  if (members.failed()) return members.fault();
  return stick;
}

/// The largest strength that hard iron may have, and the weakest and strongest field that a fit may
/// have been made in. The earth's is 22 to 67 µT.
constexpr int most_hard_iron_ut = 2000;
constexpr int weakest_field_ut = 5, strongest_field_ut = 500;
/// How far the determinant of a soft iron matrix may be from the 1 that it is taken to.
constexpr double least_determinant = 0.5, most_determinant = 2;

Parsed<Vec3<Microtesla>> hard_iron_of(const json& object) {
  Members members(object, "/magnetometer_fit/hard_iron_ut", {"x", "y", "z"});
  Vec3<Microtesla> iron;
  const auto axis = [&](std::string_view name, double& value) {
    const auto given = members.number(name, -most_hard_iron_ut, most_hard_iron_ut);
    if (!given) members.fail(ErrorCode::missing_member, "", "Give \"x\", \"y\" and \"z\".");
    value = given.value_or(0);
  };
  axis("x", iron.x);
  axis("y", iron.y);
  axis("z", iron.z);
  if (members.failed()) return members.fault();
  return iron;
}

/// Three rows of three numbers; nothing where it is anything else.
std::optional<std::array<double, 9>> matrix_of(const json& rows) {
  std::array<double, 9> matrix{};
  if (!rows.is_array() || rows.size() != 3) return std::nullopt;
  for (std::size_t row = 0; row < 3; ++row) {
    if (!rows[row].is_array() || rows[row].size() != 3) return std::nullopt;
    for (std::size_t column = 0; column < 3; ++column) {
      if (!rows[row][column].is_number()) return std::nullopt;
      matrix[3 * row + column] = rows[row][column].get<double>();
    }
  }
  return matrix;
}

/// Takes a symmetric, positive matrix to determinant 1; false where it is none.
bool normalise(std::array<double, 9>& m) {
  constexpr double roundness = 1e-3;  // GET rounds to four digits
  for (const auto& [a, b] : {std::pair{1, 3}, {2, 6}, {5, 7}}) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    if (!(std::abs(m[i] - m[j]) <= roundness)) return false;
    m[i] = m[j] = (m[i] + m[j]) / 2;
  }
  const double minor = m[0] * m[4] - m[1] * m[3];
  const double determinant = m[0] * (m[4] * m[8] - m[5] * m[7]) -
                             m[1] * (m[3] * m[8] - m[5] * m[6]) +
                             m[2] * (m[3] * m[7] - m[4] * m[6]);
  // Sylvester's criterion.
  if (!(m[0] > 0 && minor > 0 && determinant >= least_determinant &&
        determinant <= most_determinant))
    return false;
  for (double& each : m) each /= std::cbrt(determinant);
  return true;
}

Parsed<MagnetometerCalibration> magnetometer_fit_of(const json& object) {
  Members members(object, "/magnetometer_fit",
                  {"hard_iron_ut", "soft_iron", "field_ut", "residual_ut", "coverage"});
  MagnetometerCalibration fit;
  for (const std::string_view name : {"hard_iron_ut", "soft_iron", "field_ut"})
    if (!members.failed() && !members.has(name))
      members.fail(ErrorCode::missing_member, name, "\"" + std::string(name) + "\" is missing.");
  fit.field_ut = members.number("field_ut", weakest_field_ut, strongest_field_ut).value_or(0);
  fit.residual_ut = members.number("residual_ut", 0, strongest_field_ut).value_or(0);
  fit.coverage = members.fraction("coverage").value_or(1);
  if (members.failed()) return members.fault();
  const auto hard_iron = hard_iron_of(members["hard_iron_ut"]);
  if (!hard_iron) return hard_iron.error();
  fit.hard_iron = *hard_iron;
  const auto soft_iron = matrix_of(members["soft_iron"]);
  if (!soft_iron || (fit.soft_iron = *soft_iron, !normalise(fit.soft_iron)))
    return Fault{ErrorCode::invalid_value,
                 "\"soft_iron\" takes three rows of three numbers, a symmetric matrix of "
                 "determinant 1.",
                 "/magnetometer_fit/soft_iron"};
  return fit;
}

std::optional<std::vector<std::byte>> bytes_of(std::string_view digits) {
  std::vector<std::byte> bytes;
  if (digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const char* end = digits.data() + i + 2;
    const auto [stopped, error] = std::from_chars(digits.data() + i, end, value, 16);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

/// A number may stand for itself: 2 as well as "2".
void read_companion(Members& members, ControllerPatch& patch) {
  const json& value = members["companion"];
  if (value.is_null()) {
    patch.companion.emplace();
  } else if (value.is_number()) {
    if (const auto number = members.integer("companion", 1, 9999))
      patch.companion = std::to_string(*number);
  } else if (auto text = members.text("companion")) {
    if (text->empty())
      members.fail(ErrorCode::invalid_value, "companion",
                   "\"companion\" takes the id, number or name of a controller, or null.");
    patch.companion = std::move(text);
  }
}

}  // namespace

Parsed<json> parse_json(std::string_view text) {
  if (!is_utf8(text)) return Fault{ErrorCode::invalid_utf8, "The JSON text is not UTF-8.", {}};
  StrictBuilder builder;
  if (!json::sax_parse(text, &builder)) return builder.fault;
  return Parsed<json>(boost::system::in_place_value, std::move(builder.document));
}

Parsed<json> parse_form(std::string_view text) {
  json object = json::object();
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return Fault{ErrorCode::invalid_form, "A form is name=value pairs joined by &.", {}};
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(equals + 1), true);
    if (!name || !value)
      return Fault{ErrorCode::invalid_form, "A % in a form is followed by two hex digits.", {}};
    if (!is_utf8(*name) || !is_utf8(*value))
      return Fault{ErrorCode::invalid_utf8, "The form is not UTF-8.", {}};
    if (object.contains(*name))
      return Fault{ErrorCode::duplicate_member, "The field \"" + *name + "\" is given twice.", {}};
    object[*name] = form_value(std::move(*value));
  }
  return Parsed<json>(boost::system::in_place_value, std::move(object));
}

Parsed<LedWish> led_wish(const json& body, std::string_view pointer) {
  Members members(body, pointer,
                  {"color", "red", "green", "blue", "fade_ms", "for_ms", "effect", "period_ms",
                   "priority", "lease_ms"});
  LedWish wish;
  if (const auto effect = members.choice("effect", {"none", "blink", "pulse", "rainbow", "candle"}))
    wish.effect = static_cast<Effect>(*effect);
  read_color(members, wish);
  // Below 50 ms the radio cannot follow, and flashes that fast are unsafe for people.
  if (const auto period = members.duration("period_ms", 50, 60'000)) wish.period = *period;
  if (const auto fade = members.duration("fade_ms", 0, 60'000)) wish.fade = *fade;
  wish.duration = members.duration("for_ms", 1, day_ms);
  wish.lease = members.duration("lease_ms", 1, day_ms);
  if (const auto priority = members.integer("priority", -1000, 1000))
    wish.priority = static_cast<int>(*priority);
  if (members.failed()) return members.fault();
  return wish;
}

Parsed<RumbleWish> rumble_wish(const json& body, std::string_view pointer) {
  Members members(body, pointer, {"value", "for_ms", "priority", "lease_ms"});
  RumbleWish wish;
  if (const auto value = members.integer("value", 0, 255))
    wish.value = static_cast<std::uint8_t>(*value);
  else
    members.fail(ErrorCode::missing_member, "value", "Give \"value\", 0 to 255.");
  wish.duration = members.duration("for_ms", 1, day_ms);
  wish.lease = members.duration("lease_ms", 1, day_ms);
  if (const auto priority = members.integer("priority", -1000, 1000))
    wish.priority = static_cast<int>(*priority);
  if (members.failed()) return members.fault();
  return wish;
}

Parsed<WheelWish> wheel_wish(const json& body) {
  Members members(body, "", {"left", "right", "for_ms"});
  WheelWish wish;
  if (!members.has("left") && !members.has("right"))
    members.fail(ErrorCode::missing_member, "", "Give \"left\", \"right\" or both, 0 to 255.");
  if (const auto left = members.integer("left", 0, 255))
    wish.rumble.left = static_cast<std::uint8_t>(*left);
  if (const auto right = members.integer("right", 0, 255))
    wish.rumble.right = static_cast<std::uint8_t>(*right);
  wish.duration = members.duration("for_ms", 1, 10'000);
  if (members.failed()) return members.fault();
  return wish;
}

Parsed<std::uint32_t> led_pwm_wish(const json& body, std::uint32_t slowest_hz,
                                   std::uint32_t fastest_hz) {
  Members members(body, "", {"frequency_hz"});
  const auto frequency = members.integer("frequency_hz", slowest_hz, fastest_hz);
  if (!frequency)
    members.fail(ErrorCode::missing_member, "frequency_hz", "\"frequency_hz\" is missing.");
  if (members.failed()) return members.fault();
  return static_cast<std::uint32_t>(*frequency);
}

Parsed<ControllerPatch> controller_patch(const json& body) {
  Members members(body, "", {"name", "number", "companion"});
  ControllerPatch patch;
  if (members.has("name") && members["name"].is_null()) {
    patch.name.emplace();
  } else if (auto name = members.text("name")) {
    if (name->empty())
      members.fail(ErrorCode::invalid_value, "name",
                   "A name is 1 to 64 characters; null takes it away.");
    patch.name = std::move(name);
  }
  if (const auto number = members.integer("number", 1, 9999))
    patch.number = static_cast<int>(*number);
  if (members.has("companion")) read_companion(members, patch);
  if (members.failed()) return members.fault();
  return patch;
}

Parsed<std::string> model_of(const json& body) {
  Members members(body, "", {"model"});
  auto model = members.text("model");
  if (!model) members.fail(ErrorCode::missing_member, "model", "Give the \"model\".");
  if (members.failed()) return members.fault();
  return std::move(*model);
}

Parsed<CalibrationPatch> calibration_patch(const json& body) {
  Members members(body, "", {"factory_blob", "magnetometer_fit"});
  CalibrationPatch patch;
  if (const auto digits = members.text("factory_blob")) {
    patch.factory_blob = bytes_of(*digits);
    if (!patch.factory_blob)
      members.fail(ErrorCode::invalid_value, "factory_blob",
                   "\"factory_blob\" takes bytes as pairs of hexadecimal digits.");
  }
  if (members.failed()) return members.fault();
  if (members.has("magnetometer_fit")) {
    auto fit = magnetometer_fit_of(members["magnetometer_fit"]);
    if (!fit) return fit.error();
    patch.magnetometer_fit = *fit;
  }
  return patch;
}

Parsed<SimulationPatch> simulation_patch(const json& body) {
  Members members(body, "",
                  {"motion", "buttons", "trigger", "battery_percent", "link", "loss",
                   "magnetometer", "extension", "controls", "stick"});
  SimulationPatch patch;
  // A trial is a file, and files are named on the command line only: nobody on the network chooses
  // what the daemon opens.
  constexpr std::array<std::string_view, 4> motions = {"still", "wave", "figure8", "tumble"};
  if (const auto motion = members.choice("motion", {"still", "wave", "figure8", "tumble"}))
    patch.motion = motions[*motion];
  read_buttons(members, patch);
  patch.trigger = members.fraction("trigger");
  if (const auto percent = members.integer("battery_percent", 0, 100))
    patch.battery_percent = static_cast<int>(*percent);
  if (const auto link = members.choice("link", {"up", "down"})) patch.link_up = *link == 0;
  patch.loss = members.fraction("loss");
  constexpr std::array<std::string_view, 3> magnetometers = {"normal", "absent", "disturbed"};
  if (const auto state = members.choice("magnetometer", {"normal", "absent", "disturbed"}))
    patch.magnetometer = magnetometers[*state];
  read_extension(members, patch);
  if (members.failed()) return members.fault();
  if (body.contains("controls")) {
    const auto controls = controls_of(*body.find("controls"));
    if (!controls) return controls.error();
    patch.controls = *controls;
  }
  if (body.contains("stick")) {
    const auto stick = stick_of(*body.find("stick"));
    if (!stick) return stick.error();
    patch.stick = *stick;
  }
  return patch;
}

Parsed<CalibrationAction> calibration_action(const json& body) {
  Members members(body, "", {"action"});
  const auto action = members.choice("action", {"start", "finish", "cancel", "forget"});
  if (members.failed()) return members.fault();
  return action ? static_cast<CalibrationAction>(*action) : CalibrationAction::start;
}

Parsed<PairingRequest> pairing_request(const json& body) {
  Members members(body, "",
                  {"controller", "host_address", "adapter", "allow_unbonded", "disconnect_others"});
  PairingRequest request;
  request.controller = members.text("controller");
  request.adapter = members.text("adapter");
  request.allow_unbonded = members.truth("allow_unbonded").value_or(false);
  request.may_disconnect = members.truth("disconnect_others").value_or(false);
  if (const auto text = members.text("host_address")) {
    const auto host = parse_address(*text);
    // All zeros is what a controller stores that was never paired; all ones is no device.
    if (host && !host->is_zero() && *host != Address{{255, 255, 255, 255, 255, 255}})
      request.host = *host;
    else
      members.fail(ErrorCode::invalid_value, "host_address",
                   "\"host_address\" takes a Bluetooth address like 00:1b:dc:00:00:01.");
  }
  for (const std::string_view local : {"adapter", "allow_unbonded", "disconnect_others"})
    if (request.host && members.has(local))
      members.fail(ErrorCode::conflicting_members, local,
                   "\"" + std::string(local) +
                       "\" is about this computer; \"host_address\" names another one.");
  if (members.failed()) return members.fault();
  return request;
}

std::optional<Fault> refuse_parameters(std::string_view query) {
  const auto begin = query.find_first_not_of('&');
  if (begin == std::string_view::npos) return std::nullopt;
  query.remove_prefix(begin);
  const auto raw = query.substr(0, query.find_first_of("=&"));
  const auto decoded = percent_decode(raw, true);
  const std::string name = decoded && is_utf8(*decoded) ? *decoded : std::string(raw);
  return Fault{ErrorCode::unknown_member,
               "There is no parameter \"" + name + "\" here; this path takes none in its query.",
               "/" + escaped(name)};
}

Parsed<SensorsQuery> sensors_query(std::string_view query) {
  SensorsQuery wanted;
  if (query.empty()) return wanted;
  const auto parameters = parse_form(query);
  if (!parameters) return parameters.error();
  Members members(*parameters, "", {"average_ms", "wait"});
  wanted.average = members.duration("average_ms", 1, 1000);
  wanted.waits_for_next = members.choice("wait", {"next"}).has_value();
  if (members.failed()) return members.fault();
  return wanted;
}

}  // namespace psmove::wire
