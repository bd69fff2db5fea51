#pragma once
// JSON for people: what the daemon says about itself, without a table of ours for every member.

#include <string>
#include <string_view>

#include "clients/psmovectl/style.hpp"

namespace psmove::client {

/// One "key  value" line for each member, objects below indented; text that is not JSON as it is.
[[nodiscard]] std::string json_as_lines(std::string_view json, const Style& style);

}  // namespace psmove::client
