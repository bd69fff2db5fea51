#pragma once
// Who asks, and what they may do: decided once for each request, and once for each WebSocket and
// stream of events.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/wire/fault.hpp"

namespace psmove::api {

/// Each includes those before it. `open` is what everybody may do.
enum class Scope : std::uint8_t { open, read, outputs, admin };

[[nodiscard]] constexpr std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::open:
      return "open";
    case Scope::read:
      return "read";
    case Scope::outputs:
      return "outputs";
    case Scope::admin:
      return "admin";
  }
  return {};
}

/// Not of `open`, which nobody has to be given.
[[nodiscard]] constexpr std::optional<Scope> parse_scope(std::string_view text) {
  for (const Scope scope : {Scope::read, Scope::outputs, Scope::admin})
    if (to_string(scope) == text) return scope;
  return std::nullopt;
}

struct Principal {
  Scope scope = Scope::admin;
  std::string token_id{};    ///< empty: no token was needed, and none was shown
  std::string token_name{};  ///< goes with it
  std::string user{};        ///< who came over a Unix socket, and showed no token
  /// What is wrong with the token that was shown; then the scope is `open`.
  std::optional<wire::Fault> fault{};

  /// Of the layers it writes through REST.
  [[nodiscard]] std::string owner() const {
    if (!token_name.empty()) return owner_of_token(token_name);
    return user.empty() ? "rest" : "user " + user;
  }
  [[nodiscard]] static std::string owner_of_token(std::string_view name) {
    return "token " + std::string(name);
  }

  /// Why it may not do what needs this scope.
  [[nodiscard]] std::optional<wire::Fault> refusal(Scope needed) const;
};

}  // namespace psmove::api
