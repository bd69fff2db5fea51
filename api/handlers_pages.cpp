// Pages for people: the front door, and what each error code means.
#include <string>

#include "api/handlers.hpp"
#include "api/token_requests.hpp"
#include "api/wire/fault.hpp"

namespace psmove::api {
namespace {

// No script at all, so the policy can say so; the style is named by its hash where it is inline,
// and here there is none.
constexpr std::string_view page_fields =
    "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";

Response page(std::string_view title, std::string_view content) {
  Response response;
  response.content_type = "text/html; charset=utf-8";
  response.fields = page_fields;
  response.body = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
  response.body += title;
  response.body +=
      "</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "</head>\n<body>\n<h1>";
  response.body += title;
  response.body += "</h1>\n";
  response.body += content;
  response.body += "</body>\n</html>\n";
  return response;
}

std::string escaped(std::string_view text) {
  std::string html;
  for (const char c : text) {
    if (c == '&')
      html += "&amp;";
    else if (c == '<')
      html += "&lt;";
    else
      html += c;
  }
  return html;
}

/// Who asks for a token, for those who may grant one.
std::string token_request_line(Service& service, const Request& request) {
  const auto* asked = service.token_requests->pending(drivers::SteadyClock::now());
  if (asked == nullptr || request.client.refusal(Scope::admin)) return {};
  return "<p><strong>" + escaped(asked->name) + "</strong>, from " +
         (asked->address.empty() ? "this computer" : escaped(asked->address)) +
         ", asks for a token. Press Move on a controller that glows to grant it; "
         "<code>psmovectl token refuse</code> says no.</p>\n";
}

}  // namespace

std::optional<Response> get_front_page(Service& service, const Request& request) {
  const std::string host = request.host.empty() ? "localhost:6683" : request.host;
  const std::string url = (request.is_encrypted ? "https://" : "") + host;
  auto response =
      page("psmoved " PSMOVED_VERSION,
           "<p>PlayStation Move controllers on the network.</p>\n" +
               token_request_line(service, request) + "<pre>curl " + url +
               "/api/v1/controllers\ncurl " + url + "/api/v1/controllers/1/sensors\ncurl -X PUT " +
               url + "/api/v1/controllers/1/led -d color=red\n</pre>\n<ul>\n<li>" +
               (request.is_encrypted ? "wss://" : "ws://") + host +
               R"(/api/v1/stream: the stream, for WebSocket clients</li>
<li><a href="/api/v1/events?max_rate_hz=1">/api/v1/events</a>: the same as Server-Sent Events</li>
<li><a href="/api/v1">/api/v1</a>: versions, clock, limits</li>
<li><a href="/api/v1/controllers">/api/v1/controllers</a>: every controller, connected or remembered</li>
<li><a href="/docs">/docs</a>: every request and message, to read and to try</li>
<li><a href="/docs/errors">/docs/errors</a>: what each error code means</li>
<li><a href="/livez">/livez</a>, <a href="/readyz">/readyz</a>: is it running, is it ready</li>
<li><a href="/metrics">/metrics</a>: counters for Prometheus</li>
</ul>
)");
  response.fields += contract_link;
  return response;
}

std::optional<Response> get_error_page(Service&, const Request&) {
  std::string content =
      "<p>Every error is answered with application/problem+json; its <code>code</code> is one of "
      "these, and so is the code of an error message on the stream.</p>\n<dl>\n";
  for (const auto code : wire::all_error_codes()) {
    const std::string name(wire::to_string(code));
    content += "<dt id=\"" + name + "\"><code>" + name + "</code> (" +
               std::to_string(wire::http_status(code)) + ") " + std::string(wire::title(code)) +
               "</dt>\n<dd>" + std::string(wire::advice(code)) + "</dd>\n";
  }
  return page("Errors of psmoved", content + "</dl>\n");
}

}  // namespace psmove::api
