// Any text as a client's message and as the query of the URL: refused or within the documented
// ranges, and every answer is JSON.

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "api/wire/stream_messages.hpp"
#include "api/wire/text.hpp"

namespace {

using namespace psmove::wire;

void require(bool claim) {
  if (!claim) std::abort();
}
void require_json(const std::string& text) {
  require(nlohmann::json::accept(text));
}

void check(const SubscribeRequest& request) {
  require(!request.id.empty() && characters(request.id) <= longest_id);
  require(request.topics != 0 && request.fields <= all_fields);
  require(request.max_rate_hz.has_value() == (request.policy != Policy::all) ||
          request.policy == Policy::latest);
  if (request.max_rate_hz)
    require(*request.max_rate_hz >= slowest_rate_hz && *request.max_rate_hz <= fastest_rate_hz);
  require_json(subscribed_message(request, request.controllers));
  require_json(snapshot_message(request.id, {}));
  for (unsigned i = 0; i < topic_count; ++i)
    require_json(event_head(static_cast<Topic>(i), request.id) + "\"x\":1}");
}

void check(const StreamRequest& request) {
  if (const auto* subscribe = std::get_if<SubscribeRequest>(&request)) check(*subscribe);
  if (const auto* ping = std::get_if<PingRequest>(&request)) require_json(pong_message(*ping, 1));
  if (const auto* unsubscribe = std::get_if<UnsubscribeRequest>(&request))
    require_json(unsubscribed_message(unsubscribe->id));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto message = parse_client_message(text);
  require_json(message.to);
  if (message.request)
    check(*message.request);
  else
    require_json(error_message(message.to, message.request.error()));
  const auto query = parse_stream_query(text);
  if (!query)
    require_json(error_message("null", query.error()));
  else if (*query)
    check(**query);
  return 0;
}
