#include "api/wire/controller_requests.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/wire/members.hpp"
#include "api/wire/strict_json.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

/// The largest strength that hard iron may have, and the weakest and strongest field that a fit may
/// have been made in. The earth's is 22 to 67 µT.
constexpr int most_hard_iron_ut = 2000;
constexpr int weakest_field_ut = 5, strongest_field_ut = 500;
/// How far the determinant of a soft iron matrix may be from the 1 that it is taken to.
constexpr double least_determinant = 0.5, most_determinant = 2;

Parsed<Vec3<Microtesla>> hard_iron_of(const json& object) {
  Members members(object, "/magnetometer_fit/hard_iron_ut", {"x", "y", "z"});
  Vec3<Microtesla> iron;
  const auto axis = [&](std::string_view name, double& value) {
    const auto given = members.number(name, -most_hard_iron_ut, most_hard_iron_ut);
    if (!given) members.fail(ErrorCode::missing_member, "", "Give \"x\", \"y\" and \"z\".");
    value = given.value_or(0);
  };
  axis("x", iron.x);
  axis("y", iron.y);
  axis("z", iron.z);
  if (members.failed()) return members.fault();
  return iron;
}

/// Three rows of three numbers; nothing where it is anything else.
std::optional<std::array<double, 9>> matrix_of(const json& rows) {
  std::array<double, 9> matrix{};
  if (!rows.is_array() || rows.size() != 3) return std::nullopt;
  for (std::size_t row = 0; row < 3; ++row) {
    if (!rows[row].is_array() || rows[row].size() != 3) return std::nullopt;
    for (std::size_t column = 0; column < 3; ++column) {
      if (!rows[row][column].is_number()) return std::nullopt;
      matrix[3 * row + column] = rows[row][column].get<double>();
    }
  }
  return matrix;
}

/// Takes a symmetric, positive matrix to determinant 1; false where it is none.
bool normalise(std::array<double, 9>& m) {
  constexpr double roundness = 1e-3;  // GET rounds to four digits
  for (const auto& [a, b] : {std::pair{1, 3}, {2, 6}, {5, 7}}) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    if (!(std::abs(m[i] - m[j]) <= roundness)) return false;
    m[i] = m[j] = (m[i] + m[j]) / 2;
  }
  const double minor = m[0] * m[4] - m[1] * m[3];
  const double determinant = m[0] * (m[4] * m[8] - m[5] * m[7]) -
                             m[1] * (m[3] * m[8] - m[5] * m[6]) +
                             m[2] * (m[3] * m[7] - m[4] * m[6]);
  // Sylvester's criterion.
  if (!(m[0] > 0 && minor > 0 && determinant >= least_determinant &&
        determinant <= most_determinant))
    return false;
  for (double& each : m) each /= std::cbrt(determinant);
  return true;
}

Parsed<MagnetometerCalibration> magnetometer_fit_of(const json& object) {
  Members members(object, "/magnetometer_fit",
                  {"hard_iron_ut", "soft_iron", "field_ut", "residual_ut", "coverage"});
  MagnetometerCalibration fit;
  for (const std::string_view name : {"hard_iron_ut", "soft_iron", "field_ut"})
    if (!members.failed() && !members.has(name))
      members.fail(ErrorCode::missing_member, name, "\"" + std::string(name) + "\" is missing.");
  fit.field_ut = members.number("field_ut", weakest_field_ut, strongest_field_ut).value_or(0);
  fit.residual_ut = members.number("residual_ut", 0, strongest_field_ut).value_or(0);
  fit.coverage = members.fraction("coverage").value_or(1);
  if (members.failed()) return members.fault();
  const auto hard_iron = hard_iron_of(members["hard_iron_ut"]);
  if (!hard_iron) return hard_iron.error();
  fit.hard_iron = *hard_iron;
  const auto soft_iron = matrix_of(members["soft_iron"]);
  if (!soft_iron || (fit.soft_iron = *soft_iron, !normalise(fit.soft_iron)))
    return Fault{ErrorCode::invalid_value,
                 "\"soft_iron\" takes three rows of three numbers, a symmetric matrix of "
                 "determinant 1.",
                 "/magnetometer_fit/soft_iron"};
  return fit;
}

std::optional<std::vector<std::byte>> bytes_of(std::string_view digits) {
  std::vector<std::byte> bytes;
  if (digits.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    unsigned value = 0;
    const char* end = digits.data() + i + 2;
    const auto [stopped, error] = std::from_chars(digits.data() + i, end, value, 16);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

/// A number may stand for itself: 2 as well as "2".
void read_companion(Members& members, ControllerPatch& patch) {
  const json& value = members["companion"];
  if (value.is_null()) {
    patch.companion.emplace();
  } else if (value.is_number()) {
    if (const auto number = members.integer("companion", 1, 9999))
      patch.companion = std::to_string(*number);
  } else if (auto text = members.text("companion")) {
    if (text->empty())
      members.fail(ErrorCode::invalid_value, "companion",
                   "\"companion\" takes the id, number or name of a controller, or null.");
    patch.companion = std::move(text);
  }
}

Parsed<ControllerPatch::RumbleLimitPatch> rumble_limit_of(const json& value) {
  ControllerPatch::RumbleLimitPatch patch;
  patch.is_reset = value.is_null();
  if (patch.is_reset) return patch;
  Members members(value, "/rumble_limit", {"duty", "window_s"});
  patch.duty = members.fraction("duty");
  if (const auto window = members.integer("window_s", shortest_rumble_window.count(),
                                          longest_rumble_window.count()))
    patch.window = std::chrono::seconds(*window);
  if (members.failed()) return members.fault();
  return patch;
}

}  // namespace

Parsed<ControllerPatch> controller_patch(const json& body) {
  Members members(body, "", {"name", "number", "companion", "rumble_limit"});
  ControllerPatch patch;
  if (members.has("name") && members["name"].is_null()) {
    patch.name.emplace();
  } else if (auto name = members.text("name")) {
    if (name->empty())
      members.fail(ErrorCode::invalid_value, "name",
                   "A name is 1 to 64 characters; null takes it away.");
    patch.name = std::move(name);
  }
  if (const auto number = members.integer("number", 1, 9999))
    patch.number = static_cast<int>(*number);
  if (members.has("companion")) read_companion(members, patch);
  if (members.failed()) return members.fault();
  if (members.has("rumble_limit")) {
    const auto limit = rumble_limit_of(members["rumble_limit"]);
    if (!limit) return limit.error();
    patch.rumble_limit = *limit;
  }
  return patch;
}

Parsed<std::string> model_of(const json& body) {
  Members members(body, "", {"model"});
  auto model = members.text("model");
  if (!model) members.fail(ErrorCode::missing_member, "model", "Give the \"model\".");
  if (members.failed()) return members.fault();
  return std::move(*model);
}

Parsed<CalibrationPatch> calibration_patch(const json& body) {
  Members members(body, "", {"factory_blob", "magnetometer_fit"});
  CalibrationPatch patch;
  if (const auto digits = members.text("factory_blob")) {
    patch.factory_blob = bytes_of(*digits);
    if (!patch.factory_blob)
      members.fail(ErrorCode::invalid_value, "factory_blob",
                   "\"factory_blob\" takes bytes as pairs of hexadecimal digits.");
  }
  if (members.failed()) return members.fault();
  if (members.has("magnetometer_fit")) {
    auto fit = magnetometer_fit_of(members["magnetometer_fit"]);
    if (!fit) return fit.error();
    patch.magnetometer_fit = *fit;
  }
  return patch;
}

Parsed<CalibrationAction> calibration_action(const json& body) {
  Members members(body, "", {"action"});
  const auto action = members.choice("action", {"start", "finish", "cancel", "forget"});
  if (members.failed()) return members.fault();
  return action ? static_cast<CalibrationAction>(*action) : CalibrationAction::start;
}

Parsed<PairingRequest> pairing_request(const json& body) {
  Members members(body, "",
                  {"controller", "host_address", "adapter", "allow_unbonded", "disconnect_others",
                   "without_restart"});
  PairingRequest request;
  request.controller = members.text("controller");
  request.adapter = members.text("adapter");
  request.allow_unbonded = members.truth("allow_unbonded").value_or(false);
  request.may_disconnect = members.truth("disconnect_others").value_or(false);
  request.without_restart = members.truth("without_restart").value_or(false);
  for (const std::string_view restarting : {"allow_unbonded", "disconnect_others"})
    if (request.without_restart && members.has(restarting))
      members.fail(ErrorCode::conflicting_members, restarting,
                   "\"" + std::string(restarting) +
                       "\" takes a restart of bluetoothd, and \"without_restart\" forbids one.");
  if (const auto text = members.text("host_address")) {
    const auto host = parse_address(*text);
    // All zeros is what a controller stores that was never paired; all ones is no device.
    if (host && !host->is_zero() && *host != Address{{255, 255, 255, 255, 255, 255}})
      request.host = *host;
    else
      members.fail(ErrorCode::invalid_value, "host_address",
                   "\"host_address\" takes a Bluetooth address like 00:1b:dc:00:00:01.");
  }
  for (const std::string_view local :
       {"adapter", "allow_unbonded", "disconnect_others", "without_restart"})
    if (request.host && members.has(local))
      members.fail(ErrorCode::conflicting_members, local,
                   "\"" + std::string(local) +
                       "\" is about this computer; \"host_address\" names another one.");
  if (members.failed()) return members.fault();
  return request;
}

Parsed<SensorsQuery> sensors_query(std::string_view query) {
  SensorsQuery wanted;
  if (query.empty()) return wanted;
  const auto parameters = parse_form(query);
  if (!parameters) return parameters.error();
  Members members(*parameters, "", {"average_ms", "wait"});
  wanted.average = members.duration("average_ms", 1, 1000);
  wanted.waits_for_next = members.choice("wait", {"next"}).has_value();
  if (members.failed()) return members.fault();
  return wanted;
}

}  // namespace psmove::wire
