#pragma once
// Who may reach the daemon, on which sockets, and who sits on the port if it is taken.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config.hpp"

namespace psmove::daemon {

/// Listening stream sockets handed over by systemd (LISTEN_FDS), close-on-exec; none where we were
/// started by hand.
std::vector<int> inherited_sockets();

/// Whether any address, or any inherited socket, can be reached from beyond this machine.
bool is_exposed(const Config& config, const std::vector<int>& inherited);

/// "nginx (pid 4711)", if this process may see who listens on the port.
std::optional<std::string> port_owner(std::uint16_t port);

}  // namespace psmove::daemon
