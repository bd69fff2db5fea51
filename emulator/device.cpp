#include "emulator/device.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <utility>

#include "emulator/keyboard.hpp"
#include "emulator/move.hpp"
#include "emulator/navigation.hpp"
#include "emulator/radio.hpp"

namespace psmove::emulator {
namespace {

constexpr std::string_view door_verbs =
    "plug, unplug, press, drop, off, virtual-unplug, pair, pin, key, record, fragile";

std::unique_ptr<Peripheral> make_peripheral(const DeviceSpec& spec, Time now) {
  const auto& options = spec.options;
  switch (spec.kind) {
    case DeviceKind::navigation:
      return std::make_unique<Navigation>(
          NavigationOptions{options.address, options.host, options.reports_per_s});
    case DeviceKind::keyboard:
      return std::make_unique<Keyboard>(options.address, options.host);
    case DeviceKind::move:
      break;
  }
  return std::make_unique<Move>(make_move(spec, now));
}

nlohmann::json button_list(Buttons buttons) {
  auto list = nlohmann::json::array();
  buttons.for_each([&](Button button) { list.push_back(to_string(button)); });
  return list;
}

void add_move(nlohmann::json& state, const Move& move) {
  state["forbidden_writes"] = move.forbidden_writes();
  state["motion"] = move.motion_name();
  state["buttons"] = button_list(move.held());
  state["trigger"] = move.trigger();
  state["battery"] = move.battery_code();
  state["magnetometer"] = to_string(move.magnetometer());
  state["loss"] = move.loss();
  state["length"] = move.options().report_length;
}

nlohmann::json radio_json(const RadioDoor& radio) {
  const auto state = radio.state();
  const auto& manners = radio.manners();
  return {{"calling", state.calls},
          {"linked", state.adapter.has_value()},
          {"adapter", state.adapter ? nlohmann::json(to_string(*state.adapter)) : nullptr},
          {"control", state.has_control},
          {"interrupt", state.has_interrupt},
          {"encrypted", state.is_encrypted},
          {"bonded", manners.key.has_value()},
          {"key", manners.key ? nlohmann::json(to_hex(*manners.key)) : nullptr},
          {"pairing", to_string(manners.pairing)},
          {"record", to_string(manners.record)},
          {"fragile", manners.is_fragile},
          {"refused", state.refused}};
}

}  // namespace

Device::Device(const DeviceSpec& spec, DeviceDoors doors, double phase, EventLog& log, Time now)
    : model_(to_string(spec)), hid_(make_peripheral(spec, now), phase, log) {
  if (doors.uhid)
    uhid_.emplace(hid_, std::move(*doors.uhid), spec.options.on_cable ? Link::cable : Link::radio);
  if (doors.usb_port) usb_.emplace(hid_, std::move(doors.usb_port));
  if (doors.air) radio_.emplace(hid_, *doors.air, spec.air);
}

bool Device::is_plugged() const {
  return (uhid_ && uhid_->is_plugged()) || (usb_ && usb_->is_plugged());
}

void Device::plug(Time now) {
  if (uhid_) uhid_->plug(now);
  if (usb_) usb_->plug(now);
}

void Device::unplug(Time now) {
  if (uhid_) uhid_->unplug(now);
  if (usb_) usb_->unplug(now);
}

void Device::leave(Time now) {
  unplug(now);
  if (radio_) radio_->switch_off(now);
}

void Device::add_to(std::vector<pollfd>& waiting) const {
  if (uhid_) waiting.push_back({uhid_->fd(), POLLIN, 0});
  if (usb_ && usb_->is_plugged()) waiting.push_back({usb_->fd(), POLLIN, 0});
}

void Device::serve(Time now) {
  if (uhid_) uhid_->serve(now);
  if (usb_) usb_->serve(now);
}

void Device::advance(Time now) {
  if (radio_) radio_->advance(now);
  hid_.advance(now);
}

std::optional<Time> Device::next_wake(Time now) const {
  auto wake = hid_.next_wake(now);
  const auto call_ends = radio_ ? radio_->next_wake() : std::nullopt;
  if (!wake || (call_ends && *call_ends < *wake)) wake = call_ends ? call_ends : wake;
  return wake;
}

// ---- commands

std::string Device::command(std::string_view verb, std::string_view argument, Time now) {
  const auto complaint = obey(verb, argument, now);
  return complaint.empty() ? "ok" : "error: " + complaint;
}

Complaint Device::obey(std::string_view verb, std::string_view argument, Time now) {
  const auto result = emulator::obey(hid_, verb, argument, now);
  if (result.is_known) return result.complaint;
  if (const auto complaint = obey_cable(verb, now)) return *complaint;
  if (const auto complaint = obey_radio(verb, argument, now)) return *complaint;
  return "there is no command '" + std::string(verb) + "' for a " + model_ + "; accepted are " +
         verbs_of(hid_) + ", " + std::string(door_verbs) + ", state, radio and quit";
}

std::optional<Complaint> Device::obey_cable(std::string_view verb, Time now) {
  if (verb != "plug" && verb != "unplug") return std::nullopt;
  if (!uhid_ && !usb_) return "there is no cable; psmove-emulator takes --usb";
  verb == "plug" ? plug(now) : unplug(now);
  return Complaint{};
}

std::optional<Complaint> Device::obey_radio(std::string_view verb, std::string_view argument,
                                            Time now) {
  struct Act {
    std::string_view verb;
    void (RadioDoor::*act)(Time now);
  };
  constexpr std::array acts = {Act{"press", &RadioDoor::press}, Act{"drop", &RadioDoor::drop},
                               Act{"off", &RadioDoor::switch_off},
                               Act{"virtual-unplug", &RadioDoor::unplug_virtually}};
  const auto act =
      std::find_if(acts.begin(), acts.end(), [&](const Act& a) { return a.verb == verb; });
  constexpr std::array settings = {"pair", "pin", "key", "record", "fragile"};
  const bool is_setting = std::find(settings.begin(), settings.end(), verb) != settings.end();
  if (act == acts.end() && !is_setting) return std::nullopt;
  if (!radio_ && verb == "press" && usb_) {  // a Navigation controller waits for it on the cable
    hid_.peripheral().press_ps();
    return Complaint{};
  }
  if (!radio_) return "there is no radio; psmove-emulator takes --radio ADDRESS";
  if (act != acts.end()) {
    ((*radio_).*(act->act))(now);
    return Complaint{};
  }
  auto& manners = radio_->manners();
  if (verb == "pair") {
    const auto pairing = parse_pairing(argument);
    if (!pairing) return wants(verb, "none, pin or ssp", argument);
    manners.pairing = *pairing;
  } else if (verb == "pin") {
    if (argument.empty() || argument.size() > 16)
      return wants(verb, "1 to 16 characters", argument);
    manners.pin = argument;
  } else if (verb == "key") {
    const auto key = parse_link_key(argument);
    if (!key && argument != "none") return wants(verb, "none or 16 bytes in hexadecimal", argument);
    manners.key = key;
  } else if (verb == "record") {
    const auto kind = parse_record_kind(argument);
    if (!kind)
      return wants(verb, "own, ds3 or vendor, or one of them with -9 to -255 declared bytes",
                   argument);
    manners.record = *kind;
  } else {
    if (argument != "on" && argument != "off") return wants(verb, "on or off", argument);
    manners.is_fragile = argument == "on";
  }
  return Complaint{};
}

// ---- what can be seen

std::string Device::state_json(Time now, std::size_t index) const {
  const auto& peripheral = hid_.peripheral();
  const auto shown = peripheral.shows(now);
  auto outputs = nlohmann::json::array();
  for (const auto& output : hid_.outputs())
    outputs.push_back({{"time_s", hid_.log().seconds(output.time)},
                       {"bytes", output.bytes},
                       {"taken", output.taken}});
  const auto& counters = hid_.counters();
  const bool open =
      (uhid_ && uhid_->is_open()) || (usb_ && usb_->is_open()) || (radio_ && radio_->is_open());
  nlohmann::json state = {{"index", index},
                          {"address", to_string(peripheral.address())},
                          {"model", model_},
                          {"plugged", is_plugged()},
                          {"open", open},
                          {"time_s", hid_.log().seconds(now)},
                          {"shows",
                           {{"red", shown.led.red},
                            {"green", shown.led.green},
                            {"blue", shown.led.blue},
                            {"rumble", shown.rumble}}},
                          {"sent", counters.sent},
                          {"lost", counters.lost},
                          {"skipped", counters.skipped},
                          {"outputs_taken", counters.outputs_taken},
                          {"outputs", outputs},
                          {"host", to_string(peripheral.host())}};
  if (uhid_) state["bus"] = uhid_->link() == Link::cable ? "usb" : "bluetooth";
  if (const auto* move = hid_.move()) add_move(state, *move);
  if (radio_) state["radio"] = radio_json(*radio_);
  return state.dump();
}

}  // namespace psmove::emulator
