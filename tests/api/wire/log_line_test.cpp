// Lines of the log, taken apart.
#include "api/wire/log_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace psmove::wire {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(LogLine, HasAMessageAndFields) {
  const auto line = parse_log_line(
      "cannot read the calibration; nominal scales are used controller=00:06:f7:16:2a:3b "
      "error=\"Input/output error\"");
  EXPECT_EQ(line.message, "cannot read the calibration; nominal scales are used");
  EXPECT_THAT(line.fields, ElementsAre(Pair("controller", "00:06:f7:16:2a:3b"),
                                       Pair("error", "Input/output error")));
}

TEST(LogLine, WordsBehindFieldsBelongToTheMessage) {
  const auto line = parse_log_line("host address controller=a host=b written");
  EXPECT_EQ(line.message, "host address written");
  EXPECT_THAT(line.fields, ElementsAre(Pair("controller", "a"), Pair("host", "b")));
}

TEST(LogLine, AValueMayHaveMarksAndEqualsSignsInIt) {
  EXPECT_THAT(parse_log_line(R"(x error="no "such"name" path=/a=b)").fields,
              ElementsAre(Pair("error", "no \"such\"name"), Pair("path", "/a=b")));
  EXPECT_THAT(parse_log_line("x error=\"never closed y=1").fields,
              ElementsAre(Pair("error", "\"never"), Pair("y", "1")));
  EXPECT_THAT(parse_log_line("x a= b=\"\"").fields, ElementsAre(Pair("a", ""), Pair("b", "")));
}

TEST(LogLine, WhatIsNoFieldIsMessage) {
  for (const char* text : {"listening http://[::1]:6683/?a=b", "=x", "Key=value", "a-b=c"}) {
    EXPECT_EQ(parse_log_line(text).message, text);
    EXPECT_THAT(parse_log_line(text).fields, IsEmpty());
  }
  EXPECT_EQ(parse_log_line("").message, "");
  const auto twice = parse_log_line("x a=1 a=2");
  EXPECT_THAT(twice.fields, ElementsAre(Pair("a", "1")));
  EXPECT_EQ(twice.message, "x a=2");
}

}  // namespace
}  // namespace psmove::wire
