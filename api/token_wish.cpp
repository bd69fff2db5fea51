#include "api/token_wish.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/tokens.hpp"
#include "api/wire/members.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;

/// The highest of a list of scopes; each includes those below it.
Scope highest_scope(wire::Members& members) {
  constexpr const char* accepted = "a list with one or more of \"read\", \"outputs\", \"admin\"";
  Scope highest = Scope::open;
  const nlohmann::json& list = members["scopes"];
  if (!list.is_array()) {
    members.fail(ErrorCode::wrong_type, "scopes",
                 std::string("\"scopes\" takes ") + accepted + ".");
    return highest;
  }
  for (const auto& item : list) {
    if (!item.is_string()) {
      members.fail(ErrorCode::wrong_type, "scopes",
                   std::string("\"scopes\" takes ") + accepted + ".");
      return highest;
    }
    const auto scope = parse_scope(item.get_ref<const std::string&>());
    if (!scope) {
      members.fail(ErrorCode::invalid_value, "scopes",
                   std::string("\"scopes\" takes ") + accepted + ".");
      return highest;
    }
    highest = std::max(highest, *scope);
  }
  if (highest == Scope::open)
    members.fail(ErrorCode::invalid_value, "scopes",
                 std::string("\"scopes\" takes ") + accepted + ".");
  return highest;
}

}  // namespace

wire::Parsed<TokenWish> token_wish(const nlohmann::json& body) {
  wire::Members members(body, "", {"name", "scopes"});
  TokenWish wanted;
  if (!members.failed() && !members.has("name"))
    members.fail(ErrorCode::missing_member, "name",
                 "\"name\" is missing: what the token is for, like \"stage lights\".");
  wanted.name = members.text("name").value_or("");
  if (!members.failed() && !is_token_name(wanted.name))
    members.fail(ErrorCode::invalid_value, "name",
                 "\"name\" takes 1 to 64 characters, none of them a control character, and no "
                 "space at either end.");
  if (!members.failed() && members.has("scopes")) wanted.scope = highest_scope(members);
  if (members.failed()) return members.fault();
  return wanted;
}

}  // namespace psmove::api
