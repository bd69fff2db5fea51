// Access tokens as resources, and how one is asked for.
#include <string>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/problem.hpp"
#include "api/token_requests.hpp"
#include "api/token_wish.hpp"
#include "api/tokens.hpp"
#include "api/wire/json_members.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::SteadyClock;
using wire::ErrorCode;
using wire::Fault;

std::string scopes_array(Scope scope) {
  std::string array = "[\"read\"";
  if (scope >= Scope::outputs) array += ",\"outputs\"";
  if (scope >= Scope::admin) array += ",\"admin\"";
  return array + "]";
}

std::optional<std::int64_t> known_time(std::int64_t time_us) {
  return time_us == 0 ? std::nullopt : std::optional(time_us);
}

/// @param secret  shown once, in the answer to who made it
std::string token_body(const Token& token, std::string_view secret = {}) {
  std::string body = "{";
  wire::text_member(body, "id", token.id());
  wire::text_member(body, "name", token.name);
  wire::raw_member(body, "scopes", scopes_array(token.scope));
  wire::text_member(body, "source", token.is_fixed ? "credential" : "file");
  wire::integer_or_null(body, "created_us", known_time(token.created_us));
  wire::integer_or_null(body, "last_used_us", known_time(token.last_used_us));
  if (!secret.empty()) wire::text_member(body, "token", secret);
  return body + '}';
}

std::string_view to_string(TokenRequest::State state) {
  switch (state) {
    case TokenRequest::State::waiting:
      return "waiting";
    case TokenRequest::State::granted:
      return "granted";
    case TokenRequest::State::expired:
      return "expired";
    case TokenRequest::State::canceled:
      return "canceled";
    case TokenRequest::State::failed:
      break;
  }
  return "failed";
}

/// @param with_secret  for who knows its id, to whom the token belongs
std::string token_request_body(const TokenRequest& asked, bool with_secret) {
  std::string body = "{";
  wire::text_member(body, "id", asked.id);
  wire::text_member(body, "name", asked.token_name.empty() ? asked.name : asked.token_name);
  wire::raw_member(body, "scopes", scopes_array(asked.scope));
  wire::text_member(body, "state", to_string(asked.state));
  wire::text_or_null(body, "address", asked.address);
  wire::integer_member(body, "expires_us", asked.expires_us);
  if (with_secret && !asked.token.empty()) wire::text_member(body, "token", asked.token);
  if (asked.why) wire::text_member(body, "detail", asked.why->detail);
  return body + '}';
}

/// The id is not repeated: it may be somebody's who mistyped one that counts.
Fault no_such_request() {
  return {ErrorCode::unknown_token_request, "There is no such request for a token.", {}};
}

Fault no_tokens() {
  return {ErrorCode::not_saved, "This server keeps no tokens.", {}};
}

}  // namespace

std::optional<Response> get_tokens(Service& service, const Request&) {
  std::string body = "[";
  if (service.config.tokens != nullptr)
    for (const Token& token : service.config.tokens->all()) {
      if (body.size() > 1) body += ',';
      body += token_body(token);
    }
  return json_response(body + ']');
}

std::optional<Response> post_tokens(Service& service, const Request& request) {
  const auto body = action_body_of(request);
  if (!body) return problem(body.error(), request.path);
  const auto wanted = token_wish(*body);
  if (!wanted) return problem(wanted.error(), request.path);
  Tokens* tokens = service.config.tokens;
  if (tokens == nullptr) return problem(no_tokens(), request.path);
  const auto secret = tokens->create(wanted->name, wanted->scope, service.roster.clock().now_us());
  if (!secret) return problem(secret.error(), request.path);
  const Token& token = tokens->all().back();
  auto response = json_response(token_body(token, *secret), 201);
  response.fields = "Location: /api/v1/tokens/" + token.id() + "\r\n";
  return response;
}

std::optional<Response> delete_token(Service& service, const Request& request) {
  Tokens* tokens = service.config.tokens;
  const auto fault = tokens != nullptr ? tokens->revoke(request.id) : no_tokens();
  if (fault) return problem(*fault, request.path);
  return no_content();
}

std::optional<Response> get_token_requests(Service& service, const Request&) {
  const auto* waiting = service.token_requests->pending(SteadyClock::now());
  return json_response(waiting != nullptr ? "[" + token_request_body(*waiting, false) + "]" : "[]");
}

std::optional<Response> post_token_requests(Service& service, const Request& request) {
  if (!service.config.token_requests)
    return problem(
        {ErrorCode::token_requests_off, "Here no token is granted by a press on a controller.", {}},
        request.path);
  const auto body = action_body_of(request);
  if (!body) return problem(body.error(), request.path);
  const auto wanted = token_wish(*body);
  if (!wanted) return problem(wanted.error(), request.path);
  if (wanted->scope == Scope::admin)
    return problem({ErrorCode::invalid_value,
                    "A press grants \"read\" and \"outputs\"; \"admin\" is for psmovectl token "
                    "create NAME --scope admin.",
                    "/scopes"},
                   request.path);
  const auto asked =
      service.token_requests->ask(wanted->name, wanted->scope, request.address, SteadyClock::now());
  if (!asked) return problem(asked.error().fault, request.path, asked.error().retry_after);
  auto response = json_response(token_request_body(**asked, true), 202);
  response.fields = "Location: /api/v1/token-requests/" + (*asked)->id + "\r\n";
  return response;
}

std::optional<Response> get_token_request(Service& service, const Request& request) {
  const auto* known = service.token_requests->find(request.id, SteadyClock::now());
  if (known == nullptr) return problem(no_such_request(), request.path);
  return json_response(token_request_body(*known, true));
}

std::optional<Response> delete_token_request(Service& service, const Request& request) {
  if (!service.token_requests->cancel(request.id, SteadyClock::now()))
    return problem(no_such_request(), request.path);
  return no_content();
}

std::optional<Response> post_tickets(Service& service, const Request& request) {
  if (const auto fault = refuse_action_body(request)) return problem(*fault, request.path);
  const auto ticket = service.tickets.issue(request.client, SteadyClock::now());
  std::string body = "{";
  wire::text_member(body, "ticket", ticket);
  wire::integer_member(
      body, "expires_us",
      service.roster.clock().now_us() + std::chrono::microseconds(Tickets::lifetime).count());
  return json_response(body + '}', 201);
}

}  // namespace psmove::api
