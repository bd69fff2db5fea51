#pragma once
// What a client is ready to take (RFC 9110 12.5.1).

#include <string_view>

namespace psmove::api {

/// Whether a list of media ranges admits this type: the most specific range that fits decides, and
/// `q=0` refuses. An empty list admits everything; what cannot be read in it admits nothing.
[[nodiscard]] bool accepts(std::string_view list, std::string_view type);

/// Whether a client of /metrics that says this would rather have OpenMetrics 1.0 than plain text:
/// it names that type, without a version or with this one, at no less weight than it gives to text.
[[nodiscard]] bool prefers_openmetrics(std::string_view list);

}  // namespace psmove::api
