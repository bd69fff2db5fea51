#pragma once
// What is known about a controller's calibration, in full: the body of `/calibration`.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "types/controller_state.hpp"
#include "types/units.hpp"

namespace psmove {

/// A magnetometer's hard and soft iron: calibrated = soft_iron * (raw - hard_iron), where raw is in
/// the factory's scale.
struct MagnetometerCalibration {
  Vec3<Microtesla> hard_iron;
  /// Row by row; symmetric, determinant 1.
  std::array<double, 9> soft_iron{1, 0, 0, 0, 1, 0, 0, 0, 1};
  double field_ut = 0;     ///< strength of the field all around
  double residual_ut = 0;  ///< root mean square of what is left of that strength's variation
  double coverage = 0;     ///< of the readings it was made from, 0..1

  [[nodiscard]] Vec3<Microtesla> apply(const Vec3<Microtesla>& raw) const {
    const auto d = raw - hard_iron;
    const auto& s = soft_iron;
    return {s[0] * d.x + s[1] * d.y + s[2] * d.z, s[3] * d.x + s[4] * d.y + s[5] * d.z,
            s[6] * d.x + s[7] * d.y + s[8] * d.z};
  }
  friend bool operator==(const MagnetometerCalibration&, const MagnetometerCalibration&) = default;
};

/// A sphere of directions in cells of equal area: `bands` from -Z up to +Z, each cut into `sectors`
/// about +Z, counter-clockwise from -X.
struct DirectionCells {
  static constexpr std::size_t bands = 5, sectors = 8;
  std::array<bool, bands * sectors> seen{};
};

/// A guided magnetometer fit under way.
struct GuidedFit {
  std::size_t readings = 0;
  double coverage = 0;      ///< part of all directions seen so far, 0..1
  bool can_finish = false;  ///< a calibration can be made from what is there
  DirectionCells directions{};
  /// The body direction that most needs to be turned to where the field goes; none when all were.
  std::optional<Vec3<Microtesla>> missing{};
  double missing_angle_deg = 0;  ///< between that direction and the field now
};

/// What the orientation filter says about itself.
struct FilterStatus {
  double heading_uncertainty_deg = 0;      ///< standard deviation
  double inclination_uncertainty_deg = 0;  ///< standard deviation
  Vec3<RadiansPerSecond> gyro_bias;        ///< body frame
  bool is_resting = false;
  bool is_magnetically_disturbed = false;
  bool has_heading_reference = false;  ///< the magnetometer steers the heading now
  std::uint64_t rejected = 0;          ///< samples that could not be used since it connected
};

struct CalibrationReport {
  CalibrationInfo info;
  std::optional<MagnetometerCalibration> magnetometer{};  ///< the fit in use
  std::optional<GuidedFit> guided_fit{};                  ///< the one under way
  std::optional<FilterStatus> filter{};                   ///< while readings come
};

}  // namespace psmove
