#include "api/stream/format.hpp"

#include "types/text.hpp"

namespace psmove::stream {
std::optional<Protocol> chosen_protocol(std::string_view offered) {
  while (!offered.empty()) {
    const auto comma = offered.find(',');
    const auto name = trimmed(offered.substr(0, comma));
    for (const Protocol& protocol : protocols)
      if (protocol.name == name) return protocol;
    offered = comma == std::string_view::npos ? "" : offered.substr(comma + 1);
  }
  return std::nullopt;
}

}  // namespace psmove::stream
