#pragma once
// Hard and soft iron of a magnetometer, from readings in all directions: what a user gets for
// turning the controller about for half a minute. Pure: readings in, calibration out.

#include <array>
#include <cstddef>
#include <optional>

#include "types/calibration_report.hpp"

namespace psmove::fusion {

/// Collects readings evenly over the sphere and fits an ellipsoid to them.
class MagnetometerFit {
 public:
  /// Takes one raw reading. Those that are not finite, or close to one already there, change
  /// nothing: resting does not make any direction count for more.
  /// @return whether it was new
  bool add(const Vec3<Microtesla>& raw);

  /// Part of all directions seen so far, 0..1, in 40 cells of equal area.
  [[nodiscard]] double coverage() const;
  [[nodiscard]] DirectionCells directions() const;
  /// Where the readings' middle is, as well as can be told by now.
  [[nodiscard]] Vec3<Microtesla> centre() const { return best_guess().hard_iron; }
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
  static constexpr int cells = DirectionCells::bands * DirectionCells::sectors;
  [[nodiscard]] std::optional<MagnetometerCalibration> fit(bool soft_iron) const;
  [[nodiscard]] DirectionCells seen(const MagnetometerCalibration& by) const;
  [[nodiscard]] MagnetometerCalibration rough() const;
  [[nodiscard]] MagnetometerCalibration best_guess() const { return fit(false).value_or(rough()); }

  std::array<Vec3<Microtesla>, capacity> readings_{};
  std::size_t count_ = 0;
  Vec3<Microtesla> least_, most_;
};

}  // namespace psmove::fusion
