#include "daemon/token_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

#include "daemon/replace_file.hpp"
#include "types/text.hpp"

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;
using api::Token;
using nlohmann::json;

constexpr int format_version = 1;
constexpr std::size_t shortest_secret = 32;
constexpr std::size_t longest_secret = 256;
constexpr const char* credential_name = "psmoved-tokens";

std::optional<api::TokenHash> hash_from_hex(const std::string& text) {
  api::TokenHash hash{};
  if (text.size() != 2 * hash.size() ||
      text.find_first_not_of("0123456789abcdef") != std::string::npos)
    return std::nullopt;
  const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i < hash.size(); ++i)
    hash[i] = static_cast<std::uint8_t>(nibble(text[2 * i]) * 16 + nibble(text[2 * i + 1]));
  return hash;
}

std::string text_of(const json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A moment; -1: it is none.
std::int64_t time_of(const json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_number_integer() ||
      (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX))
    return -1;
  return found->get<std::int64_t>();
}

/// @return what is wrong with it, or nothing
std::string read_token(const json& object, Token& token) {
  if (!object.is_object() || object.size() != 5) return "it has not the five members of a token";
  token.name = text_of(object, "name");
  if (!api::is_token_name(token.name)) return "its name is none";
  const auto scope = api::parse_scope(text_of(object, "scope"));
  if (!scope) return "its scope is not read, outputs or admin";
  token.scope = *scope;
  const auto hash = hash_from_hex(text_of(object, "sha256"));
  if (!hash) return "its sha256 is not 64 hexadecimal digits";
  token.hash = *hash;
  token.created_us = time_of(object, "created_us");
  token.last_used_us = time_of(object, "last_used_us");
  if (token.created_us < 0 || token.last_used_us < 0)
    return "its times are not whole numbers from 0";
  return {};
}

/// @return what is wrong with all of them together, or nothing
std::string judge(const std::vector<Token>& tokens) {
  std::set<std::string> names;
  std::set<api::TokenHash> hashes;
  for (const Token& token : tokens) {
    if (!names.insert(token.name).second) return "the name \"" + token.name + "\" is there twice";
    if (!hashes.insert(token.hash).second)
      return "the token of \"" + token.name + "\" is there twice";
  }
  if (tokens.size() > api::Tokens::most)
    return "there are more than " + std::to_string(api::Tokens::most) + " tokens";
  return {};
}

bool is_secret(std::string_view text) {
  return text.size() >= shortest_secret && text.size() <= longest_secret &&
         api::bearer_token("Bearer " + std::string(text)) == text;
}

/// @return what is wrong with the line, or nothing
std::string read_line(std::string_view line, Token& token) {
  std::istringstream words{std::string(line)};
  std::string secret;
  std::string scope;
  std::string rest;
  words >> secret >> token.name >> scope;
  if (scope.empty() || (words >> rest)) return "a line is TOKEN NAME SCOPE";
  if (!is_secret(secret))
    return "a token is 32 to 256 letters, digits and -._~+/, like `openssl rand -hex 32` makes";
  if (!api::is_token_name(token.name)) return "a name has 1 to 64 characters";
  const auto known = api::parse_scope(scope);
  if (!known) return "the scope \"" + scope + "\" is not read, outputs or admin";
  token.scope = *known;
  token.hash = api::hash_of_token(secret);
  token.is_fixed = true;
  return {};
}

/// @return nothing where there is no such file
std::optional<std::string> read_if_there(const fs::path& path, std::string& wrong) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno != ENOENT && errno != ENOTDIR)
      wrong = "cannot read " + path.string() + ": " + std::strerror(errno);
    return std::nullopt;
  }
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

ReadTokens refused(std::string wrong) {
  return {.tokens = {}, .wrong = std::move(wrong)};
}

}  // namespace

std::string tokens_text(const std::vector<Token>& tokens) {
  json all = {{"format", format_version}, {"tokens", json::array()}};
  for (const Token& token : tokens)
    all["tokens"].push_back({{"name", token.name},
                             {"scope", api::to_string(token.scope)},
                             {"sha256", hex(token.hash)},
                             {"created_us", token.created_us},
                             {"last_used_us", token.last_used_us}});
  return all.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

ReadTokens parse_tokens(std::string_view text) {
  const json all = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (all.is_discarded() || !all.is_object()) return refused("it is not a JSON object");
  const auto format = all.find("format");
  if (format == all.end() || *format != format_version)
    return refused("its format is not " + std::to_string(format_version));
  const auto list = all.find("tokens");
  if (list == all.end() || !list->is_array() || all.size() != 2)
    return refused("it has not the members format and tokens, and no others");
  ReadTokens read;
  for (const json& object : *list) {
    Token token;
    if (const std::string wrong = read_token(object, token); !wrong.empty())
      return refused("token " + std::to_string(read.tokens.size() + 1) + ": " + wrong);
    read.tokens.push_back(std::move(token));
  }
  if (std::string wrong = judge(read.tokens); !wrong.empty()) return refused(std::move(wrong));
  return read;
}

ReadTokens parse_credential(std::string_view text) {
  ReadTokens read;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, std::min(text.find('#'), end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    Token token;
    if (const std::string wrong = read_line(line, token); !wrong.empty())
      return refused("line " + std::to_string(number) + ": " + wrong);
    read.tokens.push_back(std::move(token));
  }
  if (std::string wrong = judge(read.tokens); !wrong.empty()) return refused(std::move(wrong));
  return read;
}

TokenFile::TokenFile(fs::path directory) : directory_(std::move(directory)) {}

TokenFile::~TokenFile() {
  if (lock_ >= 0) ::close(lock_);
}

bool TokenFile::lock() {
  if (lock_ < 0) lock_ = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Where nothing can be locked, nothing is lost but the warning.
  return lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

ReadTokens TokenFile::load() const {
  std::string wrong;
  const auto text = read_if_there(path(), wrong);
  if (!text) return refused(std::move(wrong));
  auto read = parse_tokens(*text);
  if (!read.wrong.empty())
    read.wrong = "the file of access tokens " + path().string() + " is damaged: " + read.wrong +
                 "; mend it, or move it away and make new tokens with psmoved --create-token NAME";
  return read;
}

std::string TokenFile::save(const std::vector<Token>& tokens) const {
  std::string wrong = replace_file(path(), tokens_text(tokens), owner_only);
  if (!wrong.empty()) return wrong;
  sync(path());
  sync(directory_);
  return {};
}

ReadTokens load_credential() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) return {};
  const fs::path path = fs::path(directory) / credential_name;
  std::string wrong;
  const auto text = read_if_there(path, wrong);
  if (!text) return refused(std::move(wrong));
  auto read = parse_credential(*text);
  if (!read.wrong.empty())
    read.wrong = "the credential " + path.string() + " is no list of access tokens: " + read.wrong;
  return read;
}

ReadTokens load_all_tokens(const TokenFile& file) {
  ReadTokens all = file.load();
  if (!all.wrong.empty()) return all;
  ReadTokens given = load_credential();
  if (!given.wrong.empty()) return given;
  for (auto& token : given.tokens) {
    const auto same = std::find_if(all.tokens.begin(), all.tokens.end(), [&](const auto& known) {
      return known.name == token.name || known.hash == token.hash;
    });
    if (same != all.tokens.end())
      return {.tokens = {},
              .wrong = "the credential's token \"" + token.name +
                       "\" has the name or the secret of one in " + file.path().string() +
                       ": rename it in the credential, or revoke the other"};
    all.tokens.push_back(std::move(token));
  }
  return all;
}

}  // namespace psmove::daemon
