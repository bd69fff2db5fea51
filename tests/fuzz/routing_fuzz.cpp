// Any method, target and body through the real table of routes and what reads queries and POST
// bodies: nothing crashes, what is found is what was asked for, and faults can be told.
// The input is METHOD TARGET, a line feed, and the body.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/routes.hpp"
#include "api/tickets.hpp"
#include "api/wire/controller_requests.hpp"
#include "api/wire/strict_json.hpp"
#include "api/wire/text.hpp"

namespace {

using namespace psmove;

void require(bool claim) {
  if (!claim) std::abort();
}

void require_told(const wire::Fault& fault) {
  std::string quoted;
  wire::append_quoted(quoted, fault.detail);
  wire::append_quoted(quoted, fault.pointer);
  require(wire::is_utf8(quoted) && !fault.detail.empty());
}

std::string_view cut(std::string_view& text, char at) {
  const auto part = text.substr(0, text.find(at));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

void find(api::Method method, std::string_view path) {
  const auto match = api::find_route(method, path);
  if (match.route == nullptr) {
    require(match.id.empty());
    if (match.allow.empty()) return;
    require(match.allow.ends_with(", OPTIONS"));
    const auto name = api::to_string(method);
    require(name.empty() || method == api::Method::options ||
            (", " + match.allow + ",").find(" " + std::string(name) + ",") == std::string::npos);
    return;
  }
  const auto& route = *match.route;
  require(route.method == method && route.now != nullptr);
  require((route.path.find("{id}") != std::string_view::npos) == !match.id.empty());
  // One slash at the end makes no difference.
  if (path.ends_with('/')) return;
  const auto again = api::find_route(method, std::string(path) + "/");
  require(again.route == match.route && again.id == match.id);
}

void read_query(std::string_view query) {
  if (const auto fault = wire::refuse_parameters(query)) require_told(*fault);
  const auto sensors = wire::sensors_query(query);
  if (!sensors)
    require_told(sensors.error());
  else if (sensors->average)
    require(sensors->average->count() >= 1 && sensors->average->count() <= 1000);
  std::string rest(query);
  const auto ticket = api::take_ticket(rest);
  require(ticket ? ticket->find('&') == std::string::npos && rest.size() < query.size()
                 : rest == query);
}

void read_body(api::Media media, std::string_view text) {
  api::Request request;
  request.media = media;
  request.body = text;
  const auto action = api::action_body_of(request);
  if (action)
    require(action->is_object() && (media == api::Media::json || text.empty()));
  else
    require_told(action.error());
  const auto refused = api::refuse_action_body(request);
  require(refused.has_value() == (!action || !action->empty()));
  if (refused) require_told(*refused);
  if (const auto body = api::body_of(request, api::Media::merge_patch); !body)
    require_told(body.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto line = cut(input, '\n');
  const auto method = api::parse_method(cut(line, ' '));
  const auto path = cut(line, '?');
  find(method, path);
  read_query(line);
  for (const auto media : {api::Media::none, api::Media::json, api::Media::form, api::Media::other})
    read_body(media, input);
  (void)api::parse_media(line);
  return 0;
}
