#pragma once
// Who wants which light and which rumble, and what shows of it. Pure: the time is given.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "drivers/clock.hpp"
#include "drivers/rumble_budget.hpp"
#include "types/outputs.hpp"

namespace psmove::drivers {

/// One client's hold on outputs: "rest", "websocket 17". Equal text is the same owner.
using Owner = std::string;

/// The wishes of every owner for one controller. The highest layer shows: larger priority first,
/// among equals the later write. When it ends, the one below comes back.
///
/// One owner's layer is a stack: a wish without `duration` replaces all of it, a wish with one lies
/// on top until it ends, with its own priority meanwhile. `lease` ends the whole stack, however
/// much of its wishes' durations is left; a wish without a lease keeps the lease of what it lies
/// over, and a replacing one has none.
///
/// A fade starts at what shows and ends at the wish that asked for it. When a layer ends and
/// another comes back, or nothing is left, the longer fade of the two is taken: either may have
/// asked.
///
/// Effects are functions of the time since their wish was made: `blink` (half a period lit, half
/// dark), `pulse` (from full to dark and back), `rainbow` (once round the colours from the wish's
/// hue, as bright as its strongest component; full if it is black), `candle` (flickers below the
/// wish's colour, a warm flame if it is black; the same every time).
class OutputLayers {
 public:
  /// Makes or replaces the owner's layer; a wish with `duration` lies over it instead.
  /// @return the number of this write, from 1
  std::uint64_t set(const Owner& owner, const LedWish& wish, SteadyTime now);
  std::uint64_t set(const Owner& owner, const RumbleWish& wish, SteadyTime now);
  /// The number of the write that this owner's layer shows; 0 where it has none.
  [[nodiscard]] std::uint64_t led_write_of(const Owner& owner, SteadyTime now);
  [[nodiscard]] std::uint64_t rumble_write_of(const Owner& owner, SteadyTime now);
  /// Ends the owner's layer, the timed wish over it included; nothing happens where there is none.
  void clear_led(const Owner& owner, SteadyTime now);
  void clear_rumble(const Owner& owner, SteadyTime now);
  /// Ends everything this owner holds.
  void release(const Owner& owner, SteadyTime now);
  /// Ends everything, whoever holds it.
  void clear(SteadyTime now);

  /// How much the motor may run, whoever asks for it.
  void set_rumble_limit(const RumbleLimit& limit, SteadyTime now);
  /// Whether the motor shows less than is wanted.
  [[nodiscard]] bool rumble_is_limited(SteadyTime now);

  /// What shows at `now`: effects, fades and expiry included.
  [[nodiscard]] Outputs at(SteadyTime now);

  /// When what shows next changes by itself: expiry, the end of a fade, the next edge of a blink,
  /// the next step `frame` from now of a fade or another effect, the motor's limit. Always after
  /// `now`; nullopt: it stays.
  [[nodiscard]] std::optional<SteadyTime> next_change(SteadyTime now,
                                                      std::chrono::milliseconds frame);

  /// Every wish that is held, what shows first; a layer's own wishes lie together.
  [[nodiscard]] std::vector<OutputLayer<Rgb>> led_layers(SteadyTime now, const UnixClock& clock);
  [[nodiscard]] std::vector<OutputLayer<std::uint8_t>> rumble_layers(SteadyTime now,
                                                                     const UnixClock& clock);
  /// Where the light is going, while a fade moves it.
  [[nodiscard]] std::optional<Rgb> led_target(SteadyTime now);
  /// The number of the write that the light shows; 0 where nobody has a wish.
  [[nodiscard]] std::uint64_t led_write(SteadyTime now);
  /// Whether the light changes from frame to frame: in a fade, or by any effect but `blink`.
  [[nodiscard]] bool led_is_moving(SteadyTime now);
  /// The layer on top, where that is not this owner's.
  [[nodiscard]] std::optional<LayerAbove> led_above(const Owner& owner, SteadyTime now);
  [[nodiscard]] std::optional<LayerAbove> rumble_above(const Owner& owner, SteadyTime now);
  /// Whether this owner's wish is what shows.
  [[nodiscard]] bool led_is_on_top(const Owner& owner, SteadyTime now);
  [[nodiscard]] bool rumble_is_on_top(const Owner& owner, SteadyTime now);

 private:
  template <class Wish>
  struct Entry {
    Wish wish;
    std::uint64_t order = 0;  ///< counts writes: the larger was written later
    SteadyTime start;
    SteadyTime until = SteadyTime::max();
  };
  /// One owner's layer: its wishes, the one that counts last.
  template <class Wish>
  struct Layer {
    Owner owner;
    SteadyTime lease_until = SteadyTime::max();
    std::vector<Entry<Wish>> wishes;

    [[nodiscard]] const Entry<Wish>& top() const { return wishes.back(); }
    [[nodiscard]] SteadyTime ends(const Entry<Wish>& entry) const {
      return entry.until < lease_until ? entry.until : lease_until;
    }
  };
  /// The layers of one output, highest first. Layers without wishes are not kept.
  template <class Wish>
  struct Stack {
    std::vector<Layer<Wish>> layers;

    [[nodiscard]] const Entry<Wish>* shown() const;
    [[nodiscard]] SteadyTime shown_until() const;
    [[nodiscard]] SteadyTime next_end() const;
    void write(const Owner& owner, const Wish& wish, std::uint64_t order, SteadyTime now);
    void remove(const Owner& owner);
    [[nodiscard]] std::uint64_t write_of(const Owner& owner) const;
    [[nodiscard]] std::optional<LayerAbove> above(const Owner& owner) const;
    void expire(SteadyTime now);
    void sort();
  };
  struct Fade {
    Rgb from;
    SteadyTime start, end;
  };

  template <class Change>
  void change_led(SteadyTime now, Change change);
  void expire(SteadyTime now);
  [[nodiscard]] Rgb led_at(SteadyTime now) const;
  std::uint8_t rumble_at(SteadyTime now);
  [[nodiscard]] bool is_fading(SteadyTime now) const { return fade_ && now < fade_->end; }

  Stack<LedWish> led_;
  Stack<RumbleWish> rumble_;
  RumbleBudget budget_;
  std::optional<Fade> fade_;
  std::uint64_t writes_ = 0;
  Outputs settled_;  ///< what shows until settled_until_ without looking any further
  SteadyTime settled_until_ = SteadyTime::min();
};

}  // namespace psmove::drivers
