#pragma once
// Where log lines go: the journal with priorities under systemd, else standard error.

#include <string>

namespace psmove::daemon {

/// Sets up the log for the whole program. `level`: debug, info, warning or error.
void set_up_log(const std::string& level);

/// From now on.
void set_log_level(const std::string& level);

}  // namespace psmove::daemon
