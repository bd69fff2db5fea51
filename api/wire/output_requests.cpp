#include "api/wire/output_requests.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "api/wire/controller_json.hpp"
#include "api/wire/members.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;

void read_color(Members& members, LedWish& wish) {
  bool has_primary = false;
  const auto primary = [&](std::string_view name, std::uint8_t& value) {
    if (members.has(name) && members.has("color"))
      members.fail(ErrorCode::conflicting_members, name,
                   "Give either \"color\" or \"red\", \"green\" and \"blue\".");
    has_primary = has_primary || members.has(name);
    if (const auto given = members.integer(name, 0, 255)) value = static_cast<std::uint8_t>(*given);
  };
  primary("red", wish.color.red);
  primary("green", wish.color.green);
  primary("blue", wish.color.blue);
  if (const auto text = members.text("color")) {
    const auto color = parse_color(*text);
    if (color)
      wish.color = *color;
    else
      members.fail(ErrorCode::invalid_value, "color",
                   "\"color\" takes #rgb, #rrggbb or a CSS colour name such as hotpink.");
  } else if (!has_primary && wish.effect != Effect::rainbow) {
    members.fail(ErrorCode::missing_member, "",
                 "Give \"color\", or \"red\", \"green\" and \"blue\".");
  }
}

}  // namespace

Parsed<LedWish> led_wish(const json& body, std::string_view pointer) {
  Members members(body, pointer,
                  {"color", "red", "green", "blue", "fade_ms", "for_ms", "effect", "period_ms",
                   "priority", "lease_ms"});
  LedWish wish;
  if (const auto effect = members.choice("effect", {"none", "blink", "pulse", "rainbow", "candle"}))
    wish.effect = static_cast<Effect>(*effect);
  read_color(members, wish);
  if (const auto period = members.duration("period_ms", shortest_period.count(), 60'000))
    wish.period = *period;
  if (const auto fade = members.duration("fade_ms", 0, 60'000)) wish.fade = *fade;
  wish.duration = members.duration("for_ms", 1, day_ms);
  wish.lease = members.duration("lease_ms", 1, day_ms);
  if (const auto priority = members.integer("priority", -1000, 1000))
    wish.priority = static_cast<int>(*priority);
  if (members.failed()) return members.fault();
  return wish;
}

Parsed<RumbleWish> rumble_wish(const json& body, std::string_view pointer) {
  Members members(body, pointer, {"value", "for_ms", "priority", "lease_ms"});
  RumbleWish wish;
  if (const auto value = members.integer("value", 0, 255))
    wish.value = static_cast<std::uint8_t>(*value);
  else
    members.fail(ErrorCode::missing_member, "value", "Give \"value\", 0 to 255.");
  wish.duration = members.duration("for_ms", 1, day_ms);
  wish.lease = members.duration("lease_ms", 1, day_ms);
  if (const auto priority = members.integer("priority", -1000, 1000))
    wish.priority = static_cast<int>(*priority);
  if (members.failed()) return members.fault();
  return wish;
}

Parsed<WheelWish> wheel_wish(const json& body) {
  Members members(body, "", {"left", "right", "for_ms"});
  WheelWish wish;
  if (!members.has("left") && !members.has("right"))
    members.fail(ErrorCode::missing_member, "", "Give \"left\", \"right\" or both, 0 to 255.");
  if (const auto left = members.integer("left", 0, 255))
    wish.rumble.left = static_cast<std::uint8_t>(*left);
  if (const auto right = members.integer("right", 0, 255))
    wish.rumble.right = static_cast<std::uint8_t>(*right);
  wish.duration = members.duration("for_ms", 1, 10'000);
  if (members.failed()) return members.fault();
  return wish;
}

Parsed<std::uint32_t> led_pwm_wish(const json& body, std::uint32_t slowest_hz,
                                   std::uint32_t fastest_hz) {
  Members members(body, "", {"frequency_hz"});
  const auto frequency = members.integer("frequency_hz", slowest_hz, fastest_hz);
  if (!frequency)
    members.fail(ErrorCode::missing_member, "frequency_hz", "\"frequency_hz\" is missing.");
  if (members.failed()) return members.fault();
  return static_cast<std::uint32_t>(*frequency);
}

}  // namespace psmove::wire
