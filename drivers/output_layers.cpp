// Layers, fades and effects, all computed from the time that is given.

#include "drivers/output_layers.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace psmove::drivers {
namespace {

using Seconds = std::chrono::duration<double>;

/// Timed wishes that one owner may pile up; beyond it the oldest of them is dropped.
constexpr std::size_t most_wishes = 16;

/// A time far enough away to be never, and near enough not to overflow.
constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365 * 10);

SteadyTime after(SteadyTime now, std::chrono::milliseconds duration) {
  return now + std::clamp(duration, std::chrono::milliseconds(0), longest);
}

std::uint8_t to_byte(double value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

Rgb scaled(const Rgb& color, double red, double green, double blue) {
  return {to_byte(color.red * red), to_byte(color.green * green), to_byte(color.blue * blue)};
}

Rgb mixed(const Rgb& from, const Rgb& to, double part) {
  const auto mix = [part](std::uint8_t a, std::uint8_t b) { return to_byte(a + (b - a) * part); };
  return {mix(from.red, to.red), mix(from.green, to.green), mix(from.blue, to.blue)};
}

/// 0..1, where 0 is red, a third green, two thirds blue.
double hue_of(const Rgb& color) {
  const double red = color.red, green = color.green, blue = color.blue;
  const double most = std::max({red, green, blue});
  const double chroma = most - std::min({red, green, blue});
  if (chroma == 0) return 0;
  if (most == red) return std::fmod((green - blue) / chroma / 6 + 1, 1);
  if (most == green) return ((blue - red) / chroma + 2) / 6;
  return ((red - green) / chroma + 4) / 6;
}

Rgb pure_color(double hue, double brightness) {
  const auto part = [hue, brightness](double offset) {
    const double place = std::fmod(hue + offset, 1) * 6;
    return to_byte(brightness * std::clamp(std::abs(place - 3) - 1, 0.0, 1.0));
  };
  return {part(0), part(2.0 / 3), part(1.0 / 3)};
}

/// A repeatable number 0..1 for a whole number.
double scattered(std::uint64_t n) {
  n = (n ^ (n >> 31)) * 0x9E3779B97F4A7C15U;
  n = (n ^ (n >> 29)) * 0xBF58476D1CE4E5B9U;
  n ^= n >> 32;
  return static_cast<double>(n >> 11) * 0x1p-53;
}

/// Wanders smoothly through scattered numbers, one for each whole `x`.
double wandering(double x) {
  const double cell = std::floor(x);
  const double part = x - cell;
  const auto index = static_cast<std::uint64_t>(cell);
  const double smooth = part * part * (3 - 2 * part);
  return scattered(index + 1) * (1 - smooth) + scattered(index + 2) * smooth;
}

/// @param periods  time since it was lit, in periods
Rgb candle(const Rgb& color, double periods) {
  constexpr Rgb flame{255, 130, 25};
  // A slow sway, twice in a period, and a fast flicker. A dimmer flame is redder.
  const double level = 1 - 0.4 * wandering(2 * periods) - 0.3 * wandering(11 * periods + 0.5);
  return scaled(color == Rgb{} ? flame : color, level, std::pow(level, 1.3), std::pow(level, 1.6));
}

Rgb rainbow(const Rgb& color, double phase) {
  const int brightest = std::max({color.red, color.green, color.blue});
  return pure_color(hue_of(color) + phase, brightest == 0 ? 255 : brightest);
}

std::chrono::milliseconds period_of(const LedWish& wish) {
  return std::max(wish.period, std::chrono::milliseconds(1));
}

Rgb value_of(const LedWish& wish, SteadyTime start, SteadyTime now) {
  if (wish.effect == Effect::none) return wish.color;
  // In whole nanoseconds, so that an effect changes exactly when next_change() says.
  const auto since = std::max(now - start, SteadyClock::duration::zero());
  const double phase = Seconds(since % period_of(wish)) / period_of(wish);
  switch (wish.effect) {
    case Effect::blink:
      return phase < 0.5 ? wish.color : Rgb{};
    case Effect::pulse: {
      const double level = (1 + std::cos(2 * std::numbers::pi * phase)) / 2;
      return scaled(wish.color, level, level, level);
    }
    case Effect::rainbow:
      return rainbow(wish.color, phase);
    case Effect::candle:
      return candle(wish.color, Seconds(since) / period_of(wish));
    case Effect::none:
      break;
  }
  return wish.color;
}

/// When a blinking light switches next.
SteadyTime next_edge(const LedWish& wish, SteadyTime start, SteadyTime now) {
  const auto half = std::chrono::nanoseconds(period_of(wish)) / 2;
  return start + half * ((now - start) / half + 1);
}

}  // namespace

// ---- the layers of one output

template <class Wish>
const OutputLayers::Entry<Wish>* OutputLayers::Stack<Wish>::shown() const {
  return layers.empty() ? nullptr : &layers.front().top();
}

template <class Wish>
SteadyTime OutputLayers::Stack<Wish>::shown_until() const {
  return layers.empty() ? SteadyTime::max() : layers.front().ends(layers.front().top());
}

template <class Wish>
SteadyTime OutputLayers::Stack<Wish>::next_end() const {
  auto next = SteadyTime::max();
  for (const auto& layer : layers)
    for (const auto& entry : layer.wishes) next = std::min(next, layer.ends(entry));
  return next;
}

template <class Wish>
void OutputLayers::Stack<Wish>::write(const Owner& owner, const Wish& wish, std::uint64_t order,
                                      SteadyTime now) {
  auto layer = std::find_if(layers.begin(), layers.end(),
                            [&owner](const auto& other) { return other.owner == owner; });
  if (layer == layers.end())
    layer = layers.insert(layers.end(),
                          {.owner = owner, .lease_until = SteadyTime::max(), .wishes = {}});
  auto& wishes = layer->wishes;

  Entry<Wish> entry{.wish = wish, .order = order, .start = now};
  if (wish.duration) {
    entry.until = after(now, *wish.duration);
    // What ends before this one would never show again.
    std::erase_if(wishes, [&entry](const auto& other) { return other.until <= entry.until; });
    if (wishes.size() >= most_wishes)
      wishes.erase(wishes.begin() + (wishes.front().until == SteadyTime::max() ? 1 : 0));
  } else {
    wishes.clear();
    layer->lease_until = SteadyTime::max();
  }
  wishes.push_back(entry);
  if (wish.lease) layer->lease_until = after(now, *wish.lease);
  sort();
}

template <class Wish>
void OutputLayers::Stack<Wish>::remove(const Owner& owner) {
  std::erase_if(layers, [&owner](const auto& layer) { return layer.owner == owner; });
}

template <class Wish>
std::uint64_t OutputLayers::Stack<Wish>::write_of(const Owner& owner) const {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [&owner](const auto& layer) { return layer.owner == owner; });
  return found == layers.end() ? 0 : found->top().order;
}

template <class Wish>
std::optional<LayerAbove> OutputLayers::Stack<Wish>::above(const Owner& owner) const {
  if (layers.empty() || layers.front().owner == owner) return std::nullopt;
  return LayerAbove{.owner = layers.front().owner, .priority = layers.front().top().wish.priority};
}

template <class Wish>
void OutputLayers::Stack<Wish>::expire(SteadyTime now) {
  for (auto& layer : layers)
    std::erase_if(layer.wishes,
                  [&layer, now](const auto& entry) { return layer.ends(entry) <= now; });
  std::erase_if(layers, [](const auto& layer) { return layer.wishes.empty(); });
  sort();
}

template <class Wish>
void OutputLayers::Stack<Wish>::sort() {
  std::sort(layers.begin(), layers.end(), [](const auto& a, const auto& b) {
    const auto& above = a.top();
    const auto& below = b.top();
    if (above.wish.priority != below.wish.priority)
      return above.wish.priority > below.wish.priority;
    return above.order > below.order;
  });
}

// ---- changes

/// Runs `change` on the light's layers and starts the fade that it calls for.
template <class Change>
void OutputLayers::change_led(SteadyTime now, Change change) {
  const auto from = led_at(now);
  const auto* before = led_.shown();
  const auto order_before = before != nullptr ? before->order : 0;
  const auto fade_before = before != nullptr ? before->wish.fade : std::chrono::milliseconds(0);
  const auto writes_before = writes_;

  change();
  settled_until_ = SteadyTime::min();

  const auto* shown = led_.shown();
  if ((shown != nullptr ? shown->order : 0) == order_before) return;
  auto fade = shown != nullptr ? shown->wish.fade : std::chrono::milliseconds(0);
  const bool is_new = shown != nullptr && shown->order > writes_before;
  if (!is_new) fade = std::max(fade, fade_before);
  fade_.reset();
  if (fade.count() > 0 && from != led_at(now))
    fade_ = Fade{.from = from, .start = now, .end = after(now, fade)};
}

std::uint64_t OutputLayers::set(const Owner& owner, const LedWish& wish, SteadyTime now) {
  expire(now);
  change_led(now, [&] { led_.write(owner, wish, ++writes_, now); });
  expire(now);
  return writes_;
}

std::uint64_t OutputLayers::set(const Owner& owner, const RumbleWish& wish, SteadyTime now) {
  expire(now);
  rumble_.write(owner, wish, ++writes_, now);
  settled_until_ = SteadyTime::min();
  expire(now);
  return writes_;
}

std::uint64_t OutputLayers::led_write_of(const Owner& owner, SteadyTime now) {
  expire(now);
  return led_.write_of(owner);
}

std::uint64_t OutputLayers::rumble_write_of(const Owner& owner, SteadyTime now) {
  expire(now);
  return rumble_.write_of(owner);
}

void OutputLayers::clear_led(const Owner& owner, SteadyTime now) {
  expire(now);
  change_led(now, [&] { led_.remove(owner); });
}

void OutputLayers::clear_rumble(const Owner& owner, SteadyTime now) {
  expire(now);
  rumble_.remove(owner);
  settled_until_ = SteadyTime::min();
}

void OutputLayers::release(const Owner& owner, SteadyTime now) {
  clear_led(owner, now);
  clear_rumble(owner, now);
}

/// Ends what has ended, each at its own time, so that a fade out of it has begun when it ended and
/// not when somebody looked.
void OutputLayers::expire(SteadyTime now) {
  for (auto end = led_.next_end(); end <= now; end = led_.next_end())
    change_led(end, [this, end] { led_.expire(end); });
  for (auto end = rumble_.next_end(); end <= now; end = rumble_.next_end()) {
    rumble_at(end);  // it ran until then, and no longer
    rumble_.expire(end);
    rumble_at(end);
    settled_until_ = SteadyTime::min();
  }
}

void OutputLayers::clear(SteadyTime now) {
  led_ = {};
  rumble_ = {};
  fade_.reset();
  rumble_at(now);
  settled_until_ = SteadyTime::min();
}

void OutputLayers::set_rumble_limit(const RumbleLimit& limit, SteadyTime now) {
  expire(now);
  budget_.set_limit(limit, now);
  settled_until_ = SteadyTime::min();
}

bool OutputLayers::rumble_is_limited(SteadyTime now) {
  static_cast<void>(at(now));
  return budget_.is_limiting();
}

// ---- what shows

Rgb OutputLayers::led_at(SteadyTime now) const {
  const auto* shown = led_.shown();
  const auto value = shown != nullptr ? value_of(shown->wish, shown->start, now) : Rgb{};
  if (!is_fading(now)) return value;
  return mixed(fade_->from, value, Seconds(now - fade_->start) / (fade_->end - fade_->start));
}

std::uint8_t OutputLayers::rumble_at(SteadyTime now) {
  const auto* motor = rumble_.shown();
  return budget_.run(motor != nullptr ? motor->wish.value : std::uint8_t{0}, now);
}

Outputs OutputLayers::at(SteadyTime now) {
  if (now < settled_until_) return settled_;
  expire(now);
  settled_ = {.led = led_at(now), .rumble = rumble_at(now)};
  const auto* light = led_.shown();
  const bool moves = is_fading(now) || (light != nullptr && light->wish.effect != Effect::none);
  settled_until_ = moves
                       ? SteadyTime::min()
                       : std::min({led_.shown_until(), rumble_.shown_until(), budget_.runs_out()});
  return settled_;
}

std::optional<SteadyTime> OutputLayers::next_change(SteadyTime now,
                                                    std::chrono::milliseconds frame) {
  static_cast<void>(at(now));  // brings the motor's budget up to date
  const auto next_frame = now + std::max(frame, std::chrono::milliseconds(1));
  auto next = std::min({led_.shown_until(), rumble_.shown_until(), budget_.runs_out()});
  if (is_fading(now)) next = std::min({next, next_frame, fade_->end});
  if (const auto* light = led_.shown(); light != nullptr) {
    if (light->wish.effect == Effect::blink)
      next = std::min(next, next_edge(light->wish, light->start, now));
    else if (light->wish.effect != Effect::none)
      next = std::min(next, next_frame);
  }
  if (next == SteadyTime::max()) return std::nullopt;
  return next;
}

std::vector<OutputLayer<Rgb>> OutputLayers::led_layers(SteadyTime now, const UnixClock& clock) {
  expire(now);
  std::vector<OutputLayer<Rgb>> listed;
  for (const auto& layer : led_.layers)
    for (auto entry = layer.wishes.rbegin(); entry != layer.wishes.rend(); ++entry) {
      auto& row = listed.emplace_back();
      row.owner = layer.owner;
      row.priority = entry->wish.priority;
      if (const auto end = layer.ends(*entry); end != SteadyTime::max())
        row.until_us = clock.microseconds(end);
      row.value = entry->wish.color;
      row.effect = entry->wish.effect;
    }
  return listed;
}

std::vector<OutputLayer<std::uint8_t>> OutputLayers::rumble_layers(SteadyTime now,
                                                                   const UnixClock& clock) {
  expire(now);
  std::vector<OutputLayer<std::uint8_t>> listed;
  for (const auto& layer : rumble_.layers)
    for (auto entry = layer.wishes.rbegin(); entry != layer.wishes.rend(); ++entry) {
      auto& row = listed.emplace_back();
      row.owner = layer.owner;
      row.priority = entry->wish.priority;
      if (const auto end = layer.ends(*entry); end != SteadyTime::max())
        row.until_us = clock.microseconds(end);
      row.value = entry->wish.value;
    }
  return listed;
}

std::optional<Rgb> OutputLayers::led_target(SteadyTime now) {
  expire(now);
  if (!is_fading(now)) return std::nullopt;
  const auto* shown = led_.shown();
  return shown != nullptr ? value_of(shown->wish, shown->start, fade_->end) : Rgb{};
}

std::uint64_t OutputLayers::led_write(SteadyTime now) {
  expire(now);
  const auto* shown = led_.shown();
  return shown != nullptr ? shown->order : 0;
}

bool OutputLayers::led_is_moving(SteadyTime now) {
  expire(now);
  if (is_fading(now)) return true;
  const auto* shown = led_.shown();
  if (shown == nullptr) return false;
  switch (shown->wish.effect) {
    case Effect::none:
    case Effect::blink:
      return false;
    case Effect::pulse:
      return shown->wish.color != Rgb{};
    case Effect::rainbow:
    case Effect::candle:
      break;
  }
  return true;
}

std::optional<LayerAbove> OutputLayers::led_above(const Owner& owner, SteadyTime now) {
  expire(now);
  return led_.above(owner);
}

std::optional<LayerAbove> OutputLayers::rumble_above(const Owner& owner, SteadyTime now) {
  expire(now);
  return rumble_.above(owner);
}

bool OutputLayers::led_is_on_top(const Owner& owner, SteadyTime now) {
  expire(now);
  return !led_.layers.empty() && led_.layers.front().owner == owner;
}

bool OutputLayers::rumble_is_on_top(const Owner& owner, SteadyTime now) {
  expire(now);
  return !rumble_.layers.empty() && rumble_.layers.front().owner == owner;
}

}  // namespace psmove::drivers
