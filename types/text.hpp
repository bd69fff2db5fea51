#pragma once
// What is done to text everywhere.

#include <string>
#include <string_view>

namespace psmove {

/// What may stand at the end of a line that came from another system.
constexpr std::string_view blanks_and_return = " \t\r";

/// Without the blanks at both ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Bytes as two lower-case digits each. @param bytes  a range of `std::byte` or `std::uint8_t`
template <class Bytes>
std::string hex(const Bytes& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[static_cast<unsigned>(byte) >> 4U];
    text += digits[static_cast<unsigned>(byte) & 15U];
  }
  return text;
}

}  // namespace psmove
