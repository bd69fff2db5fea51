#include "daemon/state_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <spdlog/spdlog.h>
#include <sstream>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;
using drivers::RememberedController;
using nlohmann::json;

constexpr int format_version = 1;

std::string hex(const std::vector<std::byte>& bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

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

json to_json(const RememberedController& controller) {
  return {{"id", to_string(controller.address)},
          {"model", controller.model},
          {"number", controller.number},
          {"name", controller.name},
          {"firmware", controller.firmware},
          {"source", source_names[static_cast<std::size_t>(controller.source)]},
          {"calibration_blob", hex(controller.calibration_blob)}};
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

/// Waits until the disk has this file or directory.
void sync(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
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
  const fs::path fresh = directory_ / "controllers.json.new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << all.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
  file.close();
  if (!file) return "cannot write " + fresh.string() + ": " + std::strerror(errno);
  std::error_code error;
  fs::rename(fresh, newest(), error);
  if (error) return "cannot replace " + newest().string() + ": " + error.message();
  return {};
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
