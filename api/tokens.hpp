#pragma once
// Access tokens: made, looked up and revoked. What is kept of a token is its SHA-256 alone.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/principal.hpp"
#include "api/wire/fault.hpp"

namespace psmove::api {

using TokenHash = std::array<std::uint8_t, 32>;
[[nodiscard]] TokenHash hash_of_token(std::string_view token);

/// 256 bits that nobody can guess, in base64url behind a prefix: "psm_", "pst_".
[[nodiscard]] std::string random_secret(std::string_view prefix);

/// What stands behind `Bearer` in an Authorization field; nothing for other schemes and where there
/// is no token at all. Empty where it is no b64token (RFC 6750 2.1).
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

/// 1 to 64 characters of UTF-8 without control characters, and no space at either end.
[[nodiscard]] bool is_token_name(std::string_view name);

struct Token {
  std::string name;
  Scope scope = Scope::read;
  TokenHash hash{};
  std::int64_t created_us = 0;    ///< 0: not known
  std::int64_t last_used_us = 0;  ///< 0: never
  bool is_fixed = false;          ///< from the service's credentials; not ours to keep or revoke

  /// Sixteen hexadecimal digits, the beginning of its hash.
  [[nodiscard]] std::string id() const;
};

class Tokens {
 public:
  static constexpr std::size_t most = 256;

  /// @param save  keeps what it is given, of which fixed ones are no part.
  ///              @return empty, or one sentence on why it failed
  explicit Tokens(std::function<std::string(const std::vector<Token>&)> save = {});

  /// What the last run left, and what the service was given.
  void restore(std::vector<Token> tokens);

  /// What is there now, in place of what was: those that are gone have been revoked.
  void replace(std::vector<Token> tokens);

  [[nodiscard]] const std::vector<Token>& all() const { return tokens_; }

  /// @return the token itself, which cannot be had again
  [[nodiscard]] wire::Parsed<std::string> create(std::string_view name, Scope scope,
                                                 std::int64_t now_us);
  [[nodiscard]] std::optional<wire::Fault> revoke(std::string_view id);
  /// Called with each token that has been revoked.
  void on_revoke(std::function<void(const Token&)> listener) { on_revoke_ = std::move(listener); }

  /// Compares in constant time. @return nullptr: there is no such token
  [[nodiscard]] const Token* find_secret(std::string_view secret) const;
  [[nodiscard]] const Token* find(std::string_view id) const;
  /// Notes that a token was used; it is on disk with the next change, or save().
  void note_use(const Token& token, std::int64_t now_us);
  /// @return empty, or one sentence on why it failed
  std::string save() const;

 private:
  std::vector<Token> tokens_;
  std::function<std::string(const std::vector<Token>&)> save_;
  std::function<void(const Token&)> on_revoke_;
};

}  // namespace psmove::api
