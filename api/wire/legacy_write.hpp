#pragma once
// What a client of the 2013 talk's API writes.

#include <cstdint>
#include <optional>
#include <string>

#include "api/wire/fault.hpp"

namespace psmove::wire {

/// What a PUT of that API may carry; everything else in it is ignored.
struct LegacyWrite {
  std::optional<std::uint8_t> red, green, blue, rumble;
};

/// Reads a body of JSON or form fields. Numbers may be written as text, as that server took them.
/// The detail of a fault is what the client gets as `message`.
[[nodiscard]] Parsed<LegacyWrite> parse_legacy_write(const std::string& body, bool is_json);

}  // namespace psmove::wire
