// psmovectl diagnostics WHICH: what a controller says about itself.

#include <memory>
#include <ostream>

#include "clients/psmovectl/arguments.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/describe.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode diagnostics(Context& context, const std::string& which) {
  // A Navigation controller has nothing to tell.
  const auto ids = expanded(context, which, [](const Controller& each) {
    return each.connected && each.has_motion_sensors;
  });
  if (!ids) return report(context, ids.error());
  const auto names = controllers_if(context, !context.json && is_all(which));
  for (const auto& id : *ids) {
    const auto answer = context.client().diagnostics(id);
    if (!answer) return report(context, answer.error());
    if (context.json) {
      print_json(context, *answer);
      continue;
    }
    if (&id != &ids->front()) context.out << '\n';
    context.out << diagnostics_text(name_of(names, id, id),
                                    parse_diagnostics(*answer).value_or(DiagnosticsReport()),
                                    context.style);
  }
  return ExitCode::ok;
}

}  // namespace

void add_diagnostics(CLI::App& app, Context& context) {
  Verb verb(app, "diagnostics", "Ask a controller about itself: firmware, charger, whom it calls",
            "Examples:\n  psmovectl diagnostics 1\n  psmovectl diagnostics all --json");
  auto which = std::make_shared<std::string>();
  verb.which(*which);
  verb.action([&context, which] { context.exit_code = diagnostics(context, *which); });
}

}  // namespace psmove::client
