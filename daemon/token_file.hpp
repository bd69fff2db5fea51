#pragma once
// Where access tokens are kept, and where the service is given some.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "api/tokens.hpp"

namespace psmove::daemon {

/// Tokens, or one sentence on what is wrong with the text they were to be read from.
struct ReadTokens {
  std::vector<api::Token> tokens;
  std::string wrong;
};

/// The text of tokens.json, and back. Every member is judged: a file that is not ours is refused
/// whole, not read in part.
[[nodiscard]] std::string tokens_text(const std::vector<api::Token>& tokens);
[[nodiscard]] ReadTokens parse_tokens(std::string_view text);

/// The text of a credential: lines of TOKEN NAME SCOPE, empty ones, and comments after #.
[[nodiscard]] ReadTokens parse_credential(std::string_view text);

/// tokens.json in the state directory, for its owner's eyes only. It is never touched unless all of
/// it was understood.
class TokenFile {
 public:
  explicit TokenFile(std::filesystem::path directory);
  ~TokenFile();
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

  /// Keeps other processes of ours from changing the file as long as this lives.
  /// @return false where another one has it
  [[nodiscard]] bool lock();
  /// No file is no tokens.
  [[nodiscard]] ReadTokens load() const;
  /// Waits for the disk: a token that was handed out, or revoked, must stay so. It is rare.
  [[nodiscard]] std::string save(const std::vector<api::Token>& tokens) const;
  [[nodiscard]] std::filesystem::path path() const { return directory_ / "tokens.json"; }

 private:
  std::filesystem::path directory_;
  int lock_ = -1;
};

/// `psmoved-tokens` among the service's credentials (systemd.exec(5), LoadCredential=); none where
/// there is no such thing.
[[nodiscard]] ReadTokens load_credential();

/// Those of the file and those of the credential; a name or a secret that both have is wrong.
[[nodiscard]] ReadTokens load_all_tokens(const TokenFile& file);

}  // namespace psmove::daemon
