#pragma once
// How a command declares its arguments. The parser behind it (CLI11) is slow to compile, so it is
// seen by verb.cpp and command_line.cpp only.

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace psmove::client {

/// One verb of the command line. What is filled in must live as long as the parser does.
class Verb {
 public:
  /// @param examples  shown by --help, and after a usage error
  Verb(CLI::App& app, const std::string& name, const std::string& description,
       const std::string& examples);

  /// The positional WHICH: a controller's number, name or address, or all.
  void which(std::string& into, bool is_required = true);
  void required(const std::string& name, std::string& into, const std::string& description);
  void optional(const std::string& name, std::string& into, const std::string& description);
  /// Up to `most` words, or none.
  void words(const std::string& name, std::vector<std::string>& into, int most,
             const std::string& description);
  /// @param value  what stands for the value in --help, "TIME"
  void option(const std::string& name, const std::string& value, std::string& into,
              const std::string& description);
  void option(const std::string& name, int& into, const std::string& description);
  void option(const std::string& name, double& into, double least, double most,
              const std::string& description);
  void flag(const std::string& name, bool& into, const std::string& description);
  /// Runs when this verb was given and all its arguments are in place.
  void action(std::function<void()> run);

 private:
  CLI::App& app_;
};

}  // namespace psmove::client
