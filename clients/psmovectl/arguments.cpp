// Declarations of the shared arguments.

#include "clients/psmovectl/arguments.hpp"

#include <chrono>
#include <ostream>

#include "clients/psmovectl/describe.hpp"

namespace psmove::client {

void add_ownership(Verb& verb, int& priority, std::string& lease) {
  verb.option("--priority", priority, "The highest shows; 0 unless told otherwise");
  verb.option("--lease", "TIME", lease, "Everything this client holds ends after so long");
}

void add_instant(Verb& verb, InstantArguments& arguments) {
  verb.option("--in", "TIME", arguments.in, "When, from now, like 2s; without, at once");
  verb.option("--at", "TIME", arguments.at, "When, by this computer's clock, like 21:30:00.5");
}

Answer<wire::Instant> read_instant(const InstantArguments& arguments) {
  wire::Instant instant;
  if (!arguments.in.empty() && !arguments.at.empty())
    return usage_error("give either --in or --at");
  if (!arguments.in.empty()) {
    const auto delay = parse_duration(arguments.in);
    if (!delay) return delay.error();
    instant.delay = *delay;
  }
  if (!arguments.at.empty()) {
    const auto at_us = parse_clock_time(arguments.at, std::chrono::system_clock::now());
    if (!at_us) return at_us.error();
    instant.at_us = *at_us;
  }
  return instant;
}

ExitCode print_cues(Context& context, const Answer<std::string>& answer) {
  if (!answer) return report(context, answer.error());
  if (context.json) {
    print_json(context, *answer);
    return ExitCode::ok;
  }
  const auto cues = parse_cues(*answer).value_or(std::vector<Cue>());
  const auto names = controllers_if(context, !cues.empty());
  for (const Cue& cue : cues) context.out << cue_text(cue, names, context.style);
  if (cues.empty()) context.out << "There is no cue.\n";
  return ExitCode::ok;
}

std::vector<Controller> controllers_if(Context& context, bool is_needed) {
  if (!is_needed) return {};
  auto controllers = context.client().controllers();
  return controllers ? *std::move(controllers) : std::vector<Controller>();
}

}  // namespace psmove::client
