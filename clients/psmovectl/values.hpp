#pragma once
// The values people write on the command line, and what to say when they are none.

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/wire/simulation_requests.hpp"
#include "clients/cpp/error.hpp"
#include "clients/cpp/request_bodies.hpp"
#include "types/outputs.hpp"

namespace psmove::client {

/// "500ms", "2s", "1.5s", "2min"; 0 to 24 hours, to the millisecond.
[[nodiscard]] Answer<std::chrono::milliseconds> parse_duration(std::string_view text);

/// One word ("hotpink", "#ff0000", "f00", "off", "255,0,128") or three numbers 0..255.
[[nodiscard]] Answer<Rgb> parse_color_words(std::span<const std::string> words);

/// 0..255, or "off".
[[nodiscard]] Answer<std::uint8_t> parse_rumble(std::string_view text);

/// "30%", "0.3", or "off": no limit, 1.
[[nodiscard]] Answer<double> parse_duty(std::string_view text);

/// "21:30", "21:30:05", "21:30:05.250": the next such moment after `now` by this computer's clock.
/// @return Unix time in microseconds
[[nodiscard]] Answer<std::int64_t> parse_clock_time(std::string_view text,
                                                    std::chrono::system_clock::time_point now);

/// "left=red", "2=rumble:120", "all=off,rumble:0".
[[nodiscard]] Answer<CueWish::Output> parse_cue_setting(std::string_view text);

/// Hertz, in digits.
[[nodiscard]] Answer<std::uint32_t> parse_frequency(std::string_view text);

/// "none" is no effect.
[[nodiscard]] Answer<Effect> parse_effect(std::string_view text);

/// `motion=wave buttons=cross,move trigger=0.5 battery=20 link=down loss=0.02 magnetometer=absent
/// extension=sharp_shooter controls=weapon:2,reload:yes stick=0.5,-1 pressures=l1:0.5`.
/// Whether the values make sense is the daemon's to say; here only what cannot be sent is refused.
[[nodiscard]] Answer<wire::SimulationPatch> parse_simulation(std::span<const std::string> settings);

}  // namespace psmove::client
