// Who gets the light and the motor, and what shows of it, on a clock of the test's own.

#include "drivers/output_layers.hpp"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr Rgb red{255, 0, 0}, green{0, 255, 0}, blue{0, 0, 255}, black{};
constexpr auto frame = 20ms;

class Layers : public testing::Test {
 protected:
  static SteadyTime t(std::chrono::milliseconds since_start) {
    return SteadyTime{1h} + since_start;
  }
  Rgb led(std::chrono::milliseconds when) { return layers.at(t(when)).led; }
  int rumble(std::chrono::milliseconds when) { return layers.at(t(when)).rumble; }
  std::optional<std::chrono::milliseconds> next(std::chrono::milliseconds when) {
    const auto change = layers.next_change(t(when), frame);
    if (!change) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(*change - t(0ms));
  }
  std::vector<std::string> led_owners(std::chrono::milliseconds when) {
    std::vector<std::string> owners;
    for (const auto& layer : layers.led_layers(t(when), clock)) owners.push_back(layer.owner);
    return owners;
  }

  OutputLayers layers;
  UnixClock clock{t(0ms), 1'000'000'000};
};

using Ownership = Layers;
using Timing = Layers;
using Leases = Layers;
using Fades = Layers;
using Effects = Layers;
using Rumble = Layers;

TEST_F(Ownership, NobodyAskedMeansDarkForEver) {
  EXPECT_TRUE(layers.at(t(0ms)).is_dark());
  EXPECT_EQ(next(0ms), std::nullopt);
  EXPECT_TRUE(led_owners(0ms).empty());
  EXPECT_FALSE(layers.led_is_on_top("rest", t(0ms)));
}

TEST_F(Ownership, WishStaysUntilItIsCleared) {
  layers.set("rest", LedWish{.color = red}, t(0ms));
  EXPECT_EQ(led(0ms), red);
  EXPECT_EQ(next(0ms), std::nullopt);
  EXPECT_EQ(led(24h), red);
  layers.clear_led("rest", t(24h));
  EXPECT_EQ(led(24h), black);
}

TEST_F(Ownership, AmongEqualsTheLaterWriteIsOnTop) {
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("b", LedWish{.color = green}, t(1ms));
  EXPECT_EQ(led(2ms), green);
  EXPECT_TRUE(layers.led_is_on_top("b", t(2ms)));
  EXPECT_FALSE(layers.led_is_on_top("a", t(2ms)));
  layers.set("a", LedWish{.color = blue}, t(3ms));
  EXPECT_EQ(led(3ms), blue);
  EXPECT_THAT(led_owners(3ms), ElementsAre("a", "b"));
}

TEST_F(Ownership, WritesAtTheSameInstantAreInTheirOrder) {
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("b", LedWish{.color = green}, t(0ms));
  EXPECT_EQ(led(0ms), green);
  layers.set("a", LedWish{.color = blue}, t(0ms));
  EXPECT_EQ(led(0ms), blue);
}

TEST_F(Ownership, PriorityBeatsLateness) {
  layers.set("a", LedWish{.color = red, .priority = 5}, t(0ms));
  layers.set("b", LedWish{.color = green}, t(1ms));
  EXPECT_EQ(led(1ms), red);
  layers.set("c", LedWish{.color = blue, .priority = -1}, t(2ms));
  EXPECT_THAT(led_owners(2ms), ElementsAre("a", "b", "c"));
  layers.clear_led("a", t(3ms));
  EXPECT_EQ(led(3ms), green);
  layers.clear_led("b", t(4ms));
  EXPECT_EQ(led(4ms), blue);
  layers.clear_led("c", t(5ms));
  EXPECT_EQ(led(5ms), black);
}

TEST_F(Ownership, ANewWishReplacesItsOwnersAndMayLowerItself) {
  layers.set("a", LedWish{.color = red, .priority = 5}, t(0ms));
  layers.set("b", LedWish{.color = green, .priority = 3}, t(1ms));
  layers.set("a", LedWish{.color = blue, .priority = 0}, t(2ms));
  EXPECT_EQ(led(2ms), green);
  EXPECT_THAT(led_owners(2ms), ElementsAre("b", "a"));
}

TEST_F(Ownership, BlackIsAWishAndHidesWhatIsBelow) {
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("b", LedWish{.color = black}, t(1ms));
  EXPECT_EQ(led(1ms), black);
  EXPECT_TRUE(layers.led_is_on_top("b", t(1ms)));
}

TEST_F(Ownership, LightAndMotorAreHeldSeparately) {
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("b", RumbleWish{.value = 200}, t(0ms));
  EXPECT_EQ(layers.at(t(0ms)), (Outputs{.led = red, .rumble = 200}));
  layers.clear_led("b", t(1ms));
  layers.clear_rumble("a", t(1ms));
  EXPECT_EQ(layers.at(t(1ms)), (Outputs{.led = red, .rumble = 200}));
}

TEST_F(Ownership, ReleaseEndsAllThatOneOwnerHoldsAndNothingElse) {
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("a", RumbleWish{.value = 10}, t(0ms));
  layers.set("b", LedWish{.color = green}, t(1ms));
  layers.set("b", LedWish{.color = blue, .duration = 5s}, t(1ms));
  layers.set("b", RumbleWish{.value = 20}, t(1ms));
  layers.release("b", t(2ms));
  EXPECT_EQ(layers.at(t(2ms)), (Outputs{.led = red, .rumble = 10}));
  layers.release("nobody", t(3ms));
  EXPECT_EQ(layers.at(t(3ms)), (Outputs{.led = red, .rumble = 10}));
}

TEST_F(Ownership, LayersAreListedHighestFirstWithTheirEnds) {
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("b", LedWish{.color = green, .duration = 2s, .priority = 4}, t(0ms));
  layers.set("a", LedWish{.color = blue, .effect = Effect::pulse, .duration = 1s}, t(0ms));
  const auto listed = layers.led_layers(t(0ms), clock);
  ASSERT_EQ(listed.size(), 3U);
  EXPECT_EQ(listed[0].owner, "b");
  EXPECT_EQ(listed[0].priority, 4);
  EXPECT_EQ(listed[0].until_us, 1'000'000'000 + 2'000'000);
  EXPECT_EQ(listed[0].value, green);
  EXPECT_EQ(listed[1].owner, "a");
  EXPECT_EQ(listed[1].effect, Effect::pulse);
  EXPECT_EQ(listed[1].until_us, 1'000'000'000 + 1'000'000);
  EXPECT_EQ(listed[2].owner, "a");
  EXPECT_EQ(listed[2].value, red);
  EXPECT_EQ(listed[2].until_us, std::nullopt);
}

TEST_F(Timing, TimedWishUncoversItsOwnersEarlierOne) {
  layers.set("rest", LedWish{.color = red}, t(0ms));
  layers.set("rest", LedWish{.color = green, .duration = 500ms}, t(100ms));
  EXPECT_EQ(led(100ms), green);
  EXPECT_EQ(next(100ms), 600ms);
  EXPECT_EQ(led(599ms), green);
  EXPECT_EQ(led(600ms), red);
  EXPECT_EQ(next(600ms), std::nullopt);
}

TEST_F(Timing, TimedWishWithNothingBelowEndsDark) {
  layers.set("rest", LedWish{.color = green, .duration = 500ms}, t(0ms));
  EXPECT_EQ(led(499ms), green);
  EXPECT_EQ(led(500ms), black);
  EXPECT_TRUE(led_owners(500ms).empty());
}

TEST_F(Timing, ShorterWishUncoversALongerOne) {
  layers.set("rest", LedWish{.color = red, .duration = 10s}, t(0ms));
  layers.set("rest", LedWish{.color = green, .duration = 1s}, t(0ms));
  EXPECT_EQ(led(0ms), green);
  EXPECT_EQ(led(1s), red);
  EXPECT_EQ(led(10s), black);
}

TEST_F(Timing, UntimedWishReplacesTheTimedOneOverIt) {
  layers.set("rest", LedWish{.color = red, .duration = 10s}, t(0ms));
  layers.set("rest", LedWish{.color = green}, t(1s));
  EXPECT_EQ(led(1s), green);
  EXPECT_EQ(led(1h), green);
}

TEST_F(Timing, UncoveredWishKeepsItsPlaceInTime) {
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("b", LedWish{.color = green}, t(1ms));
  layers.set("a", LedWish{.color = blue, .duration = 100ms}, t(2ms));
  EXPECT_EQ(led(50ms), blue);
  EXPECT_EQ(led(102ms), green);  // b's write is later than a's untimed one
}

TEST_F(Timing, TimedWishBelowIsGoneByTheTimeItCouldShow) {
  layers.set("a", LedWish{.color = red, .duration = 1s}, t(0ms));
  layers.set("b", LedWish{.color = green, .duration = 2s, .priority = 1}, t(0ms));
  EXPECT_EQ(led(1500ms), green);
  EXPECT_EQ(led(2s), black);
}

TEST_F(Timing, NextChangeIgnoresWhatIsHidden) {
  layers.set("a", LedWish{.color = red, .duration = 1s}, t(0ms));
  layers.set("b", LedWish{.color = green, .priority = 1}, t(0ms));
  EXPECT_EQ(next(0ms), std::nullopt);
}

TEST_F(Timing, EndlessDurationsDoNotOverflow) {
  layers.set("a", LedWish{.color = red, .duration = std::chrono::milliseconds::max()}, t(0ms));
  layers.set("b", LedWish{.color = green, .lease = std::chrono::milliseconds::max()}, t(0ms));
  EXPECT_EQ(led(1h), green);
  layers.set("c", LedWish{.color = blue, .duration = -5ms}, t(0ms));
  EXPECT_EQ(led(1h), green);
}

TEST_F(Timing, FloodOfTimedWishesDoesNotPileUp) {
  layers.set("rest", LedWish{.color = red}, t(0ms));
  for (int i = 0; i < 1000; ++i)
    layers.set("rest", LedWish{.color = green, .duration = 10s}, t(std::chrono::milliseconds(i)));
  EXPECT_EQ(led_owners(1s).size(), 2U);
  for (int i = 0; i < 1000; ++i)
    layers.set("rest", LedWish{.color = blue, .duration = 10s - 1ms * i}, t(1s));
  EXPECT_LE(led_owners(1s).size(), 16U);
  EXPECT_EQ(led(1s), blue);
  EXPECT_EQ(led(1min), red);
}

TEST_F(Leases, LeaseEndsTheWholeLayer) {
  layers.set("below", LedWish{.color = blue}, t(0ms));
  layers.set("rest", LedWish{.color = red, .lease = 1s}, t(0ms));
  layers.set("rest", LedWish{.color = green, .duration = 10s}, t(100ms));
  EXPECT_EQ(led(999ms), green);
  EXPECT_EQ(next(999ms), 1s);
  EXPECT_EQ(led(1s), blue);
  EXPECT_THAT(led_owners(1s), ElementsAre("below"));
}

TEST_F(Leases, EachWriteRenewsTheLease) {
  for (int i = 0; i < 10; ++i) layers.set("talk", RumbleWish{.value = 99, .lease = 10s}, t(i * 5s));
  EXPECT_EQ(rumble(54'999ms), 99);
  EXPECT_EQ(rumble(55s), 0);
}

TEST_F(Leases, ReplacingWishWithoutALeaseStays) {
  layers.set("rest", LedWish{.color = red, .lease = 1s}, t(0ms));
  layers.set("rest", LedWish{.color = green}, t(500ms));
  EXPECT_EQ(led(1h), green);
}

TEST_F(Leases, TimedWishMayBringOneForAll) {
  layers.set("rest", LedWish{.color = red}, t(0ms));
  layers.set("rest", LedWish{.color = green, .duration = 1s, .lease = 3s}, t(0ms));
  EXPECT_EQ(led(2s), red);
  EXPECT_EQ(led(3s), black);
}

TEST_F(Fades, StartsAtWhatShowsAndEndsAtTheWish) {
  layers.set("rest", LedWish{.color = red}, t(0ms));
  layers.set("rest", LedWish{.color = blue, .fade = 1s}, t(0ms));
  EXPECT_EQ(led(0ms), red);
  EXPECT_EQ(led(250ms), (Rgb{191, 0, 64}));
  EXPECT_EQ(led(500ms), (Rgb{128, 0, 128}));
  EXPECT_EQ(layers.led_target(t(500ms)), blue);
  EXPECT_EQ(led(1s), blue);
  EXPECT_EQ(layers.led_target(t(1s)), std::nullopt);
}

TEST_F(Fades, StepsByFramesAndEndsOnTime) {
  layers.set("rest", LedWish{.color = red, .fade = 50ms}, t(0ms));
  EXPECT_EQ(next(0ms), 20ms);
  EXPECT_EQ(next(20ms), 40ms);
  EXPECT_EQ(next(40ms), 50ms);
  EXPECT_EQ(next(50ms), std::nullopt);
  EXPECT_EQ(led(50ms), red);
}

TEST_F(Fades, NewFadeStartsInTheMiddleOfTheOldOne) {
  layers.set("rest", LedWish{.color = {200, 0, 0}, .fade = 1s}, t(0ms));
  layers.set("rest", LedWish{.color = {0, 200, 0}, .fade = 1s}, t(500ms));
  EXPECT_EQ(led(500ms), (Rgb{100, 0, 0}));
  EXPECT_EQ(led(1s), (Rgb{50, 100, 0}));
  EXPECT_EQ(led(1500ms), (Rgb{0, 200, 0}));
}

TEST_F(Fades, WishWithoutAFadeCutsOneShort) {
  layers.set("rest", LedWish{.color = red, .fade = 1s}, t(0ms));
  layers.set("rest", LedWish{.color = green}, t(500ms));
  EXPECT_EQ(led(500ms), green);
  EXPECT_EQ(layers.led_target(t(500ms)), std::nullopt);
}

TEST_F(Fades, WriteBelowDoesNotDisturbAFade) {
  layers.set("top", LedWish{.color = {200, 0, 0}, .fade = 1s, .priority = 1}, t(0ms));
  layers.set("below", LedWish{.color = green, .fade = 5s}, t(500ms));
  EXPECT_EQ(led(500ms), (Rgb{100, 0, 0}));
  EXPECT_EQ(led(1s), (Rgb{200, 0, 0}));
}

TEST_F(Fades, EndingLayerFadesToTheOneBelow) {
  layers.set("below", LedWish{.color = {0, 0, 200}}, t(0ms));
  layers.set("top", LedWish{.color = {200, 0, 0}, .fade = 1s, .duration = 5s}, t(0ms));
  EXPECT_EQ(led(4999ms), (Rgb{200, 0, 0}));
  EXPECT_EQ(led(5s), (Rgb{200, 0, 0}));
  EXPECT_EQ(led(5500ms), (Rgb{100, 0, 100}));
  EXPECT_EQ(layers.led_target(t(5500ms)), (Rgb{0, 0, 200}));
  EXPECT_EQ(led(6s), (Rgb{0, 0, 200}));
}

TEST_F(Fades, EndingLayerStartsToFadeWhenItEndsNotWhenSomebodyLooks) {
  layers.set("below", LedWish{.color = {0, 0, 200}}, t(0ms));
  layers.set("top", LedWish{.color = {200, 0, 0}, .fade = 1s, .duration = 5s}, t(0ms));
  EXPECT_EQ(led(5500ms), (Rgb{100, 0, 100}));
}

TEST_F(Fades, LayerThatComesBackFadesInIfItAskedItself) {
  layers.set("below", LedWish{.color = {0, 0, 200}, .fade = 1s}, t(0ms));
  layers.set("top", LedWish{.color = {200, 0, 0}, .duration = 5s}, t(2s));
  EXPECT_EQ(led(2s), (Rgb{200, 0, 0}));
  EXPECT_EQ(led(7500ms), (Rgb{100, 0, 100}));
}

TEST_F(Fades, NobodyAskedNothingFades) {
  layers.set("below", LedWish{.color = blue}, t(0ms));
  layers.set("top", LedWish{.color = red, .duration = 5s}, t(0ms));
  EXPECT_EQ(led(5s), blue);
}

TEST_F(Fades, ClearedLayerFadesOut) {
  layers.set("rest", LedWish{.color = {200, 0, 0}, .fade = 1s}, t(0ms));
  layers.clear_led("rest", t(10s));
  EXPECT_EQ(led(10'500ms), (Rgb{100, 0, 0}));
  EXPECT_EQ(layers.led_target(t(10'500ms)), black);
  EXPECT_EQ(led(11s), black);
  EXPECT_EQ(next(11s), std::nullopt);
}

TEST_F(Fades, CutByAnEndGoOnFromWhereTheyWere) {
  layers.set("below", LedWish{.color = black}, t(0ms));
  layers.set("top", LedWish{.color = {200, 0, 0}, .fade = 1s, .duration = 500ms}, t(0ms));
  EXPECT_EQ(led(499ms), (Rgb{100, 0, 0}));
  EXPECT_EQ(led(1s), (Rgb{50, 0, 0}));
  EXPECT_EQ(led(1500ms), black);
}

TEST_F(Fades, GoIntoEffects) {
  layers.set("rest",
             LedWish{.color = {200, 200, 200}, .effect = Effect::pulse, .period = 1s, .fade = 2s},
             t(0ms));
  EXPECT_EQ(led(1s), (Rgb{100, 100, 100}));  // half way in, at the pulse's height
  EXPECT_EQ(led(2s), (Rgb{200, 200, 200}));
}

TEST_F(Effects, BlinkIsLitForHalfAPeriodAndChangesOnlyThen) {
  layers.set("rest", LedWish{.color = red, .effect = Effect::blink, .period = 400ms}, t(0ms));
  EXPECT_EQ(led(0ms), red);
  EXPECT_EQ(next(0ms), 200ms);
  EXPECT_EQ(led(199ms), red);
  EXPECT_EQ(led(200ms), black);
  EXPECT_EQ(next(200ms), 400ms);
  EXPECT_EQ(led(400ms), red);
  EXPECT_EQ(next(399ms), 400ms);
}

TEST_F(Effects, PulseGoesToDarkAndBack) {
  layers.set("rest", LedWish{.color = {200, 100, 0}, .effect = Effect::pulse, .period = 1s},
             t(0ms));
  EXPECT_EQ(led(0ms), (Rgb{200, 100, 0}));
  EXPECT_EQ(led(250ms), (Rgb{100, 50, 0}));
  EXPECT_EQ(led(500ms), black);
  EXPECT_EQ(led(1s), (Rgb{200, 100, 0}));
  EXPECT_EQ(next(500ms), 520ms);
}

TEST_F(Effects, RainbowStartsAtItsColorAndPassesTheOthers) {
  layers.set("rest", LedWish{.color = red, .effect = Effect::rainbow, .period = 3s}, t(0ms));
  EXPECT_EQ(led(0ms), red);
  EXPECT_EQ(led(500ms), (Rgb{255, 255, 0}));
  EXPECT_EQ(led(1s), green);
  EXPECT_EQ(led(2s), blue);
  EXPECT_EQ(led(3s), red);
  layers.set("rest", LedWish{.color = {0, 0, 100}, .effect = Effect::rainbow, .period = 3s}, t(4s));
  EXPECT_EQ(led(4s), (Rgb{0, 0, 100}));
  EXPECT_EQ(led(5s), (Rgb{100, 0, 0}));
}

TEST_F(Effects, RainbowWithoutAColorIsBright) {
  layers.set("rest", LedWish{.effect = Effect::rainbow, .period = 3s}, t(0ms));
  EXPECT_EQ(led(0ms), red);
  EXPECT_EQ(led(1s), green);
}

TEST_F(Effects, CandleFlickersTheSameEveryTimeAndNeverGoesOut) {
  const LedWish wish{.color = {250, 120, 20}, .effect = Effect::candle, .period = 1s};
  layers.set("rest", wish, t(0ms));
  OutputLayers again;
  again.set("rest", wish, t(70s));
  int least = 255, most = 0, largest_step = 0, before = -1;
  for (auto when = 0ms; when < 60s; when += 20ms) {
    const auto color = led(when);
    EXPECT_EQ(again.at(t(70s + when)).led, color);
    EXPECT_LE(color.red, 250);
    EXPECT_LE(color.green, 120);
    EXPECT_LE(color.blue, 20);
    least = std::min<int>(least, color.red);
    most = std::max<int>(most, color.red);
    if (before >= 0) largest_step = std::max(largest_step, std::abs(color.red - before));
    before = color.red;
  }
  EXPECT_GT(least, 250 * 0.25);
  EXPECT_LT(least, 250 * 0.5);
  EXPECT_GT(most, 250 * 0.9);
  EXPECT_LT(largest_step, 50);  // it wanders; it does not jump
}

TEST_F(Effects, CandleWithoutAColorIsWarm) {
  layers.set("rest", LedWish{.effect = Effect::candle}, t(0ms));
  const auto color = led(100ms);
  EXPECT_GT(color.red, color.green);
  EXPECT_GT(color.green, color.blue);
}

TEST_F(Effects, ZeroPeriodIsHarmless) {
  for (const auto effect : {Effect::blink, Effect::pulse, Effect::rainbow, Effect::candle}) {
    layers.set("rest", LedWish{.color = red, .effect = effect, .period = 0ms}, t(0ms));
    led(5ms);
    EXPECT_GT(layers.next_change(t(5ms), 0ms), t(5ms));
  }
}

TEST_F(Effects, HiddenOnesCauseNoWakeUps) {
  layers.set("below", LedWish{.color = red, .effect = Effect::rainbow}, t(0ms));
  layers.set("top", LedWish{.color = green}, t(0ms));
  EXPECT_EQ(next(0ms), std::nullopt);
}

TEST_F(Rumble, EndsByItselfAndUncovers) {
  layers.set("rest", RumbleWish{.value = 100}, t(0ms));
  layers.set("rest", RumbleWish{.value = 255, .duration = 80ms}, t(10ms));
  EXPECT_EQ(rumble(10ms), 255);
  EXPECT_EQ(next(10ms), 90ms);
  EXPECT_EQ(rumble(90ms), 100);
}

TEST_F(Rumble, ZeroRumbleStaysOff) {
  layers.set("a", RumbleWish{.value = 100}, t(0ms));
  layers.set("b", RumbleWish{.value = 0}, t(1ms));
  EXPECT_EQ(rumble(1ms), 0);
  EXPECT_TRUE(layers.rumble_is_on_top("b", t(1ms)));
  const auto listed = layers.rumble_layers(t(1ms), clock);
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].value, 0);
  EXPECT_EQ(listed[1].value, 100);
}

TEST_F(Rumble, EndsWhileALightStays) {
  layers.set("rest", LedWish{.color = red}, t(0ms));
  layers.set("rest", RumbleWish{.value = 100, .duration = 1s}, t(0ms));
  EXPECT_EQ(layers.at(t(500ms)), (Outputs{.led = red, .rumble = 100}));
  EXPECT_EQ(layers.at(t(1s)), (Outputs{.led = red, .rumble = 0}));
}

TEST_F(Layers, NextChangeIsNeverMissed) {
  // Whatever mixture of wishes: between two changes that were announced, nothing changes.
  layers.set("a", LedWish{.color = red}, t(0ms));
  layers.set("b", LedWish{.color = green, .fade = 60ms, .duration = 300ms}, t(0ms));
  layers.set(
      "c",
      LedWish{
          .color = blue, .effect = Effect::blink, .period = 70ms, .duration = 150ms, .priority = 1},
      t(0ms));
  layers.set("a", RumbleWish{.value = 7, .duration = 123ms}, t(0ms));
  auto now = 0ms;
  int steps = 0;
  while (const auto change = next(now)) {
    ASSERT_GT(*change, now);
    ASSERT_LT(++steps, 1000);
    const auto shown = layers.at(t(now));
    OutputLayers copy = layers;
    const bool fading = layers.led_target(t(now)).has_value();
    if (!fading) {
      EXPECT_EQ(copy.at(t(*change) - 1ns), shown) << now.count();
    }
    now = *change;
  }
  EXPECT_EQ(led(now), red);
  EXPECT_EQ(rumble(now), 0);
  EXPECT_EQ(now, 360ms);
}

}  // namespace
}  // namespace psmove::drivers
