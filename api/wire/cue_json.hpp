#pragma once
// Cues as JSON bodies.

#include <string>
#include <string_view>

#include "types/cue.hpp"

namespace psmove::wire {

/// GET /cues/{id}: {"id","state","at_us","fired_us","late_us","skew_us","results"}. What is not
/// known yet is null, as is an output that the cue does not have for a controller.
[[nodiscard]] std::string cue_body(const CueStatus& cue);

[[nodiscard]] std::string_view to_string(CueState state);
[[nodiscard]] std::string_view to_string(CueOutcome outcome);

}  // namespace psmove::wire
