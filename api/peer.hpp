#pragma once
// Who is at the other end of a connection, as far as the kernel knows.

#include <optional>
#include <string>
#include <sys/types.h>

namespace psmove::api {

struct Peer {
  bool is_local = true;         ///< on loopback, or on a socket with no network behind it
  std::string address{};        ///< literal; empty where there is none
  std::string local_address{};  ///< literal, which it came in on; empty where there is none
  std::optional<uid_t> uid{};   ///< of who opened a Unix socket
  std::string user{};           ///< goes with it: the user's name, or the number where it has none
  pid_t pid = 0;                ///< the same
  bool is_encrypted = false;
  bool lacks_encryption = false;  ///< it speaks in the clear where that is not allowed
};

/// Of a connected socket. Where the kernel cannot say, it is nobody on this machine.
[[nodiscard]] Peer peer_of(int socket);

}  // namespace psmove::api
