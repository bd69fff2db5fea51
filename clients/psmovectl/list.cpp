// psmovectl list: every controller, connected or remembered.

#include <ostream>

#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/describe.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode list(Context& context) {
  const auto body = context.client().request("GET", "/api/v1/controllers");
  if (!body) return report(context, body.error());
  const auto controllers = parse_controllers(*body);
  if (!controllers)
    return report(context,
                  {ErrorKind::not_psmoved, "the answer is no list of controllers", 0, {}, {}, {}});
  if (context.json)
    print_json(context, *body);
  else
    context.out << list_text(*controllers, context.style);
  return ExitCode::ok;
}

}  // namespace

void add_list(CLI::App& app, Context& context) {
  Verb verb(app, "list", "Show every controller, connected or remembered",
            "Example:\n  psmovectl list");
  verb.action([&context] { context.exit_code = list(context); });
}

}  // namespace psmove::client
