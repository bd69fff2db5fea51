#pragma once
// Who may reach the daemon, on which sockets, and who sits on the port if it is taken.

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "daemon/config.hpp"

namespace psmove::daemon {

/// Listening stream sockets handed over by systemd (LISTEN_FDS), close-on-exec; none where we were
/// started by hand.
std::vector<int> inherited_sockets();

/// Whether any address, or any inherited socket, can be reached from beyond this machine.
bool is_exposed(const Config& config, const std::vector<int>& inherited);

/// Whether a Unix socket is among what is listened on.
bool has_unix_socket(const Config& config, const std::vector<int>& inherited);

/// What the names of users and groups in a configuration mean on this machine.
struct SocketAccess {
  std::optional<gid_t> group{};        ///< of socket files; nothing: our own
  std::vector<uid_t> trusted_users{};  ///< root, ourselves, and who is listed
  std::string wrong{};                 ///< one sentence on a name that nobody has
};
SocketAccess socket_access(const Config& config);

/// @return one sentence on why these settings may not be listened with: strangers would get in, or
///         nobody would; empty: they may
std::string judge_exposure(const Config& config, const std::vector<int>& inherited,
                           bool has_tokens);

/// "nginx (pid 4711)", if this process may see who listens on the port.
std::optional<std::string> port_owner(std::uint16_t port);

}  // namespace psmove::daemon
