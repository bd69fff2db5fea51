#pragma once
// What a filter found out about its sensors and another one may start from:
// plain numbers, to be kept between sessions of one and the same controller.

#include <array>
#include <cstddef>

namespace psmove::fusion {

struct LearnedState {
  static constexpr int current_version = 1;
  int version = current_version;

  /// An estimate and its variance, component by component.
  template <std::size_t size>
  struct Estimate {
    std::array<double, size> value{};
    std::array<double, size> variance{};
    friend bool operator==(const Estimate&, const Estimate&) = default;
  };
  Estimate<3> gyro_bias_rad_s;  ///< body frame; changes with temperature
  Estimate<9> gyro_scale;       ///< row by row: true rate = rate - bias - scale * rate
  Estimate<3> accel_bias_m_s2;  ///< body frame
  Estimate<1> accel_latency_s;  ///< against the gyroscope
  Estimate<3> hard_iron_ut;     ///< body frame; variance 0: no magnetometer was seen
  Estimate<1> mag_latency_s;    ///< against the gyroscope
  friend bool operator==(const LearnedState&, const LearnedState&) = default;
};

}  // namespace psmove::fusion
