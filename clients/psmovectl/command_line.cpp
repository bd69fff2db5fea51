// Declares every verb, reads the arguments, and turns what CLI11 says into sentences of ours.

#include "clients/psmovectl/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>

#include "clients/cpp/channel.hpp"
#include "clients/psmovectl/commands.hpp"

namespace psmove::client {
namespace {

/// Help in psmovectl's words: verbs, and positionals as the manual page writes them.
class Help : public CLI::Formatter {
 public:
  Help() { label("SUBCOMMAND", "VERB"); }
  std::string make_option_usage(const CLI::Option* option) const override {
    auto text = make_option_name(option, true);
    if (option->get_expected_max() > 1) text += "...";
    return option->get_required() ? text : "[" + text + "]";
  }
};

void add_global_options(CLI::App& app, Context& context) {
  app.add_option_function<std::string>(
         "--url",
         [&context](const std::string& text) {
           auto url = parse_server_url(text).value();
           url.token = context.url.token;
           url.ca_file = context.url.ca_file;
           url.fingerprint = context.url.fingerprint;
           context.url = std::move(url);
         },
         "Where psmoved is, also https:// or unix:/PATH; $PSMOVED_URL, or http://localhost:6683")
      ->option_text("URL")
      ->envname("PSMOVED_URL")
      ->take_last()
      ->check([](const std::string& text) {
        const auto url = parse_server_url(text);
        return url ? std::string() : url.error().message;
      });
  app.add_option("--token", context.url.token,
                 "Access token; $PSMOVED_TOKEN, or what ~/.config/psmovectl/tokens has for the URL")
      ->option_text("TOKEN")
      ->envname("PSMOVED_TOKEN")
      ->take_last()
      ->check([](const std::string& text) {
        const bool is_one = text.find_first_of(" \t\r\n") == std::string::npos;
        return is_one ? std::string() : std::string("a token has no spaces");
      });
  app.add_option("--cacert", context.url.ca_file,
                 "Certificates (PEM) to know an https server by; $PSMOVED_CACERT, or the system's")
      ->option_text("FILE")
      ->envname("PSMOVED_CACERT")
      ->take_last();
  app.add_option_function<std::string>(
         "--fingerprint",
         [&context](const std::string& text) {
           context.url.fingerprint = canonical_fingerprint(text);
         },
         "SHA-256 of an https server's certificate, to know it by alone; $PSMOVED_FINGERPRINT")
      ->option_text("SHA256")
      ->envname("PSMOVED_FINGERPRINT")
      ->take_last()
      ->check([](const std::string& text) {
        return canonical_fingerprint(text).empty()
                   ? std::string("a fingerprint is 64 hexadecimal digits, with or without colons")
                   : std::string();
      });
  app.add_flag("--json", context.json, "Print what the daemon said, as it said it");
}

void add_verbs(CLI::App& app, Context& context) {
  add_list(app, context);
  add_show(app, context);
  add_watch(app, context);
  add_led(app, context);
  add_rumble(app, context);
  add_cue(app, context);
  add_limit(app, context);
  add_pwm(app, context);
  add_extension(app, context);
  add_reset(app, context);
  add_calibrate(app, context);
  add_pair(app, context);
  add_unpair(app, context);
  add_import(app, context);
  add_adapters(app, context);
  add_name(app, context);
  add_companion(app, context);
  add_forget(app, context);
  add_diagnostics(app, context);
  add_sim(app, context);
  add_token(app, context);
  add_status(app, context);
}

std::string verbs(const CLI::App& app) {
  std::string all;
  for (const auto* verb : app.get_subcommands({}))
    all.append(all.empty() ? "" : ", ").append(verb->get_name());
  return all;
}

/// What stands where the verb should.
std::vector<std::string>::const_iterator first_word(const std::vector<std::string>& arguments) {
  auto word = arguments.begin();
  while (word != arguments.end() && word->starts_with('-')) {
    const bool has_value =
        *word == "--url" || *word == "--token" || *word == "--cacert" || *word == "--fingerprint";
    if (++word != arguments.end() && has_value) ++word;
  }
  return word;
}

/// A sentence for what the arguments lack, and the verb's examples below it.
void explain(const CLI::App& app, const CLI::ParseError& error,
             const std::vector<std::string>& arguments, Context& context) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    const auto word = first_word(arguments);
    if (word != arguments.end() && error.get_name() != "ValidationError")
      context.err << "psmovectl: there is no verb '" << printable(*word, context.style)
                  << "': use one of " << verbs(app) << '\n';
    else
      context.err << "psmovectl: " << printable(error.what(), context.style) << '\n';
    context.err << "`psmovectl --help` tells more\n";
    return;
  }
  const auto* verb = chosen.front();
  context.err << "psmovectl " << verb->get_name() << ": " << printable(error.what(), context.style)
              << '\n'
              << verb->get_footer() << '\n';
}

}  // namespace

ExitCode run_command_line(const std::vector<std::string>& arguments, Context& context) {
  CLI::App app("Lists, watches and drives the controllers of psmoved", "psmovectl");
  app.set_version_flag("--version", "psmovectl " PSMOVED_VERSION);
  app.footer(
      "WHICH is a controller's number, name or address, or all. Times are like 500ms, 1.5s, "
      "2min.\n`psmovectl VERB --help` has examples. Exit status: 0 done, 1 psmoved said no,\n"
      "2 the arguments make no sense, 3 psmoved is not there.");
  app.formatter(std::make_shared<Help>());
  app.fallthrough();
  app.require_subcommand(1);
  add_global_options(app, context);
  add_verbs(app, context);
  if (arguments.empty()) {
    context.err << app.help();
    return ExitCode::usage;
  }
  auto backwards = arguments;
  std::reverse(backwards.begin(), backwards.end());  // the order CLI11 takes them in
  try {
    app.parse(std::move(backwards));
  } catch (const CLI::Success& help_or_version) {
    app.exit(help_or_version, context.out, context.err);
    return ExitCode::ok;
  } catch (const CLI::ParseError& error) {
    explain(app, error, arguments, context);
    return ExitCode::usage;
  }
  return context.exit_code;
}

}  // namespace psmove::client
