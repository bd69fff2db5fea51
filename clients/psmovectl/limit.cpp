// psmovectl limit WHICH [DUTY]: how much a motor may run.

#include <memory>
#include <ostream>

#include "clients/cpp/request_bodies.hpp"
#include "clients/psmovectl/arguments.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/describe.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

struct LimitArguments {
  std::string which, duty, window;
};

bool has_motor(const Controller& controller) {
  return controller.rumble_limit.has_value();
}

Answer<std::string> change(Context& context, const std::string& id,
                           const LimitArguments& arguments) {
  if (arguments.duty == "default")
    return context.client().set_rumble_limit(id, std::nullopt, std::nullopt);
  std::optional<double> duty;
  if (!arguments.duty.empty()) {
    const auto parsed = parse_duty(arguments.duty);
    if (!parsed) return parsed.error();
    duty = *parsed;
  }
  std::optional<std::chrono::seconds> window;
  if (!arguments.window.empty()) {
    const auto parsed = parse_duration(arguments.window);
    if (!parsed) return parsed.error();
    window = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
    if (*window != *parsed) return usage_error("--window takes whole seconds, like 60s");
  }
  return context.client().set_rumble_limit(id, duty, window);
}

ExitCode limit(Context& context, const LimitArguments& arguments) {
  const bool is_change = !arguments.duty.empty() || !arguments.window.empty();
  if (arguments.duty == "default" && !arguments.window.empty())
    return report(context, usage_error("default is everybody's limit, its window too"));
  const auto ids = expanded(context, arguments.which, has_motor);
  if (!ids) return report(context, ids.error());
  for (const auto& id : *ids) {
    const auto answer = is_change ? change(context, id, arguments)
                                  : context.client().request("GET", controller_path(id));
    if (!answer) return report(context, answer.error());
    if (context.json) {
      print_json(context, *answer);
      continue;
    }
    const auto controller = parse_controller(*answer);
    if (!controller) continue;
    context.out << printable(controller->display_name(), context.style) << ": "
                << rumble_limit_text(*controller) << '\n';
  }
  return ExitCode::ok;
}

}  // namespace

void add_limit(CLI::App& app, Context& context) {
  Verb verb(app, "limit", "Show or set how much a motor may run, to spare the battery",
            "Examples:\n"
            "  psmovectl limit left\n"
            "  psmovectl limit all 30% --window 2min\n"
            "  psmovectl limit 1 off\n"
            "  psmovectl limit all default");
  auto arguments = std::make_shared<LimitArguments>();
  verb.which(arguments->which);
  verb.optional("DUTY", arguments->duty,
                "How much in the mean: 30%, off for no limit, or default: as psmoved is set up");
  verb.option("--window", "TIME", arguments->window,
              "Over how long the mean is; so much of it may be used at once");
  verb.action([&context, arguments] { context.exit_code = limit(context, *arguments); });
}

}  // namespace psmove::client
