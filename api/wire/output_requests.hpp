#pragma once
// What clients ask of outputs and of a simulation: bodies of PUT and PATCH, and the stream's `set`.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/fault.hpp"
#include "types/address.hpp"
#include "types/buttons.hpp"
#include "types/calibration_report.hpp"
#include "types/controller_state.hpp"
#include "types/extension.hpp"
#include "types/outputs.hpp"

namespace psmove::wire {

/// Strict parse of one JSON text: UTF-8, no duplicate members, nesting at most 16.
[[nodiscard]] Parsed<nlohmann::json> parse_json(std::string_view text);
/// application/x-www-form-urlencoded as a flat JSON object; numbers and booleans are recognised.
[[nodiscard]] Parsed<nlohmann::json> parse_form(std::string_view text);

/// {"red","green","blue"} or {"color"}, with fade_ms, for_ms, effect, period_ms, priority,
/// lease_ms. A primary that is left out is 0. An effect of `rainbow` needs no colour.
/// @param pointer  prefix for the pointers in faults ("/led" in the stream's `set`)
[[nodiscard]] Parsed<LedWish> led_wish(const nlohmann::json& body, std::string_view pointer = "");
/// {"value"}, with for_ms, priority, lease_ms.
[[nodiscard]] Parsed<RumbleWish> rumble_wish(const nlohmann::json& body,
                                             std::string_view pointer = "");

/// {"left","right"} of a wheel's motors, with for_ms.
struct WheelWish {
  WheelRumble rumble;
  std::optional<std::chrono::milliseconds> duration;  ///< 1 ms to 10 s
};
[[nodiscard]] Parsed<WheelWish> wheel_wish(const nlohmann::json& body);

/// {"frequency_hz"}, within the model's limits.
[[nodiscard]] Parsed<std::uint32_t> led_pwm_wish(const nlohmann::json& body,
                                                 std::uint32_t slowest_hz,
                                                 std::uint32_t fastest_hz);

struct ControllerPatch {
  std::optional<std::string> name;  ///< empty string (JSON null): take the name away
  std::optional<int> number;
  std::optional<std::string> companion;  ///< id, number or name; empty (JSON null): nobody
};
[[nodiscard]] Parsed<ControllerPatch> controller_patch(const nlohmann::json& body);

/// {"model"} of a controller that shall be known before it was ever seen.
[[nodiscard]] Parsed<std::string> model_of(const nlohmann::json& body);

/// What PATCH …/calibration brings along, from another computer or another program.
struct CalibrationPatch {
  /// What the controller's maker measured: feature report 0x10's blocks put together.
  std::optional<std::vector<std::byte>> factory_blob;
  std::optional<MagnetometerCalibration> magnetometer_fit;
};
/// `factory_blob` in hexadecimal digits; `magnetometer_fit` as GET …/calibration shows it, of which
/// residual_ut and coverage may be left out. Its soft_iron is taken to determinant 1.
[[nodiscard]] Parsed<CalibrationPatch> calibration_patch(const nlohmann::json& body);

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
};
/// `buttons` is an array of names, or one string of names with commas (for forms).
[[nodiscard]] Parsed<SimulationPatch> simulation_patch(const nlohmann::json& body);

/// What POST …/calibration does with the guided magnetometer fit; `start` where nothing is said.
enum class CalibrationAction : std::uint8_t { start, finish, cancel, forget };
[[nodiscard]] Parsed<CalibrationAction> calibration_action(const nlohmann::json& body);

/// What POST /pairing asks for.
struct PairingRequest {
  std::optional<std::string> controller{};  ///< id, number or name
  std::optional<Address> host{};            ///< another computer, which it shall call
  std::optional<std::string> adapter{};     ///< of this computer: address or name
  bool allow_unbonded = false;
  bool may_disconnect = false;
};
[[nodiscard]] Parsed<PairingRequest> pairing_request(const nlohmann::json& body);

/// What GET …/sensors may be asked for.
struct SensorsQuery {
  std::optional<std::chrono::milliseconds> average;  ///< 1 to 1000
  bool waits_for_next = false;
};
/// Of a path that takes no parameters in its query: names the first that is there.
[[nodiscard]] std::optional<Fault> refuse_parameters(std::string_view query);
/// Reads a raw query string; its parameters are judged like members of a body.
[[nodiscard]] Parsed<SensorsQuery> sensors_query(std::string_view query);

}  // namespace psmove::wire
