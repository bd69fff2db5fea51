// The id of motion events, there and back.
#include "api/wire/stream_position.hpp"

#include <gtest/gtest.h>
#include <string>

namespace psmove::wire {
namespace {

const Address left{{0, 6, 0xF7, 0x16, 0x2A, 0x3B}}, right{{0, 6, 0xF7, 0x16, 0x2A, 0x3C}};

std::string text_of(const StreamPosition& position) {
  std::string text;
  position.append_to(text);
  return text;
}

TEST(StreamPosition, IsShortAndInTheOrderOfAddresses) {
  StreamPosition position;
  position.set(right, 7);
  position.set(left, 48'213);
  position.set(right, 8);
  EXPECT_EQ(text_of(position), "0006f7162a3b:48213,0006f7162a3c:8");
  position.erase(left);
  EXPECT_EQ(text_of(position), "0006f7162a3c:8");
}

TEST(StreamPosition, ComesBackAsItWas) {
  for (const std::string text :
       {"0006f7162a3b:0", "0006f7162a3b:48213,0006f7162a3c:9223372036854775807"}) {
    const auto position = parse_stream_position(text);
    ASSERT_TRUE(position) << text;
    EXPECT_EQ(text_of(*position), text);
  }
}

TEST(StreamPosition, AnythingElseIsNone) {
  std::string many;
  for (int i = 0; i < 65; ++i) {
    many += i == 0 ? "" : ",";
    many += "0006f71600" + std::to_string(10 + i) + ":1";
  }
  for (const std::string& text :
       {std::string(), std::string("48213"), std::string("0006f7162a3b"),
        std::string("0006f7162a3b:"), std::string("0006f7162a3b:1,"),
        std::string(",0006f7162a3b:1"), std::string("0006F7162A3B:1"),
        std::string("0006f7162a3b:-1"), std::string("0006f7162a3b:+1"),
        std::string("0006f7162a3b:1x"), std::string("0006f7162a3b:9223372036854775808"),
        std::string("00:06:f7:16:2a:3b:1"), many})
    EXPECT_FALSE(parse_stream_position(text)) << text;
}

}  // namespace
}  // namespace psmove::wire
