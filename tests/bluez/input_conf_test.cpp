#include "bluez/input_conf.hpp"

#include <gtest/gtest.h>

namespace psmove::bluez {
namespace {

// As Debian ships it, in short.
constexpr const char* shipped =
    "# Configuration file for the input service\n"
    "[General]\n\n"
    "# Defaults to true for security.\n"
    "#ClassicBondedOnly=true\n";

TEST(InputConf, SaysWhatCounts) {
  EXPECT_EQ(bonded_only(""), std::nullopt);
  EXPECT_EQ(bonded_only(shipped), std::nullopt) << "a comment says nothing";
  EXPECT_EQ(bonded_only("[General]\nClassicBondedOnly=true\n"), true);
  EXPECT_EQ(bonded_only("[General]\nClassicBondedOnly = false\r\n"), false);
  EXPECT_EQ(bonded_only("[Other]\nClassicBondedOnly=false\n"), std::nullopt);
  EXPECT_EQ(bonded_only("[General]\nClassicBondedOnly=true\nClassicBondedOnly=false\n"), false)
      << "the last one wins, as in GLib";
}

TEST(InputConf, AllowingIsUndoneToTheByte) {
  for (const std::string& before :
       {std::string(shipped), std::string("[General]\nClassicBondedOnly=true\nIdleTimeout=30\n"),
        std::string("[General]\n"),
        std::string("[Other]\nx=1\n[General]\n  ClassicBondedOnly=1\n")}) {
    const auto after = with_unbonded_allowed(before);
    EXPECT_EQ(bonded_only(after), false) << after;
    EXPECT_EQ(with_unbonded_allowed(after), after) << "once is enough";
    EXPECT_EQ(with_our_change_undone(after), before);
  }
}

TEST(InputConf, SomebodyElsesPermissionIsNotOurs) {
  const std::string theirs = "[General]\nClassicBondedOnly=false\n";
  EXPECT_EQ(with_unbonded_allowed(theirs), theirs);
  EXPECT_EQ(with_our_change_undone(theirs), theirs);
}

TEST(InputConf, AnEmptyFileGetsItsGroup) {
  const auto after = with_unbonded_allowed("");
  EXPECT_EQ(bonded_only(after), false);
  EXPECT_EQ(bonded_only(with_our_change_undone(after)), std::nullopt);
}

}  // namespace
}  // namespace psmove::bluez
