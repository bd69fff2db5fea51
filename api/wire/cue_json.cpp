#include "api/wire/cue_json.hpp"

#include <algorithm>

#include "api/wire/controller_json.hpp"
#include "api/wire/json_members.hpp"

namespace psmove::wire {
namespace {

void output_member(std::string& out, std::string_view name,
                   const std::optional<CueOutput>& output) {
  key(out, name);
  if (!output) {
    out += "null";
    return;
  }
  cue_output(out, *output);
}

}  // namespace

void cue_output(std::string& out, const CueOutput& output) {
  out += '{';
  text_member(out, "state", to_string(output.outcome));
  integer_or_null(out, "applied_us", output.applied_us);
  if (output.overridden_by) layer_above(out, *output.overridden_by);
  out += '}';
}

std::string_view to_string(CueState state) {
  switch (state) {
    case CueState::writing:
      return "writing";
    case CueState::done:
      return "done";
    case CueState::waiting:
      break;
  }
  return "waiting";
}

std::string_view to_string(CueOutcome outcome) {
  switch (outcome) {
    case CueOutcome::queued:
      return "queued";
    case CueOutcome::applied:
      return "applied";
    case CueOutcome::overridden:
      return "overridden";
    case CueOutcome::superseded:
      return "superseded";
    case CueOutcome::removed:
      return "removed";
    case CueOutcome::away:
      return "away";
    case CueOutcome::waiting:
      break;
  }
  return "waiting";
}

std::string cue_body(const CueStatus& cue) {
  std::optional<std::int64_t> late;
  if (cue.at_us && cue.fired_us) late = std::max<std::int64_t>(0, *cue.fired_us - *cue.at_us);
  std::string out = "{";
  text_member(out, "id", cue.id);
  text_member(out, "state", to_string(cue.state));
  integer_or_null(out, "at_us", cue.at_us);
  integer_or_null(out, "fired_us", cue.fired_us);
  integer_or_null(out, "late_us", late);
  integer_or_null(out, "skew_us", cue.skew_us);
  key(out, "results");
  out += '[';
  for (const CueResult& result : cue.results) {
    if (out.back() != '[') out += ',';
    out += '{';
    text_member(out, "controller", psmove::to_string(result.controller));
    output_member(out, "led", result.led);
    output_member(out, "rumble", result.rumble);
    out += '}';
  }
  return out + "]}";
}

}  // namespace psmove::wire
