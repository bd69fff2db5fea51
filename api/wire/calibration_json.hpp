#pragma once
// A controller's calibration in full, as JSON.

#include <string>
#include <string_view>

#include "types/calibration_report.hpp"

namespace psmove::wire {

/// GET …/calibration: the members of `calibration` in the controller's body, and
/// `magnetometer_fit`, `guided_fit` and `filter`, each null where there is none. `directions` is a
/// picture of the sphere: five bands from -Z up to +Z, eight sectors each, # where a direction was
/// seen.
[[nodiscard]] std::string calibration_report_body(const CalibrationReport& report);

/// A magnetometer fit alone, as PATCH …/calibration takes it.
[[nodiscard]] std::string magnetometer_fit_body(const MagnetometerCalibration& fit);

/// The side of a controller that a direction of its body frame points out of: "sphere", "handle",
/// "right", "left", "buttons" or "trigger".
[[nodiscard]] std::string_view side_of(const Vec3<Microtesla>& direction);

}  // namespace psmove::wire
