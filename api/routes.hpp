#pragma once
// The REST API as one table: method, path, handler. No socket, no HTTP library.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/principal.hpp"
#include "types/awaitable.hpp"

namespace psmove::api {

struct Service;

/// HEAD is GET to everybody here; only the session knows that it sends no body.
enum class Method : std::uint8_t { get, put, post, patch, del, options, other };
[[nodiscard]] Method parse_method(std::string_view method);
[[nodiscard]] std::string_view to_string(Method method);  ///< "GET"; empty for other

/// What a body says it is.
enum class Media : std::uint8_t { none, json, merge_patch, form, other };
[[nodiscard]] Media parse_media(std::string_view content_type);

struct Route;

struct Request {
  Method method = Method::get;
  bool is_encrypted = false;
  std::string host;   ///< of the Host field, a valid name with or without port; may be empty
  std::string path;   ///< as it stood in the target
  std::string id;     ///< what `{id}` matched, percent-decoded
  std::string query;  ///< raw, without the '?'
  Media media = Media::none;
  std::string content_type;  ///< raw, as is the next
  std::string body;
  std::string if_none_match;
  std::string accept;
  Principal client{};
  std::string_view address;      ///< literal, of who asks; empty on a local socket
  const Route* route = nullptr;  ///< what answers it, once that was found
};

struct Response {
  int status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::string allow;          ///< methods of the resource, where the answer is about those
  std::string fields;         ///< further header lines, each with its CR LF
  bool is_cacheable = false;  ///< without it, no cache keeps the answer
  bool is_endless = false;  ///< the body comes later, from somebody else, until the connection ends
};

/// Answers at once, or passes the request on to the route's waiting handler by returning nothing.
using Handler = std::optional<Response> (*)(Service& service, const Request& request);
/// Answers when something has happened.
using WaitingHandler = Awaitable<Response> (*)(Service& service, Request request);

/// What a route makes of the query: refuses every parameter (a typo is never a silent success),
/// reads it itself, or passes it over as the talk's server did.
enum class Parameters : std::uint8_t { none, own, ignored };

struct Route {
  Method method;
  std::string_view path;  ///< `{id}` stands for one segment
  Scope scope;            ///< what a client must have
  Handler now;
  WaitingHandler later = nullptr;
  Parameters parameters = Parameters::none;
};

/// All of them, in the order people should read them.
[[nodiscard]] std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;
  std::string id;
  /// Methods that the path has, as Allow lists them; empty where nothing is there.
  std::string allow;
};
/// Finds what serves a path; one slash at its end makes no difference.
[[nodiscard]] RouteMatch find_route(Method method, std::string_view path);

}  // namespace psmove::api
