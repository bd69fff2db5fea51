#pragma once
// Who may talk to us: names in Host against DNS rebinding, Origin and Sec-Fetch-Site against other
// people's web pages. Pure text.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/fault.hpp"

namespace psmove::api {

struct RequestHead;

/// "localhost:6683", "[::1]", "10.0.0.5:80" taken apart.
struct Authority {
  std::string name;  ///< lower case, without brackets and without a last dot
  std::string port;  ///< digits, empty where none is given
};
[[nodiscard]] std::optional<Authority> parse_authority(std::string_view text);

/// localhost, 127.0.0.0/8 and ::1.
[[nodiscard]] bool is_loopback_name(std::string_view name);

class Access {
 public:
  /// @param hosts    further names that Host may carry, besides those of loopback
  /// @param bound    literal addresses that are listened on
  /// @param origins  foreign origins that may talk to us, exact; "null" has to be named as well
  Access(std::vector<std::string> hosts, const std::vector<std::string>& bound,
         std::vector<std::string> origins);

  /// Judges a request before it is routed.
  /// @param local_address  the literal address this connection came in on
  /// @param is_encrypted   then no page that came in the clear is one of ours
  [[nodiscard]] std::optional<wire::Fault> refuse(const RequestHead& head,
                                                  std::string_view local_address,
                                                  bool is_encrypted = false) const;

  /// The configured origin to echo in Access-Control-Allow-Origin, or empty. Pages of our own need
  /// no such header.
  [[nodiscard]] std::string_view foreign_origin(const RequestHead& head) const;
  [[nodiscard]] bool has_foreign_origins() const { return !origins_.empty(); }

 private:
  [[nodiscard]] bool host_is_known(std::string_view name, std::string_view local_address) const;
  [[nodiscard]] bool is_configured(std::string_view origin) const;

  std::vector<std::string> names_;
  std::vector<std::string> origins_;
};

}  // namespace psmove::api
