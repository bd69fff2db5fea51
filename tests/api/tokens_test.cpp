#include "api/tokens.hpp"

#include <gtest/gtest.h>
#include <set>

namespace psmove::api {
namespace {

using wire::ErrorCode;

TEST(Tokens, HashesAreSha256) {
  // FIPS 180-4's own example: "abc".
  const TokenHash hash = hash_of_token("abc");
  EXPECT_EQ(hash[0], 0xBA);
  EXPECT_EQ(hash[1], 0x78);
  EXPECT_EQ(hash[31], 0xAD);
}

TEST(Tokens, SecretsAre256BitsInBase64UrlAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto secret = random_secret("psm_");
    EXPECT_EQ(secret.size(), 47U);
    EXPECT_TRUE(secret.starts_with("psm_"));
    EXPECT_EQ(bearer_token("Bearer " + secret), secret);
    seen.insert(secret);
  }
  EXPECT_EQ(seen.size(), 100U);
}

TEST(Tokens, BearerIsReadAsRfc6750WritesIt) {
  EXPECT_EQ(bearer_token("Bearer abc.DEF-1_2~3+4/5=="), "abc.DEF-1_2~3+4/5==");
  EXPECT_EQ(bearer_token("bEARER  abc"), "abc");
  for (const char* other : {"", "Basic YWJj", "Bearerabc", "Digest abc", "Bearer2 abc"})
    EXPECT_FALSE(bearer_token(other).has_value()) << other;
  for (const char* broken : {"Bearer", "Bearer ", "Bearer a b", "Bearer \"abc\"", "Bearer a=b",
                             "Bearer =", "Bearer a,b", "Bearer ä"})
    EXPECT_EQ(bearer_token(broken), "") << broken;
}

TEST(Tokens, NamesAreShortAndPrintable) {
  for (const char* good : {"phone", "stage lights", "ü", "a"}) EXPECT_TRUE(is_token_name(good));
  for (const char* bad : {"", " a", "a ", "a\nb", "\x7f", " ", "\xff"})
    EXPECT_FALSE(is_token_name(bad));
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "ä";
  EXPECT_TRUE(is_token_name(longest));
  EXPECT_FALSE(is_token_name(longest + "x"));
}

TEST(Tokens, WhatWasMadeIsFoundUntilItIsRevoked) {
  Tokens tokens;
  std::vector<std::string> revoked;
  tokens.on_revoke([&](const Token& token) { revoked.push_back(token.name); });
  const auto secret = tokens.create("phone", Scope::outputs, 1000);
  ASSERT_TRUE(secret.has_value());
  const Token* token = tokens.find_secret(*secret);
  ASSERT_NE(token, nullptr);
  EXPECT_EQ(token->name, "phone");
  EXPECT_EQ(token->scope, Scope::outputs);
  EXPECT_EQ(token->created_us, 1000);
  EXPECT_EQ(tokens.find_secret(*secret + "x"), nullptr);
  EXPECT_EQ(tokens.find_secret(token->id()), nullptr);
  const std::string id = token->id();
  EXPECT_EQ(tokens.revoke(id), std::nullopt);
  EXPECT_EQ(tokens.find_secret(*secret), nullptr);
  EXPECT_EQ(revoked, std::vector<std::string>{"phone"});
  EXPECT_EQ(tokens.revoke(id)->code, ErrorCode::unknown_token);
}

TEST(Tokens, ANameIsGivenOnceAndTheirNumberIsBounded) {
  Tokens tokens;
  ASSERT_TRUE(tokens.create("0", Scope::read, 1).has_value());
  EXPECT_EQ(tokens.create("0", Scope::read, 1).error().code, ErrorCode::name_taken);
  for (std::size_t i = 1; i < Tokens::most; ++i)
    ASSERT_TRUE(tokens.create(std::to_string(i), Scope::read, 1).has_value());
  EXPECT_EQ(tokens.create("more", Scope::read, 1).error().code, ErrorCode::too_many_tokens);
}

TEST(Tokens, WhatCannotBeSavedDoesNotHappen) {
  std::string wrong;
  Tokens tokens([&wrong](const std::vector<Token>&) { return wrong; });
  const auto kept = tokens.create("kept", Scope::read, 1);
  ASSERT_TRUE(kept.has_value());
  bool was_told = false;
  tokens.on_revoke([&](const Token&) { was_told = true; });
  wrong = "the disk is full";
  EXPECT_EQ(tokens.create("lost", Scope::read, 1).error().code, ErrorCode::not_saved);
  EXPECT_EQ(tokens.all().size(), 1U);
  EXPECT_EQ(tokens.revoke(tokens.all().front().id())->code, ErrorCode::not_saved);
  EXPECT_NE(tokens.find_secret(*kept), nullptr);
  EXPECT_FALSE(was_told);
}

TEST(Tokens, FixedOnesAreNeitherSavedNorRevoked) {
  std::vector<Token> saved;
  Tokens tokens([&saved](const std::vector<Token>& all) {
    saved = all;
    return std::string();
  });
  tokens.restore({{.name = "monitor", .hash = hash_of_token("secret"), .is_fixed = true}});
  EXPECT_EQ(tokens.revoke(tokens.all().front().id())->code, ErrorCode::fixed_token);
  ASSERT_TRUE(tokens.create("phone", Scope::read, 1).has_value());
  ASSERT_EQ(saved.size(), 1U);
  EXPECT_EQ(saved.front().name, "phone");
}

TEST(Principal, ScopesIncludeThoseBelow) {
  const Principal viewer{.scope = Scope::read, .token_id = "1", .token_name = "viewer"};
  EXPECT_EQ(viewer.refusal(Scope::open), std::nullopt);
  EXPECT_EQ(viewer.refusal(Scope::read), std::nullopt);
  const auto fault = viewer.refusal(Scope::outputs);
  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->code, ErrorCode::insufficient_scope);
  EXPECT_NE(fault->detail.find("\"outputs\""), std::string::npos);
  const Principal nobody{.scope = Scope::open};
  EXPECT_EQ(nobody.refusal(Scope::read)->code, ErrorCode::token_required);
  EXPECT_EQ(nobody.owner(), "rest");
  EXPECT_EQ(viewer.owner(), "token viewer");
}

TEST(Tokens, WhatIsReplacedIsRevokedIfItIsNotThereAnyMore) {
  Tokens tokens;
  const auto kept = tokens.create("kept", Scope::read, 1).value();
  const auto gone = tokens.create("gone", Scope::read, 1).value();
  auto changed = tokens.all();
  changed.pop_back();
  tokens.note_use(*tokens.find_secret(kept), 77);
  std::vector<std::string> revoked;
  tokens.on_revoke([&](const Token& token) { revoked.push_back(token.name); });
  tokens.replace(changed);
  EXPECT_EQ(revoked, std::vector<std::string>{"gone"});
  EXPECT_EQ(tokens.find_secret(gone), nullptr);
  ASSERT_NE(tokens.find_secret(kept), nullptr);
  EXPECT_EQ(tokens.find_secret(kept)->last_used_us, 77) << "the file knew of no use";
}

}  // namespace
}  // namespace psmove::api
