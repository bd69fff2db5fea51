// Reading what psmoved says. The only file of the library that knows nlohmann's type; nothing here
// throws, because every member is looked at before it is taken.

#include "clients/cpp/messages.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/wire/controller_json.hpp"

namespace psmove::client {
namespace {

using Json = nlohmann::json;

std::optional<Json> parsed(std::string_view text) {
  auto json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

/// The member, or JSON null where there is none.
const Json& member(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

std::string text(const Json& object, const char* key) {
  const auto& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

double number(const Json& object, const char* key) {
  const auto& value = member(object, key);
  return value.is_number() ? value.get<double>() : 0;
}

std::int64_t integer(const Json& object, const char* key) {
  const auto& value = member(object, key);
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return 0;
}

std::uint64_t count(const Json& object, const char* key) {
  const auto value = integer(object, key);
  return value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

int small_integer(const Json& object, const char* key) {
  const auto value = integer(object, key);
  return std::in_range<int>(value) ? static_cast<int>(value) : 0;
}

bool truth(const Json& object, const char* key) {
  const auto& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}

template <class Unit>
Vec3<Unit> vector(const Json& object) {
  return {number(object, "x"), number(object, "y"), number(object, "z")};
}

ExtensionControls controls(const Json& object) {
  if (!object.is_object()) return {};
  if (object.contains("throttle"))
    return RacingWheel{.throttle = number(object, "throttle"),
                       .l2 = number(object, "l2"),
                       .r2 = number(object, "r2"),
                       .left_paddle = truth(object, "left_paddle"),
                       .right_paddle = truth(object, "right_paddle")};
  const auto weapon = integer(object, "weapon");
  return SharpShooter{
      .weapon = weapon >= 1 && weapon <= 3 ? static_cast<std::uint8_t>(weapon) : std::uint8_t{0},
      .trigger = truth(object, "trigger"),
      .reload = truth(object, "reload"),
      .pump = truth(object, "pump")};
}

std::optional<Sample> sample(const Json& object) {
  if (!object.is_object() || !object.contains("sequence")) return std::nullopt;
  Sample sample;
  sample.sequence = count(object, "sequence");
  sample.time_us = integer(object, "time_us");
  sample.has_motion = member(object, "orientation").is_object() ||
                      member(object, "accel_m_s2").is_object() ||
                      member(object, "gyro_rad_s").is_object();
  sample.accel = vector<MetersPerSecondSquared>(member(object, "accel_m_s2"));
  sample.gyro = vector<RadiansPerSecond>(member(object, "gyro_rad_s"));
  if (const auto& mag = member(object, "mag_ut"); mag.is_object())
    sample.mag = vector<Microtesla>(mag);
  if (const auto& q = member(object, "orientation"); q.is_object())
    sample.orientation = {number(q, "w"), number(q, "x"), number(q, "y"), number(q, "z")};
  sample.linear_accel = vector<MetersPerSecondSquared>(member(object, "linear_accel_m_s2"));
  sample.temperature_c = number(object, "temperature_c");
  sample.trigger = number(object, "trigger");
  if (const auto& stick = member(object, "stick"); stick.is_object())
    sample.stick = Stick{number(stick, "x"), number(stick, "y")};
  if (const auto& pressures = member(object, "pressures"); pressures.is_object()) {
    sample.pressures.emplace();
    for (const auto& [button, value] : pressure_members)
      *sample.pressures.*value = number(pressures, std::string(to_string(button)).c_str());
  }
  sample.extension = controls(member(object, "extension"));
  if (const auto& buttons = member(object, "buttons"); buttons.is_array())
    for (const auto& name : buttons)
      if (name.is_string())
        if (const auto button = parse_button(name.get_ref<const std::string&>()))
          sample.buttons.insert(*button);
  return sample;
}

Battery battery(const Json& object) {
  Battery battery;
  if (member(object, "percent").is_number()) battery.percent = small_integer(object, "percent");
  const auto state = text(object, "state");
  for (const auto known : {BatteryState::discharging, BatteryState::charging, BatteryState::full})
    if (state == wire::to_string(known)) battery.state = known;
  return battery;
}

std::uint8_t octet(const Json& object, const char* key) {
  const auto value = integer(object, key);
  return std::in_range<std::uint8_t>(value) ? static_cast<std::uint8_t>(value) : std::uint8_t{0};
}

Rgb color(const Json& object) {
  return {octet(object, "red"), octet(object, "green"), octet(object, "blue")};
}

std::vector<Layer> layers(const Json& object) {
  std::vector<Layer> layers;
  if (const auto& list = member(object, "layers"); list.is_array())
    for (const auto& item : list)
      layers.push_back({text(item, "owner"), small_integer(item, "priority")});
  return layers;
}

Light light(const Json& object) {
  Light light{color(object), text(object, "state"), {}, layers(object)};
  if (const auto& target = member(object, "target"); target.is_object())
    light.target = color(target);
  return light;
}

Motor motor(const Json& object) {
  return {octet(object, "value"), text(object, "state"), layers(object), truth(object, "limited")};
}

RadioStatistics radio(const Json& object) {
  RadioStatistics radio;
  radio.reports_per_s = number(object, "reports_per_s");
  radio.reports = count(object, "reports");
  radio.lost = count(object, "lost");
  radio.rejected = count(object, "rejected");
  radio.longest_gap_ms = number(object, "longest_gap_ms");
  return radio;
}

std::optional<Controller> controller(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  Controller controller;
  controller.id = text(object, "id");
  if (controller.id.empty()) return std::nullopt;
  controller.number = small_integer(object, "number");
  controller.name = text(object, "name");
  controller.model = text(object, "model");
  controller.source = text(object, "source");
  controller.connected = truth(object, "connected");
  controller.status = text(object, "status");
  controller.hint = text(object, "hint");
  if (const auto& links = member(object, "links"); links.is_array())
    for (const auto& link : links) controller.transports.push_back(text(link, "transport"));
  controller.battery = battery(member(object, "battery"));
  controller.firmware = text(object, "firmware");
  const auto& calibration = member(object, "calibration");
  controller.factory_calibration = truth(calibration, "factory");
  controller.magnetometer = text(calibration, "magnetometer");
  controller.radio = radio(member(object, "radio"));
  const auto& outputs = member(member(object, "capabilities"), "outputs");
  controller.has_light = !outputs.is_object() || member(outputs, "led").is_object();
  controller.has_led_pwm = member(outputs, "led_pwm").is_object();
  const auto& sensors = member(member(object, "capabilities"), "sensors");
  controller.has_motion_sensors =
      !sensors.is_object() || member(sensors, "orientation").is_object();
  controller.extension = text(member(object, "extension"), "device");
  controller.companion = text(object, "companion");
  controller.led = light(member(object, "led"));
  controller.rumble = motor(member(object, "rumble"));
  if (const auto& limit = member(object, "rumble_limit"); limit.is_object())
    controller.rumble_limit = {.duty = number(limit, "duty"),
                               .window = std::chrono::seconds(integer(limit, "window_s"))};
  controller.newest = sample(member(object, "sensors"));
  return controller;
}

std::vector<Controller> controllers(const Json& list) {
  std::vector<Controller> all;
  for (const auto& item : list)
    if (auto one = controller(item)) all.push_back(std::move(*one));
  return all;
}

Message::Kind kind_of(const std::string& type) {
  using enum Message::Kind;
  static constexpr std::array<std::pair<std::string_view, Message::Kind>, 13> known = {{
      {"hello", hello},
      {"subscribed", subscribed},
      {"unsubscribed", unsubscribed},
      {"snapshot", snapshot},
      {"motion", motion},
      {"button", button},
      {"trigger", trigger},
      {"battery", battery},
      {"controller", controller},
      {"output", output},
      {"reply", reply},
      {"error", error},
      {"pong", pong},
  }};
  for (const auto& [name, kind] : known)
    if (type == name) return kind;
  return other;
}

}  // namespace

std::string Controller::display_name() const {
  return name.empty() ? "controller " + std::to_string(number) : name;
}

std::optional<Message> parse_message(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  Message message;
  message.kind = kind_of(text(*object, "type"));
  message.subscription = text(*object, "subscription");
  message.controller_id = text(*object, "controller");
  if (const auto& list = member(*object, "controllers"); list.is_array())
    message.controllers = controllers(list);
  if (auto one = controller(member(*object, "state"))) message.controllers.push_back(*one);
  if (const auto& list = member(*object, "samples"); list.is_array())
    for (const auto& item : list)
      if (const auto one = sample(item)) message.samples.push_back(*one);
  message.received_us = integer(*object, "received_us");
  message.dropped = count(*object, "dropped");
  message.time_us = integer(*object, "time_us");
  message.button = text(*object, "button");
  message.pressed = truth(*object, "pressed");
  message.trigger = number(*object, "trigger");
  message.battery = battery(member(*object, "battery"));
  if (const auto& led = member(*object, "led"); led.is_object()) message.led = light(led);
  if (const auto& rumble = member(*object, "rumble"); rumble.is_object())
    message.rumble = motor(rumble);
  message.event = text(*object, "event");
  message.to = text(*object, "to");
  message.code = text(*object, "code");
  message.detail = text(*object, "detail");
  return message;
}

std::optional<Controller> parse_controller(std::string_view json) {
  const auto object = parsed(json);
  return object ? controller(*object) : std::nullopt;
}

std::optional<std::vector<Controller>> parse_controllers(std::string_view json) {
  const auto list = parsed(json);
  if (!list || !list->is_array()) return std::nullopt;
  return controllers(*list);
}

namespace {

std::optional<MagnetometerCalibration> magnetometer_fit(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  MagnetometerCalibration fit;
  fit.hard_iron = vector<Microtesla>(member(object, "hard_iron_ut"));
  if (const auto& rows = member(object, "soft_iron"); rows.is_array() && rows.size() == 3)
    for (std::size_t row = 0; row < 3; ++row)
      for (std::size_t column = 0; column < 3 && rows[row].is_array(); ++column)
        if (column < rows[row].size() && rows[row][column].is_number())
          fit.soft_iron[3 * row + column] = rows[row][column].get<double>();
  fit.field_ut = number(object, "field_ut");
  fit.residual_ut = number(object, "residual_ut");
  fit.coverage = number(object, "coverage");
  return fit;
}

std::optional<GuidedFit> guided_fit(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  GuidedFit fit;
  fit.readings = static_cast<std::size_t>(count(object, "readings"));
  fit.coverage = number(object, "coverage");
  fit.can_finish = truth(object, "can_finish");
  if (const auto& bands = member(object, "directions"); bands.is_array())
    for (std::size_t band = 0; band < std::min(bands.size(), DirectionCells::bands); ++band) {
      const auto* sectors = bands[band].get_ptr<const std::string*>();
      for (std::size_t i = 0; sectors && i < std::min(sectors->size(), DirectionCells::sectors);
           ++i)
        fit.directions.seen[band * DirectionCells::sectors + i] = (*sectors)[i] == '#';
    }
  if (const auto& missing = member(object, "missing"); missing.is_object()) {
    fit.missing = vector<Microtesla>(member(missing, "direction"));
    fit.missing_angle_deg = number(missing, "angle_deg");
  }
  return fit;
}

std::optional<FilterStatus> filter_status(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  return FilterStatus{
      .heading_uncertainty_deg = number(object, "heading_uncertainty_deg"),
      .inclination_uncertainty_deg = number(object, "inclination_uncertainty_deg"),
      .gyro_bias = vector<RadiansPerSecond>(member(object, "gyro_bias_rad_s")),
      .is_resting = truth(object, "resting"),
      .is_magnetically_disturbed = truth(object, "magnetically_disturbed"),
      .has_heading_reference = truth(object, "heading_reference"),
      .rejected = count(object, "rejected_samples"),
  };
}

}  // namespace

std::optional<CalibrationReport> parse_calibration(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  CalibrationReport report;
  report.info.factory = truth(*object, "factory");
  const auto status = text(*object, "magnetometer");
  for (const auto known : {MagnetometerStatus::raw, MagnetometerStatus::fitted})
    if (status == wire::to_string(known)) report.info.magnetometer = known;
  report.magnetometer = magnetometer_fit(member(*object, "magnetometer_fit"));
  report.guided_fit = guided_fit(member(*object, "guided_fit"));
  report.filter = filter_status(member(*object, "filter"));
  return report;
}

namespace {

/// Calls `read` for the object, or for each object of the array.
template <class Result, class Read>
std::optional<std::vector<Result>> results(std::string_view json, Read read) {
  const auto answer = parsed(json);
  if (!answer || !(answer->is_object() || answer->is_array())) return std::nullopt;
  std::vector<Result> all;
  if (answer->is_object()) all.push_back(read(*answer));
  if (answer->is_array())
    for (const auto& item : *answer) all.push_back(read(item));
  return all;
}

std::optional<std::int64_t> known_integer(const Json& object, const char* key) {
  const auto& value = member(object, key);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<std::int64_t>();
}

Cue::Outcome outcome(const Json& output) {
  return {.state = text(output, "state"),
          .overridden_by = text(member(output, "overridden_by"), "owner")};
}

Cue cue_from(const Json& item) {
  Cue cue{.id = text(item, "id"),
          .state = text(item, "state"),
          .at_us = known_integer(item, "at_us"),
          .skew_us = known_integer(item, "skew_us"),
          .results = {}};
  if (const Json& results = member(item, "results"); results.is_array())
    for (const auto& result : results)
      cue.results.push_back({.controller_id = text(result, "controller"),
                             .led = outcome(member(result, "led")),
                             .rumble = outcome(member(result, "rumble"))});
  return cue;
}

TokenRequest token_request_from(const Json& item) {
  return {.id = text(item, "id"),
          .name = text(item, "name"),
          .state = text(item, "state"),
          .address = text(item, "address"),
          .expires_us = integer(item, "expires_us"),
          .secret = text(item, "token"),
          .detail = text(item, "detail")};
}

AccessToken token_from(const Json& item) {
  AccessToken token{.id = text(item, "id"),
                    .name = text(item, "name"),
                    .scopes = {},
                    .source = text(item, "source"),
                    .was_used = member(item, "last_used_us").is_number(),
                    .secret = text(item, "token")};
  const Json& scopes = member(item, "scopes");
  if (scopes.is_array())
    for (const auto& scope : scopes)
      if (scope.is_string()) token.scopes.push_back(scope.get<std::string>());
  return token;
}

}  // namespace

std::optional<std::vector<Pairing>> parse_pairings(std::string_view json) {
  return results<Pairing>(json, [](const Json& item) {
    return Pairing{.id = text(item, "controller"),
                   .number = small_integer(item, "number"),
                   .name = text(item, "name"),
                   .state = text(item, "state"),
                   .host_address = text(item, "host_address"),
                   .code = text(item, "code"),
                   .next = text(item, "next"),
                   .command = text(item, "command")};
  });
}

std::optional<DaemonInfo> parse_daemon(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  DaemonInfo daemon{.version = text(*object, "version"),
                    .host = text(*object, "host"),
                    .uptime_s = number(*object, "uptime_s")};
  if (const Json& clients = member(*object, "clients"); clients.is_object())
    daemon.clients = {.connections = count(clients, "connections"),
                      .most_connections = count(member(*object, "limits"), "connections"),
                      .websockets = count(clients, "websockets"),
                      .event_streams = count(clients, "event_streams"),
                      .subscriptions = count(clients, "subscriptions"),
                      .dropped_samples = count(clients, "dropped_samples")};
  if (const Json& log = member(*object, "log"); log.is_object())
    daemon.log = {.errors = count(log, "errors"), .warnings = count(log, "warnings")};
  return daemon;
}

std::string parse_not_ready(std::string_view json) {
  const auto object = parsed(json);
  return object ? text(*object, "reason") : std::string();
}

std::optional<std::vector<Adapter>> parse_adapters(std::string_view json) {
  return results<Adapter>(json, [](const Json& item) {
    const Json& controllers = member(item, "controllers");
    return Adapter{.address = text(item, "address"),
                   .name = text(item, "name"),
                   .powered = truth(item, "powered"),
                   .controllers = controllers.is_array() ? controllers.size() : 0};
  });
}

std::optional<AccessToken> parse_token(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  return token_from(*object);
}

std::optional<std::vector<AccessToken>> parse_tokens(std::string_view json) {
  return results<AccessToken>(json, token_from);
}

std::optional<std::vector<Cue>> parse_cues(std::string_view json) {
  return results<Cue>(json, cue_from);
}

std::optional<TokenRequest> parse_token_request(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  return token_request_from(*object);
}

std::optional<std::vector<TokenRequest>> parse_token_requests(std::string_view json) {
  return results<TokenRequest>(json, token_request_from);
}

std::optional<LedPwm> parse_led_pwm(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  return LedPwm{integer(*object, "frequency_hz"), truth(*object, "set")};
}

std::optional<WheelMotors> parse_wheel(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  return WheelMotors{octet(*object, "left"), octet(*object, "right"), text(*object, "state")};
}

std::optional<DiagnosticsReport> parse_diagnostics(std::string_view json) {
  const auto object = parsed(json);
  if (!object || !object->is_object()) return std::nullopt;
  DiagnosticsReport report;
  if (const auto& firmware = member(*object, "firmware"); firmware.is_object())
    report.firmware = {text(firmware, "version"), small_integer(firmware, "revision"),
                       small_integer(firmware, "bluetooth_version")};
  if (const auto& power = member(*object, "power"); power.is_object())
    report.power = {small_integer(power, "battery_code"), small_integer(power, "battery_raw"),
                    small_integer(power, "temperature_raw"), truth(power, "charging_enabled"),
                    text(power, "charger")};
  report.host_address = text(*object, "host_address");
  return report;
}

std::optional<std::vector<LightResult>> parse_light_results(std::string_view json) {
  return results<LightResult>(json, [](const Json& item) {
    return LightResult{text(item, "id"), light(item), text(item, "detail")};
  });
}

std::optional<std::vector<MotorResult>> parse_motor_results(std::string_view json) {
  return results<MotorResult>(json, [](const Json& item) {
    return MotorResult{text(item, "id"), motor(item), text(item, "detail")};
  });
}

}  // namespace psmove::client
