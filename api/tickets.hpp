#pragma once
// Tickets open one WebSocket or one stream of events, for pages: a browser's WebSocket and
// EventSource cannot send Authorization, and a token in a URL would end up in logs.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/principal.hpp"
#include "api/tokens.hpp"
#include "drivers/clock.hpp"

namespace psmove::api {

class Tickets {
 public:
  static constexpr std::chrono::seconds lifetime{30};
  /// Not used and not expired; beyond them the one that expires first is given up.
  static constexpr std::size_t most = 256;

  /// @return the ticket, for a client that may do what this one may
  [[nodiscard]] std::string issue(const Principal& client, drivers::SteadyTime now);
  /// Uses it up. @return nothing where there is no such ticket, or not any more
  [[nodiscard]] std::optional<Principal> redeem(std::string_view ticket, drivers::SteadyTime now);
  /// Gives up those that were asked for with this token.
  void forget_token(std::string_view id);

 private:
  struct Ticket {
    Principal client;
    drivers::SteadyTime expires;
  };
  std::map<TokenHash, Ticket> tickets_;  ///< by the hash, so that looking one up tells nothing
};

/// Cuts `ticket=…` out of a raw query. @return the ticket, if it was there
[[nodiscard]] std::optional<std::string> take_ticket(std::string& query);

}  // namespace psmove::api
