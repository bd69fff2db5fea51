#pragma once
// What a controller can show, one colour and one motor; who asked for it; and whether it shows yet.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace psmove {

/// Sphere colour as the controller takes it, 0..255 each.
struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
  friend constexpr bool operator==(const Rgb&, const Rgb&) = default;
};

/// Light and rumble together: they share one output report.
struct Outputs {
  Rgb led{};
  std::uint8_t rumble = 0;  ///< motor strength 0..255
  [[nodiscard]] constexpr bool is_dark() const { return led == Rgb{} && rumble == 0; }
  friend constexpr bool operator==(const Outputs&, const Outputs&) = default;
};

/// Lights that move by themselves, run by the daemon.
enum class Effect : std::uint8_t { none, blink, pulse, rainbow, candle };

/// One wish for the light. It makes or replaces its owner's layer; with `duration` it lies over
/// the owner's earlier wish and uncovers it when it ends.
struct LedWish {
  Rgb color{};
  Effect effect = Effect::none;
  std::chrono::milliseconds period{1000};               ///< of the effect
  std::chrono::milliseconds fade{0};                    ///< from what shows now to this
  std::optional<std::chrono::milliseconds> duration{};  ///< `for_ms`: ends by itself after this
  std::optional<std::chrono::milliseconds>
      lease{};  ///< `lease_ms`: the owner's whole layer ends then
  int priority = 0;
  friend bool operator==(const LedWish&, const LedWish&) = default;
};

/// One wish for the motor, with the same rules.
struct RumbleWish {
  std::uint8_t value = 0;
  std::optional<std::chrono::milliseconds> duration{};
  std::optional<std::chrono::milliseconds> lease{};
  int priority = 0;
  friend bool operator==(const RumbleWish&, const RumbleWish&) = default;
};

/// How much a motor may run, for the battery's sake: at full strength for `duty * window` at once,
/// and in the mean with `duty` of it.
struct RumbleLimit {
  double duty = 0.5;  ///< 0 to 1; 1: no limit, 0: it stays still
  std::chrono::seconds window{60};
  friend bool operator==(const RumbleLimit&, const RumbleLimit&) = default;
};
/// What a `window` can be.
inline constexpr std::chrono::seconds shortest_rumble_window{1}, longest_rumble_window{3600};

/// How far a written value has come.
enum class OutputState : std::uint8_t {
  off,         ///< nobody asked for anything
  queued,      ///< wanted, and not yet written to the controller
  applied,     ///< written; `applied_us` says when
  overridden,  ///< (for one owner) another layer lies on top
  superseded,  ///< (for one write) its owner asked for something else before it was written
};

/// Whose layer lies over somebody's own.
struct LayerAbove {
  std::string owner{};
  int priority = 0;
  friend bool operator==(const LayerAbove&, const LayerAbove&) = default;
};

/// A layer as GET shows it. `Value` is Rgb or the motor's 0..255.
template <class Value>
struct OutputLayer {
  std::string owner{};
  int priority = 0;
  std::optional<std::int64_t> until_us{};  ///< Unix time it ends by itself; none: it stays
  Value value{};
  Effect effect = Effect::none;
};

/// What one output shows now, and the layers below, highest first.
template <class Value>
struct OutputStatus {
  Value shown{};  ///< in the middle of a fade or an effect too
  OutputState state = OutputState::off;
  std::optional<LayerAbove> overridden_by{};  ///< for one owner, where `overridden`
  std::optional<std::int64_t> applied_us;     ///< Unix time of the last write that carried it
  std::optional<Value> target;                ///< where a fade is going, while it moves
  std::vector<OutputLayer<Value>> layers;
};
using LedStatus = OutputStatus<Rgb>;
struct RumbleStatus : OutputStatus<std::uint8_t> {
  bool is_limited = false;  ///< it shows less than its highest layer wants, see RumbleLimit
};

}  // namespace psmove
