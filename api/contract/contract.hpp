#pragma once
// The contract as the daemon serves it: made at build time out of openapi.yaml and asyncapi.yaml.

#include <string_view>

namespace psmove::api {

/// Something that does not change while the daemon runs.
struct Document {
  std::string_view body;
  std::string_view media_type;
  std::string_view etag;             ///< with its quotes
  std::string_view security_policy;  ///< Content-Security-Policy; empty where there is no page
};

extern const Document openapi_document, asyncapi_document, docs_page;

}  // namespace psmove::api
