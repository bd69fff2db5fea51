#include "bluez/device_store.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>
#include <vector>

#include "bluez/key_file.hpp"
#include "bluez/sdp_record.hpp"

namespace psmove::bluez {
namespace {

constexpr int sony = 0x054C;
constexpr const char* hid_profile = "00001124-0000-1000-8000-00805f9b34fb;";
constexpr const char* hid_record_key = "0x00010000";

/// BlueZ names its folders and files in capitals.
std::string in_capitals(const Address& address) {
  std::string text = to_string(address);
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string in_hex(const Bytes& bytes) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<Bytes> from_hex(const std::string& text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    if (std::isxdigit(static_cast<unsigned char>(text[i])) == 0 ||
        std::isxdigit(static_cast<unsigned char>(text[i + 1])) == 0)
      return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

struct Setting {
  const char *group, *key;
  std::string value;
};

/// What `info` has to say, whatever else it says. The DeviceID's Source=1 is the Bluetooth SIG's
/// list of vendors, where these numbers mean nothing; it is what every pairing tool has written so
/// far, and what the kernel's drivers match.
std::vector<Setting> settings_of(const StoredModel& model, bool cable_pairing) {
  std::vector<Setting> settings = {
      {"General", "Name", std::string(model.shown_as)},
      {"General", "Class", "0x002508"},
      {"General", "SupportedTechnologies", "BR/EDR;"},
      {"General", "Trusted", "true"},
      {"General", "Blocked", "false"},
      {"General", "Services", hid_profile},
      {"DeviceID", "Source", "1"},
      {"DeviceID", "Vendor", std::to_string(sony)},
      {"DeviceID", "Product", std::to_string(model.product)},
      {"DeviceID", "Version", "1"},
  };
  if (cable_pairing && !model.bonds) settings.push_back({"General", "CablePairing", "true"});
  return settings;
}

bool says(const KeyFile& file, const Setting& setting) {
  const auto value = file.value(setting.group, setting.key);
  // bluetoothd writes lists of one with and without their last semicolon, and more services than
  // ours once it has asked for them.
  if (!value) return false;
  if (setting.key == std::string_view("Services"))
    return value->find(std::string_view(hid_profile).substr(0, 36)) != std::string::npos;
  if (setting.key == std::string_view("SupportedTechnologies")) return value->starts_with("BR/EDR");
  return *value == setting.value;
}

/// A record serves if every report of the model is at least as long as it declares.
bool serves(const KeyFile& cache, const StoredModel& model) {
  const auto hex = cache.value("ServiceRecords", hid_record_key);
  const auto record = hex ? from_hex(*hex) : std::nullopt;
  const auto declared = record ? declared_input(*record) : std::nullopt;
  return declared && *declared <= model.input_payload;
}

/// Whether an entry is of a device that is none of ours. Without a DeviceID it may be one that only
/// called once.
bool is_foreign(const KeyFile& info) {
  const auto vendor = info.value("DeviceID", "Vendor");
  const auto product = info.value("DeviceID", "Product");
  if (!vendor || !product) return false;
  const bool is_ours =
      *vendor == std::to_string(sony) &&
      std::any_of(stored_models().begin(), stored_models().end(), [&](const StoredModel& model) {
        return *product == std::to_string(model.product);
      });
  return !is_ours;
}

}  // namespace

std::filesystem::path DeviceStore::info(const Address& adapter, const Address& device) const {
  return root_ / in_capitals(adapter) / in_capitals(device) / "info";
}

std::filesystem::path DeviceStore::cache(const Address& adapter, const Address& device) const {
  return root_ / in_capitals(adapter) / "cache" / in_capitals(device);
}

StoredDevice DeviceStore::look_up(const Address& adapter, const Address& device,
                                  const StoredModel& model, bool cable_pairing) const {
  std::string trouble;
  const auto its_info = KeyFile::load(info(adapter, device), trouble);
  const auto its_cache = KeyFile::load(cache(adapter, device), trouble);
  const auto settings = settings_of(model, cable_pairing);
  return {.is_stored = trouble.empty() && serves(its_cache, model) &&
                       std::all_of(settings.begin(), settings.end(),
                                   [&](const Setting& each) { return says(its_info, each); }),
          .is_known = its_info.has_group("General"),
          .is_bonded = its_info.has_group("LinkKey"),
          .is_foreign = is_foreign(its_info)};
}

std::string DeviceStore::remember(const Address& adapter, const Address& device,
                                  const StoredModel& model, bool cable_pairing) const {
  std::string trouble;
  auto its_info = KeyFile::load(info(adapter, device), trouble);
  if (is_foreign(its_info)) return "BlueZ knows another device by this address";
  auto its_cache = KeyFile::load(cache(adapter, device), trouble);
  if (!trouble.empty()) return trouble;
  for (const auto& setting : settings_of(model, cable_pairing))
    if (!says(its_info, setting)) its_info.set(setting.group, setting.key, setting.value);
  its_cache.set("General", "Name", std::string(model.shown_as));
  if (!serves(its_cache, model))
    its_cache.set("ServiceRecords", hid_record_key, in_hex(hid_service_record(model)));
  for (const auto& path : {info(adapter, device), cache(adapter, device)}) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return path.parent_path().string() + ": " + error.message();
  }
  // The record first: an entry without it would be believed and be of no use.
  if (auto wrong = its_cache.save(cache(adapter, device)); !wrong.empty()) return wrong;
  return its_info.save(info(adapter, device));
}

std::string DeviceStore::clear_remains(const Address& adapter, const Address& device) const {
  std::error_code error;
  if (std::filesystem::exists(info(adapter, device), error)) return {};
  std::filesystem::remove(cache(adapter, device), error);
  return error ? cache(adapter, device).string() + ": " + error.message() : std::string();
}

}  // namespace psmove::bluez
