#pragma once
// What can be wrong with a request: one list of codes, shared by REST and the stream.

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace psmove::wire {

/// Every error a client can get; the text of each is in docs/errors.md under its code.
enum class ErrorCode : std::uint8_t {
  invalid_json, invalid_form, invalid_utf8, duplicate_member,           // 400
  bad_request,                                                           // 400
  origin_not_allowed, cross_site_write,                                  // 403
  not_found, unknown_controller,                                         // 404
  method_not_allowed,                                                    // 405
  timeout,                                                               // 408
  controller_offline, name_taken, number_taken, controller_connected, not_simulated,  // 409
  payload_too_large, uri_too_long, unsupported_media_type,               // 413, 414, 415
  unknown_host,                                                          // 421
  unknown_member, missing_member, wrong_type, out_of_range, invalid_value,  // 422
  upgrade_required,                                                      // 426
  too_many_requests,                                                     // 429
  headers_too_large,                                                     // 431
  internal,                                                              // 500
  unsupported_transfer_encoding,                                         // 501
  no_sample_yet, overloaded,                                             // 503
  unknown_type, subscription_exists, unknown_subscription, too_many_subscriptions,  // stream
};

[[nodiscard]] std::string_view to_string(ErrorCode code);  ///< "out_of_range"
[[nodiscard]] std::string_view title(ErrorCode code);      ///< "Value out of range"
[[nodiscard]] int http_status(ErrorCode code);

struct Fault {
  ErrorCode code = ErrorCode::internal;
  std::string detail;   ///< one sentence: what is wrong and what would be accepted
  std::string pointer;  ///< JSON pointer to the member, "/led/red"; empty: the whole
};

/// A parsed value, or what is wrong with it. Nothing here throws.
template <class T>
using Parsed = boost::system::result<T, Fault>;

[[noreturn]] void throw_exception_from_error(const Fault& fault, const boost::source_location&);

}  // namespace psmove::wire
