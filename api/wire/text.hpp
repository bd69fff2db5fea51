#pragma once
// The small change of every body: UTF-8, quoted strings, decimal numbers, percent-encoding.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace psmove::wire {

[[nodiscard]] bool is_utf8(std::string_view text);  ///< RFC 3629: no surrogates, nothing overlong
/// Characters, not bytes, of UTF-8.
[[nodiscard]] std::size_t characters(std::string_view text);
/// Appends a JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view text);
/// Appends a decimal number rounded to so many places (at most 9), without trailing zeros; 0 if it
/// is not finite.
void append_number(std::string& out, double value, int decimals);
void append_integer(std::string& out, std::int64_t value);
/// Undoes %XX, and '+' for a space where `plus_is_space`; nullopt where an escape is broken.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace psmove::wire
