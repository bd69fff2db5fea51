#pragma once
// The buttons of a controller as a set, and their names on every wire.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace psmove {

/// Those of a Move; then those that a Navigation controller or an extension device brings.
enum class Button : std::uint8_t {
  select,
  start,
  triangle,
  circle,
  cross,
  square,
  ps,
  move,
  t,
  l1,
  r1,
  l2,
  r2,
  l3,
  r3,
  up,
  right,
  down,
  left
};

inline constexpr std::array<std::string_view, 19> button_names = {
    "select", "start", "triangle", "circle", "cross", "square", "ps",    "move", "t",   "l1",
    "r1",     "l2",    "r2",       "l3",     "r3",    "up",     "right", "down", "left"};
inline constexpr std::size_t button_count = button_names.size();
/// The first of them: what every Move has.
inline constexpr std::size_t move_button_count = 9;

[[nodiscard]] constexpr std::string_view to_string(Button button) {
  return button_names[static_cast<std::size_t>(button)];
}
[[nodiscard]] constexpr std::optional<Button> parse_button(std::string_view name) {
  for (std::size_t i = 0; i < button_count; ++i)
    if (button_names[i] == name) return static_cast<Button>(i);
  return std::nullopt;
}

/// A set of buttons. `t` is the trigger as a button: pressed past its click point.
class Buttons {
 public:
  constexpr Buttons() = default;
  constexpr Buttons(std::initializer_list<Button> pressed) {
    for (const auto button : pressed) insert(button);
  }
  [[nodiscard]] constexpr bool contains(Button button) const { return (bits_ & bit(button)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  constexpr void insert(Button button) { bits_ |= bit(button); }
  constexpr void set(Button button, bool pressed) {
    bits_ = pressed ? bits_ | bit(button) : bits_ & ~bit(button);
  }
  /// Those that are in exactly one of the two sets.
  [[nodiscard]] constexpr Buttons changed_from(Buttons other) const {
    Buttons changed;
    changed.bits_ = bits_ ^ other.bits_;
    return changed;
  }
  /// Calls `visit(Button)` for each member, in the order of the enumeration.
  template <class Visitor>
  constexpr void for_each(Visitor visit) const {
    for (std::uint32_t rest = bits_; rest != 0; rest &= rest - 1)
      visit(static_cast<Button>(std::countr_zero(rest)));
  }
  friend constexpr bool operator==(const Buttons&, const Buttons&) = default;

 private:
  static constexpr std::uint32_t bit(Button button) {
    return std::uint32_t{1} << static_cast<unsigned>(button);
  }
  std::uint32_t bits_ = 0;
};

/// What every Move has.
inline constexpr Buttons move_buttons = {Button::select, Button::start, Button::triangle,
                                         Button::circle, Button::cross, Button::square,
                                         Button::ps,     Button::move,  Button::t};

}  // namespace psmove
