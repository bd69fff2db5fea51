#include "api/request_body.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <utility>

#include "api/request_head.hpp"

namespace psmove::api {

namespace http = boost::beast::http;

struct BodyReader::Parser {
  http::request_parser<http::string_body> http;
};

BodyReader::BodyReader(std::size_t limit, const RequestHead& head)
    : parser_(std::make_unique<Parser>()) {
  parser_->http.body_limit(limit);
  // One reader of heads is enough, and that is request_head.cpp: what Beast sees is only how long
  // the body is.
  const std::string framing =
      head.is_chunked ? "Transfer-Encoding: chunked"
                      : "Content-Length: " + std::to_string(head.content_length.value_or(0));
  const std::string seen = "POST / HTTP/1.1\r\n" + framing + "\r\n\r\n";
  boost::system::error_code error;
  parser_->http.put(boost::asio::buffer(seen), error);
  is_too_large_ = error == http::error::body_limit;
  parser_->http.eager(true);
}

BodyReader::~BodyReader() = default;

wire::Parsed<std::size_t> BodyReader::put(std::string_view received) {
  // No chunked body ends in fewer bytes than these, and Beast 1.81 asserts that it has as many once
  // it saw the last chunk's size, though "0\r\n" may be all that came yet.
  constexpr std::size_t last_chunk = std::string_view("0\r\n\r\n").size();
  const wire::Fault too_large{wire::ErrorCode::payload_too_large, "The body is too large.", {}};
  if (is_too_large_) return too_large;
  const auto& message = parser_->http;
  if (message.is_header_done() && message.chunked() && received.size() < last_chunk) return 0;
  boost::system::error_code error;
  const std::size_t used =
      parser_->http.put(boost::asio::const_buffer(received.data(), received.size()), error);
  if (!error || error == http::error::need_more) return used;
  if (error == http::error::body_limit) return too_large;
  return wire::Fault{wire::ErrorCode::bad_request, "The body is not framed as announced.", {}};
}

bool BodyReader::is_done() const {
  return parser_->http.is_done();
}

std::string BodyReader::take() {
  return std::move(parser_->http.get().body());
}

}  // namespace psmove::api
