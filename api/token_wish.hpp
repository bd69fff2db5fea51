#pragma once
// What is asked of a token to come, by an administrator or by who wants one.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/principal.hpp"
#include "api/wire/fault.hpp"

namespace psmove::api {

struct TokenWish {
  std::string name;
  Scope scope = Scope::outputs;
};

/// Reads `name` and `scopes`, of which the highest counts: each includes those below it.
[[nodiscard]] wire::Parsed<TokenWish> token_wish(const nlohmann::json& body);

}  // namespace psmove::api
