#pragma once
// Faults as answers: which is which HTTP status, and its application/problem+json body (RFC 9457).

#include <chrono>
#include <string_view>

#include "api/routes.hpp"
#include "api/wire/fault.hpp"

namespace psmove::api {

/// @param instance  the path that was asked for; empty where no request could be made out
/// @param retry_after  when to try again; 0: as is usual with this code, where it is
[[nodiscard]] Response problem(const wire::Fault& fault, std::string_view instance,
                               std::chrono::seconds retry_after = std::chrono::seconds(0));

/// What OPTIONS is answered with. @param allow  "GET, HEAD, OPTIONS"
[[nodiscard]] Response allowed(std::string_view allow);
/// A method that a resource does not take: 405.
[[nodiscard]] Response not_allowed(std::string_view allow, std::string_view instance);

/// The reason phrase of a status that we send: "Not Found".
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace psmove::api
