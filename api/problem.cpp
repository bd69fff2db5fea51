#include "api/problem.hpp"

#include <string>

#include "api/wire/text.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;
using namespace std::chrono_literals;

/// After how long trying again may help; 0: it will not.
std::chrono::seconds usual_retry_after(ErrorCode code) {
  switch (code) {
    case ErrorCode::no_sample_yet:
    case ErrorCode::no_new_sample:
    case ErrorCode::too_many_requests:
    case ErrorCode::no_answer:
      return 1s;
    case ErrorCode::overloaded:
    case ErrorCode::no_bluetooth:
    case ErrorCode::not_saved:
      return 5s;
    default:
      return 0s;
  }
}

void append_errors(std::string& body, const wire::Fault& fault) {
  body += ",\"errors\":[{\"pointer\":";
  wire::append_quoted(body, fault.pointer);
  body += ",\"detail\":";
  wire::append_quoted(body, fault.detail);
  body += "}]";
}

}  // namespace

Response problem(const wire::Fault& fault, std::string_view instance,
                 std::chrono::seconds retry_after) {
  const auto code = wire::to_string(fault.code);
  Response response;
  response.status = wire::http_status(fault.code);
  response.content_type = "application/problem+json";
  auto& body = response.body;
  body = "{\"type\":\"/docs/errors#";
  body += code;
  body += "\",\"title\":";
  wire::append_quoted(body, wire::title(fault.code));
  body += ",\"status\":" + std::to_string(response.status);
  body += ",\"detail\":";
  wire::append_quoted(body, fault.detail);
  if (!instance.empty()) {
    body += ",\"instance\":";
    wire::append_quoted(body, instance);
  }
  body += ",\"code\":\"";
  body += code;
  body += '"';
  if (response.status == 422 || !fault.pointer.empty()) append_errors(body, fault);
  body += '}';
  if (retry_after.count() == 0) retry_after = usual_retry_after(fault.code);
  if (retry_after.count() > 0)
    response.fields = "Retry-After: " + std::to_string(retry_after.count()) + "\r\n";
  return response;
}

Response allowed(std::string_view allow) {
  Response response;
  response.status = 204;
  response.allow = allow;
  return response;
}

Response not_allowed(std::string_view allow, std::string_view instance) {
  auto response = problem(
      {wire::ErrorCode::method_not_allowed, "This resource takes " + std::string(allow) + ".", {}},
      instance);
  response.allow = allow;
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

}  // namespace psmove::api
