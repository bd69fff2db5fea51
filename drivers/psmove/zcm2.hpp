#pragma once
// What a ZCM2's factory calibration blob says, word by word.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "types/result.hpp"
#include "types/units.hpp"

namespace psmove::drivers {

/// The 96-byte blob, decoded and not judged. Layout: psmoveapi, monado and PSMoveService agree.
struct Zcm2FactoryData {
  static constexpr std::size_t blob_size = 96;

  /// Accelerometer at rest with +X, -X, +Y, -Y, +Z and -Z up, in this order.
  std::array<Vec3<Counts>, 6> accel_orientations;
  Vec3<Counts> gyro_bias;                             ///< at rest
  std::array<Vec3<Counts>, 3> gyro_turning_positive;  ///< at +90 rpm about X, Y and Z
  std::array<Vec3<Counts>, 3> gyro_turning_negative;  ///< at -90 rpm about X, Y and Z
  std::array<std::uint16_t, 2> turn_rate{};           ///< 540: 90 rpm in degrees per second
};

/// @return incomplete, too_long or wrong_id where these bytes are no such blob
Result<Zcm2FactoryData> parse_zcm2_factory_data(std::span<const std::byte> blob);

}  // namespace psmove::drivers
