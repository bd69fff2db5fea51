#pragma once
// The texts of requests as JSON values: strictly, so that a body means one thing or is refused.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "api/wire/fault.hpp"

namespace psmove::wire {

/// Strict parse of one JSON text: UTF-8, no duplicate members, nesting at most 16.
[[nodiscard]] Parsed<nlohmann::json> parse_json(std::string_view text);
/// application/x-www-form-urlencoded as a flat JSON object; numbers and booleans are recognised.
[[nodiscard]] Parsed<nlohmann::json> parse_form(std::string_view text);
/// Of a path that takes no parameters in its query: names the first that is there.
[[nodiscard]] std::optional<Fault> refuse_parameters(std::string_view query);
/// A member's name as a part of a JSON pointer.
[[nodiscard]] std::string escaped(std::string_view member);

}  // namespace psmove::wire
