// No text makes the readers of tokens crash; what is taken is complete, and comes back as it was.

#include <cstdlib>
#include <string_view>

#include "api/tokens.hpp"
#include "daemon/token_file.hpp"

namespace {

void check(const psmove::daemon::ReadTokens& read) {
  if (!read.wrong.empty() && !read.tokens.empty()) std::abort();
  for (const auto& token : read.tokens)
    if (!psmove::api::is_token_name(token.name) || token.scope == psmove::api::Scope::open)
      std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace psmove::daemon;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(parse_credential(text));
  const auto bearer = psmove::api::bearer_token(text);
  if (bearer && bearer->find_first_of(" \r\n,\"") != std::string_view::npos) std::abort();
  const auto read = parse_tokens(text);
  check(read);
  if (read.tokens.empty()) return 0;
  const auto again = parse_tokens(tokens_text(read.tokens));
  if (again.tokens.size() != read.tokens.size()) std::abort();
  for (std::size_t i = 0; i < read.tokens.size(); ++i)
    if (again.tokens[i].name != read.tokens[i].name || again.tokens[i].hash != read.tokens[i].hash)
      std::abort();
  return 0;
}
