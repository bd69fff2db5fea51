#pragma once
// Cues as JSON bodies.

#include <string>
#include <string_view>

#include "types/cue.hpp"

namespace psmove::wire {

/// What became of one output: {"state","applied_us"}, and "overridden_by" where it is that.
void cue_output(std::string& out, const CueOutput& output);
/// GET /cues/{id}: {"id","state","at_us","fired_us","late_us","skew_us","results"}. What is not
/// known yet is null, as is an output that the cue does not have for a controller.
[[nodiscard]] std::string cue_body(const CueStatus& cue);

[[nodiscard]] std::string_view to_string(CueState state);
[[nodiscard]] std::string_view to_string(CueOutcome outcome);

}  // namespace psmove::wire
