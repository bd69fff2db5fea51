// The client's side of a WebSocket: handshake, then frames, on one non-blocking socket.

#include "clients/cpp/stream_client.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/random.h>
#include <sys/socket.h>
#include <utility>

#include "api/stream/framing.hpp"
#include "clients/cpp/channel.hpp"
#include "clients/cpp/problem.hpp"
#include "clients/cpp/tcp.hpp"

namespace psmove::client {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view subprotocol = "psmoved.v1+json";
constexpr std::size_t longest_head = 16 * 1024;
constexpr std::size_t longest_body = 64 * 1024;
/// A snapshot carries every controller; the daemon's own bound on messages is for the other way.
constexpr stream::Receiver::Bounds bounds{4 * 1024 * 1024, 1024};

/// Octets nobody can guess, as masks and keys must be (RFC 6455 sections 5.3 and 10.3).
template <std::size_t Count>
std::array<std::uint8_t, Count> random_octets() {
  std::array<std::uint8_t, Count> octets{};
  // Up to 256 octets come whole and are never interrupted once the pool is up (getrandom(2)).
  [[maybe_unused]] const auto got = getrandom(octets.data(), octets.size(), 0);
  return octets;
}

milliseconds time_until(SteadyClock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
  return std::max(left, milliseconds(0));
}

enum class ReadResult { data, nothing_yet, ended };

/// Appends what is there, waiting for it until the deadline.
ReadResult read_some(Channel& channel, std::string& into, SteadyClock::time_point deadline) {
  std::array<char, 16 * 1024> chunk{};
  while (true) {
    const auto size = channel.receive(chunk.data(), chunk.size());
    if (size > 0) {
      into.append(chunk.data(), static_cast<std::size_t>(size));
      return ReadResult::data;
    }
    if (size == 0) return ReadResult::ended;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return ReadResult::ended;
    const auto left = time_until(deadline);
    if (left.count() == 0 ||
        !wait_for_socket(channel.descriptor(), channel.waits_for_writing(), left))
      return ReadResult::nothing_yet;
  }
}

/// @return false where the peer is gone or takes nothing until the deadline
bool write_all(Channel& channel, std::string_view bytes, SteadyClock::time_point deadline) {
  while (!bytes.empty()) {
    const auto size = channel.send(bytes);
    if (size > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(size));
    } else if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      const auto left = time_until(deadline);
      if (left.count() == 0) return false;
      (void)wait_for_socket(channel.descriptor(), channel.waits_for_writing(),
                            left);  // send tells how it went
    } else if (size == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

/// The number in "HTTP/1.1 404 Not Found", or 0.
int status_of(std::string_view head) {
  if (!head.starts_with("HTTP/1.") || head.size() < 12 || head[8] != ' ') return 0;
  int status = 0;
  for (const char digit : head.substr(9, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status;
}

/// Why the upgrade was not granted: the daemon's problem document where there is one.
Error upgrade_refused(const ServerUrl& url, Channel& channel, std::string_view head,
                      std::string body, SteadyClock::time_point deadline) {
  const int status = status_of(head);
  if (status == 0) return not_psmoved(url, "it does not answer as an HTTP server does");
  while (body.size() < longest_body) {
    if (auto error = problem_from(status, body)) return *std::move(error);
    if (read_some(channel, body, deadline) != ReadResult::data) break;
  }
  return not_psmoved(url, "it answered HTTP " + std::to_string(status) + " to a WebSocket");
}

Error closed(std::string message, int code = 0) {
  return {ErrorKind::closed, std::move(message), code, {}, {}, {}};
}

}  // namespace

struct StreamClient::Parts {
  explicit Parts(Channel opened) : channel(std::move(opened)) {}

  Channel channel;
  StreamTimeouts timeouts;
  stream::Receiver receiver{stream::Role::client, bounds};
  std::string unread;         ///< bytes that came and were not looked at
  std::size_t looked_at = 0;  ///< so many from the front of `unread` were
  SteadyClock::time_point last_sign_of_life = SteadyClock::now();
  std::optional<Error> over;  ///< why the connection has ended

  std::optional<Error> send_frame(stream::Opcode opcode, std::string_view payload) {
    if (over) return over;
    std::string frame;
    stream::append_frame(frame, opcode, payload, random_octets<4>());
    if (!write_all(channel, frame, SteadyClock::now() + timeouts.send))
      over = closed("the connection to psmoved broke");
    return over;
  }

  /// The next text message among the bytes that are here; pings are answered on the way.
  std::optional<std::string> take_message() {
    std::optional<std::string> text;
    std::string_view rest = std::string_view(unread).substr(looked_at);
    while (!text && !over) {
      const auto message = receiver.next(rest);
      if (!message) break;
      handle(*message, text);
    }
    looked_at = unread.size() - rest.size();
    if (rest.empty()) {
      unread.clear();
      looked_at = 0;
    }
    return text;
  }

  void handle(const stream::Message& message, std::optional<std::string>& text) {
    switch (message.kind) {
      case stream::Message::Kind::text:
        text = message.payload;
        return;
      case stream::Message::Kind::ping:
        send_frame(stream::Opcode::pong, message.payload);
        return;
      case stream::Message::Kind::binary:  // nobody asked for CBOR
      case stream::Message::Kind::pong:
        return;
      case stream::Message::Kind::close:
        end(message.code == stream::close_code::no_status ? stream::close_code::normal
                                                          : message.code,
            {}, close_sentence(message));
        return;
      case stream::Message::Kind::violation:
        end(message.code, message.payload, "psmoved broke the WebSocket protocol");
        return;
    }
  }

  static std::string close_sentence(const stream::Message& message) {
    if (message.code == stream::close_code::going_away) return "psmoved is shutting down";
    std::string sentence = "psmoved closed the stream";
    if (!message.payload.empty()) sentence.append(": ").append(message.payload);
    return sentence;
  }

  void end(std::uint16_t code, std::string_view reason, std::string sentence) {
    send_frame(stream::Opcode::close, stream::close_payload(code, reason));
    over = closed(std::move(sentence), code);
  }
};

StreamClient::StreamClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StreamClient::StreamClient(StreamClient&&) noexcept = default;
StreamClient& StreamClient::operator=(StreamClient&&) noexcept = default;

StreamClient::~StreamClient() {
  if (!parts_ || parts_->over) return;
  parts_->timeouts.send = milliseconds(0);
  parts_->send_frame(stream::Opcode::close, stream::close_payload(stream::close_code::normal));
}

Answer<StreamClient> StreamClient::connect(const ServerUrl& url, std::string_view query,
                                           StreamTimeouts timeouts) {
  auto connection = connect_to(url, timeouts.connect);
  if (!connection) return connection.error();
  const auto deadline = SteadyClock::now() + timeouts.connect;
  auto opened = Channel::open(url, std::move(connection->socket), deadline);
  if (!opened) return opened.error();
  auto parts = std::make_unique<Parts>(std::move(*opened));
  parts->timeouts = timeouts;
  Channel& channel = parts->channel;
  const auto key = stream::make_key(random_octets<16>());
  std::string target = "/api/v1/stream";
  if (!query.empty()) target.append("?").append(query);
  auto request = stream::upgrade_request(url.authority(), target, key, subprotocol);
  if (!url.token.empty())
    request.insert(request.size() - 2, "Authorization: Bearer " + url.token + "\r\n");
  if (!write_all(channel, request, deadline)) return no_answer(url, timeouts.connect);

  std::string received;
  std::size_t head_end = std::string::npos;
  while ((head_end = received.find("\r\n\r\n")) == std::string::npos) {
    const auto result =
        received.size() > longest_head ? ReadResult::ended : read_some(channel, received, deadline);
    if (result == ReadResult::nothing_yet && received.empty())
      return no_answer(url, timeouts.connect);
    if (result != ReadResult::data)
      return not_psmoved(url, "it does not answer as an HTTP server does");
  }
  const auto head = received.substr(0, head_end + 4);
  received.erase(0, head_end + 4);
  if (!stream::grants_upgrade(head, key, subprotocol))
    return upgrade_refused(url, channel, head, std::move(received), deadline);
  parts->unread = std::move(received);
  parts->last_sign_of_life = SteadyClock::now();
  return StreamClient(std::move(parts));
}

std::optional<Error> StreamClient::send(std::string_view json) {
  return parts_->send_frame(stream::Opcode::text, json);
}

Answer<std::optional<std::string>> StreamClient::receive(milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  while (true) {
    if (auto text = parts_->take_message()) return text;
    if (parts_->over) return *parts_->over;
    switch (read_some(parts_->channel, parts_->unread, deadline)) {
      case ReadResult::data:
        parts_->last_sign_of_life = SteadyClock::now();
        break;
      case ReadResult::ended:
        parts_->over = closed("the connection to psmoved broke");
        break;
      case ReadResult::nothing_yet:
        if (SteadyClock::now() - parts_->last_sign_of_life > parts_->timeouts.dead_after)
          parts_->over = closed("psmoved has gone silent");
        else
          return std::optional<std::string>();
        break;
    }
  }
}

int StreamClient::descriptor() const {
  return parts_->channel.descriptor();
}

}  // namespace psmove::client
