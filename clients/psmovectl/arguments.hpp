#pragma once
// Arguments that several commands share.

#include <optional>
#include <string>
#include <vector>

#include "api/wire/instant.hpp"
#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {

/// --priority and --lease.
void add_ownership(Verb& verb, int& priority, std::string& lease);

/// Puts --for and --lease into a wish for light or motor.
template <class Wish>
std::optional<Error> read_times(const std::string& duration, const std::string& lease, Wish& wish) {
  if (!duration.empty()) {
    const auto parsed = parse_duration(duration);
    if (!parsed) return parsed.error();
    wish.duration = *parsed;
  }
  if (!lease.empty()) {
    const auto parsed = parse_duration(lease);
    if (!parsed) return parsed.error();
    wish.lease = *parsed;
  }
  return std::nullopt;
}

/// --in and --at.
struct InstantArguments {
  std::string in, at;
  [[nodiscard]] bool is_given() const { return !in.empty() || !at.empty(); }
};
void add_instant(Verb& verb, InstantArguments& arguments);
[[nodiscard]] Answer<wire::Instant> read_instant(const InstantArguments& arguments);
/// The answer to a write for a later instant.
[[nodiscard]] ExitCode print_cues(Context& context, const Answer<std::string>& answer);

/// How a light or a motor is written and given back.
template <class Wish>
struct OutputVerbs {
  Answer<std::string> (Client::*set)(std::string_view, const Wish&, const wire::Instant&);
  Answer<std::string> (Client::*clear)(std::string_view);
};
/// Carries out one wish, at once or at an instant; none gives the output back.
/// @param print  shows the answer to people, where it is no cue
template <class Wish, class Print>
ExitCode write_output(Context& context, const OutputVerbs<Wish>& verbs, const std::string& which,
                      const std::optional<Answer<Wish>>& wish, const InstantArguments& instant,
                      Print print) {
  if (wish && !*wish) return report(context, wish->error());
  const auto when = read_instant(instant);
  if (!when) return report(context, when.error());
  if (!wish && instant.is_given())
    return report(context, usage_error("clear is at once; at an instant, say off"));
  const auto answer = wish ? (context.client().*verbs.set)(which, **wish, *when)
                           : (context.client().*verbs.clear)(which);
  if (instant.is_given()) return print_cues(context, answer);
  if (!answer) return report(context, answer.error());
  if (context.json)
    print_json(context, *answer);
  else
    print(*answer);
  return ExitCode::ok;
}

/// The controllers, to call them by their names; none where that is not needed or not possible.
[[nodiscard]] std::vector<Controller> controllers_if(Context& context, bool is_needed);

}  // namespace psmove::client
