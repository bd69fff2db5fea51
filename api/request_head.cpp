#include "api/request_head.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "types/text.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;
using wire::Fault;

Fault bad(std::string detail) {
  return {ErrorCode::bad_request, std::move(detail), {}};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// RFC 9110 5.6.2.
constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> allowed{};
  for (unsigned c = '0'; c <= '9'; ++c) allowed[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) allowed[c] = allowed[c - 'a' + 'A'] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    allowed[static_cast<unsigned char>(c)] = true;
  return allowed;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t') || octet == 0x7F;
  });
}

/// The target may be told too long before its line is complete.
bool target_is_too_long(std::string_view received, std::size_t limit) {
  const auto line = received.substr(0, received.find_first_of("\r\n"));
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return false;
  const auto target = line.substr(space + 1);
  return std::min(target.find(' '), target.size()) > limit;
}

/// HTTP/0.9 says nothing after its line and waits; so may what is no HTTP at all.
bool has_no_version(std::string_view received) {
  const auto end = received.find("\r\n");
  if (end == std::string_view::npos) return false;
  const auto line = received.substr(0, end);
  return !line.substr(line.rfind(' ') + 1).starts_with("HTTP/");
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [](char left, char right) { return lower(left) == lower(right); });
}

bool has_token(std::string_view list, std::string_view token) {
  while (true) {
    const auto comma = list.find(',');
    if (equals_ignoring_case(trimmed(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

std::optional<std::string_view> RequestHead::find(std::string_view name) const {
  for (const auto& field : fields())
    if (equals_ignoring_case(field.name, name)) return field.value;
  return std::nullopt;
}

wire::Parsed<HeadExtent> head_extent(std::string_view received, const HeadLimits& limits) {
  HeadExtent extent;
  while (received.substr(extent.skipped).starts_with("\r\n")) {
    extent.skipped += 2;
    if (extent.skipped > 4) return bad("Too many empty lines before the request line.");
  }
  received.remove_prefix(extent.skipped);

  const auto end = received.find("\r\n\r\n");
  const auto head = received.substr(0, end);
  if (target_is_too_long(head, limits.target_bytes))
    return Fault{
        ErrorCode::uri_too_long,
        "The request target is longer than " + std::to_string(limits.target_bytes) + " bytes.",
        {}};
  if (has_no_version(received)) return bad("The request line has no HTTP version.");
  for (auto at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1))
    if (at == 0 || head[at - 1] != '\r') return bad("Lines of a request head end in CR LF.");
  const std::size_t length = end == std::string_view::npos ? received.size() : end + 4;
  if (length > limits.bytes || (end == std::string_view::npos && length >= limits.bytes))
    return Fault{ErrorCode::headers_too_large,
                 "The request head is larger than " + std::to_string(limits.bytes) + " bytes.",
                 {}};
  if (end != std::string_view::npos) extent.length = length;
  return extent;
}

/// Reads a head line by line and keeps what it says about itself consistent.
class HeadReader {
 public:
  explicit HeadReader(const HeadLimits& limits)
      : max_fields_(std::min(limits.fields, max_head_fields)) {}

  wire::Parsed<RequestHead> read(std::string_view head) {
    if (!head.ends_with("\r\n\r\n")) return bad("The request head is not complete.");
    head.remove_suffix(2);
    auto fault = request_line(next_line(head));
    while (!fault && !head.empty()) fault = field_line(next_line(head));
    if (!fault) fault = interpret();
    if (fault) return *fault;
    return head_;
  }

 private:
  using Verdict = std::optional<Fault>;

  static std::string_view next_line(std::string_view& head) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end + 2);
    return line;
  }

  Verdict request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
      return bad("The request line is a method, a target and a version, with one space between.");
    head_.method = line.substr(0, first);
    head_.target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(head_.method) || head_.method.size() > 32)
      return bad("The method is not a token.");
    if (head_.target.empty() || !is_visible(head_.target))
      return bad("The request target has characters that must be percent-encoded.");
    return http_version(version);
  }

  Verdict http_version(std::string_view version) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' ||
        !is_digit(version[5]) || !is_digit(version[7]))
      return bad("The request line has no HTTP version.");
    if (version == "HTTP/1.0") {
      head_.minor_version = 0;
      head_.keeps_alive = false;
    } else if (version[5] != '1') {
      return Fault{ErrorCode::unsupported_http_version, "This server speaks HTTP/1.1.", {}};
    }
    return std::nullopt;
  }

  Verdict field_line(std::string_view line) {
    if (line.starts_with(' ') || line.starts_with('\t'))
      return bad("Folded header lines are obsolete.");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
      return bad("A header line is a name, a colon and a value, without space before the colon.");
    const auto value = trimmed(line.substr(colon + 1));
    if (has_control(value)) return bad("A header value has a control character.");
    if (head_.count_ == max_fields_)
      return Fault{ErrorCode::headers_too_large,
                   "There are more than " + std::to_string(max_fields_) + " header fields.",
                   {}};
    head_.fields_[head_.count_++] = {line.substr(0, colon), value};
    return std::nullopt;
  }

  Verdict interpret() {
    std::size_t encodings = 0;
    for (const auto& field : head_.fields()) {
      if (auto fault = only_once(field)) return fault;
      if (equals_ignoring_case(field.name, "transfer-encoding")) {
        ++encodings;
        head_.is_chunked = equals_ignoring_case(field.value, "chunked");
      }
      if (auto fault = interpret(field)) return fault;
    }
    if (head_.minor_version == 1 && !head_.has_host)
      return bad("An HTTP/1.1 request has a Host field.");
    if (encodings == 0) return std::nullopt;
    if (head_.content_length)
      return bad("A request has either Content-Length or Transfer-Encoding, not both.");
    if (head_.minor_version == 0) return bad("HTTP/1.0 has no Transfer-Encoding.");
    if (encodings > 1 || !head_.is_chunked)
      return Fault{ErrorCode::unsupported_transfer_encoding,
                   "The only transfer coding understood is chunked.",
                   {}};
    return std::nullopt;
  }

  /// Fields that decide something must not be there twice: which of the two would?
  Verdict only_once(const HeadField& field) {
    static constexpr std::array<std::string_view, 9> single = {
        "host",           "content-length",    "content-type",          "expect",       "origin",
        "sec-fetch-site", "sec-websocket-key", "sec-websocket-version", "authorization"};
    for (std::size_t i = 0; i < single.size(); ++i) {
      if (!equals_ignoring_case(field.name, single[i])) continue;
      if (seen_[i]) return bad("The field " + std::string(single[i]) + " is given twice.");
      seen_[i] = true;
    }
    return std::nullopt;
  }

  Verdict interpret(const HeadField& field) {
    if (equals_ignoring_case(field.name, "host")) {
      head_.host = field.value;
      head_.has_host = true;
    } else if (equals_ignoring_case(field.name, "content-length")) {
      return content_length(field.value);
    } else if (equals_ignoring_case(field.name, "connection")) {
      if (has_token(field.value, "upgrade")) head_.upgrades = true;
      if (has_token(field.value, "close")) closes_ = true;
      if (has_token(field.value, "keep-alive") && head_.minor_version == 0)
        head_.keeps_alive = true;
      if (closes_) head_.keeps_alive = false;
    } else if (equals_ignoring_case(field.name, "expect")) {
      if (!equals_ignoring_case(field.value, "100-continue"))
        return Fault{
            ErrorCode::expectation_failed, "The only expectation understood is 100-continue.", {}};
      head_.expects_continue = head_.minor_version == 1;
    }
    return std::nullopt;
  }

  Verdict content_length(std::string_view value) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (error != std::errc{} || end != value.data() + value.size())
      return bad("Content-Length is one decimal number.");
    head_.content_length = length;
    return std::nullopt;
  }

  std::size_t max_fields_;
  RequestHead head_;
  std::array<bool, 9> seen_{};
  bool closes_ = false;
};

wire::Parsed<RequestHead> read_head(std::string_view head, const HeadLimits& limits) {
  return HeadReader(limits).read(head);
}

}  // namespace psmove::api
