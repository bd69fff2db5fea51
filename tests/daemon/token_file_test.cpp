#include "daemon/token_file.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;
using api::Scope;
using api::Token;

class TokenFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  static std::vector<Token> two() {
    return {{.name = "phone \"ü\"",
             .scope = Scope::admin,
             .hash = api::hash_of_token("a"),
             .created_us = 1'795'334'400'123'456,
             .last_used_us = 7},
            {.name = "viewer", .scope = Scope::read, .hash = api::hash_of_token("b")}};
  }
  const fs::path directory_ =
      fs::path(::testing::TempDir()) / ("token_file_test." + std::to_string(::getpid()));
  const TokenFile file_{directory_};
};

TEST_F(TokenFileTest, WhatWasSavedIsLoaded) {
  EXPECT_EQ(file_.load().wrong, "");
  EXPECT_TRUE(file_.load().tokens.empty());
  ASSERT_EQ(file_.save(two()), "");
  const auto loaded = file_.load();
  ASSERT_EQ(loaded.wrong, "");
  ASSERT_EQ(loaded.tokens.size(), 2U);
  EXPECT_EQ(loaded.tokens[0].name, "phone \"ü\"");
  EXPECT_EQ(loaded.tokens[0].scope, Scope::admin);
  EXPECT_EQ(loaded.tokens[0].hash, api::hash_of_token("a"));
  EXPECT_EQ(loaded.tokens[0].created_us, 1'795'334'400'123'456);
  EXPECT_EQ(loaded.tokens[0].last_used_us, 7);
  EXPECT_FALSE(loaded.tokens[0].is_fixed);
}

TEST_F(TokenFileTest, OnlyItsOwnerReadsItWhateverTheUmask) {
  const auto before = ::umask(0);
  EXPECT_EQ(file_.save(two()), "");
  ::umask(before);
  struct stat about {};
  ASSERT_EQ(::stat(file_.path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(TokenFileTest, ADamagedFileIsNamedAndLeftAlone) {
  std::ofstream(file_.path()) << "{\"format\":1,\"tok";
  const auto loaded = file_.load();
  EXPECT_TRUE(loaded.tokens.empty());
  EXPECT_NE(loaded.wrong.find(file_.path().string()), std::string::npos);
  EXPECT_EQ(fs::file_size(file_.path()), 16U);
}

TEST_F(TokenFileTest, OneProcessAtATimeChangesIt) {
  TokenFile first(directory_);
  TokenFile second(directory_);
  EXPECT_TRUE(first.lock());
  EXPECT_FALSE(second.lock());
}

TEST(ParseTokens, EveryMemberIsJudged) {
  const std::string good = tokens_text({{.name = "a", .hash = api::hash_of_token("a")}});
  ASSERT_EQ(parse_tokens(good).wrong, "");
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const auto& bad : {std::string(), std::string("[]"), with("\"format\": 1", "\"format\": 2"),
                          with("\"a\"", "\"\""), with("\"read\"", "\"root\""),
                          with("sha256", "sha1"), with("\"created_us\": 0", "\"created_us\": -1"),
                          with("\"created_us\": 0", "\"created_us\": 1e99"),
                          with("\"created_us\": 0", "\"created_us\": 18446744073709551615"),
                          with("\"format\": 1", "\"format\": 1, \"more\": 1"),
                          with("\"name\": \"a\"", "\"name\": \"a\", \"more\": 1")}) {
    EXPECT_NE(parse_tokens(bad).wrong, "") << bad;
    EXPECT_TRUE(parse_tokens(bad).tokens.empty()) << bad;
  }
  const Token twin{.name = "a", .hash = api::hash_of_token("b")};
  EXPECT_NE(parse_tokens(tokens_text({twin, twin})).wrong, "");
}

TEST(ParseCredential, LinesAreTokenNameScope) {
  const std::string secret(64, 'f');
  const auto read = parse_credential("# tokens\n\n" + secret + " monitor read\r\n" + "x" + secret +
                                     "\tstage  outputs # lights");
  ASSERT_EQ(read.wrong, "");
  ASSERT_EQ(read.tokens.size(), 2U);
  EXPECT_EQ(read.tokens[0].name, "monitor");
  EXPECT_EQ(read.tokens[0].scope, Scope::read);
  EXPECT_EQ(read.tokens[0].hash, api::hash_of_token(secret));
  EXPECT_TRUE(read.tokens[0].is_fixed);
  EXPECT_EQ(read.tokens[1].scope, Scope::outputs);
}

TEST(ParseCredential, WhatIsWrongIsNamedByItsLineAndNeverByItsSecret) {
  const std::string secret(40, 's');
  for (const auto& bad : {secret, secret + " a", secret + " a root", secret + " a read more",
                          std::string("short a read"), secret + "\" a read"}) {
    const auto read = parse_credential("\n" + bad);
    EXPECT_NE(read.wrong.find("line 2"), std::string::npos) << bad;
    EXPECT_EQ(read.wrong.find("sss"), std::string::npos) << bad;
  }
  EXPECT_NE(parse_credential(secret + " a read\n" + secret + " b read").wrong, "");
}

}  // namespace
}  // namespace psmove::daemon
