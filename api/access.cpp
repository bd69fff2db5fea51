#include "api/access.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <cstring>
#include <sys/socket.h>
#include <utility>

#include "api/request_head.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;
using wire::Fault;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Letters, digits, dots, hyphens, underscores; in brackets hexadecimal digits, colons and dots.
bool is_host_name(std::string_view text, bool bracketed) {
  const std::string_view allowed =
      bracketed ? "0123456789abcdef:." : "abcdefghijklmnopqrstuvwxyz0123456789.-_";
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

/// IPv6 has many spellings; the one of inet_ntop is compared.
std::string canonical(std::string name) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  if (name.find(':') == std::string::npos || inet_pton(AF_INET6, name.c_str(), binary.data()) != 1)
    return name;
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET6, binary.data(), text.data(), text.size());
}

bool is_write(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

/// https://name[:port] with nothing behind, as browsers send it.
struct Origin {
  Authority authority;
  bool is_https = false;
};

std::optional<Origin> parse_origin(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    auto authority = parse_authority(text.substr(scheme.size()));
    if (!authority) return std::nullopt;
    return Origin{std::move(*authority), scheme.starts_with("https")};
  }
  return std::nullopt;
}

/// What is asked in the clear may come from a page with https all the same: of a proxy before us,
/// which gives back the name that it was asked by.
bool is_same_origin(std::string_view text, const Authority& host, bool is_encrypted) {
  const auto origin = parse_origin(text);
  if (!origin || (is_encrypted && !origin->is_https)) return false;
  const std::string_view usual_port = origin->is_https ? "443" : "80";
  const auto port = [usual_port](const Authority& authority) {
    return authority.port.empty() ? usual_port : std::string_view(authority.port);
  };
  const Authority& page = origin->authority;
  if (port(page) != port(host)) return false;
  return page.name == host.name || (is_loopback_name(page.name) && is_loopback_name(host.name));
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  Authority authority;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.name = lower(text.substr(1, end - 1));
    rest = text.substr(end + 1);
    if (!is_host_name(authority.name, true)) return std::nullopt;
    authority.name = canonical(std::move(authority.name));
  } else {
    const auto end = std::min(text.find(':'), text.size());
    authority.name = lower(text.substr(0, end));
    rest = text.substr(end);
    if (!is_host_name(authority.name, false)) return std::nullopt;
    if (authority.name.ends_with('.')) authority.name.pop_back();
  }
  if (rest.starts_with(':')) {
    rest.remove_prefix(1);
    if (!is_port(rest)) return std::nullopt;
    authority.port = rest;
  } else if (!rest.empty()) {
    return std::nullopt;
  }
  return authority;
}

bool is_loopback_name(std::string_view name) {
  if (name == "localhost" || name == "::1") return true;
  in_addr address{};
  if (inet_pton(AF_INET, std::string(name).c_str(), &address) != 1) return false;
  return ntohl(address.s_addr) >> 24 == 127;
}

Access::Access(std::vector<std::string> hosts, const std::vector<std::string>& bound,
               std::vector<std::string> origins)
    : names_(std::move(hosts)), origins_(std::move(origins)) {
  names_.insert(names_.end(), bound.begin(), bound.end());
  for (auto& name : names_) name = canonical(lower(name));
  for (auto& origin : origins_) {
    origin = lower(origin);
    if (origin.ends_with('/')) origin.pop_back();
  }
}

std::optional<Fault> Access::refuse(const RequestHead& head, std::string_view local_address,
                                    bool is_encrypted) const {
  // An HTTP/1.0 client without Host is no browser, and only browsers can be led astray by DNS.
  Authority host;
  if (head.has_host) {
    auto parsed = parse_authority(head.host);
    if (!parsed) return Fault{ErrorCode::bad_request, "The Host field is not a host name.", {}};
    host = std::move(*parsed);
    if (!host_is_known(host.name, local_address))
      return Fault{ErrorCode::unknown_host,
                   "This server does not go by that name; localhost and the addresses it listens "
                   "on are accepted, others with `hosts` in the configuration.",
                   {}};
  }
  const auto origin = head.find("origin");
  if (origin && is_configured(*origin)) return std::nullopt;
  if (origin && !is_same_origin(*origin, host, is_encrypted))
    return Fault{ErrorCode::origin_not_allowed,
                 "Pages of this origin may not talk to psmoved; name it in `origins` in the "
                 "configuration if they may.",
                 {}};
  const auto site = head.find("sec-fetch-site");
  if (site && equals_ignoring_case(*site, "cross-site") &&
      (is_write(head.method) || head.find("upgrade")))
    return Fault{ErrorCode::cross_site_write,
                 "A browser sent this on behalf of another site, which may not write here.",
                 {}};
  return std::nullopt;
}

std::string_view Access::foreign_origin(const RequestHead& head) const {
  const auto origin = head.find("origin");
  return origin && is_configured(*origin) ? *origin : std::string_view();
}

bool Access::host_is_known(std::string_view name, std::string_view local_address) const {
  if (name.empty()) return false;
  return is_loopback_name(name) || name == local_address ||
         std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool Access::is_configured(std::string_view origin) const {
  return std::any_of(origins_.begin(), origins_.end(), [origin](const std::string& allowed) {
    return equals_ignoring_case(allowed, origin);
  });
}

}  // namespace psmove::api
