#pragma once
// psmoved's REST API as functions. One Client talks to one daemon, keeps its connection open
// between requests, and blocks for each answer; use one from one thread at a time.
//
//     psmove::client::Client move;
//     for (const auto& controller : move.controllers().value())
//       std::cout << controller.display_name() << '\n';
//     move.set_led("1", {.color = {255, 0, 0}, .fade = 500ms});
//     move.set_rumble("all", {.value = 120, .duration = 80ms});

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/instant.hpp"
#include "api/wire/output_requests.hpp"
#include "api/wire/simulation_requests.hpp"
#include "clients/cpp/error.hpp"
#include "clients/cpp/messages.hpp"
#include "clients/cpp/url.hpp"
#include "types/outputs.hpp"

namespace psmove::client {

struct Timeouts {
  std::chrono::milliseconds connect{3000};   ///< for each address of the host
  std::chrono::milliseconds answer{15'000};  ///< pairing and feature reports take a while
};

/// `which` is a controller's id, number or name, in any characters; `all` where an output is
/// written. Everything returns an Error instead of throwing.
class Client {
 public:
  explicit Client(ServerUrl url = {}, Timeouts timeouts = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  [[nodiscard]] const ServerUrl& url() const;

  [[nodiscard]] Answer<std::vector<Controller>> controllers();
  [[nodiscard]] Answer<Controller> controller(std::string_view which);

  /// Writes this client's layer. The answer is the server's JSON: the state after the write, an
  /// array of them for `all`.
  /// @param when  for a later instant; the answer is the cue that does it then
  Answer<std::string> set_led(std::string_view which, const LedWish& wish,
                              const wire::Instant& when = {});
  Answer<std::string> set_rumble(std::string_view which, const RumbleWish& wish,
                                 const wire::Instant& when = {});
  /// Gives the output back to whoever else wants it.
  Answer<std::string> clear_led(std::string_view which);
  Answer<std::string> clear_rumble(std::string_view which);

  /// How much the motor may run; what is not given stays, neither: everybody's limit again.
  Answer<std::string> set_rumble_limit(std::string_view which, std::optional<double> duty,
                                       std::optional<std::chrono::seconds> window);

  /// "This is forward": +Y of the world is where the controller points now.
  Answer<std::string> reset_orientation(std::string_view which);
  Answer<std::string> undo_orientation_reset(std::string_view which);

  /// The guided magnetometer fit. @param action  "start", "finish", "cancel" or "forget"
  /// @return the state after it, for parse_calibration()
  Answer<std::string> calibrate(std::string_view which, std::string_view action);

  /// Writes whom a controller on the cable calls when its PS button is pressed.
  /// @param which  empty: the only one on the cable
  Answer<std::string> pair(std::string_view which, const PairingWish& wish);
  /// @param which  empty: all of them, and BlueZ takes bonded devices only again
  Answer<std::string> unpair(std::string_view which);

  /// An empty name takes the name away.
  Answer<std::string> set_name(std::string_view which, std::string_view name);
  /// Binds a Navigation controller and a Move, from either side. An empty `other` parts them.
  Answer<std::string> set_companion(std::string_view which, std::string_view other);
  /// Only one that is away can be forgotten.
  Answer<std::string> forget(std::string_view which);

  /// How often a second the light is switched, which is how it is dimmed; for parse_led_pwm().
  Answer<std::string> led_pwm(std::string_view which);
  Answer<std::string> set_led_pwm(std::string_view which, std::uint32_t frequency_hz);
  /// The motors of a racing wheel; for parse_wheel().
  Answer<std::string> set_wheel_rumble(std::string_view which, const wire::WheelWish& wish);
  Answer<std::string> stop_wheel_rumble(std::string_view which);
  /// What the controller says about itself; for parse_diagnostics().
  Answer<std::string> diagnostics(std::string_view which);

  /// Simulated controllers only.
  Answer<std::string> simulation(std::string_view which);
  Answer<std::string> set_simulation(std::string_view which, const wire::SimulationPatch& patch);

  /// Any request, for what has no function here.
  /// @param path  from the root and already encoded: "/api/v1/controllers/1"
  /// @param body  JSON; none is sent where it is empty
  /// @return the body of a 2xx answer; empty for 204
  Answer<std::string> request(std::string_view method, std::string_view path,
                              std::string_view body = {});

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// "/api/v1/controllers/left%20hand/led"; without `part`, the controller itself.
[[nodiscard]] std::string controller_path(std::string_view which, std::string_view part = {});

}  // namespace psmove::client
