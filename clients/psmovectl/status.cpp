// psmovectl status: the daemon itself.

#include <ostream>

#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/json_text.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode status(Context& context) {
  const auto body = context.client().request("GET", "/api/v1");
  if (!body) return report(context, body.error());
  if (context.json) {
    print_json(context, *body);
    return ExitCode::ok;
  }
  context.out << "psmoved at " << context.url.text() << '\n' << json_as_lines(*body, context.style);
  return ExitCode::ok;
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  Verb verb(app, "status", "Show the daemon: version, uptime, limits",
            "Example:\n  psmovectl status");
  verb.action([&context] { context.exit_code = status(context); });
}

}  // namespace psmove::client
