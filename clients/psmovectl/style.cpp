// Widths, bars and SGR sequences.

#include "clients/psmovectl/style.hpp"

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace psmove::client {
namespace {

struct Decoded {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = false;
};

/// The first character of a text that is not empty; a byte that starts none stands for itself.
Decoded decoded(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {first, 1, false};
  char32_t code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) return {first, 1, false};
    code = code << 6 | (byte & 0x3FU);
  }
  return {code, length, true};
}

struct Range {
  char32_t first, last;
};

template <std::size_t Count>
bool contains(const std::array<Range, Count>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](Range r) { return code >= r.first && code <= r.last; });
}

/// The blocks of Unicode's East Asian Width W and F that names are likely to hold, emoji included.
constexpr std::array<Range, 13> wide = {{{0x1100, 0x115F},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0x33FF},
                                         {0x3400, 0x4DBF},
                                         {0x4E00, 0x9FFF},
                                         {0xA000, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0xFFE0, 0xFFE6},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};

/// Combining marks, joiners, variation selectors, and the marks that turn writing round.
constexpr std::array<Range, 6> without_width = {{{0x0300, 0x036F},
                                                 {0x200B, 0x200F},
                                                 {0x202A, 0x202E},
                                                 {0x2060, 0x206F},
                                                 {0x20D0, 0x20F0},
                                                 {0xFE00, 0xFE0F}}};

int width_of(char32_t code) {
  if (contains(without_width, code)) return 0;
  return contains(wide, code) ? 2 : 1;
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string sgr(std::string_view parameters, std::string_view text) {
  std::string out = "\x1b[";
  out.append(parameters).append("m").append(text).append("\x1b[0m");
  return out;
}

/// The nearest of the 6x6x6 cube that begins at 16 in the 256-colour palette.
int palette_index(Rgb color) {
  const auto step = [](std::uint8_t value) { return (value * 5 + 127) / 255; };
  return 16 + 36 * step(color.red) + 6 * step(color.green) + step(color.blue);
}

std::string_view left_end(const Style& style) {
  return style.utf8 ? "▕" : "[";
}
std::string_view right_end(const Style& style) {
  return style.utf8 ? "▏" : "]";
}
std::string_view full_cell(const Style& style) {
  return style.utf8 ? "█" : "#";
}

/// The left `eighths` of one cell, 1..7.
std::string_view partial_cell(int eighths, const Style& style) {
  static constexpr std::array<std::string_view, 7> cells = {"▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!style.utf8) return eighths >= 4 ? "=" : " ";
  return cells[static_cast<std::size_t>(eighths - 1)];
}

}  // namespace

Style style_of(int descriptor) {
  Style style;
  std::setlocale(LC_CTYPE, "");
  style.utf8 = std::strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  if (isatty(descriptor) == 0) return style;
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.columns = size.ws_col;
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  if (term == nullptr || std::string_view(term) == "dumb") return style;
  if (no_color != nullptr && *no_color != '\0') return style;
  const char* depth = std::getenv("COLORTERM");
  const std::string_view claimed = depth == nullptr ? "" : depth;
  style.colors = claimed == "truecolor" || claimed == "24bit" ? Colors::full : Colors::palette;
  return style;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const auto next = decoded(text);
    width += width_of(next.code);
    text.remove_prefix(next.length);
  }
  return width;
}

std::string printable(std::string_view text, const Style& style) {
  std::string out;
  while (!text.empty()) {
    const auto next = decoded(text);
    if (!next.valid || is_control(next.code) || (next.code >= 0x80 && !style.utf8))
      out += '?';
    else
      out.append(text.substr(0, next.length));
    text.remove_prefix(next.length);
  }
  return out;
}

std::string fitted(std::string_view text, int width, const Style& style) {
  const std::string_view ellipsis = style.utf8 ? "…" : "~";
  const bool is_cut = display_width(text) > width;
  const int room = is_cut ? width - 1 : width;
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const auto next = decoded(text);
    if (used + width_of(next.code) > room) break;
    used += width_of(next.code);
    out.append(text.substr(0, next.length));
    text.remove_prefix(next.length);
  }
  if (is_cut && width > 0) {
    out += ellipsis;
    ++used;
  }
  return out + repeated(" ", width - used);
}

std::string right_aligned(std::string_view text, int width) {
  return repeated(" ", width - display_width(text)).append(text);
}

std::string repeated(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::string bold(std::string_view text, const Style& style) {
  return style.colors == Colors::none ? std::string(text) : sgr("1", text);
}
std::string dim(std::string_view text, const Style& style) {
  return style.colors == Colors::none ? std::string(text) : sgr("2", text);
}
std::string warning(std::string_view text, const Style& style) {
  return style.colors == Colors::none ? std::string(text) : sgr("33", text);
}

std::string swatch(Rgb color, int width, const Style& style) {
  if (style.colors == Colors::none) return {};
  const auto blank = repeated(" ", width);
  if (style.colors == Colors::palette)
    return sgr("48;5;" + std::to_string(palette_index(color)), blank);
  return sgr("48;2;" + std::to_string(color.red) + ";" + std::to_string(color.green) + ";" +
                 std::to_string(color.blue),
             blank);
}

std::string bar(double fraction, int width, const Style& style) {
  const int cells = std::max(0, width - 2);
  const double held = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
  const int eighths = static_cast<int>(std::lround(held * cells * 8));
  std::string out(left_end(style));
  out += repeated(full_cell(style), eighths / 8);
  int used = eighths / 8;
  if (eighths % 8 != 0) {
    out += partial_cell(eighths % 8, style);
    ++used;
  }
  return out + repeated(" ", cells - used) + std::string(right_end(style));
}

std::string centered_bar(double value, int width, const Style& style) {
  const int side = std::max(0, (width - 3) / 2);
  const double held = std::isfinite(value) ? std::clamp(value, -1.0, 1.0) : 0.0;
  const int left = static_cast<int>(std::lround(std::max(0.0, -held) * side));
  const int right = static_cast<int>(std::lround(std::max(0.0, held) * side));
  std::string out(left_end(style));
  out += repeated(" ", side - left) + repeated(full_cell(style), left);
  out += style.utf8 ? "│" : "|";
  out += repeated(full_cell(style), right) + repeated(" ", side - right);
  return out + std::string(right_end(style));
}

std::string slider(double position, int width, const Style& style) {
  const int cells = std::max(1, width);
  const double held = std::isfinite(position) ? std::clamp(position, 0.0, 1.0) : 0.0;
  const int mark = static_cast<int>(std::lround(held * (cells - 1)));
  const std::string_view line = style.utf8 ? "─" : "-";
  return repeated(line, mark) + (style.utf8 ? "●" : "o") + repeated(line, cells - 1 - mark);
}

std::string number(double value, int decimals, int width) {
  std::array<char, 64> text{};
  const double scale = std::pow(10.0, decimals);
  const double rounded = std::round(value * scale) / scale;
  std::snprintf(text.data(), text.size(), "%*.*f", width, decimals, rounded == 0 ? 0.0 : rounded);
  return text.data();
}

}  // namespace psmove::client
