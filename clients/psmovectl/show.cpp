// psmovectl show WHICH: everything that is known of one controller.

#include <memory>
#include <ostream>

#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/describe.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode show_one(Context& context, const std::string& which) {
  const auto body = context.client().request("GET", controller_path(which));
  if (!body) return report(context, body.error());
  if (context.json) {
    print_json(context, *body);
    return ExitCode::ok;
  }
  const auto controller = parse_controller(*body);
  if (!controller)
    return report(context, {ErrorKind::not_psmoved, "the answer is no controller", 0, {}, {}, {}});
  context.out << show_text(*controller, context.style);
  return ExitCode::ok;
}

ExitCode show(Context& context, const std::string& which) {
  const auto ids = expanded(context, which);
  if (!ids) return report(context, ids.error());
  for (const auto& id : *ids) {
    if (!context.json && &id != &ids->front()) context.out << '\n';
    if (const auto code = show_one(context, id); code != ExitCode::ok) return code;
  }
  return ExitCode::ok;
}

}  // namespace

void add_show(CLI::App& app, Context& context) {
  Verb verb(app, "show", "Show everything that is known of a controller",
            "Examples:\n  psmovectl show 1\n  psmovectl show \"left hand\" --json");
  auto which = std::make_shared<std::string>();
  verb.which(*which);
  verb.action([&context, which] { context.exit_code = show(context, *which); });
}

}  // namespace psmove::client
