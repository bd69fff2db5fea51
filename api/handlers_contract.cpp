// The contract: two documents and a page that stay the same while the daemon runs.
#include <optional>
#include <string>

#include "api/contract/contract.hpp"
#include "api/handlers.hpp"
#include "api/request_head.hpp"

namespace psmove::api {
namespace {

/// If-None-Match compares weakly (RFC 9110 13.1.2): W/ in front makes no difference.
bool has_already(const Request& request, std::string_view etag) {
  const std::string_view known = request.if_none_match;
  return known == "*" || has_token(known, etag) || has_token(known, "W/" + std::string(etag));
}

Response served(const Document& document, const Request& request) {
  Response response;
  response.is_cacheable = true;
  response.content_type = document.media_type;
  response.fields = "ETag: " + std::string(document.etag) + "\r\nCache-Control: no-cache\r\n";
  if (!document.security_policy.empty())
    response.fields += "Content-Security-Policy: " + std::string(document.security_policy) +
                       "\r\nReferrer-Policy: no-referrer\r\n"
                       "Cross-Origin-Opener-Policy: same-origin\r\n";
  if (has_already(request, document.etag))
    response.status = 304;
  else
    response.body = document.body;
  return response;
}

}  // namespace

std::optional<Response> get_openapi(Service&, const Request& request) {
  return served(openapi_document, request);
}

std::optional<Response> get_asyncapi(Service&, const Request& request) {
  return served(asyncapi_document, request);
}

std::optional<Response> get_api_catalog(Service&, const Request&) {
  Response response;
  response.content_type =
      R"(application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727")";
  response.fields =
      "Link: </.well-known/api-catalog>; rel=\"api-catalog\"\r\nCache-Control: no-cache\r\n";
  response.is_cacheable = true;
  response.body = R"({"linkset":[{"anchor":"/api/v1",)"
                  R"("service-desc":[{"href":"/api/v1/openapi.json","type":"application/json"},)"
                  R"({"href":"/api/v1/asyncapi.json","type":"application/json"}],)"
                  R"("service-doc":[{"href":"/docs","type":"text/html"}],)"
                  R"("status":[{"href":"/readyz","type":"application/json"}]}]})";
  return response;
}

std::optional<Response> get_docs_page(Service&, const Request& request) {
  return served(docs_page, request);
}

}  // namespace psmove::api
