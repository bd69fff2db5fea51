#pragma once
// What a controller is asked for besides reports and light: who is on its extension port, the
// wheel's motors, the frequency of its light, what it says about itself. All of it takes feature
// reports, which may suspend for seconds; one after the other, by the link that also carries its
// outputs.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "drivers/clock.hpp"
#include "types/awaitable.hpp"
#include "types/diagnostics.hpp"
#include "types/extension.hpp"
#include "types/outputs.hpp"
#include "types/result.hpp"

namespace psmove::drivers {

class Bell;
class Controller;
class HidChannel;

/// One kind of errand: each wish has a number, and is done once `done` has reached it.
struct Errand {
  unsigned asked = 0, done = 0;
  error_code error;  ///< of the newest that is done
  [[nodiscard]] bool is_wanted() const { return asked != done; }
};

/// What is asked of one controller, and what came of it.
struct Errands {
  std::vector<Bell*> bells;  ///< of the links that run errands

  // ---- the extension port
  bool is_port_taken = false;  ///< as the newest report says
  bool is_port_known = true;   ///< who it is was asked, or nobody is there
  WheelRumble wheel;           ///< wanted
  SteadyTime wheel_until{};    ///< and until when
  WheelRumble wheel_written;   ///< told to the wheel last
  SteadyTime wheel_written_at{};

  // ---- the frequency of the light
  Errand led_pwm;
  std::uint32_t wanted_led_pwm = 0;
  std::optional<std::uint32_t> led_pwm_hz;  ///< set since it connected

  // ---- diagnosis
  Errand diagnosis;
  std::optional<Diagnostics> diagnostics;  ///< of the newest that is done
  SteadyTime diagnosed_at{};
};

/// Runs them until the link ends.
Awaitable<void> run_errands(Controller& controller, HidChannel& channel);

}  // namespace psmove::drivers
