#pragma once
// What a ZCM1's factory calibration blob says, word by word.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "types/result.hpp"
#include "types/units.hpp"

namespace psmove::drivers {

/// The 143-byte blob, decoded and not judged. Temperatures are thermistor words, as in the input
/// report. Layout: the moveonpc wiki, psmoveapi, monado and PSMoveService agree.
struct Zcm1FactoryData {
  static constexpr std::size_t blob_size = 143;

  /// Accelerometer at rest with +Z, -X, -Z, +X, +Y and -Y up, in this order.
  std::array<Vec3<Counts>, 6> accel_orientations;
  Vec3<Counts> accel_low;                    ///< the -1 g reading of each axis
  Vec3<Counts> accel_high;                   ///< the +1 g reading of each axis
  std::array<Vec3<Counts>, 2> gyro_bias;     ///< at rest, at two temperatures
  std::array<Vec3<Counts>, 3> gyro_turning;  ///< turning at +80 rpm about X, Y and Z
  std::array<std::uint16_t, 3>
      turn_rate;  ///< 480 in every published blob: 80 rpm in degrees per second
  std::uint16_t accel_temperature = 0;                   ///< at 0x02
  std::array<std::uint16_t, 2> gyro_bias_temperature{};  ///< at 0x28 and 0x30
  std::uint16_t gyro_turning_temperature = 0;            ///< at 0x42
  std::uint16_t last_temperature = 0;                    ///< at 0x5C; what it belongs to is unknown
  std::array<float, 3> gyro_bias_factor{};  ///< at 0x6A, 0.94..1.01; monado scales the bias with it
};

/// @return incomplete, too_long or wrong_id where these bytes are no such blob
Result<Zcm1FactoryData> parse_zcm1_factory_data(std::span<const std::byte> blob);

}  // namespace psmove::drivers
