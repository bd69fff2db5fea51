#pragma once
// How a device behaves on the air: what no source tells of a real one, and what goes wrong.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace psmove::emulator {

/// What a device does when a host wants to bond with it.
enum class Pairing : std::uint8_t {
  none,  ///< cannot, as a ZCM1 (no source has seen one bond)
  pin,   ///< asks for a PIN, the same one always
  ssp    ///< Secure Simple Pairing without a question; a PIN where the adapter has none of that
};
inline constexpr std::array<std::string_view, 3> pairing_names = {"none", "pin", "ssp"};
[[nodiscard]] constexpr std::string_view to_string(Pairing pairing) {
  return pairing_names[static_cast<std::size_t>(pairing)];
}
[[nodiscard]] std::optional<Pairing> parse_pairing(std::string_view name);

using LinkKey = std::array<std::byte, 16>;
[[nodiscard]] std::optional<LinkKey> parse_link_key(std::string_view hex);

/// What a controller says it is when it is asked.
struct RecordKind {
  enum class Shape : std::uint8_t {
    own,    ///< its own descriptor in a record with the attributes that the profile demands
    ds3,    ///< the DualShock 3's record, which pairing tools store for every Move
    vendor  ///< one block of vendor bytes per report, no joystick
  };
  Shape shape = Shape::own;
  std::size_t declared = 0;  ///< payload of input report 1; 0: the controller's own, 48 with `ds3`
};
/// own, ds3 or vendor, each with -N where N is the payload of input report 1.
[[nodiscard]] std::optional<RecordKind> parse_record_kind(std::string_view text);
[[nodiscard]] std::string to_string(const RecordKind& kind);

/// How a device behaves on the air. Everything that no source tells of a real one is a parameter.
struct AirManners {
  Pairing pairing = Pairing::none;
  std::string pin = "0000";
  std::optional<LinkKey> key{};  ///< of a bond that it has; nullopt: none
  RecordKind record{};
  bool answers_sdp = true;
  bool can_be_called = false;  ///< answers a host that calls it; a real one is hard to reach
  bool is_fragile = false;     ///< hangs up as soon as the host refuses something
  std::chrono::milliseconds calls_for{10'000};  ///< until it gives up on a host that is not there
};

}  // namespace psmove::emulator
