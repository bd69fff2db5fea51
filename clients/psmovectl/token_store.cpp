#include "clients/psmovectl/token_store.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace psmove::client {

std::filesystem::path token_store() {
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  if (xdg != nullptr && *xdg != '\0') return std::filesystem::path(xdg) / "psmovectl/tokens";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".config/psmovectl/tokens";
}

std::string token_for(const ServerUrl& server, std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::istringstream words{std::string(text.substr(0, std::min(text.find('#'), end)))};
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string where;
    std::string token;
    if (!(words >> where >> token)) continue;
    const auto url = parse_server_url(where);
    if (url && url->host == server.host && url->port == server.port &&
        url->socket == server.socket && url->is_tls == server.is_tls)
      return token;
  }
  return {};
}

std::string stored_token(const ServerUrl& server) {
  std::ifstream file(token_store());
  if (!file) return {};
  std::ostringstream text;
  text << file.rdbuf();
  return token_for(server, std::move(text).str());
}

}  // namespace psmove::client
