#pragma once
// What can be wrong with a request: one list of codes, shared by REST and the stream.

#include <boost/system/result.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace psmove::wire {

/// Every error a client can get; the text of each is in docs/errors.md under its code.
enum class ErrorCode : std::uint8_t {
  // 400
  invalid_json,
  invalid_form,
  invalid_cbor,
  invalid_utf8,
  duplicate_member,
  bad_request,
  unsupported_subprotocol,
  // 401
  token_required,
  invalid_token,
  // 403
  origin_not_allowed,
  cross_site_write,
  local_only,
  insufficient_scope,
  token_requests_off,
  // 404
  not_found,
  unknown_controller,
  unknown_cue,
  unknown_token,
  unknown_token_request,
  // 405, 406, 408
  method_not_allowed,
  not_acceptable,
  timeout,
  // 409
  controller_offline,
  name_taken,
  number_taken,
  controller_connected,
  not_simulated,
  no_magnetometer,
  no_fit_running,
  fit_incomplete,
  not_on_cable,
  pairing_busy,
  not_paired,
  not_on_bluetooth,
  not_capable,
  no_extension,
  companion_taken,
  too_many_controllers,
  cue_begun,
  fixed_token,
  too_many_tokens,
  token_request_pending,
  no_controller,
  // 413, 414, 415, 417, 421
  payload_too_large,
  uri_too_long,
  unsupported_media_type,
  expectation_failed,
  unknown_host,
  // 422
  unknown_member,
  missing_member,
  conflicting_members,
  wrong_type,
  out_of_range,
  invalid_value,
  reserved_name,
  // 426, 429, 431
  upgrade_required,
  too_many_requests,
  headers_too_large,
  // 500, 501, 503, 505
  internal,
  unsupported_transfer_encoding,
  not_supported,
  pairing_failed,
  no_sample_yet,
  no_new_sample,
  overloaded,
  no_bluetooth,
  not_saved,
  no_answer,
  unsupported_http_version,
  // in messages of the stream
  unknown_type,
  subscription_exists,
  unknown_subscription,
  too_many_subscriptions,
};

[[nodiscard]] std::string_view to_string(ErrorCode code);  ///< "out_of_range"
[[nodiscard]] std::string_view title(ErrorCode code);      ///< "Value out of range"
[[nodiscard]] std::string_view advice(ErrorCode code);  ///< what to do about it, a sentence or two
[[nodiscard]] int http_status(ErrorCode code);
[[nodiscard]] std::span<const ErrorCode> all_error_codes();  ///< in the order of docs/errors.md

struct Fault {
  ErrorCode code = ErrorCode::internal;
  std::string detail;   ///< one sentence: what is wrong and what would be accepted
  std::string pointer;  ///< JSON pointer to the member, "/led/red"; empty: the whole
};

/// A parsed value, or what is wrong with it. Nothing here throws.
template <class T>
using Parsed = boost::system::result<T, Fault>;

/// value() of a Parsed that holds a fault is our own mistake: std::logic_error.
[[noreturn]] void throw_exception_from_error(const Fault& fault, const boost::source_location&);

}  // namespace psmove::wire
