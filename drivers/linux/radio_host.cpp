#include "drivers/linux/radio_host.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace psmove::drivers {
namespace {

namespace fs = std::filesystem;

/// The number in a file of sysfs; 0 where there is none.
int number_in(const fs::path& path) {
  int value = 0;
  std::ifstream(path) >> value;
  return value;
}

/// KEY=value lines, as every device's `uevent` has them.
std::string value_in(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key + "=")) return line.substr(key.size() + 1);
  return {};
}

}  // namespace

RadioBlock radio_block(const std::string& adapter_name) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/class/bluetooth/" + adapter_name, error)) {
    if (!entry.path().filename().string().starts_with("rfkill")) continue;
    if (number_in(entry.path() / "hard") != 0) return RadioBlock::by_switch;
    if (number_in(entry.path() / "soft") != 0) return RadioBlock::by_software;
  }
  return RadioBlock::none;
}

std::vector<std::string> kernel_adapters() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/class/bluetooth", error)) {
    auto name = entry.path().filename().string();
    if (name.find(':') == std::string::npos) names.push_back(std::move(name));  // hci0:11: a link
  }
  std::sort(names.begin(), names.end());
  return names;
}

LinkHolder holder_of(const Address& device) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/sys/bus/hid/devices", error)) {
    if (!entry.path().filename().string().starts_with("0005:")) continue;  // Bluetooth
    const auto address = parse_address(value_in(entry.path() / "uevent", "HID_UNIQ"));
    if (address != device) continue;
    const auto where = fs::canonical(entry.path(), error).string();
    if (error) return LinkHolder::nobody;  // it left meanwhile
    return where.find("/uhid/") == std::string::npos ? LinkHolder::kernel : LinkHolder::bluetoothd;
  }
  return LinkHolder::nobody;
}

}  // namespace psmove::drivers
