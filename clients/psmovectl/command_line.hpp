#pragma once
// psmovectl's command line: verb, which, what.

#include <string>
#include <vector>

#include "clients/psmovectl/context.hpp"

namespace psmove::client {

/// Runs one command.
/// @param arguments  without the program's name
[[nodiscard]] ExitCode run_command_line(const std::vector<std::string>& arguments,
                                        Context& context);

}  // namespace psmove::client
