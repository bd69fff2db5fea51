// psmovectl companion WHICH OTHER: a Navigation controller and the Move that it belongs to.

#include <memory>
#include <ostream>

#include "clients/psmovectl/arguments.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode join(Context& context, const std::string& which, const std::string& other) {
  if (is_all(which) || is_all(other))
    return report(context, usage_error("a companion is one controller for one: name both"));
  if (other.empty())
    return report(context,
                  usage_error("give the other controller's number, name or address, or none"));
  const bool is_parting = other == "none";
  const auto answer = context.client().set_companion(which, is_parting ? "" : other);
  if (!answer) return report(context, answer.error());
  if (context.json) {
    print_json(context, *answer);
    return ExitCode::ok;
  }
  const auto controller = parse_controller(*answer);
  const auto names = controllers_if(context, !is_parting);
  const auto name = controller ? controller->display_name() : which;
  context.out << printable(name, context.style);
  if (is_parting)
    context.out << " has no companion now\n";
  else
    context.out << " and "
                << printable(name_of(names, controller ? controller->companion : "", other),
                             context.style)
                << " belong together now\n";
  return ExitCode::ok;
}

}  // namespace

void add_companion(CLI::App& app, Context& context) {
  Verb verb(app, "companion", "Bind a Navigation controller and a Move",
            "Examples:\n  psmovectl companion 1 2\n  psmovectl companion \"left hand\" none");
  auto which = std::make_shared<std::string>();
  auto other = std::make_shared<std::string>();
  verb.which(*which);
  verb.required("OTHER", *other, "A controller's number, name or address; or none");
  verb.action([&context, which, other] { context.exit_code = join(context, *which, *other); });
}

}  // namespace psmove::client
