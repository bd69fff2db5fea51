#pragma once
// An emulated controller in this process, as an ordinary controller of the roster.

#include <memory>
#include <string>

#include "emulator/device_list.hpp"
#include "emulator/move.hpp"
#include "emulator/navigation.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {

class Bell;
class HidChannel;
class Roster;

/// The emulated device and its link to the daemon. The motion must be one that make_motion takes.
class Simulation {
 public:
  explicit Simulation(const emulator::DeviceSpec& what);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  [[nodiscard]] emulator::Peripheral& device() { return *device_; }
  [[nodiscard]] const emulator::Peripheral& device() const { return *device_; }
  /// The device again, where it is one; else nullptr.
  [[nodiscard]] emulator::Move* move() const { return move_; }
  [[nodiscard]] emulator::Navigation* navigation() const { return navigation_; }
  /// Takes the radio link away or gives it back, as walking out of range does.
  void set_link(bool up);
  [[nodiscard]] bool link_is_up() const { return link_up_; }
  /// Rings when the link was taken away or given back.
  [[nodiscard]] Bell& bell() { return *bell_; }

 private:
  std::unique_ptr<emulator::Peripheral> device_;
  emulator::Move* move_;
  emulator::Navigation* navigation_;
  bool link_up_ = true;
  std::unique_ptr<Bell> bell_;
};

/// Its link, as it comes up: the device begins anew.
/// @param simulation  outlives the channel
std::unique_ptr<HidChannel> make_simulated_channel(Simulation& simulation);

/// Serves one simulated controller for ever: connects while its link is up, is away while not.
/// It bears its name from the start unless somebody else has it.
Awaitable<void> run_simulation(Roster& roster, emulator::DeviceSpec what);

}  // namespace psmove::drivers
