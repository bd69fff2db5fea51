#pragma once
// The buttons of a motion controller as a set, and their names on every wire.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace psmove {

enum class Button : std::uint8_t { select, start, triangle, circle, cross, square, ps, move, t };

inline constexpr std::array<std::string_view, 9> button_names = {
    "select", "start", "triangle", "circle", "cross", "square", "ps", "move", "t"};
inline constexpr std::size_t button_count = button_names.size();

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
  constexpr void insert(Button button) { bits_ = static_cast<std::uint16_t>(bits_ | bit(button)); }
  constexpr void set(Button button, bool pressed) {
    bits_ = static_cast<std::uint16_t>(pressed ? bits_ | bit(button) : bits_ & ~bit(button));
  }
  /// Those that are in exactly one of the two sets.
  [[nodiscard]] constexpr Buttons changed_from(Buttons other) const {
    Buttons changed;
    changed.bits_ = static_cast<std::uint16_t>(bits_ ^ other.bits_);
    return changed;
  }
  /// Calls `visit(Button)` for each member, in the order of the enumeration.
  template <class Visitor>
  constexpr void for_each(Visitor visit) const {
    for (unsigned rest = bits_; rest != 0; rest &= rest - 1)
      visit(static_cast<Button>(std::countr_zero(rest)));
  }
  friend constexpr bool operator==(const Buttons&, const Buttons&) = default;

 private:
  static constexpr unsigned bit(Button button) { return 1U << static_cast<unsigned>(button); }
  std::uint16_t bits_ = 0;
};

}  // namespace psmove
