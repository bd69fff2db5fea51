#pragma once
// How text is drawn on this terminal: its width, its character set, its colours. Pure: the
// environment is asked in one place, and tests say what they want.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "types/outputs.hpp"

namespace psmove::client {

enum class Colors : std::uint8_t { none, palette, full };  ///< none, 256 colours, 24 bits

struct Style {
  Colors colors = Colors::none;
  bool utf8 = false;
  int columns = 80;
};

/// What the terminal behind this descriptor can show. Not a terminal, TERM=dumb or a non-empty
/// NO_COLOR (no-color.org): no colours. UTF-8 where the locale says so.
[[nodiscard]] Style style_of(int descriptor);

/// How many columns a text takes: 2 for wide characters (CJK, emoji), 0 for combining marks. Escape
/// sequences are not understood; measure before colouring.
[[nodiscard]] int display_width(std::string_view text);
/// Text from elsewhere made safe to print: control characters become '?', and what this terminal
/// cannot show as well.
[[nodiscard]] std::string printable(std::string_view text, const Style& style);
/// Exactly `width` columns: cut with an ellipsis, or filled with spaces.
[[nodiscard]] std::string fitted(std::string_view text, int width, const Style& style);
[[nodiscard]] std::string right_aligned(std::string_view text, int width);
/// `text`, `count` times.
[[nodiscard]] std::string repeated(std::string_view text, int count);

[[nodiscard]] std::string bold(std::string_view text, const Style& style);
[[nodiscard]] std::string dim(std::string_view text, const Style& style);
[[nodiscard]] std::string warning(std::string_view text, const Style& style);
/// `width` columns of that colour; empty where the terminal has no colours.
[[nodiscard]] std::string swatch(Rgb color, int width, const Style& style);

/// 0..1 as a bar of exactly `width` columns, ends included; values beyond are held at the end.
[[nodiscard]] std::string bar(double fraction, int width, const Style& style);
/// -1..1 as a bar to either side of the middle; `width` should be odd.
[[nodiscard]] std::string centered_bar(double value, int width, const Style& style);
/// A mark at 0..1 along a line of exactly `width` columns.
[[nodiscard]] std::string slider(double position, int width, const Style& style);

/// A number with so many decimals, right-aligned, and no "-0.00".
[[nodiscard]] std::string number(double value, int decimals, int width = 0);

}  // namespace psmove::client
