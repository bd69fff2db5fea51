#include "api/stream/format.hpp"

namespace psmove::stream {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

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
