#pragma once
// What a controller says about itself when it is asked: for the curious, and for finding faults.

#include <cstdint>
#include <optional>
#include <string_view>

#include "types/address.hpp"

namespace psmove {

/// Feature report 0xF9.
struct FirmwareInfo {
  std::uint16_t version = 0;            ///< binary coded: 0x0220 is 2.20
  std::uint16_t revision = 0;           ///< 1829
  std::uint16_t bluetooth_version = 0;  ///< of the Bluetooth module
  friend bool operator==(const FirmwareInfo&, const FirmwareInfo&) = default;
};

enum class Charger : std::uint8_t { precharge, done, fast_charge, fault, unknown };

[[nodiscard]] constexpr std::string_view to_string(Charger charger) {
  switch (charger) {
    case Charger::precharge:
      return "precharge";
    case Charger::done:
      return "done";
    case Charger::fast_charge:
      return "fast_charge";
    case Charger::fault:
      return "fault";
    case Charger::unknown:
      break;
  }
  return "unknown";
}

/// Feature report 0xF7. The scales of the two words are not published.
struct PowerInfo {
  std::uint8_t battery_code = 0;  ///< as in input reports
  std::uint16_t battery_adc = 0;
  std::uint16_t temperature_raw = 0;
  bool is_charging_enabled = false;
  Charger charger = Charger::unknown;
  friend bool operator==(const PowerInfo&, const PowerInfo&) = default;
};

/// What could be read; members that the controller did not answer for are empty.
struct Diagnostics {
  std::optional<FirmwareInfo> firmware{};
  std::optional<PowerInfo> power{};
  std::optional<Address> host{};  ///< whom it calls
  std::int64_t read_us = 0;       ///< Unix time
  [[nodiscard]] bool is_empty() const { return !firmware && !power && !host; }
};

}  // namespace psmove
