// psmovectl token: makes, lists and revokes access tokens.

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <ostream>
#include <thread>
#include <unistd.h>
#include <vector>

#include "clients/cpp/messages.hpp"
#include "clients/cpp/request_bodies.hpp"
#include "clients/psmovectl/commands.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/token_store.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {
namespace {

constexpr const char* tokens_path = "/api/v1/tokens";
constexpr const char* requests_path = "/api/v1/token-requests";
constexpr auto poll_interval = std::chrono::milliseconds(500);

struct TokenArguments {
  std::string action = "list", which, scope;
  bool save = false;
};

std::string host_name() {
  std::array<char, 65> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name[0] == '\0' ? "psmovectl" : name.data();
}

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

/// Waits for somebody to press the button. The daemon's answers say how it went.
Answer<TokenRequest> awaited(Context& context, TokenRequest request) {
  const std::string path = std::string(requests_path) + "/" + encode_path_segment(request.id);
  while (request.state == "waiting") {
    std::this_thread::sleep_for(poll_interval);
    const auto answer = context.client().request("GET", path);
    if (!answer) return answer.error();
    auto newer = parse_token_request(*answer);
    if (!newer) return not_a_token();
    request = *std::move(newer);
  }
  return request;
}

std::string why_not(const TokenRequest& request) {
  if (request.state == "expired") return "nobody pressed Move within 30 s";
  if (request.state == "canceled") return "the request was refused on the other side";
  return request.detail.empty() ? "the token was not granted" : request.detail;
}

ExitCode request(Context& context, const TokenArguments& arguments) {
  const auto name = arguments.which.empty() ? host_name() : arguments.which;
  const auto body =
      context.client().request("POST", requests_path, token_request(name, arguments.scope));
  if (!body) return report(context, body.error());
  const auto asked = parse_token_request(*body);
  if (!asked) return report(context, not_a_token());
  context.err << "Press Move on one of the controllers that glow white now; there are 30 s.\n";
  context.err.flush();
  const auto ended = awaited(context, *asked);
  if (!ended) return report(context, ended.error());
  if (ended->secret.empty())
    return report(context, {ErrorKind::refused, why_not(*ended), 0, {}, {}, {}});
  if (!arguments.save) {
    context.out << printable(ended->secret, context.style) << '\n';
    return ExitCode::ok;
  }
  if (const auto wrong = store_token(context.url, ended->secret); !wrong.empty()) {
    context.err << "psmovectl: " << wrong << "; the token is\n";
    context.out << printable(ended->secret, context.style) << '\n';
    return ExitCode::ok;
  }
  context.out << "the token " << printable(ended->name, context.style) << " is kept in "
              << token_store().string() << " and used for " << context.url.text() << '\n';
  return ExitCode::ok;
}

/// Who asks for one now; nothing where this client may not know.
void print_request(Context& context) {
  const auto answer = context.client().request("GET", requests_path);
  const auto requests = answer ? parse_token_requests(*answer) : std::nullopt;
  if (!requests) return;
  for (const auto& each : *requests)
    context.out << printable(each.name, context.style) << ", from "
                << (each.address.empty() ? "this computer" : printable(each.address, context.style))
                << ", asks for a token: press Move on a controller to grant it, or\n"
                << "  psmovectl token refuse\n";
}

ExitCode refuse(Context& context) {
  const auto answer = context.client().request("GET", requests_path);
  if (!answer) return report(context, answer.error());
  const auto requests = parse_token_requests(*answer);
  if (!requests || requests->empty()) {
    context.out << "Nobody asks for a token.\n";
    return ExitCode::ok;
  }
  for (const auto& each : *requests) {
    const auto gone = context.client().request(
        "DELETE", std::string(requests_path) + "/" + encode_path_segment(each.id));
    if (!gone) return report(context, gone.error());
    context.out << printable(each.name, context.style) << " gets no token\n";
  }
  return ExitCode::ok;
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
  print_request(context);
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
  const bool makes_one = arguments.action == "create" || arguments.action == "request";
  if (!makes_one && !arguments.scope.empty())
    return report(context, usage_error("--scope belongs to token create and token request"));
  if (arguments.action != "request" && arguments.save)
    return report(context, usage_error("--save belongs to token request"));
  if (arguments.action == "create") return create(context, arguments);
  if (arguments.action == "request") return request(context, arguments);
  if (arguments.action == "refuse" && arguments.which.empty()) return refuse(context);
  if (arguments.action == "revoke") return revoke(context, arguments);
  if (arguments.action == "list" && arguments.which.empty()) return list(context);
  return report(context, usage_error("use token create NAME, token request [NAME], token list, "
                                     "token refuse, or token revoke NAME"));
}

}  // namespace

void add_token(CLI::App& app, Context& context) {
  Verb verb(app, "token", "Make, list and revoke tokens that other computers come in with",
            "Examples:\n"
            "  psmovectl token create phone\n"
            "  psmovectl token create viewer --scope read\n"
            "  psmovectl --url stage.local token request --save\n"
            "  psmovectl token list\n"
            "  psmovectl token revoke phone");
  auto arguments = std::make_shared<TokenArguments>();
  verb.optional(
      "ACTION", arguments->action,
      "create; request: by a press on a controller; list (the default), refuse or revoke");
  verb.optional("NAME", arguments->which, "What the token is for; to revoke, its id does as well");
  verb.flag("--save", arguments->save,
            "Keep what was granted for this URL, and use it from now on");
  verb.option("--scope", "SCOPE", arguments->scope,
              "What it may do: read, outputs (the default; light, rumble and reading) or admin");
  verb.action([&context, arguments] { context.exit_code = token(context, *arguments); });
}

}  // namespace psmove::client
