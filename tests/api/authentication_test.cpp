#include "api/authentication.hpp"

#include <gtest/gtest.h>

#include "api/tokens.hpp"

namespace psmove::api {
namespace {

using namespace std::chrono_literals;
using wire::ErrorCode;

class AuthenticationTest : public testing::Test {
 protected:
  AuthenticationTest() { secret = tokens.create("phone", Scope::read, 1).value(); }
  Principal ask(Authentication& who, const Peer& peer, const std::string& token = {}) const {
    const std::string field = "Bearer " + token;
    return who.identify(token.empty() ? std::nullopt : std::optional<std::string_view>(field), peer,
                        now, 77);
  }

  Tokens tokens;
  std::string secret;
  drivers::SteadyTime now{};
  const Peer here{.is_local = true, .address = "127.0.0.1"};
  const Peer far{.is_local = false, .address = "192.0.2.7"};
};

TEST_F(AuthenticationTest, OthersNeedATokenAndThisMachineDoesNot) {
  Authentication usual(&tokens, {.here = false, .beyond = true});
  EXPECT_EQ(ask(usual, here).scope, Scope::admin);
  EXPECT_EQ(ask(usual, far).refusal(Scope::read)->code, ErrorCode::token_required);
  const auto phone = ask(usual, far, secret);
  EXPECT_EQ(phone.scope, Scope::read);
  EXPECT_EQ(phone.token_name, "phone");
  EXPECT_EQ(tokens.all().front().last_used_us, 77);
}

TEST_F(AuthenticationTest, RulesCanCloseThisMachineAndOpenTheOthers) {
  Authentication strict(&tokens, {.here = true, .beyond = true});
  EXPECT_EQ(ask(strict, here).scope, Scope::open);
  Authentication careless(&tokens, {.here = false, .beyond = false});
  EXPECT_EQ(ask(careless, far).scope, Scope::admin);
}

TEST_F(AuthenticationTest, TheKernelVouchesForUsersOfAUnixSocket) {
  Authentication strict(&tokens, {.here = true, .beyond = true, .trusted = {1001}});
  const Peer anna{.uid = 1001, .user = "anna"};
  const Peer other{.uid = 1002, .user = "other"};
  EXPECT_EQ(ask(strict, anna).scope, Scope::admin);
  EXPECT_EQ(ask(strict, anna).owner(), "user anna");
  EXPECT_EQ(ask(strict, anna, secret).owner(), "token phone") << "what is shown goes first";
  const auto refusal = ask(strict, other).refusal(Scope::read);
  EXPECT_EQ(refusal->code, ErrorCode::token_required);
  EXPECT_NE(refusal->detail.find("socket_users"), std::string::npos);
  Authentication usual(&tokens, {.here = false, .beyond = true});
  EXPECT_EQ(ask(usual, other).scope, Scope::admin) << "as on loopback";
}

TEST_F(AuthenticationTest, AWrongTokenIsRefusedEvenWhereNoneIsNeeded) {
  Authentication usual(&tokens, {.here = false, .beyond = true});
  const auto wrong = ask(usual, here, "psm_nobody");
  EXPECT_EQ(wrong.refusal(Scope::open), std::nullopt);
  EXPECT_EQ(wrong.refusal(Scope::read)->code, ErrorCode::invalid_token);
  // Another scheme is somebody else's, a proxy's for example.
  EXPECT_EQ(usual.identify("Basic YWJj", here, now, 1).scope, Scope::admin);
}

TEST_F(AuthenticationTest, ManyWrongTokensFromOneAddressHaveToWait) {
  Authentication usual(&tokens, {.here = false, .beyond = true});
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(ask(usual, far, "wrong").fault->code, ErrorCode::invalid_token) << i;
  EXPECT_EQ(ask(usual, far, "wrong").fault->code, ErrorCode::too_many_requests);
  EXPECT_EQ(ask(usual, far, secret).scope, Scope::read) << "a right one is never locked out";
  const Peer other{.is_local = false, .address = "192.0.2.8"};
  EXPECT_EQ(ask(usual, other, "wrong").fault->code, ErrorCode::invalid_token);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(ask(usual, here, "wrong").fault->code, ErrorCode::invalid_token);
  now += 1s;
  EXPECT_EQ(ask(usual, far, "wrong").fault->code, ErrorCode::invalid_token);
  EXPECT_EQ(ask(usual, far, "wrong").fault->code, ErrorCode::too_many_requests);
}

TEST_F(AuthenticationTest, RefusalsSayWhatIsNeeded) {
  const auto field = [](const wire::Fault& fault) {
    return refused(fault, Scope::outputs, "/").fields;
  };
  EXPECT_EQ(field({ErrorCode::token_required, "x", {}}),
            "WWW-Authenticate: Bearer realm=\"psmoved\", scope=\"outputs\"\r\n");
  EXPECT_EQ(
      field({ErrorCode::invalid_token, "x", {}}),
      "WWW-Authenticate: Bearer realm=\"psmoved\", error=\"invalid_token\", scope=\"outputs\"\r\n");
  EXPECT_EQ(field({ErrorCode::insufficient_scope, "x", {}}),
            "WWW-Authenticate: Bearer realm=\"psmoved\", error=\"insufficient_scope\", "
            "scope=\"outputs\"\r\n");
  EXPECT_EQ(field({ErrorCode::too_many_requests, "x", {}}), "Retry-After: 1\r\n");
}

}  // namespace
}  // namespace psmove::api
