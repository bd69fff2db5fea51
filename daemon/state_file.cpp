#include "daemon/state_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <spdlog/spdlog.h>
#include <sstream>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "daemon/replace_file.hpp"
#include "types/text.hpp"

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;
using drivers::RememberedController;
using nlohmann::json;

constexpr int format_version = 1;

std::vector<std::byte> bytes_from_hex(std::string_view text) {
  const auto nibble = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    return 16;
  };
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const unsigned high = nibble(text[i]);
    const unsigned low = nibble(text[i + 1]);
    if (high > 15 || low > 15) return {};
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

constexpr std::array<std::string_view, 4> source_names = {"hidraw", "usb", "simulated",
                                                          "recording"};

json to_json(const Vec3<Microtesla>& v) {
  return {v.x, v.y, v.z};
}

json to_json(const MagnetometerCalibration& fit) {
  return {{"hard_iron_ut", to_json(fit.hard_iron)},
          {"soft_iron", fit.soft_iron},
          {"field_ut", fit.field_ut},
          {"residual_ut", fit.residual_ut},
          {"coverage", fit.coverage}};
}

template <std::size_t size>
json to_json(const fusion::LearnedState::Estimate<size>& estimate) {
  return {{"value", estimate.value}, {"variance", estimate.variance}};
}

json to_json(const fusion::LearnedState& learned) {
  return {{"version", learned.version},
          {"gyro_bias_rad_s", to_json(learned.gyro_bias_rad_s)},
          {"gyro_scale", to_json(learned.gyro_scale)},
          {"accel_bias_m_s2", to_json(learned.accel_bias_m_s2)},
          {"accel_latency_s", to_json(learned.accel_latency_s)},
          {"hard_iron_ut", to_json(learned.hard_iron_ut)},
          {"mag_latency_s", to_json(learned.mag_latency_s)}};
}

json to_json(const RememberedController& controller) {
  json object = {{"id", to_string(controller.address)},
                 {"model", controller.model},
                 {"number", controller.number},
                 {"name", controller.name},
                 {"firmware", controller.firmware},
                 {"source", source_names[static_cast<std::size_t>(controller.source)]},
                 {"calibration_blob", hex(controller.calibration_blob)}};
  if (controller.companion) object["companion"] = to_string(*controller.companion);
  if (controller.rumble_limit)
    object["rumble_limit"] = {{"duty", controller.rumble_limit->duty},
                              {"window_s", controller.rumble_limit->window.count()}};
  if (controller.magnetometer) object["magnetometer"] = to_json(*controller.magnetometer);
  if (controller.learned) object["learned"] = to_json(*controller.learned);
  return object;
}

/// Exactly `size` finite numbers, or nothing.
template <std::size_t size>
bool read_numbers(const json& object, const char* member, std::array<double, size>& into) {
  const auto found = object.is_object() ? object.find(member) : object.end();
  if (found == object.end() || !found->is_array() || found->size() != size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (!(*found)[i].is_number()) return false;
    into[i] = (*found)[i].get<double>();
    if (!std::isfinite(into[i])) return false;
  }
  return true;
}

double number_of(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::optional<RumbleLimit> rumble_limit_from_json(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const RumbleLimit limit{.duty = number_of(object, "duty"),
                          .window = std::chrono::seconds(
                              std::llround(std::clamp(number_of(object, "window_s"), 0.0, 1e6)))};
  if (!(limit.duty >= 0 && limit.duty <= 1) || limit.window < shortest_rumble_window ||
      limit.window > longest_rumble_window)
    return std::nullopt;
  return limit;
}

/// Damaged entries are as good as none: the controller works without.
std::optional<MagnetometerCalibration> magnetometer_from_json(const json& object) {
  MagnetometerCalibration fit;
  std::array<double, 3> iron{};
  if (!read_numbers(object, "hard_iron_ut", iron) ||
      !read_numbers(object, "soft_iron", fit.soft_iron))
    return std::nullopt;
  fit.hard_iron = {iron[0], iron[1], iron[2]};
  fit.field_ut = number_of(object, "field_ut");
  fit.residual_ut = number_of(object, "residual_ut");
  fit.coverage = number_of(object, "coverage");
  return fit;
}

template <std::size_t size>
bool read_estimate(const json& object, const char* member,
                   fusion::LearnedState::Estimate<size>& into) {
  const auto found = object.is_object() ? object.find(member) : object.end();
  return found != object.end() && read_numbers(*found, "value", into.value) &&
         read_numbers(*found, "variance", into.variance);
}

/// Whether the numbers make sense is the filter's to judge.
std::optional<fusion::LearnedState> learned_from_json(const json& object) {
  fusion::LearnedState learned;
  if (!read_estimate(object, "gyro_bias_rad_s", learned.gyro_bias_rad_s) ||
      !read_estimate(object, "gyro_scale", learned.gyro_scale) ||
      !read_estimate(object, "accel_bias_m_s2", learned.accel_bias_m_s2) ||
      !read_estimate(object, "accel_latency_s", learned.accel_latency_s) ||
      !read_estimate(object, "hard_iron_ut", learned.hard_iron_ut) ||
      !read_estimate(object, "mag_latency_s", learned.mag_latency_s))
    return std::nullopt;
  learned.version = static_cast<int>(number_of(object, "version"));
  return learned;
}

std::string text_of(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<RememberedController> from_json(const json& object) {
  if (!object.is_object()) return std::nullopt;
  const auto address = parse_address(text_of(object, "id"));
  if (!address) return std::nullopt;
  const auto number = object.find("number");
  RememberedController controller;
  controller.address = *address;
  controller.model = text_of(object, "model");
  controller.number =
      number != object.end() && number->is_number_integer() ? number->get<int>() : 0;
  controller.name = text_of(object, "name");
  controller.firmware = text_of(object, "firmware");
  controller.calibration_blob = bytes_from_hex(text_of(object, "calibration_blob"));
  controller.companion = parse_address(text_of(object, "companion"));
  if (const auto limit = object.find("rumble_limit"); limit != object.end())
    controller.rumble_limit = rumble_limit_from_json(*limit);
  if (const auto fit = object.find("magnetometer"); fit != object.end())
    controller.magnetometer = magnetometer_from_json(*fit);
  if (const auto learned = object.find("learned"); learned != object.end())
    controller.learned = learned_from_json(*learned);
  const std::string source = text_of(object, "source");
  for (std::size_t i = 0; i < source_names.size(); ++i)
    if (source == source_names[i]) controller.source = static_cast<Source>(i);
  return controller;
}

std::optional<std::vector<RememberedController>> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  const json all = json::parse(std::move(text).str(), nullptr, /*allow_exceptions=*/false);
  const auto list = all.is_object() ? all.find("controllers") : all.end();
  if (list == all.end() || !list->is_array()) return std::nullopt;
  std::vector<RememberedController> controllers;
  for (const json& entry : *list)
    if (auto controller = from_json(entry)) controllers.push_back(std::move(*controller));
  return controllers;
}

}  // namespace

StateFile::StateFile(fs::path directory) : directory_(std::move(directory)) {}

std::string StateFile::prepare() const {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (!error && ::access(directory_.c_str(), R_OK | W_OK | X_OK) == 0) return {};
  return "cannot write in the state directory " + directory_.string() + ": " +
         (error ? error.message() : std::strerror(errno)) +
         "; choose another with --state-dir or state_dir";
}

std::vector<RememberedController> StateFile::load() const {
  if (auto controllers = read(newest())) return std::move(*controllers);
  std::error_code error;
  if (fs::exists(newest(), error)) {
    const fs::path damaged = directory_ / "controllers.json.damaged";
    fs::rename(newest(), damaged, error);
    spdlog::warn("the file of controllers is damaged; going back to the older copy kept={}",
                 damaged.string());
  }
  return read(flushed()).value_or(std::vector<RememberedController>());
}

std::string StateFile::save(const std::vector<RememberedController>& controllers) const {
  json all = {{"format", format_version}, {"controllers", json::array()}};
  for (const auto& controller : controllers) all["controllers"].push_back(to_json(controller));
  return replace_file(newest(), all.dump(2, ' ', false, json::error_handler_t::replace) + '\n',
                      for_everybody_to_read);
}

void StateFile::flush() const {
  sync(newest());
  const fs::path copy = directory_ / "controllers.json.flushed";
  std::error_code error;
  fs::copy_file(newest(), copy, fs::copy_options::overwrite_existing, error);
  if (!error) {
    sync(copy);
    fs::rename(copy, flushed(), error);
  }
  sync(directory_);
}

}  // namespace psmove::daemon
