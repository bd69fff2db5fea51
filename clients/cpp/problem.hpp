#pragma once
// psmoved's way to say no (RFC 9457), as an Error.

#include <optional>
#include <string_view>

#include "clients/cpp/error.hpp"

namespace psmove::client {

/// @return nullopt where the body is not a problem document of psmoved's
[[nodiscard]] std::optional<Error> problem_from(int status, std::string_view body);

}  // namespace psmove::client
