#pragma once
// Makes out who asks: by the token they show, by the ticket a token or this machine was given, by
// the user that the kernel says they are, or by being on this machine.

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "api/peer.hpp"
#include "api/principal.hpp"
#include "api/routes.hpp"
#include "drivers/clock.hpp"

namespace psmove::api {

class Tokens;

class Authentication {
 public:
  struct Rules {
    bool here = false;             ///< whether this machine needs a token
    bool beyond = false;           ///< whether all others do
    std::vector<uid_t> trusted{};  ///< who needs none here, if the kernel says that it is they
  };
  /// @param tokens  outlives it; nullptr: there are none
  Authentication(Tokens* tokens, Rules needed) : tokens_(tokens), needed_(std::move(needed)) {}

  void set_rules(Rules needed) { needed_ = std::move(needed); }

  /// @param authorization  the field of that name, if it was sent
  [[nodiscard]] Principal identify(std::optional<std::string_view> authorization, const Peer& peer,
                                   drivers::SteadyTime now, std::int64_t now_us);

  /// Of who came with a ticket instead. @param known  what it was made for, if there is such a one
  [[nodiscard]] Principal identify_ticket(std::optional<Principal> known, const Peer& peer,
                                          drivers::SteadyTime now);

 private:
  /// How much an address is in debt for the wrong tokens it showed.
  using Debts = std::map<std::string, drivers::SteadyTime, std::less<>>;

  [[nodiscard]] bool needs_token(const Peer& peer) const;
  [[nodiscard]] wire::Fault wrong_token(const Peer& peer, drivers::SteadyTime now);

  Tokens* tokens_;
  Rules needed_;
  Debts debts_;
};

/// The answer to who may not: with WWW-Authenticate (RFC 6750 section 3).
[[nodiscard]] Response refused(const wire::Fault& fault, Scope needed, std::string_view instance);

}  // namespace psmove::api
