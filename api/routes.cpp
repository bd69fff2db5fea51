#include "api/routes.hpp"

#include <array>

#include "api/handlers.hpp"
#include "api/request_head.hpp"
#include "api/wire/text.hpp"

namespace psmove::api {
namespace {

using enum Method;
using enum Scope;

constexpr Route table[] = {
    {get, "/api/v1", read, get_root},
    {get, "/api/v1/controllers", read, get_controllers},
    {get, "/api/v1/controllers/{id}", read, get_controller},
    {put, "/api/v1/controllers/{id}", admin, put_controller},
    {patch, "/api/v1/controllers/{id}", admin, patch_controller},
    {del, "/api/v1/controllers/{id}", admin, delete_controller},
    {get, "/api/v1/controllers/{id}/sensors", read, get_sensors, get_next_sensors, Parameters::own},
    {get, "/api/v1/controllers/{id}/led", read, get_led},
    {put, "/api/v1/controllers/{id}/led", outputs, pass_on, put_led},
    {del, "/api/v1/controllers/{id}/led", outputs, pass_on, delete_led},
    {get, "/api/v1/controllers/{id}/led/pwm", read, get_led_pwm},
    {put, "/api/v1/controllers/{id}/led/pwm", outputs, pass_on, put_led_pwm},
    {get, "/api/v1/controllers/{id}/rumble", read, get_rumble},
    {put, "/api/v1/controllers/{id}/rumble", outputs, pass_on, put_rumble},
    {del, "/api/v1/controllers/{id}/rumble", outputs, pass_on, delete_rumble},
    {get, "/api/v1/controllers/{id}/extension/rumble", read, get_extension_rumble},
    {put, "/api/v1/controllers/{id}/extension/rumble", outputs, pass_on, put_extension_rumble},
    {del, "/api/v1/controllers/{id}/extension/rumble", outputs, pass_on, delete_extension_rumble},
    {post, "/api/v1/controllers/{id}/orientation/reset", outputs, post_orientation_reset},
    {del, "/api/v1/controllers/{id}/orientation/reset", outputs, delete_orientation_reset},
    {get, "/api/v1/controllers/{id}/calibration", read, get_calibration},
    {post, "/api/v1/controllers/{id}/calibration", admin, post_calibration},
    {patch, "/api/v1/controllers/{id}/calibration", admin, patch_calibration},
    {get, "/api/v1/controllers/{id}/diagnostics", read, pass_on, get_diagnostics},
    {post, "/api/v1/controllers/{id}/disconnect", outputs, pass_on, post_disconnect},
    {get, "/api/v1/controllers/{id}/pairing", read, get_controller_pairing},
    {del, "/api/v1/controllers/{id}/pairing", admin, pass_on, delete_controller_pairing},
    {get, "/api/v1/controllers/{id}/simulation", read, get_simulation},
    {patch, "/api/v1/controllers/{id}/simulation", admin, patch_simulation},
    {get, "/api/v1/cues", read, get_cues},
    {get, "/api/v1/cues/{id}", read, get_cue},
    {put, "/api/v1/cues/{id}", outputs, pass_on, put_cue},
    {del, "/api/v1/cues/{id}", outputs, delete_cue},
    {get, "/api/v1/adapters", read, get_adapters},
    {get, "/api/v1/pairing", read, get_pairing},
    {post, "/api/v1/pairing", admin, pass_on, post_pairing},
    {del, "/api/v1/pairing", admin, pass_on, delete_pairing},
    {get, "/api/v1/tokens", admin, get_tokens},
    {post, "/api/v1/tokens", admin, post_tokens},
    {del, "/api/v1/tokens/{id}", admin, delete_token},
    {get, "/api/v1/token-requests", admin, get_token_requests},
    {post, "/api/v1/token-requests", open, post_token_requests},
    {get, "/api/v1/token-requests/{id}", open, get_token_request},
    {del, "/api/v1/token-requests/{id}", open, delete_token_request},
    {post, "/api/v1/tickets", read, post_tickets},
    {get, "/api/v1/openapi.json", open, get_openapi},
    {get, "/api/v1/asyncapi.json", open, get_asyncapi},
    {get, "/.well-known/api-catalog", open, get_api_catalog},
    // The 2013 talk's own.
    {get, "/controllers", read, legacy_list, nullptr, Parameters::ignored},
    {get, "/controllers/{id}", read, legacy_get, nullptr, Parameters::ignored},
    {put, "/controllers/{id}", outputs, legacy_put, nullptr, Parameters::ignored},
    // Operations and people.
    {get, "/livez", open, get_livez},
    {get, "/readyz", open, get_readyz},
    {get, "/metrics", read, get_metrics},
    {get, "/", open, get_front_page},
    {get, "/docs", open, get_docs_page},
    {get, "/docs/errors", open, get_error_page},
};

/// The next segment of a path, which is cut off it with its slash.
std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// Whether a path fits; `id` is what stood in the place of `{id}`.
bool fits(std::string_view pattern, std::string_view path, std::string_view& id) {
  while (!pattern.empty() && !path.empty()) {
    const auto wanted = next_segment(pattern);
    const auto given = next_segment(path);
    if (wanted == "{id}") {
      if (given.empty()) return false;
      id = given;
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

void add_allowed(std::string& allow, Method method) {
  if (!allow.empty()) allow += ", ";
  allow += to_string(method);
  if (method == get) allow += ", HEAD";
}

}  // namespace

Method parse_method(std::string_view method) {
  if (method == "GET" || method == "HEAD") return get;
  if (method == "PUT") return put;
  if (method == "POST") return post;
  if (method == "PATCH") return patch;
  if (method == "DELETE") return del;
  if (method == "OPTIONS") return options;
  return other;
}

std::string_view to_string(Method method) {
  switch (method) {
    case get:
      return "GET";
    case put:
      return "PUT";
    case post:
      return "POST";
    case patch:
      return "PATCH";
    case del:
      return "DELETE";
    case options:
      return "OPTIONS";
    case other:
      break;
  }
  return {};
}

Media parse_media(std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  if (type.empty()) return Media::none;
  if (equals_ignoring_case(type, "application/json")) return Media::json;
  if (equals_ignoring_case(type, "application/merge-patch+json")) return Media::merge_patch;
  if (equals_ignoring_case(type, "application/x-www-form-urlencoded")) return Media::form;
  return Media::other;
}

std::span<const Route> routes() {
  return table;
}

RouteMatch find_route(Method method, std::string_view path) {
  RouteMatch match;
  if (!path.starts_with('/')) return match;
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  std::string_view id;
  for (const Route& route : table) {
    if (!fits(route.path, path, id)) continue;
    if (route.method != method) {
      add_allowed(match.allow, route.method);
      continue;
    }
    auto decoded = wire::percent_decode(id, false);
    if (!decoded) return {};
    match.route = &route;
    match.id = std::move(*decoded);
    return match;
  }
  if (!match.allow.empty()) add_allowed(match.allow, options);
  return match;
}

}  // namespace psmove::api
