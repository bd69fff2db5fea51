#include "emulator/device_list.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace psmove::emulator {
namespace {

constexpr std::size_t most_devices = 99;

/// One item, before its N copies are made.
struct Item {
  std::size_t count = 1;
  DeviceSpec spec;
  bool has_address = false, has_blob = false, has_seed = false, has_host = false;
};

/// Why a text was refused; empty: it was not.
using Complaint = std::string;

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

/// Cuts the text up to the separator off its front.
std::string_view take(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return head;
}

std::optional<double> number_in(std::string_view text, double lowest, double highest) {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
  if (value < lowest || value > highest) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> whole_number_in(std::string_view text, std::uint64_t lowest,
                                             std::uint64_t highest) {
  std::uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < lowest || value > highest) return std::nullopt;
  return value;
}

Complaint needs(std::string_view key, std::string_view value, std::string_view accepted) {
  return "the key " + std::string(key) + " does not take " + quoted(value) + "; accepted is " +
         std::string(accepted);
}

/// One key of one item: what it accepts, in words, and what it does. `set` says false to a value
/// that it does not take.
struct Key {
  std::string_view name, accepted;
  bool is_for_emulator_only;
  bool (*set)(Item& item, std::string_view value);
};

template <class Target>
bool set_whole_number(Target& target, std::string_view value, std::uint64_t lowest,
                      std::uint64_t highest) {
  const auto number = whole_number_in(value, lowest, highest);
  if (number) target = static_cast<Target>(*number);
  return number.has_value();
}

bool set_address(Address& target, std::string_view value) {
  const auto address = parse_address(value);
  if (address) target = *address;
  return address.has_value();
}

constexpr std::string_view yes_or_no = "yes or no";
bool set_yes_or_no(bool& target, std::string_view value) {
  target = value == "yes";
  return value == "yes" || value == "no";
}

constexpr Key all_keys[] = {
    {"name", "1 to 64 characters", false,
     [](Item& item, std::string_view value) {
       item.spec.name = value;
       return !value.empty() && value.size() <= 64;
     }},
    {"address", "a Bluetooth address with dashes, such as 00-06-f7-16-2a-3b", false,
     [](Item& item, std::string_view value) {
       item.has_address = true;
       return set_address(item.spec.options.address, value) && !item.spec.options.address.is_zero();
     }},
    {"rate", "a number of reports per second from 1 to 2000", false,
     [](Item& item, std::string_view value) {
       const auto rate = number_in(value, 1, 2000);
       item.spec.options.reports_per_s = rate.value_or(0);
       return rate.has_value();
     }},
    {"mag", "normal, absent or disturbed", false,
     [](Item& item, std::string_view value) {
       const auto state = parse_magnetometer(value);
       item.spec.magnetometer = state.value_or(Magnetometer::normal);
       return state.has_value();
     }},
    {"loss", "a fraction of the reports from 0 to 1", false,
     [](Item& item, std::string_view value) {
       const auto loss = number_in(value, 0, 1);
       item.spec.loss = loss.value_or(0);
       return loss.has_value();
     }},
    {"extension", "sharp_shooter or racing_wheel, and a zcm1", false,
     [](Item& item, std::string_view value) {
       for (const auto device : {ExtensionDevice::sharp_shooter, ExtensionDevice::racing_wheel})
         if (value == psmove::to_string(device)) item.spec.extension = device;
       return item.spec.extension && item.spec.kind == DeviceKind::move &&
              item.spec.options.model == Model::zcm1;
     }},
    {"host", "a Bluetooth address with dashes, such as aa-bb-cc-dd-ee-ff", true,
     [](Item& item, std::string_view value) {
       item.has_host = true;
       return set_address(item.spec.options.host, value);
     }},
    {"bus", "bluetooth or usb", true,
     [](Item& item, std::string_view value) {
       item.spec.options.on_cable = value == "usb";
       return value == "usb" || value == "bluetooth";
     }},
    {"length", "the bytes of an input report with its id, 1 to 255", true,
     [](Item& item, std::string_view value) {
       return set_whole_number(item.spec.options.report_length, value, 1, 255);
     }},
    {"declared", "the bytes of an input report that the HID descriptor declares, 9 to 255", true,
     [](Item& item, std::string_view value) {
       return set_whole_number(item.spec.options.declared_payload, value, 9, 255);
     }},
    {"descriptor", "joystick or vendor", true,
     [](Item& item, std::string_view value) {
       item.spec.options.descriptor = value == "vendor" ? Descriptor::vendor : Descriptor::joystick;
       return value == "vendor" || value == "joystick";
     }},
    {"first-block", "the calibration block that is read first, 0 to 2", true,
     [](Item& item, std::string_view value) {
       return set_whole_number(item.spec.options.first_calibration_block, value, 0, 2);
     }},
    {"blob", "the published ZCM1 calibration to hand out, 0 to 7", true,
     [](Item& item, std::string_view value) {
       item.has_blob = true;
       return set_whole_number(item.spec.options.calibration_blob, value, 0, 7);
     }},
    {"seed", "a whole number from 0 to 4294967295", true,
     [](Item& item, std::string_view value) {
       item.has_seed = true;
       return set_whole_number(item.spec.options.seed, value, 0, 0xFFFF'FFFF);
     }},
    {"tick-us", "the microseconds of one timestamp count, 1 to 10000", true,
     [](Item& item, std::string_view value) {
       const auto tick = whole_number_in(value, 1, 10'000);
       item.spec.options.tick = std::chrono::microseconds(tick.value_or(10));
       return tick.has_value();
     }},
    {"pair", "none, pin or ssp", true,
     [](Item& item, std::string_view value) {
       const auto pairing = parse_pairing(value);
       item.spec.air.pairing = pairing.value_or(Pairing::none);
       return pairing.has_value();
     }},
    {"pin", "1 to 16 characters", true,
     [](Item& item, std::string_view value) {
       item.spec.air.pin = value;
       return !value.empty() && value.size() <= 16;
     }},
    {"key", "16 bytes in hexadecimal", true,
     [](Item& item, std::string_view value) {
       item.spec.air.key = parse_link_key(value);
       return item.spec.air.key.has_value();
     }},
    {"record", "own, ds3 or vendor, or one of them with -9 to -255 declared bytes", true,
     [](Item& item, std::string_view value) {
       const auto kind = parse_record_kind(value);
       item.spec.air.record = kind.value_or(RecordKind{});
       return kind.has_value();
     }},
    {"sdp", yes_or_no, true,
     [](Item& item, std::string_view value) {
       return set_yes_or_no(item.spec.air.answers_sdp, value);
     }},
    {"callable", yes_or_no, true,
     [](Item& item, std::string_view value) {
       return set_yes_or_no(item.spec.air.can_be_called, value);
     }},
    {"fragile", yes_or_no, true,
     [](Item& item, std::string_view value) {
       return set_yes_or_no(item.spec.air.is_fragile, value);
     }},
};

std::string key_names(DeviceKeys keys) {
  std::string names = "motion";
  for (const auto& key : all_keys)
    if (!key.is_for_emulator_only || keys == DeviceKeys::emulated)
      names += ", " + std::string(key.name);
  return names;
}

Complaint set_key(Item& item, std::string_view name, std::string_view value, DeviceKeys keys) {
  if (name == "motion") {
    item.spec.motion = value;
    return make_motion(value).error;
  }
  for (const auto& key : all_keys) {
    if (key.name != name || (key.is_for_emulator_only && keys != DeviceKeys::emulated)) continue;
    return key.set(item, value) ? Complaint{} : needs(name, value, key.accepted);
  }
  return "there is no key " + quoted(name) + "; accepted are " + key_names(keys);
}

/// The number before an x and the model's name.
Complaint set_kind(Item& item, std::string_view kind, DeviceKeys keys) {
  const auto times = kind.find('x');
  std::string_view model = kind;
  if (times != std::string_view::npos) {
    const auto count = whole_number_in(kind.substr(0, times), 1, most_devices);
    if (!count)
      return quoted(kind) +
             " does not begin with a number from 1 to 99; accepted is such as 7xzcm1";
    item.count = *count;
    model.remove_prefix(times + 1);
  }
  const bool all_kinds = keys == DeviceKeys::emulated;
  if (model == "zcm1") {
    item.spec.options.model = Model::zcm1;
  } else if (model == "zcm2") {
    item.spec.options.model = Model::zcm2;
    item.spec.air.pairing = Pairing::ssp;  // it bonds; a ZCM1 has not been seen to
  } else if (model == "navigation") {
    item.spec.kind = DeviceKind::navigation;
  } else if (model == "keyboard" && all_kinds) {
    item.spec.kind = DeviceKind::keyboard;
    item.spec.air.pairing = Pairing::ssp;
  } else {
    return "there is no model " + quoted(model) + "; accepted are " +
           (all_kinds ? "zcm1, zcm2, navigation and keyboard" : "zcm1, zcm2 and navigation");
  }
  return {};
}

Complaint read_item(Item& item, std::string_view text, DeviceKeys keys) {
  if (auto complaint = set_kind(item, take(text, ':'), keys); !complaint.empty()) return complaint;
  while (!text.empty()) {
    std::string_view value = take(text, ':');
    if (value.find('=') == std::string_view::npos)
      return quoted(value) + " is not KEY=VALUE; the keys are " + key_names(keys);
    const auto key = take(value, '=');
    if (auto complaint = set_key(item, key, value, keys); !complaint.empty()) return complaint;
  }
  return {};
}

/// The adapter that emulated controllers call unless told otherwise; the prefix is a real maker's.
constexpr Address usual_host{{0x00, 0x1B, 0xDC, 0, 0, 0x01}};

/// The address that is `steps` further on, within its last three octets.
Address counted_up(const Address& first, std::size_t steps) {
  Address address = first;
  const auto low = static_cast<std::size_t>(first.octets[3]) << 16 |
                   static_cast<std::size_t>(first.octets[4]) << 8 | first.octets[5];
  const auto sum = low + steps;
  address.octets[3] = static_cast<std::uint8_t>(sum >> 16 & 0xFF);
  address.octets[4] = static_cast<std::uint8_t>(sum >> 8 & 0xFF);
  address.octets[5] = static_cast<std::uint8_t>(sum & 0xFF);
  return address;
}

Address usual_address(const DeviceSpec& device, std::size_t place) {
  Address address{{0x00, 0x06, 0xF7, 0, 0, 0}};
  if (device.options.model == Model::zcm2) address = {{0xA4, 0x53, 0x85, 0, 0, 0}};
  if (device.kind == DeviceKind::keyboard) address = {{0x02, 0, 0, 0, 0, 0}};  // nobody's
  return counted_up(address, place);
}

bool is_taken(const std::vector<DeviceSpec>& devices, const Address& address) {
  return std::any_of(devices.begin(), devices.end(),
                     [&](const DeviceSpec& device) { return device.options.address == address; });
}

/// Makes the item's devices; those without an address of their own get one later.
Complaint add_copies(std::vector<DeviceSpec>& devices, const Item& item, DeviceKeys keys) {
  for (std::size_t i = 0; i < item.count; ++i) {
    const std::size_t place = devices.size() + 1;
    if (place > most_devices) return "the list has more than 99 controllers";
    DeviceSpec device = item.spec;
    if (!item.has_host && keys == DeviceKeys::emulated) device.options.host = usual_host;
    if (!item.has_seed) device.options.seed = static_cast<std::uint32_t>(place);
    if (!item.has_blob) device.options.calibration_blob = place % 8;
    if (item.count > 1 && !device.name.empty()) device.name += " " + std::to_string(i + 1);
    if (item.has_address) {
      device.options.address = counted_up(item.spec.options.address, i);
      if (is_taken(devices, device.options.address))
        return "two controllers have the address " + to_string(device.options.address);
    }
    devices.push_back(std::move(device));
  }
  return {};
}

}  // namespace

std::string_view to_string(const DeviceSpec& spec) {
  if (spec.kind == DeviceKind::navigation) return "navigation";
  if (spec.kind == DeviceKind::keyboard) return "keyboard";
  return to_string(spec.options.model);
}

DeviceList parse_device_list(std::string_view list, DeviceKeys keys) {
  DeviceList result;
  const auto refuse = [](std::string_view item, const Complaint& complaint) {
    return DeviceList{{}, "in " + quoted(item) + ": " + complaint};
  };
  if (list.empty())
    return {{}, "the list of controllers is empty; accepted is such as zcm1:motion=wave,zcm2"};
  for (bool more = true; more;) {
    more = list.find(',') != std::string_view::npos;
    const auto text = take(list, ',');
    Item item;
    if (const auto complaint = read_item(item, text, keys); !complaint.empty())
      return refuse(text, complaint);
    if (const auto complaint = add_copies(result.devices, item, keys); !complaint.empty())
      return refuse(text, complaint);
  }
  for (std::size_t i = 0; i < result.devices.size(); ++i) {
    auto& options = result.devices[i].options;
    for (std::size_t place = i + 1; options.address.is_zero(); ++place) {
      const auto address = usual_address(result.devices[i], place);
      if (!is_taken(result.devices, address)) options.address = address;
    }
  }
  return result;
}

Move make_move(const DeviceSpec& spec, Time start) {
  Move move(spec.options, start);
  if (auto made = make_motion(spec.motion); made.motion)
    move.set_motion(std::move(made.motion), start);
  move.set_magnetometer(spec.magnetometer);
  move.set_loss(spec.loss);
  move.set_extension(spec.extension);
  return move;
}

}  // namespace psmove::emulator
