// What handlers share: who is meant, what is in query and body.
#include <utility>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/wire/strict_json.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {

using wire::ErrorCode;
using wire::Fault;

Response json_response(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response no_content() {
  return json_response({}, 204);
}

wire::Parsed<drivers::Controller*> controller_of(Service& service, const Request& request) {
  if (auto* controller = service.roster.find(request.id)) return controller;
  if (request.id == "all")
    return Fault{ErrorCode::unknown_controller,
                 "\"all\" stands for every controller where an output is written, and only there.",
                 {}};
  return Fault{ErrorCode::unknown_controller,
               "No controller has the id, number or name \"" + request.id + "\".",
               {}};
}

wire::Parsed<drivers::Controller*> connected_controller_of(Service& service,
                                                           const Request& request) {
  auto controller = controller_of(service, request);
  if (controller && !(*controller)->is_connected())
    return Fault{
        ErrorCode::controller_offline, "This controller is away; nothing was changed.", {}};
  return controller;
}

wire::Parsed<nlohmann::json> body_of(const Request& request, Media also) {
  if (request.media == Media::form && request.body.starts_with('{'))
    return Fault{ErrorCode::invalid_form,
                 "This is JSON, sent as a form; say Content-Type: application/json "
                 "(curl: -H 'Content-Type: application/json', or --json in place of -d).",
                 {}};
  if (request.media == Media::form) return wire::parse_form(request.body);
  if (request.media == Media::none || request.media == Media::json || request.media == also)
    return wire::parse_json(request.body);
  return Fault{
      ErrorCode::unsupported_media_type, "This body's Content-Type is not understood here.", {}};
}

wire::Parsed<nlohmann::json> action_body_of(const Request& request) {
  // A page of another site can post anything but JSON without asking, so nothing else is taken.
  if (request.media != Media::json && (request.media != Media::none || !request.body.empty()))
    return Fault{ErrorCode::unsupported_media_type, "POST takes application/json, or no body.", {}};
  if (request.body.empty())
    return wire::Parsed<nlohmann::json>(boost::system::in_place_value, nlohmann::json::object());
  auto body = wire::parse_json(request.body);
  if (body && !body->is_object())
    return Fault{ErrorCode::wrong_type, "A JSON object is expected, or no body.", {}};
  return body;
}

std::optional<Fault> refuse_action_body(const Request& request) {
  const auto body = action_body_of(request);
  if (!body) return body.error();
  if (!body->empty())
    return Fault{ErrorCode::unknown_member, "This action takes no members.",
                 "/" + body->begin().key()};
  return std::nullopt;
}

}  // namespace psmove::api
