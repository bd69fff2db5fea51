// psmovectl rumble WHICH VALUE: the motor.

#include <memory>
#include <optional>
#include <ostream>
#include <vector>

#include "clients/psmovectl/arguments.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/describe.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

struct RumbleArguments {
  std::string which, value, duration, lease;
  InstantArguments when;
  int priority = 0;
};

Answer<RumbleWish> wish_from(const RumbleArguments& arguments) {
  RumbleWish wish;
  wish.priority = arguments.priority;
  const auto value = parse_rumble(arguments.value);
  if (!value) return value.error();
  wish.value = *value;
  if (auto error = read_times(arguments.duration, arguments.lease, wish)) return *std::move(error);
  return wish;
}

void print_results(Context& context, const RumbleArguments& arguments, const std::string& body) {
  const auto results = parse_motor_results(body).value_or(std::vector<MotorResult>());
  const auto names = controllers_if(context, is_all(arguments.which));
  for (const auto& result : results) {
    const auto name = name_of(names, result.id, result.id.empty() ? arguments.which : result.id);
    const auto outcome =
        result.error.empty() ? "rumble " + motor_outcome_text(result.motor) : result.error;
    context.out << printable(name, context.style) << ": " << outcome << '\n';
  }
  if (results.empty()) context.out << "no controller is connected\n";
}

ExitCode rumble(Context& context, const RumbleArguments& arguments) {
  const bool is_clear = arguments.value == "clear";
  return write_output<RumbleWish>(
      context, {&Client::set_rumble, &Client::clear_rumble}, arguments.which,
      is_clear ? std::nullopt : std::optional(wish_from(arguments)), arguments.when,
      [&](const std::string& body) { print_results(context, arguments, body); });
}

}  // namespace

void add_rumble(CLI::App& app, Context& context) {
  Verb verb(app, "rumble", "Run the motor",
            "Examples:\n  psmovectl rumble all 120 --for 500ms\n  psmovectl rumble 1 off");
  auto arguments = std::make_shared<RumbleArguments>();
  verb.which(arguments->which);
  verb.required("VALUE", arguments->value,
                "0 to 255, off, or clear: give the motor back to whoever else wants it");
  verb.option("--for", "TIME", arguments->duration,
              "End after this; without, the daemon ends it after at most 10 s");
  add_instant(verb, arguments->when);
  add_ownership(verb, arguments->priority, arguments->lease);
  verb.action([&context, arguments] { context.exit_code = rumble(context, *arguments); });
}

}  // namespace psmove::client
