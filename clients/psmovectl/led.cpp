// psmovectl led WHICH COLOUR: the light of the sphere.

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

struct LedArguments {
  std::string which;
  std::vector<std::string> color;
  std::string fade, duration, lease, effect = "none", period;
  InstantArguments when;
  int priority = 0;
};

Answer<LedWish> wish_from(const LedArguments& arguments) {
  LedWish wish;
  wish.priority = arguments.priority;
  const auto effect = parse_effect(arguments.effect);
  if (!effect) return effect.error();
  wish.effect = *effect;
  if (!arguments.color.empty()) {
    const auto color = parse_color_words(arguments.color);
    if (!color) return color.error();
    wish.color = *color;
  } else if (wish.effect != Effect::rainbow) {
    return usage_error(
        "a colour is missing: give a name, hex digits or three numbers (a # must be quoted, "
        "or left out: the shell takes it for a comment)");
  }
  if (!arguments.fade.empty()) {
    const auto fade = parse_duration(arguments.fade);
    if (!fade) return fade.error();
    wish.fade = *fade;
  }
  if (!arguments.period.empty()) {
    if (wish.effect == Effect::none) return usage_error("--period belongs to an --effect");
    const auto period = parse_duration(arguments.period);
    if (!period) return period.error();
    wish.period = *period;
  }
  if (auto error = read_times(arguments.duration, arguments.lease, wish)) return *std::move(error);
  return wish;
}

void print_results(Context& context, const LedArguments& arguments, const std::string& body) {
  const auto results = parse_light_results(body).value_or(std::vector<LightResult>());
  const auto names = controllers_if(context, is_all(arguments.which));
  for (const auto& result : results) {
    const auto name = name_of(names, result.id, result.id.empty() ? arguments.which : result.id);
    const auto outcome =
        result.error.empty() ? light_outcome_text(result.light, context.style) : result.error;
    context.out << printable(name, context.style) << ": " << outcome << '\n';
  }
  if (results.empty()) context.out << "no controller is connected\n";
}

ExitCode led(Context& context, const LedArguments& arguments) {
  const bool is_clear = arguments.color.size() == 1 && arguments.color.front() == "clear";
  return write_output<LedWish>(
      context, {&Client::set_led, &Client::clear_led}, arguments.which,
      is_clear ? std::nullopt : std::optional(wish_from(arguments)), arguments.when,
      [&](const std::string& body) { print_results(context, arguments, body); });
}

}  // namespace

void add_led(CLI::App& app, Context& context) {
  Verb verb(app, "led", "Light the sphere",
            "Examples:\n"
            "  psmovectl led left hotpink --fade 500ms\n"
            "  psmovectl led 1 255 0 128 --for 2s\n"
            "  psmovectl led all red --effect pulse --period 1.5s\n"
            "  psmovectl led 1 '#ff0080'");
  auto arguments = std::make_shared<LedArguments>();
  verb.which(arguments->which);
  verb.words("COLOUR", arguments->color, 3,
             "A name, hex digits, three numbers 0-255, off, or clear: give the light back");
  verb.option("--fade", "TIME", arguments->fade, "Take so long to get there, like 500ms");
  verb.option("--for", "TIME", arguments->duration, "End after this, and show what was below");
  verb.option("--effect", "EFFECT", arguments->effect, "blink, pulse, rainbow or candle");
  verb.option("--period", "TIME", arguments->period,
              "Of the effect, from 100ms; 1s unless told otherwise");
  add_instant(verb, arguments->when);
  add_ownership(verb, arguments->priority, arguments->lease);
  verb.action([&context, arguments] { context.exit_code = led(context, *arguments); });
}

}  // namespace psmove::client
