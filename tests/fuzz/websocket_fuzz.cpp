// Any bytes into the WebSocket receiver, in both roles and cut in two ways: it must hear the same,
// stay within its bounds, and end after a close or a violation.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/stream/framing.hpp"

namespace {

using namespace psmove::stream;

constexpr Receiver::Bounds bounds{.message_bytes = 4096, .fragments = 8};

void require(bool claim) {
  if (!claim) std::abort();
}

void check(const Message& message) {
  using Kind = Message::Kind;
  const bool is_control = message.kind != Kind::text && message.kind != Kind::binary;
  require(message.payload.size() <= (is_control ? 125 : bounds.message_bytes));
  if (message.kind == Kind::close)
    require(message.code == close_code::no_status || is_valid_close_code(message.code));
  if (message.kind == Kind::violation) require(is_valid_close_code(message.code));
  if (message.kind != Kind::text) return;
  Utf8Check text;
  require(text.feed(message.payload) && text.is_complete());
}

std::vector<std::string> heard(Role role, std::string_view bytes, std::size_t piece) {
  Receiver receiver(role, bounds);
  std::vector<std::string> all;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    while (const auto message = receiver.next(input)) {
      check(*message);
      all.push_back(std::to_string(static_cast<int>(message->kind)) + " " +
                    std::to_string(message->code) + " " + std::string(message->payload));
    }
    require(input.empty());
  }
  if (!all.empty() && (all.back()[0] == '4' || all.back()[0] == '5'))
    require(receiver.is_finished());
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 17 + 1;
  const std::string bytes(data + 1, data + size);
  for (const auto role : {Role::server, Role::client})
    require(heard(role, bytes, bytes.size() + 1) == heard(role, bytes, piece));
  (void)grants_upgrade(bytes, "dGhlIHNhbXBsZSBub25jZQ==", "");
  (void)is_valid_key(bytes);
  return 0;
}
