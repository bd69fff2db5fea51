#pragma once
// What every emulated HID device is to the doors it stands behind: reports, features, an address,
// and the host it calls.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "types/address.hpp"
#include "types/outputs.hpp"

namespace psmove::emulator {

using Time = std::chrono::steady_clock::time_point;

/// What a report or a request came over. A controller can be on both at once.
enum class Link : std::uint8_t { cable, radio };

enum class ReportKind : std::uint8_t { feature, output, input };

/// What a host learns of a device before it opens it.
struct Identity {
  std::string maker;  ///< over USB alone
  std::string name;
  std::uint16_t vendor = 0, product = 0;
  std::uint16_t usb_version = 0;      ///< bcdDevice
  std::uint32_t class_of_device = 0;  ///< Bluetooth's
  std::uint8_t subclass = 0x08;       ///< of the HID service: 0x08 gamepad, 0x40 keyboard
};

class Peripheral {
 public:
  Peripheral() = default;
  Peripheral(const Peripheral&) = default;
  Peripheral& operator=(const Peripheral&) = default;
  Peripheral(Peripheral&&) = default;
  Peripheral& operator=(Peripheral&&) = default;
  virtual ~Peripheral() = default;

  [[nodiscard]] virtual Identity identity() const = 0;
  [[nodiscard]] virtual const Address& address() const = 0;
  /// The host that it calls when PS is pressed; all zeros: nobody.
  [[nodiscard]] virtual const Address& host() const = 0;
  virtual void set_host(const Address& host) = 0;
  /// The cable is plugged in, or pulled: the battery says so.
  virtual void set_on_cable(bool on_cable) = 0;

  [[nodiscard]] virtual std::vector<std::byte> hid_descriptor() const = 0;
  /// Whether it has input reports for that link now.
  [[nodiscard]] virtual bool is_talkative(Link via) const = 0;
  [[nodiscard]] virtual std::chrono::nanoseconds report_interval() const = 0;
  /// Makes the next input report for the instant `now`.
  /// @param report  cut to its size where it is too small; 64 bytes hold every usual report
  /// @return its length; 0: there is none, or the radio lost it
  virtual std::size_t input_report(std::span<std::byte> report, Time now) = 0;
  /// Answers GET feature. nullopt: the device stalls (unknown id).
  virtual std::optional<std::vector<std::byte>> get_feature(std::uint8_t id, Link via) = 0;
  /// Takes SET feature, id first. false: refused.
  virtual bool set_feature(std::span<const std::byte> report, Link via, Time now) = 0;
  /// Takes an output report, id first. false: ignored.
  virtual bool output(std::span<const std::byte> report, Time now) = 0;
  /// A person pressed PS; it may be what the device waits for.
  virtual void press_ps() {}
  /// Comes back after its link was away.
  virtual void reconnect() = 0;

  [[nodiscard]] virtual Outputs shows(Time) const { return {}; }
  /// When it goes dark by itself; nullopt: it is dark.
  [[nodiscard]] virtual std::optional<Time> goes_dark_at(Time) const { return std::nullopt; }
};

}  // namespace psmove::emulator
