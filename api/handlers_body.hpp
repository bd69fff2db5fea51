#pragma once
// Bodies of PUT and PATCH as JSON, whatever form they came in.

#include <nlohmann/json.hpp>

#include "api/routes.hpp"
#include "api/wire/fault.hpp"

namespace psmove::api {

/// JSON, a form, and with `merge_patch` application/merge-patch+json; else 415. A body that does
/// not say what it is counts as JSON: no web page can send PUT or PATCH without asking first.
wire::Parsed<nlohmann::json> body_of(const Request& request, Media also = Media::none);

/// The same for POST, which takes a JSON object or nothing at all; nothing is an empty object.
[[nodiscard]] wire::Parsed<nlohmann::json> action_body_of(const Request& request);

}  // namespace psmove::api
