#include "api/stream/framing.hpp"

#include <algorithm>
// SHA-1 is only in the handshake, where it protects nothing. Boost's, because it is a header and is
// here already; OpenSSL would be a library to link for 20 bytes a connection.
#include <boost/uuid/detail/sha1.hpp>
#include <cstring>
#include <type_traits>

#include "types/text.hpp"

namespace psmove::stream {
namespace {

constexpr std::size_t max_control_payload = 125;
/// A buffer that grew beyond this is given back after its message: most connections are idle.
constexpr std::size_t kept_capacity = 512;

bool is_reserved(std::uint8_t opcode) {
  return (opcode > 0x2 && opcode < 0x8) || opcode > 0xA;
}

void forget(std::string& buffer) {
  if (buffer.capacity() > kept_capacity)
    std::string().swap(buffer);
  else
    buffer.clear();
}

}  // namespace

bool is_valid_close_code(std::uint16_t code) {
  if (code >= 3000) return code < 5000;
  // 1004 has no meaning; 1005, 1006 and 1015 are for APIs only; 1012..1014 came later (IANA).
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

// ---- UTF-8

bool Utf8Check::feed(std::string_view piece) {
  const char* p = piece.data();
  const char* const end = p + piece.size();
  while (p != end) {
    if (missing_ == 0) {
      // Nearly all of our text is ASCII: eight octets at a time.
      std::uint64_t block = 0;
      while (end - p >= 8) {
        std::memcpy(&block, p, 8);
        if ((block & 0x8080808080808080U) != 0) break;
        p += 8;
      }
      if (p == end) break;
    }
    const auto octet = static_cast<std::uint8_t>(*p++);
    if (missing_ > 0) {
      if (octet < low_ || octet > high_) return false;
      --missing_;
      low_ = 0x80;
      high_ = 0xBF;
      continue;
    }
    if (octet < 0x80) continue;
    // Table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing beyond U+10FFFF.
    if (octet < 0xC2 || octet > 0xF4) return false;
    missing_ = octet < 0xE0 ? 1 : octet < 0xF0 ? 2 : 3;
    if (octet == 0xE0) low_ = 0xA0;
    if (octet == 0xED) high_ = 0x9F;
    if (octet == 0xF0) low_ = 0x90;
    if (octet == 0xF4) high_ = 0x8F;
  }
  return true;
}

// ---- receiving

std::optional<Message> Receiver::next(std::string_view& input) {
  forget_delivered();
  while (!finished_) {
    if (!in_payload_) {
      if (auto broken = take_head(input)) return broken;
      if (!in_payload_) return std::nullopt;
    }
    if (auto broken = take_payload(input)) return broken;
    if (payload_left_ > 0) return std::nullopt;
    if (auto message = end_of_frame()) return message;
  }
  input = {};
  return std::nullopt;
}

void Receiver::forget_delivered() {
  if (delivered_message_) forget(message_);
  if (delivered_control_) forget(control_);
  delivered_message_ = delivered_control_ = false;
}

std::optional<Message> Receiver::take_head(std::string_view& input) {
  while (head_size_ < head_needed_) {
    if (input.empty()) return std::nullopt;
    head_[head_size_++] = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    if (head_size_ != 2) continue;
    if (auto broken = check_first_octets()) return broken;
    const unsigned length = head_[1] & 0x7FU;
    const unsigned extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    head_needed_ = static_cast<std::uint8_t>(2 + extended + (role_ == Role::server ? 4 : 0));
  }
  const unsigned short_length = head_[1] & 0x7FU;
  std::uint64_t length = short_length;
  if (short_length >= 126) {
    length = 0;
    const std::size_t extended = short_length == 127 ? 8 : 2;
    for (std::size_t i = 2; i < 2 + extended; ++i) length = length << 8 | head_[i];
  }
  if (auto broken = check_length(length)) return broken;
  payload_left_ = length;
  mask_at_ = 0;
  in_payload_ = true;
  return std::nullopt;
}

std::optional<Message> Receiver::check_first_octets() {
  using namespace close_code;
  const auto opcode = static_cast<std::uint8_t>(head_[0] & 0x0F);
  const bool is_masked = (head_[1] & 0x80) != 0;
  if ((head_[0] & 0x70) != 0) return violation(protocol_error, "reserved bits are set");
  if (is_reserved(opcode)) return violation(protocol_error, "reserved opcode");
  if (role_ == Role::server && !is_masked)
    return violation(protocol_error, "a client must mask its frames");
  if (role_ == Role::client && is_masked)
    return violation(protocol_error, "a server must not mask its frames");
  if (is_control()) {
    if (!is_final()) return violation(protocol_error, "fragmented control frame");
    if ((head_[1] & 0x7FU) > max_control_payload)
      return violation(protocol_error, "control frame longer than 125 octets");
    return std::nullopt;
  }
  const bool is_open = message_type_ != Opcode::continuation;
  if (opcode == 0 && !is_open) return violation(protocol_error, "nothing to continue");
  if (opcode != 0 && is_open)
    return violation(protocol_error, "a new message before the last one ended");
  if (++fragments_ > bounds_.fragments) return violation(too_big, "too many fragments");
  if (!is_open) {
    message_type_ = static_cast<Opcode>(opcode);
    text_.restart();
  }
  return std::nullopt;
}

std::optional<Message> Receiver::check_length(std::uint64_t length) {
  using namespace close_code;
  const unsigned form = head_[1] & 0x7FU;
  if (length >> 63 != 0) return violation(protocol_error, "length beyond 63 bits");
  if ((form == 126 && length < 126) || (form == 127 && length < 65536))
    return violation(protocol_error, "length not in its shortest form");
  if (!is_control() && length > bounds_.message_bytes - message_.size())
    return violation(too_big, "message too big");
  return std::nullopt;
}

std::optional<Message> Receiver::take_payload(std::string_view& input) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, input.size()));
  if (count == 0) return std::nullopt;
  std::string& buffer = is_control() ? control_ : message_;
  const std::size_t before = buffer.size();
  buffer.append(input.substr(0, count));
  input.remove_prefix(count);
  payload_left_ -= count;
  if (role_ == Role::server) {
    const std::uint8_t* mask = head_.data() + head_needed_ - 4;
    for (std::size_t i = before; i < buffer.size(); ++i) {
      buffer[i] = static_cast<char>(static_cast<std::uint8_t>(buffer[i]) ^ mask[mask_at_]);
      mask_at_ = (mask_at_ + 1) & 3;
    }
  }
  const bool is_text = !is_control() && message_type_ == Opcode::text;
  if (is_text && !text_.feed(std::string_view(buffer).substr(before)))
    return violation(close_code::invalid_payload, "text is not UTF-8");
  return std::nullopt;
}

std::optional<Message> Receiver::end_of_frame() {
  in_payload_ = false;
  head_size_ = 0;
  head_needed_ = 2;
  if (is_control()) {
    delivered_control_ = true;
    const auto opcode = static_cast<Opcode>(head_[0] & 0x0F);
    if (opcode == Opcode::close) return close_message();
    return Message{opcode == Opcode::ping ? Message::Kind::ping : Message::Kind::pong, 0, control_};
  }
  if (!is_final()) return std::nullopt;
  if (message_type_ == Opcode::text && !text_.is_complete())
    return violation(close_code::invalid_payload, "text is not UTF-8");
  const bool is_text = message_type_ == Opcode::text;
  message_type_ = Opcode::continuation;
  fragments_ = 0;
  delivered_message_ = true;
  return Message{is_text ? Message::Kind::text : Message::Kind::binary, 0, message_};
}

Message Receiver::close_message() {
  using namespace close_code;
  if (control_.empty()) {
    finished_ = true;
    return {Message::Kind::close, no_status, {}};
  }
  if (control_.size() == 1) return violation(protocol_error, "close frame with half a code");
  const auto code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(control_[0]) << 8 |
                                               static_cast<std::uint8_t>(control_[1]));
  if (!is_valid_close_code(code)) return violation(protocol_error, "invalid close code");
  const auto reason = std::string_view(control_).substr(2);
  Utf8Check check;
  if (!check.feed(reason) || !check.is_complete())
    return violation(invalid_payload, "close reason is not UTF-8");
  finished_ = true;
  return {Message::Kind::close, code, reason};
}

Message Receiver::violation(std::uint16_t code, std::string_view reason) {
  finished_ = true;
  return {Message::Kind::violation, code, reason};
}

// ---- sending

std::size_t write_head(char* out, Opcode opcode, std::size_t length) {
  out[0] = static_cast<char>(0x80U | static_cast<unsigned>(opcode));
  if (length < 126) {
    out[1] = static_cast<char>(length);
    return 2;
  }
  const std::size_t extended = length < 65536 ? 2 : 8;
  out[1] = static_cast<char>(extended == 2 ? 126 : 127);
  for (std::size_t i = 0; i < extended; ++i)
    out[2 + i] = static_cast<char>(length >> (8 * (extended - 1 - i)) & 0xFFU);
  return 2 + extended;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload,
                  const std::optional<Mask>& mask, bool final) {
  const std::size_t start = out.size();
  out.resize(start + head_size(payload.size()));
  write_head(&out[start], opcode, payload.size());
  if (!final) out[start] = static_cast<char>(static_cast<std::uint8_t>(out[start]) & 0x7FU);
  if (!mask) {
    out += payload;
    return;
  }
  out[start + 1] = static_cast<char>(static_cast<std::uint8_t>(out[start + 1]) | 0x80U);
  for (const auto octet : *mask) out += static_cast<char>(octet);
  std::size_t at = 0;
  for (const char c : payload)
    out += static_cast<char>(static_cast<std::uint8_t>(c) ^ (*mask)[at++ & 3]);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  if (code == close_code::no_status) return {};
  std::size_t length = std::min(reason.size(), max_control_payload - 2);
  while (length > 0 && length < reason.size() &&
         (static_cast<std::uint8_t>(reason[length]) & 0xC0U) == 0x80U)
    --length;
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  payload += reason.substr(0, length);
  return payload;
}

// ---- the opening handshake

namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

template <std::size_t Size>
std::string base64(const std::array<std::uint8_t, Size>& octets) {
  std::string text;
  for (std::size_t i = 0; i < Size; i += 3) {
    unsigned block = 0;
    for (std::size_t j = i; j < i + 3; ++j) block = block << 8 | (j < Size ? octets[j] : 0U);
    for (std::size_t digit = 0; digit < 4; ++digit)
      text += i + digit > Size ? '=' : base64_digits[block >> (18 - 6 * digit) & 63];
  }
  return text;
}

std::array<std::uint8_t, 20> sha1(std::string_view text) {
  boost::uuids::detail::sha1 hash;
  hash.process_bytes(text.data(), text.size());
  boost::uuids::detail::sha1::digest_type digest;
  hash.get_digest(digest);
  // Five words up to Boost 1.85, twenty octets since.
  constexpr std::size_t width = sizeof digest[0];
  std::array<std::uint8_t, 20> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<std::uint8_t>(digest[i / width] >> (8 * (width - 1 - i % width)));
  return octets;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// The value of a header, or empty.
std::string_view header(std::string_view head, std::string_view name) {
  for (auto end = head.find("\r\n"); end != std::string_view::npos;) {
    const auto next = head.find("\r\n", end + 2);
    const auto line = head.substr(end + 2, next == std::string_view::npos ? next : next - end - 2);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), name))
      return trimmed(line.substr(colon + 1));
    end = next;
  }
  return {};
}

}  // namespace

bool is_valid_key(std::string_view key) {
  // 16 octets: 22 digits, the last of which carries two bits, and "==".
  return key.size() == 24 && key.ends_with("==") && key.find_first_not_of(base64_digits) == 22 &&
         (base64_digits.find(key[21]) & 15U) == 0;
}

std::string make_key(const std::array<std::uint8_t, 16>& random) {
  return base64(random);
}

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
  return base64(sha1(text));
}

std::string upgrade_request(std::string_view host, std::string_view target, std::string_view key,
                            std::string_view protocol) {
  std::string request = "GET ";
  request.append(target).append(" HTTP/1.1\r\nHost: ").append(host);
  request += "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
  request.append("Sec-WebSocket-Key: ").append(key).append("\r\n");
  if (!protocol.empty()) request.append("Sec-WebSocket-Protocol: ").append(protocol).append("\r\n");
  request += "\r\n";
  return request;
}

bool grants_upgrade(std::string_view response_head, std::string_view key,
                    std::string_view protocol) {
  return response_head.starts_with("HTTP/1.1 101") &&
         equals_ignoring_case(header(response_head, "Upgrade"), "websocket") &&
         header(response_head, "Sec-WebSocket-Accept") == accept_key(key) &&
         header(response_head, "Sec-WebSocket-Protocol") == protocol;
}

}  // namespace psmove::stream
