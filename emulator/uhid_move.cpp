#include "emulator/uhid_move.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <linux/input.h>
#include <nlohmann/json.hpp>
#include <utility>

namespace psmove::emulator {
namespace {

constexpr std::uint32_t sony = 0x054C;

/// hidraw keeps 64 reports for a slow reader: after a stall longer than this many, catching up
/// would only overflow it, and the schedule begins anew.
constexpr int most_reports_to_catch_up = 48;
constexpr std::size_t outputs_remembered = 32;

std::optional<double> fraction(std::string_view text) {
  double value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || !(value >= 0 && value <= 1)) return std::nullopt;
  return value;
}

std::optional<Buttons> parse_buttons(std::string_view list) {
  Buttons buttons;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    const auto button = parse_button(list.substr(0, comma));
    if (!button) return std::nullopt;
    buttons.insert(*button);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return buttons;
}

std::string light_text(const Outputs& shown) {
  return std::to_string(shown.led.red) + ' ' + std::to_string(shown.led.green) + ' ' +
         std::to_string(shown.led.blue) + " rumble " + std::to_string(shown.rumble);
}

nlohmann::json button_list(Buttons buttons) {
  auto list = nlohmann::json::array();
  buttons.for_each([&](Button button) { list.push_back(to_string(button)); });
  return list;
}

}  // namespace

UhidMove::UhidMove(const DeviceSpec& spec, Uhid door, double phase, EventLog& log, Time now)
    : move_(make_move(spec, now)), door_(std::move(door)), phase_(phase), log_(log) {}

UhidIdentity UhidMove::identity() const {
  const auto& options = move_.options();
  const bool usb = options.on_cable;
  UhidIdentity identity;
  identity.name = usb ? "Sony Computer Entertainment Motion Controller" : "Motion Controller";
  identity.phys = usb ? "usb-emulated/input0" : to_string(options.host);
  identity.uniq = usb ? "" : to_string(options.address);  // it has no USB serial number
  identity.bus = usb ? BUS_USB : BUS_BLUETOOTH;
  identity.vendor = sony;
  identity.product = options.model == Model::zcm1 ? 0x03D5 : 0x0C5E;
  identity.version = usb ? 0x0220 : 1;
  identity.descriptor = move_.hid_descriptor();
  return identity;
}

void UhidMove::plug(Time now) {
  if (plugged_) return;
  move_.reconnect();
  door_.create(identity());
  plugged_ = true;
  note(now, "PLUG");
}

void UhidMove::unplug(Time now) {
  if (!plugged_) return;
  door_.destroy();
  plugged_ = open_ = false;
  move_.reconnect();
  note(now, "UNPLUG");
  note_light(now);
}

bool UhidMove::is_sending() const {
  return plugged_ && open_ && !move_.options().on_cable;
}

void UhidMove::serve(Time now) {
  while (const auto event = door_.next_event()) {
    switch (event->kind) {
      case UhidEvent::Kind::start:
        note(now, "START");
        break;
      case UhidEvent::Kind::stop:
        note(now, "STOP");
        break;
      case UhidEvent::Kind::open:
        open(now);
        break;
      case UhidEvent::Kind::close:
        open_ = false;
        note(now, "CLOSE");
        break;
      case UhidEvent::Kind::output:
        take_output(event->report, now);
        break;
      case UhidEvent::Kind::get_report:
        answer_get_report(*event, now);
        break;
      case UhidEvent::Kind::set_report:
        door_.answer_set(event->request, take_set_report(*event, now));
        break;
      case UhidEvent::Kind::other:
        break;
    }
  }
}

void UhidMove::open(Time now) {
  if (!open_) {
    const std::chrono::duration<double> interval = move_.report_interval();
    next_due_ = now + std::chrono::duration_cast<std::chrono::nanoseconds>(phase_ * interval);
  }
  open_ = plugged_;
  note(now, "OPEN");
}

void UhidMove::take_output(std::span<const std::byte> report, Time now) {
  const bool taken = move_.output(report, now);
  outputs_taken_ += taken;
  outputs_.push_back({now, to_hex(report), taken});
  if (outputs_.size() > outputs_remembered) outputs_.pop_front();
  note(now, "OUT " + to_hex(report) + (taken ? "" : " ignored"));
  note_light(now);
}

bool UhidMove::take_set_report(const UhidEvent& event, Time now) {
  if (event.report_kind == UhidEvent::Report::output) {
    const auto before = outputs_taken_;
    take_output(event.report, now);
    return outputs_taken_ != before;
  }
  const auto forbidden_before = move_.forbidden_writes();
  const bool taken =
      event.report_kind == UhidEvent::Report::feature && move_.set_feature(event.report, now);
  const bool forbidden = move_.forbidden_writes() != forbidden_before;
  note(now, "SET " + to_hex(event.report) + (taken ? "" : forbidden ? " FORBIDDEN" : " refused"));
  note_light(now);
  return taken;
}

void UhidMove::answer_get_report(const UhidEvent& event, Time now) {
  std::optional<std::vector<std::byte>> answer;
  if (event.report_kind == UhidEvent::Report::feature) answer = move_.get_feature(event.report_id);
  door_.answer_get(event.request, answer);
  const std::array id = {std::byte{event.report_id}};
  note(now, "GET " + to_hex(id) + (answer ? " " + to_hex(*answer) : " refused"));
}

void UhidMove::advance(Time now) {
  note_light(now);
  if (!is_sending()) return;
  const auto late = now - next_due_;
  if (late > move_.report_interval() * most_reports_to_catch_up) {
    const auto missed = late / move_.report_interval();
    skipped_ += static_cast<std::uint64_t>(missed);
    note(now, "LATE skips " + std::to_string(missed) + " reports");
    next_due_ = now;
  }
  worst_delay_ = std::max<std::chrono::nanoseconds>(worst_delay_, now - next_due_);
  while (next_due_ <= now) {
    send_report(next_due_);
    next_due_ += move_.report_interval();
  }
}

void UhidMove::send_report(Time due) {
  std::array<std::byte, 4096> buffer;
  const auto length = move_.input_report(buffer, due);
  const auto report = std::span(buffer).first(length);
  if (length > 0) {
    door_.send_input(report);
    ++sent_;
  } else {
    ++lost_;
  }
  log_.report(due, move_, report);
}

std::optional<Time> UhidMove::next_wake(Time now) const {
  const auto dark = move_.goes_dark_at(now);
  if (!is_sending()) return dark;
  return dark ? std::min(*dark, next_due_) : next_due_;
}

void UhidMove::note_light(Time now) {
  const auto shown = move_.shows(now);
  if (shown == last_shown_) return;
  last_shown_ = shown;
  note(now, "SHOWS " + light_text(shown));
}

void UhidMove::note(Time now, std::string_view what) {
  log_.event(now, move_.options().address, what);
}

std::string UhidMove::command(std::string_view verb, std::string_view argument, Time now) {
  const auto complaint = obey(verb, argument, now);
  return complaint.empty() ? "ok" : "error: " + complaint;
}

UhidMove::Complaint UhidMove::obey(std::string_view verb, std::string_view argument, Time now) {
  const auto wants = [&](std::string_view accepted) {
    return std::string(verb) + " takes " + std::string(accepted) + ", not '" +
           std::string(argument) + "'";
  };
  if (verb == "hold" || verb == "tap") {
    const auto buttons = parse_buttons(argument);
    if (!buttons)
      return wants(
          "a comma-separated list of select, start, triangle, circle, cross, square, ps, move and "
          "t");
    verb == "hold" ? move_.hold(*buttons) : move_.tap(*buttons);
  } else if (verb == "trigger" || verb == "loss") {
    const auto value = fraction(argument);
    if (!value) return wants("a number from 0 to 1");
    verb == "trigger" ? move_.set_trigger(*value) : move_.set_loss(*value);
  } else if (verb == "battery") {
    const auto code = from_hex(argument.size() == 1 ? "0" + std::string(argument) : argument);
    if (!code || code->size() != 1)
      return wants("the code on the wire in hexadecimal, such as 5 or ee");
    move_.set_battery_code(std::to_integer<std::uint8_t>(code->front()));
  } else if (verb == "motion") {
    auto made = make_motion(argument);
    if (!made.motion) return made.error;
    move_.set_motion(std::move(made.motion), now);
  } else if (verb == "mag") {
    const auto state = parse_magnetometer(argument);
    if (!state) return wants("normal, absent or disturbed");
    move_.set_magnetometer(*state);
  } else if (verb == "raw") {
    auto report = from_hex(argument);
    if (!report || report->empty() || report->size() > 4096)
      return wants("1 to 4096 bytes in hexadecimal");
    move_.send_raw(std::move(*report));
  } else if (verb == "plug") {
    plug(now);
  } else if (verb == "unplug") {
    unplug(now);
  } else {
    return "there is no command '" + std::string(verb) +
           "'; accepted are hold, tap, trigger, battery, motion, loss, raw, mag, plug, unplug, "
           "state and quit";
  }
  return {};
}

std::string UhidMove::state_json(Time now, std::size_t index) const {
  const auto shown = move_.shows(now);
  auto outputs = nlohmann::json::array();
  for (const auto& output : outputs_)
    outputs.push_back(
        {{"time_s", log_.seconds(output.time)}, {"bytes", output.bytes}, {"taken", output.taken}});
  const nlohmann::json state = {{"index", index},
                                {"address", to_string(move_.options().address)},
                                {"model", to_string(move_.options().model)},
                                {"bus", move_.options().on_cable ? "usb" : "bluetooth"},
                                {"plugged", plugged_},
                                {"open", open_},
                                {"time_s", log_.seconds(now)},
                                {"shows",
                                 {{"red", shown.led.red},
                                  {"green", shown.led.green},
                                  {"blue", shown.led.blue},
                                  {"rumble", shown.rumble}}},
                                {"sent", sent_},
                                {"lost", lost_},
                                {"skipped", skipped_},
                                {"outputs_taken", outputs_taken_},
                                {"outputs", outputs},
                                {"host", to_string(move_.host())},
                                {"forbidden_writes", move_.forbidden_writes()},
                                {"motion", move_.motion_name()},
                                {"buttons", button_list(move_.held())},
                                {"trigger", move_.trigger()},
                                {"battery", move_.battery_code()},
                                {"magnetometer", to_string(move_.magnetometer())},
                                {"loss", move_.loss()}};
  return state.dump();
}

}  // namespace psmove::emulator
