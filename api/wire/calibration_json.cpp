#include "api/wire/calibration_json.hpp"

#include <cmath>

#include "api/wire/controller_json.hpp"
#include "api/wire/json_members.hpp"

namespace psmove::wire {
namespace {

void append_fit(std::string& out, const MagnetometerCalibration& fit) {
  out += '{';
  vector_member(out, "hard_iron_ut", fit.hard_iron, 2);
  key(out, "soft_iron");
  for (std::size_t row = 0; row < 3; ++row) {
    out += row == 0 ? "[[" : ",[";
    for (std::size_t column = 0; column < 3; ++column) {
      if (column > 0) out += ',';
      append_number(out, fit.soft_iron[3 * row + column], 4);
    }
    out += ']';
  }
  out += ']';
  number_member(out, "field_ut", fit.field_ut, 2);
  number_member(out, "residual_ut", fit.residual_ut, 2);
  number_member(out, "coverage", fit.coverage, 3);
  out += '}';
}

void append_missing(std::string& out, const GuidedFit& fit) {
  out += '{';
  vector_member(out, "direction", *fit.missing, 3);
  text_member(out, "side", side_of(*fit.missing));
  number_member(out, "angle_deg", fit.missing_angle_deg, 0);
  out += '}';
}

void append_guided_fit(std::string& out, const GuidedFit& fit) {
  out += '{';
  integer_member(out, "readings", static_cast<std::int64_t>(fit.readings));
  number_member(out, "coverage", fit.coverage, 3);
  bool_member(out, "can_finish", fit.can_finish);
  key(out, "directions");
  for (std::size_t band = 0; band < DirectionCells::bands; ++band) {
    out += band == 0 ? "[\"" : ",\"";
    for (std::size_t sector = 0; sector < DirectionCells::sectors; ++sector)
      out += fit.directions.seen[band * DirectionCells::sectors + sector] ? '#' : '.';
    out += '"';
  }
  out += ']';
  key(out, "missing");
  if (fit.missing)
    append_missing(out, fit);
  else
    out += "null";
  out += '}';
}

void append_filter(std::string& out, const FilterStatus& filter) {
  out += '{';
  number_member(out, "heading_uncertainty_deg", filter.heading_uncertainty_deg, 2);
  number_member(out, "inclination_uncertainty_deg", filter.inclination_uncertainty_deg, 2);
  vector_member(out, "gyro_bias_rad_s", filter.gyro_bias, 5);
  bool_member(out, "resting", filter.is_resting);
  bool_member(out, "magnetically_disturbed", filter.is_magnetically_disturbed);
  bool_member(out, "heading_reference", filter.has_heading_reference);
  integer_member(out, "rejected_samples", static_cast<std::int64_t>(filter.rejected));
  out += '}';
}

template <class Value, class Append>
void member_or_null(std::string& out, std::string_view name, const std::optional<Value>& value,
                    Append append) {
  key(out, name);
  if (value)
    append(out, *value);
  else
    out += "null";
}

}  // namespace

std::string calibration_report_body(const CalibrationReport& report) {
  std::string out = calibration_body(report.info);
  out.pop_back();
  member_or_null(out, "magnetometer_fit", report.magnetometer, append_fit);
  member_or_null(out, "guided_fit", report.guided_fit, append_guided_fit);
  member_or_null(out, "filter", report.filter, append_filter);
  out += '}';
  return out;
}

std::string magnetometer_fit_body(const MagnetometerCalibration& fit) {
  std::string out;
  append_fit(out, fit);
  return out;
}

std::string_view side_of(const Vec3<Microtesla>& direction) {
  const double x = std::abs(direction.x), y = std::abs(direction.y), z = std::abs(direction.z);
  if (y >= x && y >= z) return direction.y > 0 ? "sphere" : "handle";
  if (x >= z) return direction.x > 0 ? "right" : "left";
  return direction.z > 0 ? "buttons" : "trigger";
}

}  // namespace psmove::wire
