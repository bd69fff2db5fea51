// psmovectl extension WHICH: the device on the extension port; `rumble` runs a racing wheel's
// motors.

#include <memory>
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

struct ExtensionArguments {
  std::string which, duration;
  std::vector<std::string> words;  ///< "rumble", LEFT, RIGHT
};

ExitCode show_one(Context& context, const std::string& id) {
  const auto body = context.client().request("GET", controller_path(id));
  if (!body) return report(context, body.error());
  const auto controller = parse_controller(*body);
  if (context.json)
    print_json(context, *body);
  else if (controller)
    context.out << extension_text(*controller, context.style);
  return ExitCode::ok;
}

ExitCode show(Context& context, const std::string& which) {
  const auto ids = expanded(context, which, [](const Controller& each) {
    return each.connected && !each.extension.empty();
  });
  if (!ids) return report(context, ids.error());
  for (const auto& id : *ids)
    if (const auto code = show_one(context, id); code != ExitCode::ok) return code;
  return ExitCode::ok;
}

Answer<wire::WheelWish> wish_from(const ExtensionArguments& arguments) {
  wire::WheelWish wish;
  const auto& words = arguments.words;
  if (words.size() < 2)
    return usage_error("a strength is missing: rumble LEFT [RIGHT], each 0 to 255, or rumble off");
  const auto left = parse_rumble(words[1]);
  if (!left) return left.error();
  wish.rumble.left = *left;
  if (words.size() == 3) {
    const auto right = parse_rumble(words[2]);
    if (!right) return right.error();
    wish.rumble.right = *right;
  }
  if (!arguments.duration.empty()) {
    const auto duration = parse_duration(arguments.duration);
    if (!duration) return duration.error();
    wish.duration = *duration;
  }
  return wish;
}

ExitCode rumble(Context& context, const ExtensionArguments& arguments) {
  const auto wish = wish_from(arguments);
  if (!wish) return report(context, wish.error());
  const auto ids = expanded(context, arguments.which, [](const Controller& each) {
    return each.connected && each.extension == "racing_wheel";
  });
  if (!ids) return report(context, ids.error());
  const auto names = controllers_if(context, !context.json && is_all(arguments.which));
  for (const auto& id : *ids) {
    const auto answer = wish->rumble.is_still() ? context.client().stop_wheel_rumble(id)
                                                : context.client().set_wheel_rumble(id, *wish);
    if (!answer) return report(context, answer.error());
    if (context.json) {
      print_json(context, *answer);
      continue;
    }
    const auto motors = parse_wheel(*answer).value_or(WheelMotors());
    const auto text =
        "wheel left " + std::to_string(motors.left) + ", right " + std::to_string(motors.right);
    context.out << printable(name_of(names, id, id), context.style) << ": "
                << outcome_text(text, motors.state, {}) << '\n';
  }
  return ExitCode::ok;
}

ExitCode extension(Context& context, const ExtensionArguments& arguments) {
  const auto& words = arguments.words;
  if (words.empty() && !arguments.duration.empty())
    return report(context, usage_error("--for belongs to rumble: rumble LEFT [RIGHT] --for 500ms"));
  if (words.empty()) return show(context, arguments.which);
  if (words.front() == "rumble") return rumble(context, arguments);
  return report(context, usage_error("'" + words.front() +
                                     "' is nothing to do with an extension device: use rumble LEFT "
                                     "[RIGHT], or nothing to look at it"));
}

}  // namespace

void add_extension(CLI::App& app, Context& context) {
  Verb verb(app, "extension", "Show what is on the extension port, or make a racing wheel rumble",
            "Examples:\n"
            "  psmovectl extension 1\n"
            "  psmovectl extension 1 rumble 80 200 --for 500ms\n"
            "  psmovectl extension 1 rumble off");
  auto arguments = std::make_shared<ExtensionArguments>();
  verb.which(arguments->which);
  verb.words("rumble LEFT RIGHT", arguments->words, 3,
             "Run a racing wheel's motors at 0 to 255; RIGHT is 0 unless given, off stops both");
  verb.option("--for", "TIME", arguments->duration,
              "End after this; after 10 s at most, and unless told otherwise");
  verb.action([&context, arguments] { context.exit_code = extension(context, *arguments); });
}

}  // namespace psmove::client
