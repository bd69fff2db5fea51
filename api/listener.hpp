#pragma once
// Sockets to listen on: TCP addresses, files of Unix sockets, and what systemd hands over.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace psmove::api {

/// Of a Unix socket that we make. Who may write to the file may connect.
struct SocketFileRules {
  mode_t mode = 0660;
  std::optional<gid_t> group{};  ///< nothing: the process's own
};

/// The file of a Unix socket of ours; removed with its owner, unless it is another one by then.
class SocketFile {
 public:
  SocketFile() = default;
  /// @param path  where a socket of ours has just been bound
  explicit SocketFile(std::string path);
  ~SocketFile() { remove(); }
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept;

  void remove();

 private:
  std::string path_;  ///< empty: there is none
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct Listener {
  int socket = -1;    ///< listening and non-blocking; not closed here
  SocketFile file{};  ///< where we made one
};

/// The path in "unix:/run/psmoved/psmoved.sock"; nothing for everything else.
[[nodiscard]] std::optional<std::string_view> socket_path(std::string_view address);

/// What is wrong with an address to listen on, or nothing. Whether it is one of this machine's is
/// for the kernel to say.
[[nodiscard]] std::string fault_of_address(const std::string& address);

/// Listens on every address; all or nothing. Where a host has no IPv6, "::1" is left out as long as
/// another address is listened on.
/// @throws boost::system::system_error, which names the address that failed; std::runtime_error
///         with a sentence for files of Unix sockets
[[nodiscard]] std::vector<Listener> listen_on_all(const std::vector<std::string>& addresses,
                                                  std::uint16_t port, const SocketFileRules& rules);

/// Makes sockets that somebody else opened ours.
/// @throws boost::system::system_error where one is neither TCP nor Unix
[[nodiscard]] std::vector<Listener> take_over(const std::vector<int>& sockets);

/// The port of the first TCP socket; 0: there is none.
[[nodiscard]] std::uint16_t port_of(const std::vector<Listener>& listeners);

/// The literal addresses that are listened on, without those that mean all.
[[nodiscard]] std::vector<std::string> literal_addresses(const std::vector<Listener>& listeners);

}  // namespace psmove::api
