// psmovectl reset WHICH: this is forward.

#include <memory>
#include <ostream>

#include "clients/psmovectl/arguments.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode reset(Context& context, const std::string& which, bool is_undo) {
  const auto ids = expanded(context, which);
  if (!ids) return report(context, ids.error());
  const auto names = controllers_if(context, !context.json && is_all(which));
  for (const auto& id : *ids) {
    const auto answer = is_undo ? context.client().undo_orientation_reset(id)
                                : context.client().reset_orientation(id);
    if (!answer) return report(context, answer.error());
    if (context.json)
      print_json(context, *answer);
    else
      context.out << printable(name_of(names, id, id), context.style)
                  << (is_undo ? ": back to the world's own forward\n"
                              : ": forward is where it points now\n");
  }
  return ExitCode::ok;
}

}  // namespace

void add_reset(CLI::App& app, Context& context) {
  Verb verb(app, "reset", "Make the direction it points in now forward",
            "Examples:\n  psmovectl reset all\n  psmovectl reset 1 --undo");
  auto which = std::make_shared<std::string>();
  auto is_undo = std::make_shared<bool>(false);
  verb.which(*which);
  verb.flag("--undo", *is_undo, "Go back to the forward it had");
  verb.action([&context, which, is_undo] { context.exit_code = reset(context, *which, *is_undo); });
}

}  // namespace psmove::client
