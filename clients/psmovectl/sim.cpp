// psmovectl sim WHICH [KEY=VALUE...]: look at a simulated controller, or drive it.

#include <memory>
#include <ostream>
#include <vector>

#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/json_text.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode sim_one(Context& context, const std::string& which,
                 const std::vector<std::string>& settings) {
  const auto patch = parse_simulation(settings);
  if (!patch) return report(context, patch.error());
  const auto answer = settings.empty() ? context.client().simulation(which)
                                       : context.client().set_simulation(which, *patch);
  if (!answer) return report(context, answer.error());
  if (context.json)
    print_json(context, *answer);
  else
    context.out << json_as_lines(*answer, context.style);
  return ExitCode::ok;
}

ExitCode sim(Context& context, const std::string& which, const std::vector<std::string>& settings) {
  // One whose link is down is away, and can be brought back.
  const auto ids =
      expanded(context, which, [](const Controller& each) { return each.source == "simulated"; });
  if (!ids) return report(context, ids.error());
  for (const auto& id : *ids) {
    if (!context.json && is_all(which)) context.out << id << '\n';
    if (const auto code = sim_one(context, id, settings); code != ExitCode::ok) return code;
  }
  return ExitCode::ok;
}

}  // namespace

void add_sim(CLI::App& app, Context& context) {
  Verb verb(app, "sim", "Look at a simulated controller, or drive it",
            "Examples:\n"
            "  psmovectl sim 1\n"
            "  psmovectl sim 1 motion=wave buttons=cross,move trigger=0.5\n"
            "  psmovectl sim 2 battery=20 loss=0.02 magnetometer=absent\n"
            "  psmovectl sim 2 link=down\n"
            "  psmovectl sim 1 extension=sharp_shooter controls=weapon:2,reload:yes\n"
            "  psmovectl sim 3 stick=0.5,-1 pressures=l1:0.5");
  auto which = std::make_shared<std::string>();
  auto settings = std::make_shared<std::vector<std::string>>();
  verb.which(*which);
  verb.words("KEY=VALUE", *settings, 16,
             "motion, buttons, trigger, battery, link, loss, magnetometer, extension, controls, "
             "stick, pressures");
  verb.action([&context, which, settings] { context.exit_code = sim(context, *which, *settings); });
}

}  // namespace psmove::client
