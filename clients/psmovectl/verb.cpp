// Verb on CLI11.

#include "clients/psmovectl/verb.hpp"

#include <CLI/CLI.hpp>
#include <utility>

namespace psmove::client {

Verb::Verb(CLI::App& app, const std::string& name, const std::string& description,
           const std::string& examples)
    : app_(*app.add_subcommand(name, description)) {
  app_.group("Verbs");
  app_.footer(examples);
}

void Verb::which(std::string& into, bool is_required) {
  app_.add_option("WHICH", into, "A controller's number, name or address; or all")
      ->option_text(" ")
      ->required(is_required)
      ->check([](const std::string& text) {
        return text.empty() ? std::string("give a number, a name or an address") : std::string();
      });
}

void Verb::required(const std::string& name, std::string& into, const std::string& description) {
  app_.add_option(name, into, description)->option_text(" ")->required();
}

void Verb::optional(const std::string& name, std::string& into, const std::string& description) {
  app_.add_option(name, into, description)->option_text(" ");
}

void Verb::words(const std::string& name, std::vector<std::string>& into, int most,
                 const std::string& description) {
  app_.add_option(name, into, description)->option_text(" ")->expected(0, most);
}

void Verb::option(const std::string& name, const std::string& value, std::string& into,
                  const std::string& description) {
  app_.add_option(name, into, description)->option_text(value);
}

void Verb::option(const std::string& name, int& into, const std::string& description) {
  app_.add_option(name, into, description)->option_text("NUMBER");
}

void Verb::option(const std::string& name, double& into, double least, double most,
                  const std::string& description) {
  app_.add_option(name, into, description)->option_text("NUMBER")->check(CLI::Range(least, most));
}

void Verb::flag(const std::string& name, bool& into, const std::string& description) {
  app_.add_flag(name, into, description);
}

void Verb::action(std::function<void()> run) {
  app_.callback(std::move(run));
}

}  // namespace psmove::client
