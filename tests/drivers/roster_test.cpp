#include "drivers/roster.hpp"

#include <gtest/gtest.h>

namespace psmove::drivers {
namespace {

class RosterTest : public ::testing::Test {
 protected:
  Controller& add(std::uint8_t last) {
    return roster_.get_or_add(Address{{0, 6, 0xF7, 0, 0, last}}, *find_model("zcm1"),
                              Source::simulated);
  }
  UnixClock clock_;
  Roster roster_{clock_};
};

TEST_F(RosterTest, NumbersFollowTheOrderFirstSeen) {
  EXPECT_EQ(add(9).number(), 1);
  EXPECT_EQ(add(2).number(), 2);
  EXPECT_EQ(add(9).number(), 1);
  EXPECT_EQ(roster_.all().size(), 2U);
}

TEST_F(RosterTest, IsFoundByAddressNumberAndName) {
  Controller& controller = add(1);
  add(2);
  ASSERT_EQ(roster_.set_name(controller, "left hand"), Roster::Rename::done);
  for (const char* wanted :
       {"00:06:f7:00:00:01", "00:06:F7:00:00:01", "00-06-f7-00-00-01", "1", "left hand"})
    EXPECT_EQ(roster_.find(wanted), &controller) << wanted;
  for (const char* wanted : {"3", "", "left", "00:06:f7:00:00:03", "0", "-1", "all"})
    EXPECT_EQ(roster_.find(wanted), nullptr) << wanted;
}

TEST_F(RosterTest, ANameIsNeitherANumberNorAnAddressNorAll) {
  Controller& controller = add(1);
  const std::string too_long(65, 'x');
  for (const std::string& name :
       {std::string("7"), std::string("007"), std::string("all"), std::string("*"),
        std::string("00:06:f7:00:00:01"), std::string("a\nb"), too_long})
    EXPECT_EQ(roster_.set_name(controller, name), Roster::Rename::invalid) << name;
  EXPECT_EQ(controller.name(), "");
}

TEST_F(RosterTest, ANameCountsCharactersNotBytes) {
  std::string umlauts;
  for (int i = 0; i < 64; ++i) umlauts += "ü";
  EXPECT_EQ(roster_.set_name(add(1), umlauts), Roster::Rename::done);
}

/// A Move, a Navigation controller, and one more of each.
struct TwoHands {
  explicit TwoHands(Roster& roster)
      : move(get(roster, 1, "zcm1")),
        navigation(get(roster, 2, "navigation")),
        other_move(get(roster, 3, "zcm2")),
        other_navigation(get(roster, 4, "navigation")) {}
  static Controller& get(Roster& roster, std::uint8_t last, std::string_view model) {
    return roster.get_or_add({{0, 6, 0xF7, 0, 0, last}}, *find_model(model), Source::simulated);
  }
  Controller &move, &navigation, &other_move, &other_navigation;
};

TEST_F(RosterTest, CompanionsAreOneToOneAndOfTwoKinds) {
  TwoHands hands(roster_);
  using Pairing = Roster::Pairing;
  EXPECT_EQ(roster_.set_companion(hands.move, hands.other_move), Pairing::mismatch);
  EXPECT_EQ(roster_.set_companion(hands.move, hands.move), Pairing::mismatch);
  EXPECT_EQ(roster_.set_companion(hands.navigation, hands.other_navigation), Pairing::mismatch);
  EXPECT_EQ(roster_.set_companion(hands.navigation, hands.move), Pairing::done);
  EXPECT_EQ(hands.move.companion(), hands.navigation.address());
  EXPECT_EQ(hands.navigation.companion(), hands.move.address());
  EXPECT_EQ(roster_.set_companion(hands.other_move, hands.navigation), Pairing::taken);
  EXPECT_EQ(roster_.set_companion(hands.move, hands.other_navigation), Pairing::done);
  EXPECT_FALSE(hands.navigation.companion()) << "whoever was there before is alone";
  roster_.clear_companion(hands.other_navigation);
  EXPECT_FALSE(hands.move.companion());
}

TEST_F(RosterTest, CompanionsAreRememberedUnlessOneIsForgotten) {
  TwoHands hands(roster_);
  ASSERT_EQ(roster_.set_companion(hands.move, hands.navigation), Roster::Pairing::done);
  UnixClock clock;
  Roster later(clock);
  later.restore(roster_.remembered());
  EXPECT_EQ(later.find(hands.move.address())->companion(), hands.navigation.address());
  auto one_sided = roster_.remembered();
  one_sided.at(1).companion.reset();
  Roster mended(clock);
  mended.restore(one_sided);
  EXPECT_FALSE(mended.find(hands.move.address())->companion());
  ASSERT_TRUE(roster_.forget(hands.navigation));
  EXPECT_FALSE(hands.move.companion());
}

TEST_F(RosterTest, ATakenNameOrNumberIsRefused) {
  Controller& first = add(1);
  Controller& second = add(2);
  ASSERT_EQ(roster_.set_name(first, "left"), Roster::Rename::done);
  EXPECT_EQ(roster_.set_name(second, "left"), Roster::Rename::taken);
  EXPECT_EQ(roster_.set_name(first, "left"), Roster::Rename::done);
  EXPECT_EQ(roster_.set_number(second, 1), Roster::Rename::taken);
  EXPECT_EQ(roster_.set_number(second, 0), Roster::Rename::invalid);
  EXPECT_EQ(second.number(), 2);
}

TEST_F(RosterTest, TheListFollowsTheNumbers) {
  Controller& first = add(1);
  Controller& second = add(2);
  ASSERT_EQ(roster_.set_number(first, 5), Roster::Rename::done);
  EXPECT_EQ(roster_.all().front().get(), &second);
  EXPECT_EQ(add(3).number(), 6);
}

TEST_F(RosterTest, WhatWasRememberedComesBack) {
  ASSERT_EQ(roster_.set_name(add(1), "left"), Roster::Rename::done);
  ASSERT_EQ(roster_.set_number(add(2), 7), Roster::Rename::done);
  Roster next(clock_);
  next.restore(roster_.remembered());
  ASSERT_EQ(next.all().size(), 2U);
  EXPECT_EQ(next.find("left")->number(), 1);
  EXPECT_EQ(next.find("7")->address(), (Address{{0, 6, 0xF7, 0, 0, 2}}));
  EXPECT_FALSE(next.find("7")->is_connected());
}

TEST_F(RosterTest, DamagedMemoriesAreMendedNotRefused) {
  RememberedController good;
  good.address = Address{{1, 2, 3, 4, 5, 6}};
  good.model = "zcm1";
  good.number = 1;
  good.name = "left";
  RememberedController same_number = good;
  same_number.address.octets[5] = 7;
  RememberedController unknown_model = good;
  unknown_model.address.octets[5] = 8;
  unknown_model.model = "zcm9";
  roster_.restore({good, same_number, unknown_model, good});
  ASSERT_EQ(roster_.all().size(), 2U);
  EXPECT_EQ(roster_.all()[0]->name(), "left");
  EXPECT_EQ(roster_.all()[1]->name(), "");
  EXPECT_EQ(roster_.all()[1]->number(), 2);
}

TEST_F(RosterTest, OnlyAControllerWithoutALinkIsForgotten) {
  Controller& controller = add(1);
  controller.link_up({}, Source::simulated);
  EXPECT_FALSE(roster_.forget(controller));
  controller.link_down({});
  EXPECT_TRUE(roster_.forget(controller));
  EXPECT_TRUE(roster_.all().empty());
}

TEST_F(RosterTest, EveryChangeWorthRememberingIsTold) {
  int changes = 0;
  roster_.on_change([&] { ++changes; });
  Controller& controller = add(1);
  ASSERT_EQ(roster_.set_name(controller, "x"), Roster::Rename::done);
  ASSERT_EQ(roster_.set_number(controller, 3), Roster::Rename::done);
  ASSERT_TRUE(roster_.forget(controller));
  EXPECT_EQ(changes, 4);
}

}  // namespace
}  // namespace psmove::drivers
