// Driving a simulated controller, so that other people's tests can press its buttons.
#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/problem.hpp"
#include "api/wire/controller_json.hpp"
#include "api/wire/json_members.hpp"
#include "api/wire/sample_encoder.hpp"
#include "api/wire/simulation_requests.hpp"
#include "api/wire/text.hpp"
#include "drivers/roster.hpp"
#include "drivers/simulation.hpp"
#include "emulator/motion.hpp"

namespace psmove::api {
namespace {

using emulator::NavigationButton;

using wire::ErrorCode;
using wire::Fault;

wire::Parsed<drivers::Simulation*> simulation_of(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return controller.error();
  auto* simulation = (*controller)->simulation();
  if (simulation == nullptr)
    return Fault{ErrorCode::not_simulated, "This controller is not a simulated one.", {}};
  return simulation;
}

/// The device on the extension port, as PATCH takes it.
std::string extension_members(const emulator::Move& move) {
  if (!move.extension()) return R"(,"extension":null,"controls":null)";
  std::string body = ",\"extension\":";
  wire::append_quoted(body, psmove::to_string(*move.extension()));
  // As a sample has them: the names are the same.
  Sample sample;
  sample.extension = move.extension_controls();
  std::string encoded;
  wire::append_sample(encoded, sample, wire::bit(wire::Field::extension));
  const auto begin = encoded.find("\"extension\":") + std::string_view("\"extension\":").size();
  return body + ",\"controls\":" + encoded.substr(begin, encoded.size() - 1 - begin);
}

std::string wheel_object(const WheelRumble& rumble) {
  return "{\"left\":" + std::to_string(rumble.left) + ",\"right\":" + std::to_string(rumble.right) +
         '}';
}

std::string shows_object(const emulator::Move& move) {
  const auto now = drivers::SteadyClock::now();
  const Outputs shows = move.shows(now);
  const auto number = [](int value) { return std::to_string(value); };
  const bool has_wheel = move.extension() == ExtensionDevice::racing_wheel;
  return R"({"led":{"red":)" + number(shows.led.red) + R"(,"green":)" + number(shows.led.green) +
         R"(,"blue":)" + number(shows.led.blue) + R"(,"color":")" + wire::hex_color(shows.led) +
         R"("},"rumble":{"value":)" + number(shows.rumble) + R"(},"extension_rumble":)" +
         (has_wheel ? wheel_object(move.wheel_shows(now)) : "null") + '}';
}

constexpr std::array<Button, emulator::navigation_button_names.size()> navigation_buttons = {
    Button::l3, Button::up, Button::right,  Button::down,  Button::left,
    Button::l2, Button::l1, Button::circle, Button::cross, Button::ps};

/// Those that have a pressure, in the order of a sample's.
constexpr std::array pressure_buttons = {NavigationButton::l1,   NavigationButton::l2,
                                         NavigationButton::up,   NavigationButton::right,
                                         NavigationButton::down, NavigationButton::left};

Buttons held_of(const emulator::Navigation& navigation) {
  Buttons held;
  for (std::size_t i = 0; i < navigation_buttons.size(); ++i)
    held.set(navigation_buttons[i], (navigation.held() >> i & 1U) != 0);
  return held;
}

void append_buttons(std::string& body, Buttons held) {
  body += '[';
  held.for_each([&body](Button button) {
    if (body.back() != '[') body += ',';
    wire::append_quoted(body, psmove::to_string(button));
  });
  body += ']';
}

std::string percent_text(std::uint8_t battery_code) {
  const auto battery = drivers::battery_from_code(battery_code);
  return battery.percent ? std::to_string(*battery.percent) : "null";
}

std::string navigation_body(const drivers::Simulation& simulation) {
  const emulator::Navigation& navigation = *simulation.navigation();
  std::string body = R"({"motion":null,"buttons":)";
  append_buttons(body, held_of(navigation));
  body += ",\"trigger\":";
  wire::append_number(body, navigation.pressure(NavigationButton::l2), 3);
  body += ",\"battery_percent\":" + percent_text(navigation.battery_code());
  body += simulation.link_is_up() ? R"(,"link":"up")" : R"(,"link":"down")";
  body += R"(,"loss":null,"magnetometer":null,"extension":null,"controls":null,"stick":{"x":)";
  wire::append_number(body, navigation.stick_x(), 3);
  body += ",\"y\":";
  wire::append_number(body, navigation.stick_y(), 3);
  body += "},\"pressures\":{";
  for (const auto button : pressure_buttons) {
    wire::key(body, to_string(navigation_buttons[static_cast<std::size_t>(button)]));
    wire::append_number(body, navigation.pressure(button), 3);
  }
  return body + "},\"shows\":null}";
}

std::string simulation_body(const drivers::Simulation& simulation) {
  if (simulation.navigation() != nullptr) return navigation_body(simulation);
  const emulator::Move& move = *simulation.move();
  std::string body = "{\"motion\":";
  wire::append_quoted(body, move.motion_name());
  body += ",\"buttons\":";
  append_buttons(body, move.held());
  body += ",\"trigger\":";
  wire::append_number(body, move.trigger(), 3);
  body += ",\"battery_percent\":" + percent_text(move.battery_code());
  body += simulation.link_is_up() ? R"(,"link":"up")" : R"(,"link":"down")";
  body += ",\"loss\":";
  wire::append_number(body, move.loss(), 4);
  body += ",\"magnetometer\":";
  wire::append_quoted(body, to_string(move.magnetometer()));
  body += extension_members(move);
  body += R"(,"stick":null,"pressures":null,"shows":)" + shows_object(move);
  return body + '}';
}

/// The device that the port has once the patch is applied.
std::optional<ExtensionDevice> device_after(const emulator::Move& move,
                                            const wire::SimulationPatch& patch) {
  return patch.extension ? *patch.extension : move.extension();
}

std::optional<Fault> why_not(const emulator::Move& move, const wire::SimulationPatch& patch) {
  if (patch.stick || !patch.pressures.is_empty())
    return Fault{
        ErrorCode::not_capable, "Only a Navigation controller has a stick and pressures.", {}};
  if (patch.extension && *patch.extension && move.options().model != emulator::Model::zcm1)
    return Fault{ErrorCode::not_capable, "Only a zcm1 has an extension port.", {}};
  const auto device = device_after(move, patch);
  const bool fits = (!patch.controls.is_for_gun() || device == ExtensionDevice::sharp_shooter) &&
                    (!patch.controls.is_for_wheel() || device == ExtensionDevice::racing_wheel);
  if (fits) return std::nullopt;
  return Fault{ErrorCode::no_extension,
               "The device on the extension port does not have these controls: a sharp_shooter has "
               "weapon, trigger, reload and pump, a racing_wheel throttle, l2, r2, left_paddle and "
               "right_paddle.",
               {}};
}

ExtensionControls controls_after(const ExtensionControls& before,
                                 const wire::SimulationPatch::Controls& patch) {
  if (const auto* gun = std::get_if<SharpShooter>(&before))
    return SharpShooter{.weapon = static_cast<std::uint8_t>(patch.weapon.value_or(gun->weapon)),
                        .trigger = patch.trigger.value_or(gun->trigger),
                        .reload = patch.reload.value_or(gun->reload),
                        .pump = patch.pump.value_or(gun->pump)};
  if (const auto* wheel = std::get_if<RacingWheel>(&before))
    return RacingWheel{.throttle = patch.throttle.value_or(wheel->throttle),
                       .l2 = patch.l2.value_or(wheel->l2),
                       .r2 = patch.r2.value_or(wheel->r2),
                       .left_paddle = patch.left_paddle.value_or(wheel->left_paddle),
                       .right_paddle = patch.right_paddle.value_or(wheel->right_paddle)};
  return {};
}

std::optional<Fault> why_not(const wire::SimulationPatch& patch) {
  bool has_strange_button = false;
  patch.buttons.value_or(Buttons{}).for_each([&](Button button) {
    has_strange_button |= std::find(navigation_buttons.begin(), navigation_buttons.end(), button) ==
                          navigation_buttons.end();
  });
  const bool is_for_move = patch.motion || patch.loss || patch.magnetometer ||
                           (patch.extension && *patch.extension) || !patch.controls.is_empty();
  if (!has_strange_button && !is_for_move) return std::nullopt;
  return Fault{ErrorCode::not_capable,
               "A Navigation controller takes buttons of its own, trigger, stick, pressures, "
               "battery_percent and link.",
               {}};
}

void apply(emulator::Navigation& navigation, const wire::SimulationPatch& patch) {
  if (patch.buttons) {
    unsigned held = 0;
    for (std::size_t i = 0; i < navigation_buttons.size(); ++i)
      if (patch.buttons->contains(navigation_buttons[i])) held |= 1U << i;
    navigation.hold(held);
  }
  if (patch.trigger) navigation.set_pressure(NavigationButton::l2, *patch.trigger);
  const auto press = [&navigation](NavigationButton button, std::optional<double> fraction) {
    if (fraction) navigation.set_pressure(button, *fraction);
  };
  press(NavigationButton::l1, patch.pressures.l1);
  press(NavigationButton::up, patch.pressures.up);
  press(NavigationButton::right, patch.pressures.right);
  press(NavigationButton::down, patch.pressures.down);
  press(NavigationButton::left, patch.pressures.left);
  if (patch.stick) navigation.set_stick(patch.stick->x, patch.stick->y);
  if (patch.battery_percent)
    navigation.set_battery_code(static_cast<std::uint8_t>(*patch.battery_percent / 20));
}

void apply(emulator::Move& move, const wire::SimulationPatch& patch,
           std::unique_ptr<emulator::Motion> motion) {
  if (motion) move.set_motion(std::move(motion), drivers::SteadyClock::now());
  if (patch.buttons) move.hold(*patch.buttons);
  if (patch.trigger) move.set_trigger(*patch.trigger);
  // The wire knows six steps, 0 to 5.
  if (patch.battery_percent)
    move.set_battery_code(static_cast<std::uint8_t>(*patch.battery_percent / 20));
  if (patch.loss) move.set_loss(*patch.loss);
  if (patch.magnetometer) move.set_magnetometer(*emulator::parse_magnetometer(*patch.magnetometer));
  if (patch.extension && *patch.extension != move.extension()) move.set_extension(*patch.extension);
  move.set_extension_controls(controls_after(move.extension_controls(), patch.controls));
}

}  // namespace

std::optional<Response> get_simulation(Service& service, const Request& request) {
  const auto simulation = simulation_of(service, request);
  if (!simulation) return problem(simulation.error(), request.path);
  return json_response(simulation_body(**simulation));
}

std::optional<Response> patch_simulation(Service& service, const Request& request) {
  const auto simulation = simulation_of(service, request);
  if (!simulation) return problem(simulation.error(), request.path);
  const auto body = body_of(request, Media::merge_patch);
  if (!body) return problem(body.error(), request.path);
  const auto patch = wire::simulation_patch(*body);
  if (!patch) return problem(patch.error(), request.path);
  auto* const navigation = (*simulation)->navigation();
  const auto fault =
      navigation != nullptr ? why_not(*patch) : why_not(*(*simulation)->move(), *patch);
  if (fault) return problem(*fault, request.path);
  emulator::MotionOrError made;
  if (patch->motion) made = emulator::make_motion(*patch->motion);
  if (!made.error.empty())
    return problem({ErrorCode::invalid_value, made.error, "/motion"}, request.path);
  if (navigation != nullptr)
    apply(*navigation, *patch);
  else
    apply(*(*simulation)->move(), *patch, std::move(made.motion));
  if (patch->link_up) (*simulation)->set_link(*patch->link_up);
  return json_response(simulation_body(**simulation));
}

}  // namespace psmove::api
