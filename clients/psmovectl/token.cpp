// psmovectl token: makes, lists and revokes access tokens.

#include <algorithm>
#include <memory>
#include <ostream>
#include <vector>

#include "clients/cpp/messages.hpp"
#include "clients/cpp/request_bodies.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

constexpr const char* tokens_path = "/api/v1/tokens";

struct TokenArguments {
  std::string action = "list", which, scope;
};

Error not_a_token() {
  return {ErrorKind::not_psmoved, "the answer is no token", 0, {}, {}, {}};
}

ExitCode create(Context& context, const TokenArguments& arguments) {
  if (arguments.which.empty())
    return report(context, usage_error("a name is missing: token create NAME"));
  const auto body = context.client().request("POST", tokens_path,
                                             token_request(arguments.which, arguments.scope));
  if (!body) return report(context, body.error());
  if (context.json) {
    print_json(context, *body);
    return ExitCode::ok;
  }
  const auto token = parse_token(*body);
  if (!token || token->secret.empty()) return report(context, not_a_token());
  // The token alone is on standard output, for `TOKEN=$(psmovectl token create NAME)`.
  context.err << "This is shown once and not kept; use it with --token or PSMOVED_TOKEN:\n";
  context.err.flush();
  context.out << printable(token->secret, context.style) << '\n';
  return ExitCode::ok;
}

std::string last_scope(const AccessToken& token) {
  return token.scopes.empty() ? std::string() : token.scopes.back();
}

Answer<std::vector<AccessToken>> all_tokens(Context& context, std::string& body) {
  const auto answer = context.client().request("GET", tokens_path);
  if (!answer) return answer.error();
  body = *answer;
  auto tokens = parse_tokens(body);
  if (!tokens) return not_a_token();
  return *std::move(tokens);
}

ExitCode list(Context& context) {
  std::string body;
  const auto tokens = all_tokens(context, body);
  if (!tokens) return report(context, tokens.error());
  if (context.json) {
    print_json(context, body);
    return ExitCode::ok;
  }
  int width = 0;
  for (const auto& token : *tokens)
    width = std::max(width, display_width(printable(token.name, context.style)));
  for (const auto& token : *tokens)
    context.out << printable(token.id, context.style) << "  "
                << fitted(printable(token.name, context.style), width, context.style) << "  "
                << fitted(printable(last_scope(token), context.style), 7, context.style) << "  "
                << (token.was_used ? "used" : "never used")
                << (token.source == "credential" ? ", from a credential" : "") << '\n';
  if (tokens->empty()) context.out << "There is no token.\n";
  return ExitCode::ok;
}

ExitCode revoke(Context& context, const TokenArguments& arguments) {
  if (arguments.which.empty())
    return report(context, usage_error("a name or an id is missing: token revoke NAME"));
  std::string body;
  const auto tokens = all_tokens(context, body);
  if (!tokens) return report(context, tokens.error());
  const auto found = std::find_if(tokens->begin(), tokens->end(), [&](const AccessToken& token) {
    return token.name == arguments.which || token.id == arguments.which;
  });
  if (found == tokens->end())
    return report(context, {ErrorKind::refused,
                            "no token has the name or id '" + arguments.which +
                                "'; psmovectl token list shows them",
                            0,
                            "unknown_token",
                            {},
                            {}});
  const auto answer = context.client().request(
      "DELETE", std::string(tokens_path) + "/" + encode_path_segment(found->id));
  if (!answer) return report(context, answer.error());
  if (!context.json)
    context.out << "the token " << printable(found->name, context.style) << " is revoked\n";
  return ExitCode::ok;
}

ExitCode token(Context& context, const TokenArguments& arguments) {
  if (arguments.action != "create" && !arguments.scope.empty())
    return report(context, usage_error("--scope belongs to token create"));
  if (arguments.action == "create") return create(context, arguments);
  if (arguments.action == "revoke") return revoke(context, arguments);
  if (arguments.action == "list" && arguments.which.empty()) return list(context);
  return report(context, usage_error("use token create NAME, token list, or token revoke NAME"));
}

}  // namespace

void add_token(CLI::App& app, Context& context) {
  Verb verb(app, "token", "Make, list and revoke tokens that other computers come in with",
            "Examples:\n"
            "  psmovectl token create phone\n"
            "  psmovectl token create viewer --scope read\n"
            "  psmovectl token list\n"
            "  psmovectl token revoke phone");
  auto arguments = std::make_shared<TokenArguments>();
  verb.optional("ACTION", arguments->action, "create, list (the default) or revoke");
  verb.optional("NAME", arguments->which, "What the token is for; to revoke, its id does as well");
  verb.option("--scope", "SCOPE", arguments->scope,
              "What it may do: read, outputs (the default; light, rumble and reading) or admin");
  verb.action([&context, arguments] { context.exit_code = token(context, *arguments); });
}

}  // namespace psmove::client
