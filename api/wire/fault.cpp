#include "api/wire/fault.hpp"

#include <array>
#include <cassert>
#include <cstddef>
#include <stdexcept>

namespace psmove::wire {
namespace {

struct Entry {
  ErrorCode code;
  int status;
  std::string_view name;
  std::string_view title;
  std::string_view advice;
};

using enum ErrorCode;

// In the order of the enumeration, so that a code is its own index.
constexpr Entry table[] = {
    {invalid_json, 400, "invalid_json", "Not valid JSON",
     "Send one JSON text; detail says where it stops being one. Nesting is limited to 16 levels."},
    {invalid_form, 400, "invalid_form", "Not a valid form body",
     "Percent-encode the body, or the query, as name=value pairs joined by &, or send JSON."},
    {invalid_cbor, 400, "invalid_cbor", "Not valid CBOR",
     "Send one CBOR data item in a binary message; detail says where it stops being one. Nesting "
     "is limited to 16 levels."},
    {invalid_utf8, 400, "invalid_utf8", "Not valid UTF-8", "Encode the text as UTF-8."},
    {duplicate_member, 400, "duplicate_member", "Member given twice",
     "Give each member once; which of two should win is anyone's guess."},
    {bad_request, 400, "bad_request", "Bad request",
     "The request breaks a rule of HTTP or WebSocket; detail says "
     "which."},
    {unsupported_subprotocol, 400, "unsupported_subprotocol", "No common subprotocol",
     "Offer a subprotocol that detail names in Sec-WebSocket-Protocol, or none."},
    {token_required, 401, "token_required", "Token required",
     "Send a token: Authorization: Bearer TOKEN. `psmovectl token create NAME`, on the machine "
     "that "
     "psmoved runs on, makes one."},
    {invalid_token, 401, "invalid_token", "Token not valid",
     "This token or ticket was never made, was revoked, or was used up; get a new one."},
    {origin_not_allowed, 403, "origin_not_allowed", "Origin not allowed",
     "A web page of another site asked. Add its origin to `origins` in the configuration if it "
     "may."},
    {cross_site_write, 403, "cross_site_write", "Cross-site write refused",
     "A browser sent this on behalf of another site. Add that origin to `origins` if it may."},
    {local_only, 403, "local_only", "Only on this machine",
     "Ask from the machine that psmoved runs on; what it logs is for its operator."},
    {insufficient_scope, 403, "insufficient_scope", "Scope is not enough",
     "Use a token with the scope that detail names; `psmovectl token create NAME --scope SCOPE` "
     "makes one."},
    {token_requests_off, 403, "token_requests_off", "Tokens cannot be asked for here",
     "Have one made with `psmovectl token create NAME`, or set token_requests = true."},
    {not_found, 404, "not_found", "No such resource",
     "Check the path; GET /api/v1 links to what there is."},
    {unknown_controller, 404, "unknown_controller", "No such controller",
     "Use an id, a number or a name from GET /api/v1/controllers."},
    {unknown_cue, 404, "unknown_cue", "No such cue",
     "Use the name of one that GET /api/v1/cues lists."},
    {unknown_token, 404, "unknown_token", "No such token", "Use an id from GET /api/v1/tokens."},
    {unknown_token_request, 404, "unknown_token_request", "No such request for a token",
     "It was answered more than a minute ago, or never made; POST /api/v1/token-requests makes a "
     "new one."},
    {method_not_allowed, 405, "method_not_allowed", "Method not allowed",
     "Use one of the methods in the Allow header."},
    {not_acceptable, 406, "not_acceptable", "Not acceptable",
     "Leave Accept out, or let it admit the media type that detail names."},
    {timeout, 408, "timeout", "Request took too long",
     "Send the whole head within 5 s and the body within 10 s."},
    {controller_offline, 409, "controller_offline", "Controller is away",
     "Press its PS button, or bring it back into range, and send the request again."},
    {name_taken, 409, "name_taken", "Name is taken",
     "Choose another name, or take it from the other controller first."},
    {number_taken, 409, "number_taken", "Number is taken",
     "Choose another number, or give the other controller a different one first."},
    {controller_connected, 409, "controller_connected", "Controller is connected",
     "Only a controller that is away can be forgotten; switch it off first."},
    {not_simulated, 409, "not_simulated", "Not a simulated controller",
     "Only controllers started with --simulate can be driven this way."},
    {no_magnetometer, 409, "no_magnetometer", "No magnetometer",
     "This controller sends no magnetometer readings: its heading comes from the gyroscope alone."},
    {no_fit_running, 409, "no_fit_running", "No fit is running",
     "Start one with POST …/calibration {\"action\": \"start\"}."},
    {fit_incomplete, 409, "fit_incomplete", "Fit is not complete",
     "Turn the controller into the directions that are missing, away from magnets and iron, and "
     "finish again; the fit goes on."},
    {not_on_cable, 409, "not_on_cable", "Not on the cable",
     "Plug the controller in with a USB cable that carries data, and send the request again."},
    {pairing_busy, 409, "pairing_busy", "Pairing is under way",
     "Another pairing of this controller is being carried out; GET …/pairing shows how far it is."},
    {not_paired, 409, "not_paired", "Not paired",
     "The controller is not being paired, and this computer's BlueZ does not know it."},
    {not_on_bluetooth, 409, "not_on_bluetooth", "Not on Bluetooth",
     "Pull the cable, press the PS button, and send the request again."},
    {not_capable, 409, "not_capable", "Controller cannot do that",
     "This model does not have it; capabilities in GET …/controllers/{id} says what it has."},
    {no_extension, 409, "no_extension", "No such extension device",
     "Plug the device into the controller's extension port; extension in GET …/controllers/{id} "
     "says what is there."},
    {companion_taken, 409, "companion_taken", "Companion is taken",
     "Take it from the other controller first: PATCH that one with {\"companion\": null}."},
    {too_many_controllers, 409, "too_many_controllers", "Too many controllers",
     "Forget those that are not used any more: DELETE …/controllers/{id}."},
    {cue_begun, 409, "cue_begun", "Cue has begun",
     "It is being written to its controllers; GET it until its state is done."},
    {fixed_token, 409, "fixed_token", "Token is not ours to revoke",
     "It comes from the service's credentials: take it out there, and restart psmoved."},
    {too_many_tokens, 409, "too_many_tokens", "Too many tokens",
     "Revoke those that are not used any more: DELETE /api/v1/tokens/{id}."},
    {token_request_pending, 409, "token_request_pending", "Somebody else is asking",
     "One request at a time: wait as long as Retry-After says."},
    {no_controller, 409, "no_controller", "No controller to press",
     "Press PS on a controller, and ask again when it is connected."},
    {payload_too_large, 413, "payload_too_large", "Body too large",
     "Keep bodies and messages within the limits that GET /api/v1 lists."},
    {uri_too_long, 414, "uri_too_long", "Request target too long",
     "Keep path and query within 2048 bytes together."},
    {unsupported_media_type, 415, "unsupported_media_type", "Unsupported media type",
     "Send application/json. PUT and PATCH take application/x-www-form-urlencoded as well, and "
     "PATCH application/merge-patch+json."},
    {expectation_failed, 417, "expectation_failed", "Expectation failed",
     "The only expectation understood is 100-continue."},
    {unknown_host, 421, "unknown_host", "Host name not served here",
     "Use localhost or an address this server listens on, or add the name to `hosts` in the "
     "configuration."},
    {unknown_member, 422, "unknown_member", "Unknown member",
     "Check the spelling; detail lists what is accepted."},
    {missing_member, 422, "missing_member", "Member missing", "Add the member that detail names."},
    {conflicting_members, 422, "conflicting_members", "Members contradict each other",
     "Give one of the two only."},
    {wrong_type, 422, "wrong_type", "Wrong type", "Send the JSON type that detail names."},
    {out_of_range, 422, "out_of_range", "Value out of range",
     "Stay within the range that detail names."},
    {invalid_value, 422, "invalid_value", "Value not accepted",
     "Use one of the values that detail names."},
    {reserved_name, 422, "reserved_name", "Name is reserved",
     "Choose a name that does not begin as detail says: psmoved gives those itself."},
    {upgrade_required, 426, "upgrade_required", "WebSocket upgrade required",
     "Connect with a WebSocket client of version 13 (RFC 6455)."},
    {too_many_requests, 429, "too_many_requests", "Too many requests",
     "Wait as long as Retry-After says."},
    {headers_too_large, 431, "headers_too_large", "Request head too large",
     "Keep the request line and all headers within 8192 bytes and 64 fields."},
    {internal, 500, "internal", "Internal error",
     "This is a bug in psmoved; its log has the details. Please report it."},
    {unsupported_transfer_encoding, 501, "unsupported_transfer_encoding",
     "Unsupported transfer encoding", "Send the body with Content-Length, or with chunked alone."},
    {not_supported, 501, "not_supported", "Not supported",
     "psmoved cannot do this with this controller; detail says what works instead."},
    {pairing_failed, 502, "pairing_failed", "Pairing failed",
     "The controller or BlueZ did not take what was written; detail says what to try."},
    {no_sample_yet, 503, "no_sample_yet", "No sample yet",
     "The controller has not sent a report yet; try again in a second."},
    {no_new_sample, 503, "no_new_sample", "No new sample in time",
     "The controller sent nothing while the request waited; see its status and hint."},
    {overloaded, 503, "overloaded", "Too many connections",
     "Close connections that are not needed and try again after Retry-After seconds."},
    {no_bluetooth, 503, "no_bluetooth", "No Bluetooth",
     "bluetoothd does not answer; detail says why and what to try."},
    {not_saved, 503, "not_saved", "Could not be saved",
     "The state directory cannot be written; nothing was changed. The log of psmoved says why."},
    {no_answer, 504, "no_answer", "Controller does not answer",
     "The controller is there and did not answer in time; bring it closer and try again."},
    {unsupported_http_version, 505, "unsupported_http_version", "Unsupported HTTP version",
     "Use HTTP/1.1."},
    {unknown_type, 422, "unknown_type", "Unknown message type",
     "Send a type that docs/stream.md describes."},
    {subscription_exists, 409, "subscription_exists", "Subscription id in use",
     "Choose another id, or unsubscribe the old one first."},
    {unknown_subscription, 404, "unknown_subscription", "No such subscription",
     "Use an id that this connection subscribed with."},
    {too_many_subscriptions, 429, "too_many_subscriptions", "Too many subscriptions",
     "Unsubscribe some, or open another connection."},
};

constexpr std::size_t code_count = std::size(table);

constexpr auto codes = [] {
  std::array<ErrorCode, code_count> all{};
  for (std::size_t i = 0; i < code_count; ++i) all[i] = table[i].code;
  return all;
}();

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < code_count; ++i)
    if (static_cast<std::size_t>(table[i].code) != i) return false;
  return code_count == static_cast<std::size_t>(too_many_subscriptions) + 1;
}
static_assert(is_in_order());

const Entry& entry(ErrorCode code) {
  const auto index = static_cast<std::size_t>(code);
  assert(index < code_count);
  return table[index];
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  return entry(code).name;
}
std::string_view title(ErrorCode code) {
  return entry(code).title;
}
std::string_view advice(ErrorCode code) {
  return entry(code).advice;
}
int http_status(ErrorCode code) {
  return entry(code).status;
}
std::span<const ErrorCode> all_error_codes() {
  return codes;
}

void throw_exception_from_error(const Fault& fault, const boost::source_location&) {
  throw std::logic_error("value() of a fault: " + fault.detail);
}

}  // namespace psmove::wire
