// psmovectl pair [WHICH --host-address ADDRESS]: controllers on the cable, and whom they call.

#include <memory>
#include <ostream>

#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

ExitCode print(Context& context, const std::string& body) {
  if (context.json) {
    print_json(context, body);
    return ExitCode::ok;
  }
  const auto pairings = parse_pairings(body);
  if (!pairings)
    return report(context, {ErrorKind::not_psmoved, "the answer is no pairing", 0, {}, {}, {}});
  for (const auto& each : *pairings) {
    const auto name = each.name.empty() ? "controller " + std::to_string(each.number) : each.name;
    context.out << printable(name, context.style) << ": " << printable(each.state, context.style);
    if (!each.host_address.empty())
      context.out << ", calls " << printable(each.host_address, context.style);
    context.out << "\n  " << printable(each.next, context.style) << '\n';
  }
  if (pairings->empty())
    context.out
        << "No controller is on the cable: plug one in with a USB cable that carries data.\n";
  return ExitCode::ok;
}

ExitCode pair(Context& context, const std::string& which, const std::string& host_address) {
  if (which.empty() != host_address.empty())
    return report(context, usage_error("pair takes a controller and --host-address, or neither"));
  const auto answer = which.empty() ? context.client().request("GET", "/api/v1/pairing")
                                    : context.client().pair(which, host_address);
  if (!answer) return report(context, answer.error());
  return print(context, *answer);
}

}  // namespace

void add_pair(CLI::App& app, Context& context) {
  Verb verb(app, "pair", "Show controllers on the cable, or write whom one calls",
            "Examples:\n"
            "  psmovectl pair\n"
            "  psmovectl pair 1 --host-address b8:27:eb:12:34:56");
  auto which = std::make_shared<std::string>();
  auto host = std::make_shared<std::string>();
  verb.which(*which, false);
  verb.option("--host-address", "ADDRESS", *host,
              "The Bluetooth address of the computer that it shall call, this one or another");
  verb.action([&context, which, host] { context.exit_code = pair(context, *which, *host); });
}

}  // namespace psmove::client
