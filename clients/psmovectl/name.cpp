// psmovectl name WHICH NAME: what people call a controller.

#include <memory>
#include <ostream>

#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode rename(Context& context, const std::string& which, const std::string& name) {
  if (is_all(which)) return report(context, usage_error("a name belongs to one controller"));
  const auto answer = context.client().set_name(which, name);
  if (!answer) return report(context, answer.error());
  if (context.json) {
    print_json(context, *answer);
    return ExitCode::ok;
  }
  const auto controller = parse_controller(*answer);
  const auto number = controller ? std::to_string(controller->number) : which;
  context.out << "controller " << printable(number, context.style)
              << (name.empty() ? " has no name now"
                               : " is called \"" + printable(name, context.style) + "\" now")
              << '\n';
  return ExitCode::ok;
}

}  // namespace

void add_name(CLI::App& app, Context& context) {
  Verb verb(app, "name", "Give a controller a name",
            "Examples:\n  psmovectl name 1 \"left hand\"\n  psmovectl name 1 \"\"");
  auto which = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  verb.which(*which);
  verb.required("NAME", *name, "1 to 64 characters; \"\" takes the name away");
  verb.action([&context, which, name] { context.exit_code = rename(context, *which, *name); });
}

}  // namespace psmove::client
