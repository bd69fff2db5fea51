// psmovectl adapters: this computer's Bluetooth radios, and who is linked through each.

#include <ostream>

#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode adapters(Context& context) {
  const auto body = context.client().request("GET", "/api/v1/adapters");
  if (!body) return report(context, body.error());
  if (context.json) {
    print_json(context, *body);
    return ExitCode::ok;
  }
  const auto all = parse_adapters(*body);
  if (!all)
    return report(context, {ErrorKind::not_psmoved, "the answer is no adapter", 0, {}, {}, {}});
  for (const auto& each : *all)
    context.out << printable(each.name, context.style) << "  "
                << printable(each.address, context.style) << "  " << (each.powered ? "on " : "off")
                << "  " << each.controllers
                << (each.controllers == 1 ? " controller" : " controllers") << '\n';
  if (all->empty()) context.out << "This computer has no Bluetooth adapter.\n";
  return ExitCode::ok;
}

}  // namespace

void add_adapters(CLI::App& app, Context& context) {
  Verb verb(app, "adapters", "List the Bluetooth radios, and how many controllers each carries",
            "Example:\n  psmovectl adapters");
  verb.action([&context] { context.exit_code = adapters(context); });
}

}  // namespace psmove::client
