#include "emulator/hid_device.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "emulator/move.hpp"

namespace psmove::emulator {
namespace {

/// hidraw keeps 64 reports for a slow reader: after a stall longer than this many, catching up
/// would only overflow it, and the schedule begins anew.
constexpr int most_reports_to_catch_up = 48;
constexpr std::size_t outputs_remembered = 32;

std::string light_text(const Outputs& shown) {
  return std::to_string(shown.led.red) + ' ' + std::to_string(shown.led.green) + ' ' +
         std::to_string(shown.led.blue) + " rumble " + std::to_string(shown.rumble);
}

}  // namespace

HidDevice::HidDevice(std::unique_ptr<Peripheral> peripheral, double phase, EventLog& log)
    : peripheral_(std::move(peripheral)),
      move_(dynamic_cast<Move*>(peripheral_.get())),
      phase_(phase),
      log_(log) {}

void HidDevice::note(Time now, std::string_view what) {
  log_.event(now, peripheral_->address(), what);
}

void HidDevice::note_light(Time now) {
  const auto shown = peripheral_->shows(now);
  if (shown == last_shown_) return;
  last_shown_ = shown;
  note(now, "SHOWS " + light_text(shown));
}

// ---- requests

bool HidDevice::is_at_fault(std::uint8_t id) const {
  return !fault_.only || *fault_.only == id;
}

void HidDevice::answer(std::uint8_t id, Time now, std::function<void()> give) {
  if (!is_at_fault(id) || (!fault_.never && fault_.delay.count() == 0)) return give();
  if (fault_.never) return;
  const Time due = now + fault_.delay;
  const auto later = std::find_if(late_answers_.begin(), late_answers_.end(),
                                  [&](const LateAnswer& other) { return other.due > due; });
  late_answers_.insert(later, {due, std::move(give)});
}

void HidDevice::get_report(ReportKind kind, std::uint8_t id, Link via, Time now, GotReport got) {
  std::optional<std::vector<std::byte>> report;
  if (kind == ReportKind::feature) report = peripheral_->get_feature(id, via);
  if (report && fault_.length && is_at_fault(id)) report->resize(*fault_.length);
  const std::array id_byte = {std::byte{id}};
  note(now, "GET " + to_hex(id_byte) + (report ? " " + to_hex(*report) : " refused"));
  answer(id, now, [got = std::move(got), report = std::move(report)] { got(report); });
}

void HidDevice::set_report(ReportKind kind, std::span<const std::byte> report, Link via, Time now,
                           SetReport set) {
  if (kind == ReportKind::output) {
    const auto before = counters_.outputs_taken;
    take_output(report, now);
    return set(counters_.outputs_taken != before);
  }
  const auto forbidden_writes = [this] { return move_ ? move_->forbidden_writes() : 0; };
  const auto forbidden_before = forbidden_writes();
  const bool taken = kind == ReportKind::feature && peripheral_->set_feature(report, via, now);
  const bool forbidden = forbidden_writes() != forbidden_before;
  note(now, "SET " + to_hex(report) + (taken ? "" : forbidden ? " FORBIDDEN" : " refused"));
  note_light(now);
  const auto id = report.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(report.front());
  answer(id, now, [set = std::move(set), taken] { set(taken); });
}

void HidDevice::take_output(std::span<const std::byte> report, Time now) {
  const bool taken = peripheral_->output(report, now);
  counters_.outputs_taken += taken;
  outputs_.push_back({now, to_hex(report), taken});
  if (outputs_.size() > outputs_remembered) outputs_.pop_front();
  note(now, "OUT " + to_hex(report) + (taken ? "" : " ignored"));
  note_light(now);
}

void HidDevice::opened(Time now) {
  note(now, "OPEN");
  schedule(now);
}

void HidDevice::closed(Time now) {
  note(now, "CLOSE");
  schedule(now);
}

void HidDevice::link_lost(Time now) {
  const bool is_alone =
      std::none_of(doors_.begin(), doors_.end(), [](const Door* door) { return door->is_open(); });
  if (is_alone) peripheral_->reconnect();
  schedule(now);
  note_light(now);
}

// ---- reports

bool HidDevice::wants(const Door& door) const {
  return door.is_open() && peripheral_->is_talkative(door.link());
}

bool HidDevice::is_sending() const {
  return std::any_of(doors_.begin(), doors_.end(),
                     [this](const Door* door) { return wants(*door); });
}

/// Decides when the first report is due, and that none is once nobody listens.
void HidDevice::schedule(Time now) {
  if (!is_sending()) {
    next_due_.reset();
  } else if (!next_due_) {
    const auto wait = phase_ * std::chrono::duration<double>(peripheral_->report_interval());
    next_due_ = now + std::chrono::duration_cast<std::chrono::nanoseconds>(wait);
  }
}

void HidDevice::advance(Time now) {
  while (!late_answers_.empty() && late_answers_.front().due <= now) {
    const auto give = std::move(late_answers_.front().give);
    late_answers_.pop_front();
    give();
  }
  note_light(now);
  schedule(now);
  if (!next_due_) return;
  const auto interval = peripheral_->report_interval();
  const auto late = now - *next_due_;
  if (late > interval * most_reports_to_catch_up) {
    const auto missed = late / interval;
    counters_.skipped += static_cast<std::uint64_t>(missed);
    note(now, "LATE skips " + std::to_string(missed) + " reports");
    next_due_ = now;
  }
  worst_delay_ = std::max<std::chrono::nanoseconds>(worst_delay_, now - *next_due_);
  while (*next_due_ <= now && is_sending()) {
    send_report(*next_due_);
    *next_due_ += interval;
  }
}

void HidDevice::send_report(Time due) {
  // Who gets it is known before it is made: a keyboard has nothing more to say after its last one.
  listening_.clear();
  for (auto* door : doors_)
    if (wants(*door)) listening_.push_back(door);
  std::array<std::byte, 4096> buffer;
  const auto length = peripheral_->input_report(buffer, due);
  const auto report = std::span(buffer).first(length);
  if (length > 0) {
    for (auto* door : listening_) door->send_input(report, due);
    ++counters_.sent;
  } else {
    ++counters_.lost;
  }
  if (move_) log_.report(due, *move_, report);
}

std::optional<Time> HidDevice::next_wake(Time now) const {
  std::optional<Time> wake = peripheral_->goes_dark_at(now);
  const auto also = [&](Time time) { wake = wake ? std::min(*wake, time) : time; };
  if (!late_answers_.empty()) also(late_answers_.front().due);
  if (is_sending()) also(next_due_.value_or(now));
  return wake;
}

}  // namespace psmove::emulator
