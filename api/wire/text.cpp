#include "api/wire/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace psmove::wire {
namespace {

unsigned octet(char c) {
  return static_cast<unsigned char>(c);
}

/// Length of the well-formed sequence that `text` begins with, 0 where there is none
/// (table 3-7 of the Unicode standard).
std::size_t sequence_length(std::string_view text) {
  const unsigned first = octet(text[0]);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned low = 0x80, high = 0xBF;  // bounds of the second octet
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() < length) return 0;
  if (octet(text[1]) < low || octet(text[1]) > high) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (octet(text[i]) < 0x80 || octet(text[i]) > 0xBF) return 0;
  return length;
}

void append_escape(std::string& out, char c) {
  static constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += digits[octet(c) >> 4];
  out += digits[octet(c) & 15];
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::size_t characters(std::string_view text) {
  // Continuation bytes do not count.
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (octet(c) & 0xC0) != 0x80; }));
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    const char c = text[0];
    if (c == '"' || c == '\\' || octet(c) < 0x20 || octet(c) == 0x7F)
      append_escape(out, c);
    else
      out += text.substr(0, length);
    text.remove_prefix(length);
  }
  out += '"';
}

void append_number(std::string& out, double value, int decimals) {
  // Beyond 1e15 a double has no decimals left, and no quantity of ours is that large.
  if (!std::isfinite(value) || std::abs(value) > 1e15) value = 0;
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                 std::chars_format::fixed, decimals)
                       .ptr;
  std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  if (decimals > 0) {
    text = text.substr(0, text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  out += text == "-0" ? std::string_view("0") : text;
}

void append_integer(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), end);
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace psmove::wire
