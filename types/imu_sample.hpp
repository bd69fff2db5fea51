#pragma once
// One calibrated inertial reading, as the orientation filter takes it.

#include <chrono>
#include <optional>

#include "types/units.hpp"

namespace psmove {

/// Body frame: +X right, +Y out of the sphere, +Z up out of the buttons; right-handed.
struct ImuSample {
  Vec3<RadiansPerSecond> gyro;
  Vec3<MetersPerSecondSquared> accel;  ///< specific force: +9.8 on the axis that points up at rest
  std::optional<Vec3<Microtesla>> mag{};  ///< absent where this sample carries no new reading
  std::chrono::duration<double> dt{0};    ///< one sample interval of this stream, seconds, > 0
  int missing_before = 0;        ///< samples of length dt that were lost just before this one
  bool accel_saturated = false;  ///< any axis at the end of its range: a lower bound only
  bool gyro_saturated = false;
};

}  // namespace psmove
