// psmovectl cue: lights and motors of many controllers at one instant.

#include <memory>
#include <ostream>
#include <vector>

#include "clients/cpp/request_bodies.hpp"
#include "clients/psmovectl/arguments.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

constexpr const char* cues_path = "/api/v1/cues";
constexpr int most_settings = 64;

struct CueArguments {
  std::string action = "list", name;
  std::vector<std::string> settings;
  InstantArguments when;
  std::string fade, duration;
  int priority = 0;
};

std::string path_of(const std::string& name) {
  return std::string(cues_path) + "/" + encode_path_segment(name);
}

/// `left=red,rumble:120`, with what holds for all.
Answer<CueWish::Output> output_from(const std::string& setting, const CueArguments& arguments) {
  auto output = parse_cue_setting(setting);
  if (!output) return output;
  if (output->led) {
    output->led->priority = arguments.priority;
    if (!arguments.fade.empty()) {
      const auto fade = parse_duration(arguments.fade);
      if (!fade) return fade.error();
      output->led->fade = *fade;
    }
    if (auto error = read_times(arguments.duration, {}, *output->led)) return *std::move(error);
  }
  if (output->rumble) {
    output->rumble->priority = arguments.priority;
    if (auto error = read_times(arguments.duration, {}, *output->rumble)) return *std::move(error);
  }
  return output;
}

ExitCode set(Context& context, const CueArguments& arguments) {
  if (arguments.settings.empty())
    return report(context, usage_error("say what changes: cue set NAME 1=red 2=blue,rumble:120"));
  CueWish wish;
  const auto when = read_instant(arguments.when);
  if (!when) return report(context, when.error());
  wish.when = *when;
  for (const auto& setting : arguments.settings) {
    auto output = output_from(setting, arguments);
    if (!output) return report(context, output.error());
    wish.outputs.push_back(*std::move(output));
  }
  return print_cues(context,
                    context.client().request("PUT", path_of(arguments.name), cue_request(wish)));
}

ExitCode cancel(Context& context, const std::string& name) {
  const auto answer = context.client().request("DELETE", path_of(name));
  if (!answer) return report(context, answer.error());
  if (!context.json) context.out << "the cue " << printable(name, context.style) << " is gone\n";
  return ExitCode::ok;
}

ExitCode cue(Context& context, const CueArguments& arguments) {
  const auto& action = arguments.action;
  if (action == "list" && arguments.name.empty())
    return print_cues(context, context.client().request("GET", cues_path));
  if (action != "set" && action != "show" && action != "cancel")
    return report(context, usage_error("use cue set NAME WHICH=WHAT..., cue show NAME, cue cancel "
                                       "NAME, or cue list"));
  if (arguments.name.empty()) return report(context, usage_error("the cue's name is missing"));
  if (action == "set") return set(context, arguments);
  if (!arguments.settings.empty())
    return report(context, usage_error("settings belong to cue set"));
  if (action == "cancel") return cancel(context, arguments.name);
  return print_cues(context, context.client().request("GET", path_of(arguments.name)));
}

}  // namespace

void add_cue(CLI::App& app, Context& context) {
  Verb verb(app, "cue", "Set many controllers at one instant",
            "Examples:\n"
            "  psmovectl cue set finale left=red right=blue,rumble:200 --in 2s --for 500ms\n"
            "  psmovectl cue set blackout all=off --at 21:30:00\n"
            "  psmovectl cue show finale\n"
            "  psmovectl cue cancel blackout");
  auto arguments = std::make_shared<CueArguments>();
  verb.optional("ACTION", arguments->action, "set, show, cancel or list (the default)");
  verb.optional("NAME", arguments->name, "The cue's: letters, digits, dots, dashes");
  verb.words("WHICH=WHAT", arguments->settings, most_settings,
             "A controller or all, and a colour, rumble:0-255, or both with a comma between");
  add_instant(verb, arguments->when);
  verb.option("--fade", "TIME", arguments->fade, "Lights take so long to get there");
  verb.option("--for", "TIME", arguments->duration, "End after this, and show what was below");
  verb.option("--priority", arguments->priority, "Larger lies on top; 0 unless told otherwise");
  verb.action([&context, arguments] { context.exit_code = cue(context, *arguments); });
}

}  // namespace psmove::client
