#pragma once
// Pairing: from a controller on the cable to one whose reports come by Bluetooth. Says at every
// step what happens, what it waits for, and what a person can do.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/listener.hpp"
#include "types/awaitable.hpp"
#include "types/pairing.hpp"
#include "types/result.hpp"

namespace psmove::drivers {

class Bluez;
class BluezHelper;
class Roster;
struct BluetoothAdapter;

struct PairingSettings {
  bool automatic = true;  ///< begin as soon as a controller is plugged in
  /// How long its call is waited for, and strangers are turned down meanwhile.
  std::chrono::seconds patience{180};
};

/// Why something cannot be done, or not yet.
struct PairingTrouble {
  std::string_view code;  ///< one of those in docs/pairing.md
  std::string sentence;   ///< with what to try
  std::string command{};  ///< what to type, where that would mend it
};

/// How pairings ended since the daemon started.
struct PairingResults {
  std::uint64_t connected = 0;     ///< its reports come by Bluetooth
  std::uint64_t host_written = 0;  ///< it was told of another computer, as it was asked
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
};

/// All pairings of this computer. Everything on the loop's thread.
class Pairings final : public Listener {
 public:
  /// @param bluez, helper  may be null: then only the addresses of other computers can be written
  Pairings(boost::asio::io_context& io, Roster& roster, Bluez* bluez, BluezHelper* helper,
           PairingSettings settings);
  ~Pairings() override;
  Pairings(const Pairings&) = delete;
  Pairings& operator=(const Pairings&) = delete;

  /// Begins to look for controllers on the cable.
  void start();
  /// Whether to begin as soon as a controller is plugged in, from now on.
  void set_automatic(bool automatic) { settings_.automatic = automatic; }
  /// Ends every pairing where it is; nothing is taken back.
  void stop();

  /// Begins, or goes on with what this wish allows beyond the last.
  /// @return why not: not_on_cable, or pairing_busy while another wish for it is being carried out
  std::optional<PairingTrouble> begin(const Address& controller, const PairingWish& wish);
  /// Ends a pairing and takes back what it has done so far. @return false where there was none
  bool cancel(const Address& controller);
  /// Has BlueZ forget a controller. @return why not; not_paired where it knows no such one
  Awaitable<std::optional<PairingTrouble>> unpair(Address controller);
  /// Of all controllers that are known here; and BlueZ takes only bonded devices again, if that was
  /// changed for us.
  Awaitable<std::optional<PairingTrouble>> unpair_all();

  /// Called after the status of any has changed.
  void on_change(std::function<void()> callback) { on_change_ = std::move(callback); }
  /// How far a controller is; none where it is neither on the cable nor being paired.
  [[nodiscard]] std::optional<PairingStatus> status(const Address& controller) const;
  /// Whether somebody's wish is being carried out, and is not waiting for a person.
  [[nodiscard]] bool is_under_way(const Address& controller) const;

  [[nodiscard]] const PairingResults& results() const { return results_; }

  void on_button(const Controller&, Button, bool, std::int64_t) override {}
  void on_trigger(const Controller&, double, std::int64_t) override {}
  void on_battery(const Controller&) override {}
  void on_presence(const Controller& controller, Presence presence) override;
  void on_outputs(const Controller&) override {}

 private:
  struct Flow;
  struct Plan;
  using FlowPtr = std::shared_ptr<Flow>;

  Awaitable<void> run(FlowPtr flow);
  Awaitable<bool> carry_out(FlowPtr flow);
  Awaitable<std::optional<PairingTrouble>> make_plan(FlowPtr flow);
  Awaitable<void> inspect(FlowPtr flow, Address adapter);
  Awaitable<bool> write_host(FlowPtr flow, Address host);
  Awaitable<void> switch_off(FlowPtr flow);
  Awaitable<bool> store(FlowPtr flow);
  Awaitable<bool> wait_for_call(FlowPtr flow);
  Awaitable<void> take_back(FlowPtr flow);
  Awaitable<Result<void>> remove(Address adapter, Address controller);

  void set_stage(Flow& flow, PairingStage stage, PairingTrouble trouble = {});
  void answer_questions();
  void wake_all();
  void tell();
  std::optional<PairingTrouble> choose_adapter(Flow& flow) const;
  [[nodiscard]] std::optional<PairingTrouble> adapter_trouble(
      const BluetoothAdapter& adapter) const;
  [[nodiscard]] std::optional<PairingTrouble> refused_adapter() const;
  [[nodiscard]] int links_at(const Address& adapter) const;
  [[nodiscard]] std::vector<std::string> would_be_disconnected() const;

  boost::asio::io_context& io_;
  Roster& roster_;
  Bluez* bluez_;
  BluezHelper* helper_;
  PairingSettings settings_;
  std::map<Address, FlowPtr> flows_;
  std::set<Address> dismissed_;  ///< cancelled by somebody, and still on the cable
  bool is_storing_ = false;
  bool is_started_ = false;
  std::function<void()> on_change_;
  PairingResults results_;
};

}  // namespace psmove::drivers
