// Addresses as people and other programs write them.

#include "types/address.hpp"

#include <gtest/gtest.h>

namespace psmove {
namespace {

TEST(Address, ReadsAndWritesTheSame) {
  const auto address = parse_address("00:06:f7:16:2a:3b");
  ASSERT_TRUE(address);
  EXPECT_EQ(to_string(*address), "00:06:f7:16:2a:3b");
  EXPECT_EQ(address->octets[0], 0x00);
  EXPECT_EQ(address->octets[5], 0x3B);
}

TEST(Address, CaseAndDashesDoNotMatter) {
  EXPECT_EQ(parse_address("00-06-F7-16-2A-3B"), parse_address("00:06:f7:16:2a:3b"));
}

TEST(Address, AnythingElseIsRefused) {
  for (const auto* text :
       {"", "00:06:f7:16:2a", "00:06:f7:16:2a:3b:", "00:06:f7:16:2a:3b ", " 00:06:f7:16:2a:3b",
        "0006f7162a3b", "00:06-f7:16:2a:3b", "00.06.f7.16.2a.3b", "00:06:f7:16:2a:3g",
        "00:06:f7:16:2a:-1", "00:6:f7:16:2a:3bb", "all"})
    EXPECT_FALSE(parse_address(text)) << text;
}

TEST(Address, OnlyAllZerosIsZero) {
  EXPECT_TRUE(Address{}.is_zero());
  EXPECT_FALSE(parse_address("00:00:00:00:00:01")->is_zero());
  EXPECT_LT(Address{}, *parse_address("00:00:00:00:00:01"));
}

}  // namespace
}  // namespace psmove
