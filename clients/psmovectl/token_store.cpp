#include "clients/psmovectl/token_store.hpp"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <system_error>
#include <unistd.h>

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

std::string with_token(std::string_view text, const ServerUrl& server, std::string_view token) {
  std::string kept;
  while (!text.empty()) {
    const auto line = text.substr(0, std::min(text.find('\n'), text.size()));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (token_for(server, line).empty()) kept.append(line).append("\n");
  }
  return kept.append(server.text()).append(" ").append(token).append("\n");
}

std::string store_token(const ServerUrl& server, std::string_view token) {
  const auto path = token_store();
  if (path.empty()) return "there is no home directory to keep the token in";
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  std::ostringstream known;
  if (std::ifstream file(path); file) known << file.rdbuf();
  auto temporary = path;
  temporary += ".new";
  std::filesystem::remove(temporary, error);
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const std::string text = with_token(std::move(known).str(), server, token);
  const bool is_written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool is_closed = file >= 0 && ::close(file) == 0;
  if (is_written && is_closed) std::filesystem::rename(temporary, path, error);
  if (is_written && is_closed && !error) return {};
  return "cannot write " + path.string();
}

}  // namespace psmove::client
