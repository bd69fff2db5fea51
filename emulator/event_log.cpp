#include "emulator/event_log.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

namespace psmove::emulator {
namespace {

template <class Unit>
nlohmann::json triple(const Vec3<Unit>& v) {
  return {v.x, v.y, v.z};
}

nlohmann::json names(Buttons buttons) {
  auto list = nlohmann::json::array();
  buttons.for_each([&](Button button) { list.push_back(to_string(button)); });
  return list;
}

nlohmann::json to_json(const MotionState& state, Buttons buttons) {
  const auto& q = state.world_from_body;
  return {{"accel_m_s2", triple(state.accel)},
          {"gyro_rad_s", triple(state.gyro)},
          {"mag_ut", triple(state.mag)},
          {"orientation", {q.w, q.x, q.y, q.z}},
          {"buttons", names(buttons)}};
}

}  // namespace

bool EventLog::write_events_to(const std::string& path) {
  events_to_stdout_ = path == "-";
  if (events_to_stdout_) return true;
  event_file_.emplace(path, std::ios::app);
  return event_file_->good();
}

bool EventLog::write_truth_to(const std::string& path) {
  truth_file_.emplace(path);
  return truth_file_->good();
}

double EventLog::seconds(Time now) const {
  return std::chrono::duration<double>(now - start_).count();
}

void EventLog::event(Time now, const Address& address, std::string_view what) {
  if (!events_to_stdout_ && !event_file_) return;
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%.6f", seconds(now));
  std::ostream& out = events_to_stdout_ ? std::cout : *event_file_;
  out << time.data() << ' ' << to_string(address) << ' ' << what << std::endl;
}

void EventLog::report(Time due, const Move& move, std::span<const std::byte> report) {
  if (!truth_file_) return;
  const auto& truth = move.truth();
  auto samples = nlohmann::json::array();
  for (std::size_t i = 0; i < truth.sample_count; ++i)
    samples.push_back(to_json(truth.samples[i], truth.buttons[i]));
  const nlohmann::json line = {
      {"time_s", seconds(due)},    {"address", to_string(move.options().address)},
      {"number", truth.number},    {"sequence", truth.number & 15},
      {"ticks", truth.ticks},      {"lost", truth.lost},
      {"trigger", move.trigger()}, {"battery", move.battery_code()},
      {"report", to_hex(report)},  {"samples", samples}};
  *truth_file_ << line.dump() << '\n';
}

std::string to_hex(std::span<const std::byte> bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    text += digits[value >> 4];
    text += digits[value & 15];
  }
  return text;
}

std::optional<std::vector<std::byte>> from_hex(std::string_view text) {
  std::vector<std::byte> bytes;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const auto* const end = text.data() + i + 2;
    const auto [stop, error] = std::from_chars(text.data() + i, end, value, 16);
    if (error != std::errc{} || stop != end) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

}  // namespace psmove::emulator
