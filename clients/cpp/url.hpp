#pragma once
// Where the daemon is, as people write it.

#include <cstdint>
#include <string>
#include <string_view>

#include "clients/cpp/error.hpp"

namespace psmove::client {

/// "MOVE" on a phone.
inline constexpr std::uint16_t default_port = 6683;

struct ServerUrl {
  std::string host = "localhost";  ///< a name or an address; IPv6 without its brackets
  std::uint16_t port = default_port;
  std::string token{};    ///< sent as `Authorization: Bearer`; empty: none. Never part of text()
  std::string socket{};   ///< path of a Unix socket, which goes before host and port; empty: none
  bool is_tls = false;    ///< https
  std::string ca_file{};  ///< PEM, whom to believe that it is this server; empty: the system's
  std::string fingerprint{};  ///< SHA-256 of its certificate, 64 capital digits; goes before those

  [[nodiscard]] std::string authority() const;  ///< "localhost:6683", "[::1]:6683"
  [[nodiscard]] std::string text() const;       ///< "https://stage:6683", "unix:/run/psmoved.sock"
  friend bool operator==(const ServerUrl&, const ServerUrl&) = default;
};

/// Reads `http://host:port`, `https://host:port`, `host:port`, `host`, `[::1]:port` or `::1`, where
/// a last slash is allowed, and `unix:/path`. What is missing has the defaults of ServerUrl.
/// @return invalid_argument for other schemes, a path behind the host, a user, or a port that is
/// none
[[nodiscard]] Answer<ServerUrl> parse_server_url(std::string_view text);

/// One segment of a path, percent-encoded as RFC 3986 wants it: a controller's name may hold
/// anything.
[[nodiscard]] std::string encode_path_segment(std::string_view text);

}  // namespace psmove::client
