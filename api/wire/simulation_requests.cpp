#include "api/wire/simulation_requests.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "api/wire/members.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

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

Parsed<SimulationPatch::Pressures> pressures_of(const json& object) {
  Members members(object, "/pressures", {"l1", "up", "right", "down", "left"});
  SimulationPatch::Pressures pressures;
  pressures.l1 = members.fraction("l1");
  pressures.up = members.fraction("up");
  pressures.right = members.fraction("right");
  pressures.down = members.fraction("down");
  pressures.left = members.fraction("left");
  if (members.failed()) return members.fault();
  return pressures;
}

}  // namespace

Parsed<SimulationPatch> simulation_patch(const json& body) {
  Members members(body, "",
                  {"motion", "buttons", "trigger", "battery_percent", "link", "loss",
                   "magnetometer", "extension", "controls", "stick", "pressures"});
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
  if (body.contains("pressures")) {
    const auto pressures = pressures_of(*body.find("pressures"));
    if (!pressures) return pressures.error();
    patch.pressures = *pressures;
  }
  return patch;
}

}  // namespace psmove::wire
