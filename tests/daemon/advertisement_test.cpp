#include "daemon/advertisement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace psmove::daemon {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Not;
using ::testing::StartsWith;

TEST(TextRecord, SaysHowToTalkToUs) {
  const auto text = text_record({.port = 1, .is_encrypted = true, .needs_token = true}, "abc");
  EXPECT_EQ(text.front(), "txtvers=1") << "it has to be first (RFC 6763 section 6.7)";
  for (const char* pair : {"api=/api/v1", "id=abc", "auth=token", "tls=1"})
    EXPECT_THAT(text, Contains(pair));
}

TEST(TextRecord, OfAnOpenServerOnAMachineWithoutAnId) {
  const auto text = text_record({.port = 1, .is_encrypted = false, .needs_token = false}, "");
  EXPECT_THAT(text, Contains("auth=none"));
  EXPECT_THAT(text, Contains("tls=0"));
  EXPECT_THAT(text, Each(Not(StartsWith("id="))));
}

TEST(TextRecord, KeysAreShortAsTheyShouldBe) {
  for (const auto& pair : text_record({}, "abc"))
    EXPECT_LE(pair.find('='), 9U) << pair << " (RFC 6763 section 6.4)";
}

}  // namespace
}  // namespace psmove::daemon
