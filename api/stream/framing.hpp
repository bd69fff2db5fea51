#pragma once
// RFC 6455 between the bytes of a connection and its messages, for servers and clients alike. Pure:
// no sockets, no clock; what comes in may be cut anywhere.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace psmove::stream {

/// Which end of the connection we are: clients mask what they send, servers never do.
enum class Role : std::uint8_t { server, client };

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xA,
};

/// Close codes that we send or look at (RFC 6455 section 7.4; 4000..4999 are ours).
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t no_status =
    1005;  ///< never on the wire: a close frame without a code
inline constexpr std::uint16_t invalid_payload = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t slow_consumer = 4001;
inline constexpr std::uint16_t token_revoked = 4003;
}  // namespace close_code

/// Whether a peer may send this code in a close frame.
[[nodiscard]] bool is_valid_close_code(std::uint16_t code);

/// Checks UTF-8 that arrives in pieces, and refuses it at the first octet that cannot be right.
class Utf8Check {
 public:
  /// @return false once the text cannot become valid any more
  bool feed(std::string_view piece);
  /// Whether the text may end here.
  [[nodiscard]] bool is_complete() const { return missing_ == 0; }
  void restart() { *this = Utf8Check(); }

 private:
  std::uint8_t missing_ = 0;               ///< continuation octets still to come
  std::uint8_t low_ = 0x80, high_ = 0xBF;  ///< bounds of the next one
};

/// What the peer said.
struct Message {
  enum class Kind : std::uint8_t {
    text,
    binary,
    ping,
    pong,
    close,      ///< `code` (no_status where it gave none) and the reason as payload
    violation,  ///< it broke the protocol: send a close frame with `code` and `payload`
  };
  Kind kind = Kind::text;
  std::uint16_t code = 0;
  std::string_view payload;  ///< good until the next call of next()
};

/// Takes the bytes of one direction apart. Memory: the message so far, never more than its bound
/// and never what a length field merely claims.
class Receiver {
 public:
  struct Bounds {
    std::size_t message_bytes = 16 * 1024;
    std::size_t fragments = 64;  ///< frames of one message
  };

  Receiver(Role role, Bounds bounds) : bounds_(bounds), role_(role) {}

  /// Takes bytes from the front of `input` until a message is whole or the input is used up. After
  /// a close or a violation it swallows everything and returns nothing more.
  [[nodiscard]] std::optional<Message> next(std::string_view& input);

  /// Close or violation was reported.
  [[nodiscard]] bool is_finished() const { return finished_; }

 private:
  std::optional<Message> take_head(std::string_view& input);
  [[nodiscard]] std::optional<Message> check_first_octets();
  [[nodiscard]] std::optional<Message> check_length(std::uint64_t length);
  std::optional<Message> take_payload(std::string_view& input);
  std::optional<Message> end_of_frame();
  Message close_message();
  Message violation(std::uint16_t code, std::string_view reason);
  void forget_delivered();

  [[nodiscard]] bool is_control() const { return (head_[0] & 0x08) != 0; }
  [[nodiscard]] bool is_final() const { return (head_[0] & 0x80) != 0; }

  Bounds bounds_;
  std::uint64_t payload_left_ = 0;
  std::string message_;  ///< the data message so far, all its fragments
  std::string control_;  ///< the control frame so far; it may come between fragments
  std::uint32_t fragments_ = 0;
  Role role_;
  std::uint8_t head_size_ = 0;    ///< octets of head_ that are there
  std::uint8_t head_needed_ = 2;  ///< octets of head_ that this frame has, as far as is known
  std::uint8_t mask_at_ = 0;      ///< index of the next octet of the mask
  std::array<std::uint8_t, 14> head_{};
  Opcode message_type_ = Opcode::continuation;  ///< continuation: no message is open
  bool in_payload_ = false;
  bool delivered_message_ = false, delivered_control_ = false;
  bool finished_ = false;
  Utf8Check text_;
};

/// Writes the head of an unfragmented, unmasked frame, which is what a server sends.
/// @param out  room for it
/// @return its size
std::size_t write_head(char* out, Opcode opcode, std::size_t length);
/// Size of that head, 2 to 10.
[[nodiscard]] constexpr std::size_t head_size(std::size_t payload_length) {
  return payload_length < 126 ? 2 : payload_length < 65536 ? 4 : 10;
}

using Mask = std::array<std::uint8_t, 4>;
/// Appends one unfragmented frame.
/// @param mask  four octets nobody can guess where we are the client; none where the server
/// @param final  false to leave the message open for continuation frames (tests)
void append_frame(std::string& out, Opcode opcode, std::string_view payload,
                  const std::optional<Mask>& mask = std::nullopt, bool final = true);

/// The payload of a close frame; the reason is cut to 123 octets at a character's edge. No code for
/// no_status.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view reason = {});

// ---- the opening handshake

/// 16 octets in base64, as a client must send (RFC 6455 section 4.1).
[[nodiscard]] bool is_valid_key(std::string_view key);
/// @param random  octets nobody can guess
[[nodiscard]] std::string make_key(const std::array<std::uint8_t, 16>& random);
/// Sec-WebSocket-Accept for that key.
[[nodiscard]] std::string accept_key(std::string_view key);

/// A client's whole upgrade request.
/// @param host  as in the URL, with the port
/// @param target  path and query
/// @param protocol  subprotocol to offer, or empty
[[nodiscard]] std::string upgrade_request(std::string_view host, std::string_view target,
                                          std::string_view key, std::string_view protocol);
/// Whether this response head (status line to the empty line) grants the upgrade for `key`, and
/// with `protocol` where one was asked for.
[[nodiscard]] bool grants_upgrade(std::string_view response_head, std::string_view key,
                                  std::string_view protocol);

}  // namespace psmove::stream
