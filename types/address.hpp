#pragma once
// Bluetooth device addresses, the identity of every controller.

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace psmove {

/// A 48-bit Bluetooth address, most significant octet first (the order people write it in).
struct Address {
  std::array<std::uint8_t, 6> octets{};

  friend constexpr auto operator<=>(const Address&, const Address&) = default;
  [[nodiscard]] constexpr bool is_zero() const {
    for (const auto octet : octets)
      if (octet != 0) return false;
    return true;
  }
};

/// "00:06:f7:16:2a:3b": lower case, colons. This is the form of a controller's id on every wire.
[[nodiscard]] inline std::string to_string(const Address& address) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(17);
  for (const auto octet : address.octets) {
    if (!text.empty()) text += ':';
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return text;
}

/// Reads six hex octets separated by colons or dashes, in either case; nothing else.
[[nodiscard]] inline std::optional<Address> parse_address(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  const char separator = text[2];
  if (separator != ':' && separator != '-') return std::nullopt;
  Address address;
  for (std::size_t i = 0; i < 6; ++i) {
    const int high = nibble(text[3 * i]);
    const int low = nibble(text[3 * i + 1]);
    if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != separator)) return std::nullopt;
    address.octets[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return address;
}

}  // namespace psmove
