// psmovectl forget WHICH: a controller that is away is not remembered any more.

#include <memory>
#include <ostream>

#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode forget(Context& context, const std::string& which) {
  if (is_all(which)) return report(context, usage_error("controllers are forgotten one by one"));
  const auto answer = context.client().forget(which);
  if (!answer) return report(context, answer.error());
  if (context.json)
    print_json(context, *answer);
  else
    context.out << printable(which, context.style) << " is forgotten\n";
  return ExitCode::ok;
}

}  // namespace

void add_forget(CLI::App& app, Context& context) {
  Verb verb(app, "forget", "Forget a controller that is away", "Example:\n  psmovectl forget 3");
  auto which = std::make_shared<std::string>();
  verb.which(*which);
  verb.action([&context, which] { context.exit_code = forget(context, *which); });
}

}  // namespace psmove::client
