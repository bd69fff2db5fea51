// Text on terminals: widths, bars, colours.

#include "clients/psmovectl/style.hpp"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace psmove::client {
namespace {

const Style unicode{Colors::none, true, 80};
const Style ascii{Colors::none, false, 80};

TEST(StyleTest, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(display_width("left"), 4);
  EXPECT_EQ(display_width("über"), 4);
  EXPECT_EQ(display_width("左手"), 4);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("🎮"), 2);
}

TEST(StyleTest, FittedTextHasExactlyItsWidth) {
  EXPECT_EQ(fitted("left", 6, unicode), "left  ");
  EXPECT_EQ(fitted("left hand", 6, unicode), "left …");
  EXPECT_EQ(fitted("left hand", 6, ascii), "left ~");
  EXPECT_EQ(display_width(fitted("左手左手", 6, unicode)), 6);
  EXPECT_EQ(fitted("x", 0, unicode), "");
}

TEST(StyleTest, NamesCannotSteerTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f", unicode), "a?[2Jb?c?");
  EXPECT_EQ(printable("\u202eabc", unicode), "?abc");
  EXPECT_EQ(printable("\xff\xfe", unicode), "??");
}

TEST(StyleTest, AsciiTerminalsGetAsciiOnly) {
  EXPECT_EQ(printable("über", ascii), "?ber");
  for (const auto& drawn :
       {bar(0.4, 10, ascii), centered_bar(-0.4, 11, ascii), slider(0.4, 10, ascii)})
    for (const char c : drawn) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(StyleTest, BarsHaveTheirWidthAtEveryValue) {
  for (const auto& style : {unicode, ascii})
    for (const double value : {-5.0, -1.0, -0.3, 0.0, 0.01, 0.5, 0.999, 1.0, 7.0,
                               std::numeric_limits<double>::quiet_NaN()}) {
      EXPECT_EQ(display_width(bar(value, 12, style)), 12) << value;
      EXPECT_EQ(display_width(centered_bar(value, 13, style)), 13) << value;
      EXPECT_EQ(display_width(slider(value, 9, style)), 9) << value;
    }
}

TEST(StyleTest, BarsShowTheirValue) {
  EXPECT_EQ(bar(0.5, 10, ascii), "[####    ]");
  EXPECT_EQ(bar(0.5, 6, unicode), "▕██  ▏");
  EXPECT_EQ(centered_bar(-1, 9, ascii), "[###|   ]");
  EXPECT_EQ(centered_bar(1, 9, ascii), "[   |###]");
  EXPECT_EQ(slider(0, 3, ascii), "o--");
  EXPECT_EQ(slider(1, 3, ascii), "--o");
}

TEST(StyleTest, SwatchNeedsColours) {
  EXPECT_EQ(swatch({255, 0, 0}, 2, unicode), "");
  EXPECT_EQ(swatch({255, 0, 0}, 2, {Colors::full, true, 80}), "\x1b[48;2;255;0;0m  \x1b[0m");
  EXPECT_EQ(swatch({255, 0, 0}, 2, {Colors::palette, true, 80}), "\x1b[48;5;196m  \x1b[0m");
}

TEST(StyleTest, ZeroHasNoSign) {
  EXPECT_EQ(number(-0.001, 2), "0.00");
  EXPECT_EQ(number(-0.01, 2, 6), " -0.01");
}

}  // namespace
}  // namespace psmove::client
