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

}  // namespace psmove::client
