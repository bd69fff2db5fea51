#include "api/wire/device_json.hpp"

#include <array>
#include <cstdio>

#include "api/wire/controller_json.hpp"
#include "api/wire/json_members.hpp"

namespace psmove::wire {
namespace {

void firmware_object(std::string& out, const FirmwareInfo& firmware) {
  std::array<char, 16> version{};
  std::snprintf(version.data(), version.size(), "%x.%02x", unsigned{firmware.version} >> 8,
                unsigned{firmware.version} & 0xFFU);
  out += '{';
  text_member(out, "version", version.data());
  integer_member(out, "revision", firmware.revision);
  integer_member(out, "bluetooth_version", firmware.bluetooth_version);
  out += '}';
}

void power_object(std::string& out, const PowerInfo& power) {
  out += '{';
  integer_member(out, "battery_code", power.battery_code);
  integer_member(out, "battery_raw", power.battery_adc);
  integer_member(out, "temperature_raw", power.temperature_raw);
  bool_member(out, "charging_enabled", power.is_charging_enabled);
  text_member(out, "charger", psmove::to_string(power.charger));
  out += '}';
}

}  // namespace

std::string led_pwm_body(std::uint32_t frequency_hz, bool is_set) {
  std::string out = "{";
  integer_member(out, "frequency_hz", frequency_hz);
  bool_member(out, "set", is_set);
  return out + '}';
}

std::string wheel_body(const WheelRumble& shown, OutputState state,
                       std::optional<std::int64_t> until_us) {
  std::string out = "{";
  integer_member(out, "left", shown.left);
  integer_member(out, "right", shown.right);
  text_member(out, "state", to_string(state));
  integer_or_null(out, "until_us", until_us);
  return out + '}';
}

std::string diagnostics_body(const Diagnostics& diagnostics) {
  std::string out = "{";
  integer_member(out, "read_us", diagnostics.read_us);
  key(out, "firmware");
  if (diagnostics.firmware)
    firmware_object(out, *diagnostics.firmware);
  else
    out += "null";
  key(out, "power");
  if (diagnostics.power)
    power_object(out, *diagnostics.power);
  else
    out += "null";
  text_or_null(out, "host_address",
               diagnostics.host ? psmove::to_string(*diagnostics.host) : std::string());
  return out + '}';
}

}  // namespace psmove::wire
