#pragma once
// An emulated controller in this process, as an ordinary controller of the roster.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/move.hpp"
#include "types/awaitable.hpp"
#include "types/result.hpp"

namespace psmove::drivers {

class Bell;
class Roster;

/// One item of `--simulate`: `[Nx]MODEL[:KEY=VALUE]...`.
struct SimulatedController {
  emulator::MoveOptions options;
  std::string motion = "still";
  std::string name;
};

/// Reads the whole list. Keys: motion (still, wave, figure8, trial=FILE), name, address (dashes for
/// its colons), rate (reports per second).
/// @return one entry per controller, or a sentence that says what is wrong and what is accepted
struct SimulateList {
  std::vector<SimulatedController> controllers;
  std::string error;
};
SimulateList parse_simulate_list(std::string_view list);

/// The emulated device and its link to the daemon.
class Simulation {
 public:
  Simulation(const SimulatedController& what);
  ~Simulation();

  [[nodiscard]] emulator::Move& move() { return move_; }
  [[nodiscard]] const emulator::Move& move() const { return move_; }
  /// Takes the radio link away or gives it back, as walking out of range does.
  void set_link(bool up);
  [[nodiscard]] bool link_is_up() const { return link_up_; }
  [[nodiscard]] Bell& bell() { return *bell_; }

 private:
  emulator::Move move_;
  bool link_up_ = true;
  std::unique_ptr<Bell> bell_;
};

/// Serves one simulated controller for ever: connects while its link is up, is away while not.
Awaitable<void> run_simulation(Roster& roster, SimulatedController what);

}  // namespace psmove::drivers
