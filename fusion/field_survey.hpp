#pragma once
// A second opinion on the magnetic field: least squares over the last seconds
// of turning, for the field around the body and the hard iron on it. It needs
// no start values, so it can tell when the filter was started on wrong ones.

#include <optional>

#include "fusion/linear.hpp"

namespace psmove::fusion {

class FieldSurvey {
 public:
  struct Result {
    Axes field;           ///< uT, world frame up to heading
    Axes hard_iron;       ///< uT, body frame
    double residual = 0;  ///< uT, root mean square per axis of what the two do not explain
    double hard_iron_deviation = 0;  ///< uT: standard deviation in the worst direction, if
                                     ///< residuals were independent
  };
  /// Takes a reading while the body turns. @param body uT  @param rotation
  /// world_from_body
  /// @param time s that it stands for
  void add(const Axes& body, const Matrix3& rotation, double time);
  /// The world's heading was corrected by this, radians.
  void turn(double heading);
  void clear() { *this = {}; }
  /// s of turning that count.
  [[nodiscard]] double seconds() const { return weight_; }
  /// None where the body has not turned about enough axes.
  [[nodiscard]] std::optional<Result> result() const;

 private:
  double weight_ = 0;
  Matrix3 rotation_{};  ///< weighted sums
  Axes world_{}, body_{};
  double squared_ = 0;
};

}  // namespace psmove::fusion
