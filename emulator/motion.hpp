#pragma once
// Scripted motion: what a body does, as the sensors of an ideal controller would feel it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "types/quaternion.hpp"
#include "types/result.hpp"
#include "types/units.hpp"

namespace psmove::emulator {

/// What ideal sensors read at one instant, body frame, and the truth behind it.
struct MotionState {
  Vec3<MetersPerSecondSquared> accel;  ///< specific force
  Vec3<RadiansPerSecond> gyro;
  Vec3<Microtesla> mag;
  Quaternion world_from_body;  ///< ENU
};

/// A script. `seconds` runs from the moment it was started and never goes back.
class Motion {
 public:
  virtual ~Motion() = default;
  [[nodiscard]] virtual MotionState at(double seconds) = 0;
  /// "still", "wave", "figure8", "trial=FILE"
  [[nodiscard]] virtual std::string name() const = 0;
};

/// Makes the motion of that name. Unknown name or unreadable trial: the error is one sentence that
/// says what would be accepted.
struct MotionOrError {
  std::unique_ptr<Motion> motion;
  std::string error;  ///< empty on success
};
MotionOrError make_motion(std::string_view name);

}  // namespace psmove::emulator
