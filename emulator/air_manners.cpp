#include "emulator/air_manners.hpp"

#include <algorithm>
#include <charconv>

namespace psmove::emulator {

std::optional<Pairing> parse_pairing(std::string_view name) {
  for (std::size_t i = 0; i < pairing_names.size(); ++i)
    if (pairing_names[i] == name) return static_cast<Pairing>(i);
  return std::nullopt;
}

std::optional<LinkKey> parse_link_key(std::string_view hex) {
  LinkKey key{};
  if (hex.size() != 2 * key.size()) return std::nullopt;
  for (auto& byte : key) {
    unsigned value = 0;
    const auto* const end = hex.data() + 2;
    const auto [stop, error] = std::from_chars(hex.data(), end, value, 16);
    if (error != std::errc{} || stop != end) return std::nullopt;
    byte = static_cast<std::byte>(value);
    hex.remove_prefix(2);
  }
  return key;
}

std::optional<RecordKind> parse_record_kind(std::string_view text) {
  const auto dash = std::min(text.find('-'), text.size());
  const auto shape = text.substr(0, dash);
  RecordKind kind;
  if (shape == "ds3")
    kind.shape = RecordKind::Shape::ds3;
  else if (shape == "vendor")
    kind.shape = RecordKind::Shape::vendor;
  else if (shape != "own")
    return std::nullopt;
  if (dash == text.size()) return kind;
  const auto number = text.substr(dash + 1);
  const auto* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, kind.declared);
  if (error != std::errc{} || stop != end || kind.declared < 9 || kind.declared > 255)
    return std::nullopt;
  return kind;
}

std::string to_string(const RecordKind& kind) {
  constexpr std::string_view names[] = {"own", "ds3", "vendor"};
  std::string text(names[static_cast<std::size_t>(kind.shape)]);
  return kind.declared == 0 ? text : text + "-" + std::to_string(kind.declared);
}

}  // namespace psmove::emulator
