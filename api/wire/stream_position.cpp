#include "api/wire/stream_position.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "api/wire/text.hpp"

namespace psmove::wire {
namespace {

constexpr std::size_t most_entries = 64;
constexpr std::size_t hex_digits = 12;

std::optional<Address> parse_hex(std::string_view text) {
  if (text.size() != hex_digits) return std::nullopt;
  Address address{};
  for (std::size_t i = 0; i < hex_digits; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto value = digits.find(text[i]);
    if (value == std::string_view::npos) return std::nullopt;
    auto& byte = address.octets[i / 2];
    byte = static_cast<std::uint8_t>(byte * 16U + value);
  }
  return address;
}

std::optional<StreamPosition::Entry> parse_entry(std::string_view text) {
  const auto controller = parse_hex(text.substr(0, text.find(':')));
  if (!controller || text.size() <= hex_digits) return std::nullopt;
  const auto number = text.substr(hex_digits + 1);
  std::int64_t sequence = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), sequence);
  if (read.ec != std::errc() || read.ptr != number.data() + number.size() || sequence < 0)
    return std::nullopt;
  return StreamPosition::Entry{*controller, static_cast<std::uint64_t>(sequence)};
}

}  // namespace

void StreamPosition::set(const Address& controller, std::uint64_t sequence) {
  const auto place = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& e) { return !(e.controller < controller); });
  if (place != entries_.end() && place->controller == controller)
    place->sequence = sequence;
  else
    entries_.insert(place, {controller, sequence});
}

void StreamPosition::erase(const Address& controller) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.controller == controller; });
}

void StreamPosition::append_to(std::string& out) const {
  constexpr std::string_view digits = "0123456789abcdef";
  bool is_first = true;
  for (const Entry& entry : entries_) {
    if (!std::exchange(is_first, false)) out += ',';
    for (const auto byte : entry.controller.octets) {
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
    out += ':';
    append_integer(out, static_cast<std::int64_t>(entry.sequence));
  }
}

std::optional<StreamPosition> parse_stream_position(std::string_view text) {
  StreamPosition position;
  for (bool more = true; more;) {
    const auto comma = text.find(',');
    const auto entry = parse_entry(text.substr(0, comma));
    if (!entry || position.entries().size() == most_entries) return std::nullopt;
    position.set(entry->controller, entry->sequence);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
  }
  return position;
}

}  // namespace psmove::wire
