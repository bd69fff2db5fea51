#pragma once
// A token for whoever stands beside the controllers: a program asks, every controller glows and
// shakes shortly, and Move pressed on one of them says yes.

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/principal.hpp"
#include "api/wire/fault.hpp"
#include "drivers/clock.hpp"
#include "drivers/listener.hpp"

namespace psmove::drivers {
class Roster;
}

namespace psmove::api {

class Tokens;

struct TokenRequest {
  enum class State : std::uint8_t {
    waiting,   ///< for somebody to press the button
    granted,   ///< somebody did
    expired,   ///< nobody did
    canceled,  ///< who asked, or an operator, has changed their mind
    failed,    ///< somebody did, and the token could not be saved
  };
  std::string id;    ///< as hard to guess as a token: it is what the asker shows
  std::string name;  ///< of the token to come, and what people are shown
  Scope scope = Scope::outputs;
  std::string address;  ///< literal, of who asked; empty: this machine, over a local socket
  State state = State::waiting;
  std::int64_t expires_us = 0;       ///< Unix time at which nobody has pressed
  std::string token{};               ///< the secret; only for a short time
  std::string token_name{};          ///< `name`, or with a number behind it where that was taken
  std::optional<wire::Fault> why{};  ///< of `failed`
  drivers::SteadyTime asked{}, expires{}, forgotten{};
};

/// At most one request at a time. Everything is decided when somebody looks or presses: no timers.
class TokenRequests final : public drivers::Listener {
 public:
  static constexpr std::chrono::seconds lifetime{30};
  /// A press so soon was not an answer: nobody saw the light yet.
  static constexpr std::chrono::milliseconds reaction{700};
  /// How long a token can be fetched, and an ended request be looked at.
  static constexpr std::chrono::seconds kept{60};
  /// From the end of a request to the next.
  static constexpr std::chrono::seconds pause{5};
  /// Requests of one address; of IPv6, of one /64.
  static constexpr int most_per_hour = 10;
  /// Requests of all addresses beyond this machine: however many somebody has, the lights are
  /// theirs for a small part of the time.
  static constexpr int most_per_hour_beyond = 20;
  /// Above everything that clients can ask for.
  static constexpr int priority = 1001;

  /// @param tokens  outlives it; nullptr: nothing is ever granted
  TokenRequests(drivers::Roster& roster, Tokens* tokens);
  ~TokenRequests() override;
  TokenRequests(const TokenRequests&) = delete;
  TokenRequests& operator=(const TokenRequests&) = delete;

  /// Why nobody may ask at the moment, and for how long.
  struct Refusal {
    wire::Fault fault;
    std::chrono::seconds retry_after{0};  ///< 0: nobody knows
  };
  /// Lights and shakes every connected controller with a sphere.
  boost::system::result<const TokenRequest*, Refusal> ask(std::string_view name, Scope scope,
                                                          std::string_view address,
                                                          drivers::SteadyTime now);
  /// nullptr: unknown, or forgotten.
  [[nodiscard]] const TokenRequest* find(std::string_view id, drivers::SteadyTime now);
  /// The one that waits; or nullptr.
  [[nodiscard]] const TokenRequest* pending(drivers::SteadyTime now);
  /// @return false where it is unknown; one that has ended stays as it is
  bool cancel(std::string_view id, drivers::SteadyTime now);

  void on_button(const drivers::Controller& controller, Button button, bool pressed,
                 std::int64_t time_us) override;
  void on_trigger(const drivers::Controller&, double, std::int64_t) override {}
  void on_battery(const drivers::Controller&) override {}
  void on_presence(const drivers::Controller& controller, drivers::Presence presence) override;
  void on_outputs(const drivers::Controller&) override {}

 private:
  /// By when an address will have paid off what it asked for.
  using Debts = std::map<std::string, drivers::SteadyTime, std::less<>>;

  [[nodiscard]] std::optional<Refusal> refusal(std::string_view address, drivers::SteadyTime now);
  void tidy(drivers::SteadyTime now);
  void end(TokenRequest& request, TokenRequest::State state, drivers::SteadyTime now);
  void grant(TokenRequest& request);
  void show(drivers::SteadyTime now);
  void let_go();

  drivers::Roster& roster_;
  Tokens* tokens_;
  std::list<TokenRequest> requests_;  ///< the newest last
  drivers::SteadyTime next_{};        ///< before which nobody may ask
  Debts debts_;
  drivers::SteadyTime debt_beyond_{};  ///< the same, of all beyond this machine together
};

}  // namespace psmove::api
