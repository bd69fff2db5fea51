#pragma once
// One controller's magnetometer: whether there is one, what corrects its readings, and the guided
// fit that finds that out.

#include <memory>
#include <optional>

#include "fusion/magnetometer_fit.hpp"
#include "types/calibration_report.hpp"

namespace psmove::drivers {

class Magnetometer {
 public:
  /// Readings begin anew: there is none yet. A guided fit goes on.
  void begin_stream() { raw_.reset(); }
  /// Takes a reading in the factory's scale, body frame. Units whose magnetometer was left out send
  /// zeros (late ZCM1), so zeros before any other reading are none.
  void add(const Vec3<Microtesla>& reading);
  /// The newest reading, corrected; none at all before the first.
  [[nodiscard]] std::optional<Vec3<Microtesla>> newest() const;
  [[nodiscard]] MagnetometerStatus status() const;

  [[nodiscard]] const std::optional<MagnetometerCalibration>& calibration() const {
    return calibration_;
  }
  void set_calibration(const std::optional<MagnetometerCalibration>& calibration) {
    calibration_ = calibration;
  }

  /// Begins to collect readings; what an earlier fit collected is dropped.
  void start_fit() { fit_ = std::make_unique<fusion::MagnetometerFit>(); }
  void end_fit() { fit_.reset(); }
  [[nodiscard]] bool is_fitting() const { return fit_ != nullptr; }
  /// What the readings so far give. Only while fitting.
  [[nodiscard]] std::optional<MagnetometerCalibration> fitted() const {
    return fit_->calibration();
  }
  [[nodiscard]] std::optional<GuidedFit> guided_fit() const;

 private:
  std::optional<Vec3<Microtesla>> raw_;
  std::optional<MagnetometerCalibration> calibration_;
  std::unique_ptr<fusion::MagnetometerFit> fit_;
};

}  // namespace psmove::drivers
