#pragma once
// How the messages of one client are written and framed.

#include <cstdint>

namespace psmove::stream {

enum class Format : std::uint8_t {
  json,          ///< text messages of a WebSocket
  event_stream,  ///< the same text as events of text/event-stream, on HTTP alone
};

}  // namespace psmove::stream
