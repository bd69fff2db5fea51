#include "api/tokens.hpp"

#include <algorithm>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>
#include <system_error>
#include <utility>

#include "api/wire/text.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;
using wire::Fault;

constexpr std::size_t secret_bytes = 32;
constexpr std::size_t id_bytes = 8;
constexpr std::size_t longest_name = 64;

/// Without padding (RFC 4648 section 5).
std::string base64url(const std::array<std::uint8_t, secret_bytes>& bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  unsigned bits = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8U | byte;
    for (count += 8; count >= 6; count -= 6) text += digits[bits >> (count - 6) & 63U];
    bits &= (1U << count) - 1;
  }
  if (count > 0) text += digits[bits << (6 - count) & 63U];
  return text;
}

bool is_b64token(std::string_view text) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
  const auto end = text.find_first_not_of(allowed);
  return end != 0 && !text.empty() &&
         (end == std::string_view::npos || text.find_first_not_of('=', end) == std::string::npos);
}

bool equals_bearer(std::string_view scheme) {
  constexpr std::string_view bearer = "bearer";
  return scheme.size() == bearer.size() &&
         std::equal(scheme.begin(), scheme.end(), bearer.begin(), [](char given, char wanted) {
           return given == wanted || (given >= 'A' && given <= 'Z' && given - 'A' + 'a' == wanted);
         });
}

}  // namespace

std::optional<Fault> Principal::refusal(Scope needed) const {
  if (needed <= scope) return std::nullopt;
  if (fault) return fault;
  if (token_id.empty() && !user.empty())
    return Fault{ErrorCode::token_required,
                 "From the user \"" + user + "\" this needs a token with the scope \"" +
                     std::string(to_string(needed)) +
                     "\", or that user among `socket_users` in the configuration.",
                 {}};
  if (token_id.empty())
    return Fault{ErrorCode::token_required,
                 "From where you ask, this needs a token with the scope \"" +
                     std::string(to_string(needed)) + "\".",
                 {}};
  return Fault{ErrorCode::insufficient_scope,
               "This needs the scope \"" + std::string(to_string(needed)) + "\"; the token \"" +
                   token_name + "\" has \"" + std::string(to_string(scope)) + "\".",
               {}};
}

TokenHash hash_of_token(std::string_view token) {
  TokenHash hash{};
  static_assert(SHA256_DIGEST_LENGTH == sizeof hash);
  ::SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

std::string random_secret(std::string_view prefix) {
  std::array<std::uint8_t, secret_bytes> bytes{};
  // So few bytes come whole, or not at all (getrandom(2)).
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return std::string(prefix) + base64url(bytes);
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  const auto gap = std::min(authorization.find(' '), authorization.size());
  if (!equals_bearer(authorization.substr(0, gap))) return std::nullopt;
  auto token = authorization.substr(gap);
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return is_b64token(token) ? token : std::string_view();
}

bool is_token_name(std::string_view name) {
  if (!wire::is_utf8(name)) return false;
  std::size_t characters = 0;
  for (const char c : name) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) return false;
    if ((code & 0xC0U) != 0x80U) ++characters;
  }
  return characters >= 1 && characters <= longest_name && name.front() != ' ' && name.back() != ' ';
}

std::string Token::id() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < id_bytes; ++i) {
    text += digits[hash[i] >> 4U];
    text += digits[hash[i] & 15U];
  }
  return text;
}

Tokens::Tokens(std::function<std::string(const std::vector<Token>&)> save)
    : save_(std::move(save)) {}

void Tokens::restore(std::vector<Token> tokens) {
  tokens_ = std::move(tokens);
}

void Tokens::replace(std::vector<Token> tokens) {
  const auto same = [](std::vector<Token>& among, const Token& wanted) {
    return std::find_if(among.begin(), among.end(), [&](const Token& token) {
      return token.hash == wanted.hash && token.scope == wanted.scope && token.name == wanted.name;
    });
  };
  std::vector<Token> gone;
  for (const Token& known : tokens_) {
    const auto found = same(tokens, known);
    if (found == tokens.end())
      gone.push_back(known);
    else  // the file is not written at each use
      found->last_used_us = std::max(found->last_used_us, known.last_used_us);
  }
  tokens_ = std::move(tokens);
  if (!on_revoke_) return;
  for (const Token& token : gone) on_revoke_(token);
}

wire::Parsed<std::string> Tokens::create(std::string_view name, Scope scope, std::int64_t now_us) {
  if (std::any_of(tokens_.begin(), tokens_.end(),
                  [name](const Token& token) { return token.name == name; }))
    return Fault{ErrorCode::name_taken,
                 "There is a token named \"" + std::string(name) +
                     "\" already: revoke it, or choose another name.",
                 "/name"};
  if (tokens_.size() >= most)
    return Fault{ErrorCode::too_many_tokens,
                 "There are " + std::to_string(most) + " tokens, and no more are kept.",
                 {}};
  std::string secret = random_secret("psm_");
  tokens_.push_back({.name = std::string(name),
                     .scope = scope,
                     .hash = hash_of_token(secret),
                     .created_us = now_us});
  if (const std::string wrong = save(); !wrong.empty()) {
    tokens_.pop_back();
    return Fault{ErrorCode::not_saved, wrong + ".", {}};
  }
  return secret;
}

std::optional<Fault> Tokens::revoke(std::string_view id) {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                  [id](const Token& token) { return token.id() == id; });
  if (found == tokens_.end())
    return Fault{ErrorCode::unknown_token, "No token has the id \"" + std::string(id) + "\".", {}};
  if (found->is_fixed)
    return Fault{ErrorCode::fixed_token,
                 "The token \"" + found->name + "\" comes from the service's credentials.",
                 {}};
  const auto place = found - tokens_.begin();
  const Token token = *found;
  tokens_.erase(found);
  if (const std::string wrong = save(); !wrong.empty()) {
    tokens_.insert(tokens_.begin() + place, token);
    return Fault{ErrorCode::not_saved, wrong + ".", {}};
  }
  if (on_revoke_) on_revoke_(token);
  return std::nullopt;
}

const Token* Tokens::find_secret(std::string_view secret) const {
  const TokenHash hash = hash_of_token(secret);
  const Token* found = nullptr;
  for (const Token& token : tokens_)
    if (CRYPTO_memcmp(token.hash.data(), hash.data(), hash.size()) == 0) found = &token;
  return found;
}

const Token* Tokens::find(std::string_view id) const {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                  [id](const Token& token) { return token.id() == id; });
  return found == tokens_.end() ? nullptr : &*found;
}

void Tokens::note_use(const Token& token, std::int64_t now_us) {
  for (Token& known : tokens_)
    if (&known == &token) known.last_used_us = now_us;
}

std::string Tokens::save() const {
  if (!save_) return {};
  std::vector<Token> ours;
  for (const Token& token : tokens_)
    if (!token.is_fixed) ours.push_back(token);
  return save_(ours);
}

}  // namespace psmove::api
