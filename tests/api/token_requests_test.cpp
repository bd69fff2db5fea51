// Who may ask for a token, how often, for how long, and what answers.
#include "api/token_requests.hpp"

#include <gtest/gtest.h>

#include "api/tokens.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::SteadyClock;
using drivers::SteadyTime;
using wire::ErrorCode;
using namespace std::chrono_literals;
using State = TokenRequest::State;

class TokenRequestsTest : public ::testing::Test {
 protected:
  drivers::Controller& connect(std::uint8_t last, Source source, const char* model = "zcm1") {
    auto& controller =
        roster.get_or_add({{0, 6, 0xF7, 0, 0, last}}, *drivers::find_model(model), source);
    controller.link_up({}, source);
    return controller;
  }

  /// Asks, and takes it back at once.
  bool asks(std::string_view address, SteadyTime now) {
    const auto asked = requests.ask("phone", Scope::outputs, address, now);
    if (!asked) {
      EXPECT_EQ(asked.error().fault.code, ErrorCode::too_many_requests)
          << asked.error().fault.detail;
      EXPECT_GT(asked.error().retry_after, 0s);
      wait = asked.error().retry_after;
      return false;
    }
    EXPECT_TRUE(requests.cancel((*asked)->id, now));
    return true;
  }

  /// Asked for long enough ago that a press counts.
  std::string asked_before() {
    const auto asked = requests.ask("phone", Scope::outputs, "", SteadyClock::now() - 2s);
    return asked ? (*asked)->id : "";
  }
  void press(const drivers::Controller& controller) {
    requests.on_button(controller, Button::move, true, 0);
  }
  State state_of(const std::string& id) { return requests.find(id, SteadyClock::now())->state; }

  drivers::UnixClock clock;
  drivers::Roster roster{clock};
  Tokens tokens;
  TokenRequests requests{roster, &tokens};
  SteadyTime begin = SteadyClock::now();
  std::chrono::seconds wait{};  ///< of the last refusal
};

TEST_F(TokenRequestsTest, APressGrants) {
  auto& move = connect(1, Source::hidraw);
  const auto id = asked_before();
  ASSERT_NE(id, "");
  press(move);
  EXPECT_EQ(state_of(id), State::granted);
  ASSERT_EQ(tokens.all().size(), 1U);
  EXPECT_EQ(tokens.all()[0].scope, Scope::outputs);
}

TEST_F(TokenRequestsTest, ARecordingGrantsNothing) {
  auto& recording = connect(1, Source::recording);
  const auto refused = requests.ask("phone", Scope::outputs, "", begin);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault.code, ErrorCode::no_controller) << "nobody could press";

  auto& move = connect(2, Source::hidraw);
  const auto id = asked_before();
  ASSERT_NE(id, "");
  EXPECT_EQ(recording.state().led.layers.size(), 0U) << "it is not asked";
  press(recording);
  EXPECT_EQ(state_of(id), State::waiting);
  EXPECT_TRUE(tokens.all().empty());
  press(move);
  EXPECT_EQ(state_of(id), State::granted);
}

TEST_F(TokenRequestsTest, WhoeverHasNoSphereGrantsNothing) {
  auto& navigation = connect(1, Source::hidraw, "navigation");
  connect(2, Source::hidraw);
  const auto id = asked_before();
  press(navigation);
  EXPECT_EQ(state_of(id), State::waiting);
}

TEST_F(TokenRequestsTest, ARequestExpiresAfterHalfAMinuteAndIsForgottenAMinuteLater) {
  auto& move = connect(1, Source::hidraw);
  const auto asked = requests.ask("phone", Scope::outputs, "", begin);
  ASSERT_TRUE(asked);
  const std::string id = (*asked)->id;
  EXPECT_EQ((*asked)->expires_us - clock.microseconds(begin), 30'000'000);
  EXPECT_EQ(requests.find(id, begin + 30s - 1ms)->state, State::waiting);
  ASSERT_NE(requests.pending(begin + 30s - 1ms), nullptr);
  EXPECT_EQ(requests.pending(begin + 30s), nullptr);
  EXPECT_EQ(requests.find(id, begin + 30s)->state, State::expired);
  press(move);
  EXPECT_EQ(requests.find(id, begin + 30s)->state, State::expired) << "too late";
  EXPECT_TRUE(tokens.all().empty());
  EXPECT_NE(requests.find(id, begin + 90s - 1ms), nullptr);
  EXPECT_EQ(requests.find(id, begin + 90s), nullptr);
}

TEST_F(TokenRequestsTest, APressAfterItExpiredIsNoAnswer) {
  auto& move = connect(1, Source::hidraw);
  const auto asked = requests.ask("phone", Scope::outputs, "", begin - 31s);
  ASSERT_TRUE(asked);
  const std::string id = (*asked)->id;
  press(move);
  EXPECT_EQ(requests.find(id, begin)->state, State::expired);
  EXPECT_TRUE(tokens.all().empty());
}

TEST_F(TokenRequestsTest, ThereAreFiveSecondsBetweenTwo) {
  connect(1, Source::hidraw);
  EXPECT_TRUE(asks("", begin));
  EXPECT_FALSE(asks("", begin + 5s - 1ms));
  EXPECT_EQ(wait, 1s);
  EXPECT_TRUE(asks("", begin + 5s));
}

TEST_F(TokenRequestsTest, WhoeverAsksMeanwhileIsToldHowLongItTakes) {
  connect(1, Source::hidraw);
  ASSERT_TRUE(requests.ask("phone", Scope::outputs, "10.0.0.1", begin));
  const auto other = requests.ask("tablet", Scope::outputs, "10.0.0.2", begin + 10s);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().fault.code, ErrorCode::token_request_pending);
  EXPECT_EQ(other.error().retry_after, 20s);
}

TEST_F(TokenRequestsTest, TenAnHourFromOneAddress) {
  connect(1, Source::hidraw);
  auto now = begin;
  for (int i = 0; i < 10; ++i, now += 5s) EXPECT_TRUE(asks("192.168.1.20", now)) << i;
  EXPECT_FALSE(asks("192.168.1.20", now));
  EXPECT_TRUE(asks("192.168.1.21", now)) << "others are not held up";
  EXPECT_FALSE(asks("192.168.1.20", begin + 6min - 1s));
  EXPECT_EQ(wait, 1s);
  EXPECT_TRUE(asks("192.168.1.20", begin + 6min));
  EXPECT_FALSE(asks("192.168.1.20", begin + 7min));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(asks("192.168.1.20", begin + 2h + i * 5s)) << i;
  EXPECT_FALSE(asks("192.168.1.20", begin + 2h + 1min));
}

TEST_F(TokenRequestsTest, ThoseOfOneIpv6PrefixAreOneAddress) {
  connect(1, Source::hidraw);
  auto now = begin;
  for (int i = 0; i < 10; ++i, now += 5s)
    EXPECT_TRUE(asks("2001:db8:0:1::" + std::to_string(i + 1), now)) << i;
  EXPECT_FALSE(asks("2001:db8:0:1:8000::7", now));
  EXPECT_TRUE(asks("2001:db8:0:2::1", now)) << "another network";
}

TEST_F(TokenRequestsTest, TwentyAnHourFromBeyondThisMachineAndItsOwnBesides) {
  connect(1, Source::hidraw);
  auto now = begin;
  for (int i = 0; i < 20; ++i, now += 5s)
    EXPECT_TRUE(asks("10.0." + std::to_string(i) + ".1", now)) << i;
  EXPECT_FALSE(asks("10.0.99.1", now));
  EXPECT_FALSE(asks("2001:db8::1", now));
  EXPECT_TRUE(asks("127.0.0.1", now));
  EXPECT_TRUE(asks("::1", now + 5s));
  EXPECT_TRUE(asks("", now + 10s));
  EXPECT_FALSE(asks("10.0.99.1", begin + 3min - 1s));
  EXPECT_TRUE(asks("10.0.99.1", begin + 3min));
  EXPECT_FALSE(asks("10.0.98.1", begin + 3min + 5s));
}

}  // namespace
}  // namespace psmove::api
