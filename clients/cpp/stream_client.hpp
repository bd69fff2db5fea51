#pragma once
// psmoved's stream (WebSocket, JSON) as a small blocking client.
//
//     auto stream = psmove::client::StreamClient::connect({}, "fields=orientation").value();
//     while (auto text = stream.receive(1s).value())
//       if (const auto message = psmove::client::parse_message(*text)) ...
//
// Or subscribe by hand: connect without a query and send subscribe_request(...).

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "clients/cpp/error.hpp"
#include "clients/cpp/messages.hpp"
#include "clients/cpp/request_bodies.hpp"
#include "clients/cpp/url.hpp"

namespace psmove::client {

struct StreamTimeouts {
  std::chrono::milliseconds connect{3000};  ///< for each address, and again for the handshake
  std::chrono::milliseconds send{5000};
  /// A daemon that says nothing for so long is taken for dead; it pings every 15 s.
  std::chrono::milliseconds dead_after{45'000};
};

/// One connection. Pings are answered while receive() runs; call it at least every few seconds.
/// Every error ends the connection: make a new one.
class StreamClient {
 public:
  /// @param query  starts the stream at once: "controllers=1,2&fields=orientation"; already encoded
  [[nodiscard]] static Answer<StreamClient> connect(const ServerUrl& url = {},
                                                    std::string_view query = {},
                                                    StreamTimeouts timeouts = {});
  /// Says goodbye (1000) without waiting for the answer.
  ~StreamClient();
  StreamClient(StreamClient&&) noexcept;
  StreamClient& operator=(StreamClient&&) noexcept;

  /// Sends one JSON text. @return an error where the connection is gone
  std::optional<Error> send(std::string_view json);

  /// The next message, or nullopt when none came in time. Messages may wait in memory after the
  /// descriptor has been read: call with 0 until nullopt before polling it.
  [[nodiscard]] Answer<std::optional<std::string>> receive(std::chrono::milliseconds timeout);

  /// For poll(2), for reading only.
  [[nodiscard]] int descriptor() const;

 private:
  struct Parts;
  explicit StreamClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace psmove::client
