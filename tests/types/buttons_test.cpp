// Buttons as a set.

#include "types/buttons.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace psmove {
namespace {

TEST(Buttons, EveryNameReadsBackAsItsButton) {
  for (std::size_t i = 0; i < button_count; ++i) {
    const auto button = static_cast<Button>(i);
    EXPECT_EQ(parse_button(to_string(button)), button);
  }
  EXPECT_FALSE(parse_button("Cross"));
  EXPECT_FALSE(parse_button(""));
}

TEST(Buttons, HoldsWhatWasPutIn) {
  Buttons buttons{Button::cross, Button::t};
  EXPECT_TRUE(buttons.contains(Button::cross));
  EXPECT_TRUE(buttons.contains(Button::t));
  EXPECT_FALSE(buttons.contains(Button::select));
  buttons.set(Button::cross, false);
  buttons.set(Button::select, true);
  EXPECT_EQ(buttons, (Buttons{Button::select, Button::t}));
  EXPECT_TRUE(Buttons{}.empty());
}

TEST(Buttons, ChangedAreThoseInExactlyOne) {
  const Buttons before{Button::cross, Button::move};
  const Buttons after{Button::move, Button::ps};
  EXPECT_EQ(after.changed_from(before), (Buttons{Button::cross, Button::ps}));
  EXPECT_TRUE(after.changed_from(after).empty());
}

TEST(Buttons, AreVisitedInTheirOrder) {
  std::vector<Button> visited;
  Buttons{Button::t, Button::select, Button::square}.for_each(
      [&visited](Button button) { visited.push_back(button); });
  EXPECT_EQ(visited, (std::vector{Button::select, Button::square, Button::t}));
}

}  // namespace
}  // namespace psmove
