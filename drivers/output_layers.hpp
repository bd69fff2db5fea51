#pragma once
// Who wants which light and which rumble, and what shows of it. Pure: the time is given.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/clock.hpp"
#include "types/outputs.hpp"

namespace psmove::drivers {

/// One client's hold on outputs: "rest", "websocket 17". Equal text is the same owner.
using Owner = std::string;

/// The wishes of every owner for one controller. The highest layer shows: larger priority first,
/// among equals the later write. When it ends, the one below comes back.
class OutputLayers {
 public:
  /// Makes or replaces the owner's layer; a wish with `duration` lies over it instead.
  void set(const Owner& owner, const LedWish& wish, SteadyTime now);
  void set(const Owner& owner, const RumbleWish& wish, SteadyTime now);
  /// Ends the owner's layer, the timed wish over it included; nothing happens where there is none.
  void clear_led(const Owner& owner, SteadyTime now);
  void clear_rumble(const Owner& owner, SteadyTime now);
  /// Ends everything this owner holds.
  void release(const Owner& owner, SteadyTime now);

  /// What shows at `now`: effects, fades and expiry included.
  [[nodiscard]] Outputs at(SteadyTime now);

  /// When what shows next changes by itself (expiry, the next step of a fade or effect at
  /// `frame` apart); nullopt: it stays.
  [[nodiscard]] std::optional<SteadyTime> next_change(SteadyTime now,
                                                      std::chrono::milliseconds frame);

  [[nodiscard]] std::vector<OutputLayer<Rgb>> led_layers(SteadyTime now, const UnixClock& clock);
  [[nodiscard]] std::vector<OutputLayer<std::uint8_t>> rumble_layers(SteadyTime now,
                                                                     const UnixClock& clock);
  /// Where the light is going, while a fade moves it.
  [[nodiscard]] std::optional<Rgb> led_target(SteadyTime now);
  /// Whether this owner's wish is what shows.
  [[nodiscard]] bool led_is_on_top(const Owner& owner, SteadyTime now);
  [[nodiscard]] bool rumble_is_on_top(const Owner& owner, SteadyTime now);

 private:
  // (the owner of output_layers.cpp fills this in)
};

}  // namespace psmove::drivers
