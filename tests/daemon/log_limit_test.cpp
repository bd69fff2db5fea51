// Equal lines come through so often, and are counted then.
#include "daemon/log_limit.hpp"

#include <gtest/gtest.h>

namespace psmove::daemon {
namespace {

using namespace std::chrono_literals;

constexpr int info = 2;
constexpr int warning = 3;
constexpr LogTime start{1h};

std::size_t admitted(LogLimit& limit, int lines, std::string_view line, LogTime now) {
  std::size_t count = 0;
  for (int i = 0; i < lines; ++i)
    count += limit.admits(info, std::string(line) + " number=" + std::to_string(i), now) ? 1 : 0;
  return count;
}

TEST(LogLimit, LinesThatDifferInTheirValuesShareABurst) {
  LogLimit limit(5, 30s);
  EXPECT_EQ(admitted(limit, 12, "a controller came", start), 5U);
  EXPECT_EQ(admitted(limit, 5, "a controller left", start), 5U);
  EXPECT_TRUE(limit.admits(warning, "a controller came", start)) << "another level is another line";
}

TEST(LogLimit, SaysHowManyWereLeftOutWhenTheIntervalIsOver) {
  LogLimit limit(5, 30s);
  admitted(limit, 12, "a controller came", start);
  admitted(limit, 3, "a controller left", start);
  EXPECT_EQ(limit.next_end(), start + 30s);
  EXPECT_TRUE(limit.take(start + 29s).empty());
  const auto summaries = limit.take(start + 30s);
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].message, "a controller came");
  EXPECT_EQ(summaries[0].level, info);
  EXPECT_EQ(summaries[0].left_out, 7U);
  EXPECT_FALSE(limit.next_end());
  EXPECT_TRUE(limit.take(start + 30s).empty()) << "once";
  EXPECT_EQ(admitted(limit, 12, "a controller came", start + 30s), 5U) << "then it begins anew";
}

TEST(LogLimit, AnIntervalBeginsWithItsFirstLine) {
  LogLimit limit(2, 10s);
  EXPECT_EQ(admitted(limit, 2, "x", start), 2U);
  EXPECT_EQ(admitted(limit, 1, "x", start + 9s), 0U);
  EXPECT_EQ(limit.take(start + 10s).size(), 1U);
  EXPECT_EQ(admitted(limit, 3, "y", start + 20s), 2U);
  EXPECT_EQ(admitted(limit, 2, "x", start + 25s), 2U);
  EXPECT_EQ(limit.take_all().at(0).message, "y");
}

TEST(LogLimit, WithoutABurstEverythingComesThrough) {
  LogLimit limit(0, 30s);
  EXPECT_EQ(admitted(limit, 1000, "x", start), 1000U);
  EXPECT_FALSE(limit.next_end());
}

TEST(LogLimit, WhoeverMakesUpMessagesFillsOneCountTogether) {
  LogLimit limit(5, 30s);
  std::size_t count = 0;
  for (int i = 0; i < 10'000; ++i)
    count += limit.admits(info, "made up " + std::to_string(i), start) ? 1 : 0;
  EXPECT_LE(count, LogLimit::most_messages + 5);
  ASSERT_EQ(limit.take_all().size(), 1U);
  EXPECT_TRUE(limit.admits(info, "something else", start + 31s)) << "later there is room again";
}

}  // namespace
}  // namespace psmove::daemon
