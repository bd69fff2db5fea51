#pragma once
// What clients ask of a simulated controller: the body of PATCH …/simulation.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "api/wire/fault.hpp"
#include "types/buttons.hpp"
#include "types/controller_state.hpp"
#include "types/extension.hpp"

namespace psmove::wire {

struct SimulationPatch {
  std::optional<std::string> motion;
  std::optional<Buttons> buttons;
  std::optional<double> trigger;
  std::optional<int> battery_percent;
  std::optional<bool> link_up;
  std::optional<double> loss;
  std::optional<std::string> magnetometer;  ///< "normal", "absent", "disturbed"
  /// What to plug into the extension port; the inner nullopt pulls it.
  std::optional<std::optional<ExtensionDevice>> extension;
  /// The controls of the device on that port, those that are given.
  struct Controls {
    std::optional<int> weapon;  ///< 1..3
    std::optional<bool> trigger, reload, pump;
    std::optional<double> throttle, l2, r2;
    std::optional<bool> left_paddle, right_paddle;
    [[nodiscard]] bool is_empty() const { return !is_for_gun() && !is_for_wheel(); }
    [[nodiscard]] bool is_for_gun() const { return weapon || trigger || reload || pump; }
    [[nodiscard]] bool is_for_wheel() const {
      return throttle || l2 || r2 || left_paddle || right_paddle;
    }
  } controls;
  std::optional<Stick> stick;  ///< of a Navigation controller
  /// Of a Navigation controller too, those that are given; L2 is `trigger`.
  struct Pressures {
    std::optional<double> l1, up, right, down, left;
    [[nodiscard]] bool is_empty() const { return !(l1 || up || right || down || left); }
  } pressures;
};
/// `buttons` is an array of names, or one string of names with commas (for forms).
[[nodiscard]] Parsed<SimulationPatch> simulation_patch(const nlohmann::json& body);

}  // namespace psmove::wire
