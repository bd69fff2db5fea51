// psmovectl pwm WHICH [HZ]: how often a second the light is switched.

#include <memory>
#include <optional>
#include <ostream>

#include "clients/psmovectl/arguments.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

std::string frequency_text(const LedPwm& pwm) {
  const auto hertz = std::to_string(pwm.frequency_hz) + " Hz";
  return pwm.is_set ? hertz : "about " + hertz + ", as it is until it is set";
}

ExitCode pwm(Context& context, const std::string& which, const std::string& frequency) {
  std::optional<std::uint32_t> wanted;
  if (!frequency.empty()) {
    const auto parsed = parse_frequency(frequency);
    if (!parsed) return report(context, parsed.error());
    wanted = *parsed;
  }
  const auto ids = expanded(
      context, which, [](const Controller& each) { return each.connected && each.has_led_pwm; });
  if (!ids) return report(context, ids.error());
  const auto names = controllers_if(context, !context.json && is_all(which));
  for (const auto& id : *ids) {
    const auto answer =
        wanted ? context.client().set_led_pwm(id, *wanted) : context.client().led_pwm(id);
    if (!answer) return report(context, answer.error());
    if (context.json)
      print_json(context, *answer);
    else
      context.out << printable(name_of(names, id, id), context.style) << ": "
                  << frequency_text(parse_led_pwm(*answer).value_or(LedPwm())) << '\n';
  }
  return ExitCode::ok;
}

}  // namespace

void add_pwm(CLI::App& app, Context& context) {
  Verb verb(app, "pwm", "Show or set the frequency of the light, for cameras that see it flicker",
            "Examples:\n  psmovectl pwm 1\n  psmovectl pwm 1 20000");
  auto which = std::make_shared<std::string>();
  auto frequency = std::make_shared<std::string>();
  verb.which(*which);
  verb.optional("HZ", *frequency,
                "733 to 24000000; the light goes dark for a quarter of a second meanwhile");
  verb.action(
      [&context, which, frequency] { context.exit_code = pwm(context, *which, *frequency); });
}

}  // namespace psmove::client
