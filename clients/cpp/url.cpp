// Parsing of server URLs; see url.hpp.

#include "clients/cpp/url.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <optional>
#include <sys/un.h>

namespace psmove::client {
namespace {

constexpr std::string_view unix_scheme = "unix:";

Error invalid(std::string_view text, std::string_view reason) {
  return {ErrorKind::invalid_argument,
          "'" + std::string(text) + "' is not a server to talk to: " + std::string(reason) +
              " (like http://localhost:6683, http://[::1]:6683 or "
              "unix:/run/psmoved/psmoved.sock)",
          0,
          {},
          {},
          {}};
}

std::optional<std::uint16_t> port_number(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return std::nullopt;
  return port;
}

/// A zone (`%eth0`) is kept for the resolver and not part of the address proper.
bool is_ipv6(std::string_view host) {
  in6_addr parsed{};
  return inet_pton(AF_INET6, std::string(host.substr(0, host.find('%'))).c_str(), &parsed) == 1;
}

bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

Answer<ServerUrl> parse_unix_url(std::string_view text) {
  ServerUrl url;
  url.socket = text.substr(unix_scheme.size());
  if (!url.socket.starts_with('/') || url.socket.find('\0') != std::string::npos)
    return invalid(text, "a Unix socket is unix: and a whole path");
  if (url.socket.size() >= sizeof(sockaddr_un::sun_path))
    return invalid(text, "the path of a Unix socket has at most " +
                             std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
  return url;
}

}  // namespace

std::string ServerUrl::authority() const {
  if (!socket.empty()) return host;
  const bool needs_brackets = host.find(':') != std::string::npos;
  return (needs_brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string ServerUrl::text() const {
  if (!socket.empty()) return std::string(unix_scheme) + socket;
  return (is_tls ? "https://" : "http://") + authority();
}

Answer<ServerUrl> parse_server_url(std::string_view text) {
  if (text.starts_with(unix_scheme)) return parse_unix_url(text);
  ServerUrl url;
  auto rest = text;
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    const auto scheme = rest.substr(0, scheme_end);
    if (scheme != "http" && scheme != "https")
      return invalid(text, "it must begin with http:// or https://");
    url.is_tls = scheme == "https";
    rest.remove_prefix(scheme_end + 3);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find_first_of("/?#") != std::string_view::npos)
    return invalid(text, "it takes a host and a port, and no path");
  if (rest.find('@') != std::string_view::npos)
    return invalid(text, "it takes no user name or password");

  std::string_view port;
  if (rest.starts_with('[')) {
    const auto bracket = rest.find(']');
    if (bracket == std::string_view::npos) return invalid(text, "a ']' is missing");
    url.host = rest.substr(1, bracket - 1);
    port = rest.substr(bracket + 1);
    if (!is_ipv6(url.host)) return invalid(text, "there is no IPv6 address between the brackets");
  } else if (is_ipv6(rest)) {
    url.host = rest;
  } else {
    const auto colon = rest.find(':');
    url.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon);
    if (!is_host_name(url.host)) return invalid(text, "the host is not a name or an address");
  }
  if (!port.empty()) {
    const auto number = port.front() == ':' ? port_number(port.substr(1)) : std::nullopt;
    if (!number) return invalid(text, "the port must be 1 to 65535");
    url.port = *number;
  }
  return url;
}

std::string encode_path_segment(std::string_view text) {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  // Unreserved characters, and the colon, which RFC 3986 allows in a segment: ids stay readable.
  static constexpr std::string_view plain = "-._~:";
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || plain.find(c) != std::string_view::npos;
    if (is_plain) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += hex[byte >> 4];
      encoded += hex[byte & 15];
    }
  }
  return encoded;
}

}  // namespace psmove::client
