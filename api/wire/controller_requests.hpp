#pragma once
// What clients ask of a controller itself: its name, its calibration, its pairing, its readings.

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
#include "types/calibration_report.hpp"

namespace psmove::wire {

struct ControllerPatch {
  std::optional<std::string> name;  ///< empty string (JSON null): take the name away
  std::optional<int> number;
  std::optional<std::string> companion;  ///< id, number or name; empty (JSON null): nobody
  /// Of its motor; what is not given stays.
  struct RumbleLimitPatch {
    bool is_reset = false;  ///< JSON null: everybody's from now on
    std::optional<double> duty{};
    std::optional<std::chrono::seconds> window{};
  };
  std::optional<RumbleLimitPatch> rumble_limit;
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
  bool without_restart = false;  ///< goes with neither of these two
};
[[nodiscard]] Parsed<PairingRequest> pairing_request(const nlohmann::json& body);

/// What GET …/sensors may be asked for.
struct SensorsQuery {
  std::optional<std::chrono::milliseconds> average;  ///< 1 to 1000
  bool waits_for_next = false;
};
/// Reads a raw query string; its parameters are judged like members of a body.
[[nodiscard]] Parsed<SensorsQuery> sensors_query(std::string_view query);

}  // namespace psmove::wire
