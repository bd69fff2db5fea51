#pragma once
// The tokens a user has been given, each for one server: ~/.config/psmovectl/tokens.

#include <filesystem>
#include <string>
#include <string_view>

#include "clients/cpp/url.hpp"

namespace psmove::client {

/// $XDG_CONFIG_HOME/psmovectl/tokens, else in ~/.config; empty where there is no home.
[[nodiscard]] std::filesystem::path token_store();

/// Lines of SERVER TOKEN, empty ones and comments after #. A token goes to its own server only.
/// @return empty where the text has none for this server
[[nodiscard]] std::string token_for(const ServerUrl& server, std::string_view text);

/// The same out of the file; empty where that is not there.
[[nodiscard]] std::string stored_token(const ServerUrl& server);

/// Puts it in place of what is there for this server; the file is for its owner alone.
/// @return empty, or one sentence on why it failed
std::string store_token(const ServerUrl& server, std::string_view token);

/// `text` with this line instead of those of the same server.
[[nodiscard]] std::string with_token(std::string_view text, const ServerUrl& server,
                                     std::string_view token);

}  // namespace psmove::client
