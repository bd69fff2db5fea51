#pragma once
// How the messages of one client are written and framed.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "api/stream/framing.hpp"

namespace psmove::stream {

enum class Format : std::uint8_t {
  json,          ///< text messages of a WebSocket
  cbor,          ///< the same in CBOR, in binary messages
  binary,        ///< motion as records in binary messages, the rest as JSON text
  event_stream,  ///< the text as events of text/event-stream, on HTTP alone
};

/// A WebSocket subprotocol.
struct Protocol {
  Format format;
  std::string_view name;
};
inline constexpr std::array protocols = {Protocol{Format::json, "psmoved.v1+json"},
                                         Protocol{Format::cbor, "psmoved.v1+cbor"},
                                         Protocol{Format::binary, "psmoved.v1+bin"}};
/// What is spoken where none is asked for, and what the event stream's messages are.
inline constexpr const Protocol& usual_protocol = protocols[0];
inline constexpr std::string_view protocol_names =
    "psmoved.v1+json, psmoved.v1+cbor and psmoved.v1+bin";

/// The first of a list with commas that there is: the client's preference counts.
[[nodiscard]] std::optional<Protocol> chosen_protocol(std::string_view offered);

}  // namespace psmove::stream
