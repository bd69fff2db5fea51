#pragma once
// Hard and soft iron of a magnetometer, from readings in all directions: what a user gets for
// turning the controller about for half a minute. Pure: readings in, calibration out.

#include <array>
#include <cstddef>
#include <optional>

#include "types/units.hpp"

namespace psmove::fusion {

/// calibrated = soft_iron * (raw - hard_iron).
struct MagnetometerCalibration {
  Vec3<Microtesla> hard_iron;
  std::array<double, 9> soft_iron{1, 0, 0, 0, 1, 0, 0, 0, 1};  ///< symmetric, determinant 1
  double field_ut = 0;                                         ///< strength of the field all around
  double residual_ut = 0;  ///< root mean square of what is left of that strength's variation
  double coverage = 0;     ///< of the readings it was made from, 0..1

  [[nodiscard]] Vec3<Microtesla> apply(const Vec3<Microtesla>& raw) const;
};

/// Collects readings evenly over the sphere and fits an ellipsoid to them.
class MagnetometerFit {
 public:
  /// Takes one raw reading. Those that are not finite, or close to one already there, change
  /// nothing: resting does not make any direction count for more.
  /// @return whether it was new
  bool add(const Vec3<Microtesla>& raw);

  /// Part of all directions seen so far, 0..1, in 40 cells of equal area.
  [[nodiscard]] double coverage() const;
  /// Where readings are missing most: the direction, in the body frame, in which the field should
  /// come to lie. None once every direction was seen, or before the first readings.
  [[nodiscard]] std::optional<Vec3<Microtesla>> missing_direction() const;
  [[nodiscard]] std::size_t readings() const { return count_; }

  /// Hard iron alone from half the directions on; soft iron as well from `soft_iron_coverage`.
  /// None before, and where the readings are no ellipsoid (a magnet came or went).
  [[nodiscard]] std::optional<MagnetometerCalibration> calibration() const;
  static constexpr double hard_iron_coverage = 0.5;
  static constexpr double soft_iron_coverage = 0.75;

  void clear() { *this = {}; }

 private:
  static constexpr std::size_t capacity = 400;
  static constexpr int cells = 40;
  [[nodiscard]] std::optional<MagnetometerCalibration> fit(bool soft_iron) const;
  [[nodiscard]] std::array<bool, cells> seen(const MagnetometerCalibration& by) const;
  [[nodiscard]] MagnetometerCalibration rough() const;

  std::array<Vec3<Microtesla>, capacity> readings_{};
  std::size_t count_ = 0;
  Vec3<Microtesla> least_, most_;
};

}  // namespace psmove::fusion
