#pragma once
// Requests that wait for a controller: for its next sample, or for a light to be on the radio.

#include <memory>
#include <optional>
#include <vector>

#include "drivers/bell.hpp"
#include "drivers/listener.hpp"
#include "types/address.hpp"

namespace psmove::drivers {
class Roster;
}

namespace psmove::api {

/// The one listener behind all waiting requests. Shared with them, because a request that is cut
/// off with its event loop may outlive the server.
class Waiters final : public drivers::Listener {
 public:
  explicit Waiters(drivers::Roster& roster);
  ~Waiters() override;
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  /// Wakes everybody, for instance because the server stops.
  void wake_all();
  /// Leaves the roster.
  void detach();

  void after_samples(const drivers::Controller& controller, std::span<const Sample>,
                     std::int64_t) override;
  void on_button(const drivers::Controller&, Button, bool, std::int64_t) override {}
  void on_trigger(const drivers::Controller&, double, std::int64_t) override {}
  void on_battery(const drivers::Controller&) override {}
  void on_presence(const drivers::Controller&, drivers::Presence) override { wake_for_state(); }
  void on_outputs(const drivers::Controller&) override { wake_for_state(); }
  void on_errand(const drivers::Controller&) override { wake_for_state(); }

 private:
  friend class Waiter;
  struct Entry {
    std::optional<Address> samples_of;  ///< else: outputs and presence of anybody
    drivers::Bell* bell;
  };
  void wake_for_state();

  drivers::Roster* roster_;
  std::vector<Entry> entries_;
};

/// One waiting request; the condition is tested in a loop around its bell.
class Waiter {
 public:
  /// @param samples_of  rings at each report of this controller; without, when outputs or presence
  ///                    of any controller change
  Waiter(std::shared_ptr<Waiters> waiters, std::optional<Address> samples_of);
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] drivers::Bell& bell() { return bell_; }

 private:
  std::shared_ptr<Waiters> waiters_;
  drivers::Bell bell_;
};

}  // namespace psmove::api
