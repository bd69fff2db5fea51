#include "bench/stream/message_numbers.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

namespace psmove::bench {

MemberFinder::MemberFinder(std::string_view name) {
  if (!name.empty()) pattern_ = "\"" + std::string(name) + "\":";
}

std::optional<std::string_view> MemberFinder::find(std::string_view message) {
  if (pattern_.empty()) return std::nullopt;
  if (last_at_ > message.size() || message.compare(last_at_, pattern_.size(), pattern_) != 0) {
    const auto at = message.find(pattern_);
    if (at == std::string_view::npos) return std::nullopt;
    last_at_ = at;
  }
  return message.substr(last_at_ + pattern_.size());
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \""), text.size()));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

std::uint64_t identity(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (!text.starts_with('"')) return leading_number(text).value_or(0);
  const auto value = text.substr(1, text.find('"', 1) - 1);
  return std::hash<std::string_view>{}(value);
}

}  // namespace psmove::bench
