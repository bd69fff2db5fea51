#pragma once
// A cue: lights and motors of many controllers that change at one instant; and how that went.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "types/address.hpp"
#include "types/outputs.hpp"

namespace psmove {

/// What a cue does to one controller.
struct CueAction {
  Address controller;
  std::optional<LedWish> led{};
  std::optional<RumbleWish> rumble{};
  bool clear_led = false, clear_rumble = false;  ///< instead: ends the owner's layer
};

enum class CueState : std::uint8_t {
  waiting,  ///< for its instant
  writing,  ///< it has come; not every controller has been written to
  done,     ///< every output has its outcome
};

/// What became of one output.
enum class CueOutcome : std::uint8_t {
  waiting,     ///< for the instant
  queued,      ///< not written to the controller yet
  applied,     ///< written
  overridden,  ///< another owner's layer lies on top
  superseded,  ///< the same owner asked for something else before it was written, or its cue was
               ///< replaced
  removed,     ///< its cue was deleted before its instant
  away,        ///< the controller was not there, or left before it was written
};

struct CueOutput {
  CueOutcome outcome = CueOutcome::waiting;
  std::optional<std::int64_t> applied_us{};   ///< Unix time of the write
  std::optional<LayerAbove> overridden_by{};  ///< where `overridden`
};

struct CueResult {
  Address controller;
  std::optional<CueOutput> led{}, rumble{};  ///< those that the cue has for it
};

struct CueStatus {
  std::string id;
  CueState state = CueState::waiting;
  std::optional<std::int64_t> at_us{};     ///< Unix time it was asked for; none: at once
  std::optional<std::int64_t> fired_us{};  ///< Unix time at which the outputs were handed over
  /// Between the first and the last write of those that were applied; none before it is done, or
  /// where nothing was.
  std::optional<std::int64_t> skew_us{};
  std::vector<CueResult> results;
};

}  // namespace psmove
