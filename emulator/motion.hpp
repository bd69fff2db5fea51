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

struct Meters {};

/// The field that the scripts live in, ENU: magnetic north is +Y. Middle Europe's, in round
/// numbers.
inline constexpr Vec3<Microtesla> earth_field{0, 20, -45};

/// What ideal sensors read at one instant, body frame, and the truth behind it.
struct MotionState {
  Vec3<MetersPerSecondSquared> accel;  ///< specific force
  Vec3<RadiansPerSecond> gyro;
  Vec3<Microtesla> mag;
  Quaternion world_from_body;  ///< ENU
  Vec3<Meters> position;       ///< of the sensors, ENU; zero where the script does not know it
};

/// A script. `seconds` runs from the moment it was started and never goes back.
class Motion {
 public:
  Motion() = default;
  Motion(const Motion&) = delete;
  Motion& operator=(const Motion&) = delete;
  virtual ~Motion() = default;
  [[nodiscard]] virtual MotionState at(double seconds) = 0;
  /// "still", "wave", "figure8", "tumble", "trial=FILE"
  [[nodiscard]] virtual std::string name() const = 0;
};

/// Makes the motion of that name. Unknown name or unreadable trial: the error is one sentence that
/// says what would be accepted.
///
/// A trial is a recording of real sensors: rows of 14 little-endian float32 without a header,
/// 2000/7 rows per second; gyroscope (rad/s), accelerometer (m/s^2), magnetometer (uT), reference
/// quaternion w x y z (NaN: not known) and a flag that is not used here. It is played in a loop.
struct MotionOrError {
  std::unique_ptr<Motion> motion;
  std::string error;  ///< empty on success
};
MotionOrError make_motion(std::string_view name);

}  // namespace psmove::emulator
