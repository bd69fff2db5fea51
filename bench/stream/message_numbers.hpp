#pragma once
// The three numbers that tell how a message fared, found in its text without parsing it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace psmove::bench {

/// Finds the value of `"name":` in a message: where it was last time first, then the first match.
class MemberFinder {
 public:
  /// @param name  empty: nothing is ever found
  explicit MemberFinder(std::string_view name);
  /// What follows the colon.
  std::optional<std::string_view> find(std::string_view message);

 private:
  std::string pattern_;
  std::size_t last_at_ = 0;
};

/// The whole number at the front, blanks and a quote before it skipped.
std::optional<std::uint64_t> leading_number(std::string_view text);

/// A number for the value at the front, be it a number or a string: equal values, equal numbers.
std::uint64_t identity(std::string_view text);

}  // namespace psmove::bench
