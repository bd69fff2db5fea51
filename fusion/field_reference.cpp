#include "fusion/field_reference.hpp"

namespace psmove::fusion {
namespace {

// Where a field stops looking like the reference, and how long another must stay to replace it:
// VQF's values (Laidig and Seel 2023).
constexpr double strength_limit = 0.1;
constexpr double dip_limit_deg = 10;
constexpr double accept_first_s = 5;
constexpr double accept_new_s = 20;
constexpr double turning_deg_s = 20;

bool agree(const FieldReference::Deviation& d) {
  return d.strength < strength_limit && d.dip_deg < dip_limit_deg;
}

}  // namespace

FieldReference::Deviation FieldReference::Look::from(const Look& other) const {
  return {std::abs(strength - other.strength) / other.strength, std::abs(dip_deg - other.dip_deg)};
}

void FieldReference::Look::follow(const Look& other, double weight) {
  strength += weight * (other.strength - strength);
  dip_deg += weight * (other.dip_deg - dip_deg);
}

FieldReference::Deviation FieldReference::update(const Axes& field, double rate, double time,
                                                 double follow_s) {
  Look look;
  look.strength = length(field);
  look.dip_deg = -degrees_from_radians(std::asin(field[2] / look.strength));
  const double weight = 1 - std::exp(-time / follow_s);
  Deviation deviation{strength_limit, dip_limit_deg};
  if (has_reference_) deviation = look.from(reference_);
  const bool agrees = has_reference_ && agree(deviation);
  if (agrees) reference_.follow(look, weight);
  consider_candidate(look, rate, time, weight, agrees);
  disturbed_ = !agrees;
  return deviation;
}

void FieldReference::consider_candidate(const Look& look, double rate, double time, double weight,
                                        bool agrees) {
  if (!has_candidate_ || !agree(look.from(candidate_))) {
    candidate_ = look;
    candidate_s_ = 0;
    has_candidate_ = true;
    return;
  }
  if (rate > radians_from_degrees(turning_deg_s)) candidate_s_ += time;
  candidate_.follow(look, weight);
  if (candidate_s_ > (has_reference_ ? accept_new_s : accept_first_s) && !agrees) {
    reference_ = candidate_;
    has_reference_ = true;
  }
}

}  // namespace psmove::fusion
