#include "drivers/magnetometer.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace psmove::drivers {

void Magnetometer::add(const Vec3<Microtesla>& reading) {
  if (!raw_ && reading == Vec3<Microtesla>{}) return;
  raw_ = reading;
  if (fit_) fit_->add(reading);
}

std::optional<Vec3<Microtesla>> Magnetometer::newest() const {
  if (!raw_ || !calibration_) return raw_;
  return calibration_->apply(*raw_);
}

MagnetometerStatus Magnetometer::status() const {
  if (!raw_) return MagnetometerStatus::none;
  return calibration_ ? MagnetometerStatus::fitted : MagnetometerStatus::raw;
}

std::optional<GuidedFit> Magnetometer::guided_fit() const {
  if (!fit_) return std::nullopt;
  GuidedFit guide{.readings = fit_->readings(),
                  .coverage = fit_->coverage(),
                  .can_finish = fit_->calibration().has_value(),
                  .directions = {fit_->directions()},
                  .missing = fit_->missing_direction()};
  const auto centred = raw_ ? *raw_ - fit_->centre() : Vec3<Microtesla>{};
  if (guide.missing && norm(centred) > 0) {
    const double cosine = dot(centred, *guide.missing) / norm(centred);
    guide.missing_angle_deg = std::acos(std::clamp(cosine, -1.0, 1.0)) * 180 / std::numbers::pi;
  }
  return guide;
}

}  // namespace psmove::drivers
