// What the magnetometer says about heading. The field is modelled as the room's
// (north and up), plus what differs here (wanders while the hand moves), plus
// hard iron on the body, all of it seen a little late; what does not fit that
// counts little, and what never fits makes the filter ask a survey.

#include <algorithm>

#include "fusion/orientation_filter.hpp"

namespace psmove::fusion {
namespace {

// The Earth's field anywhere on its surface, with a margin (World Magnetic
// Model 2020: 22 to 67 uT).
constexpr double weakest_earth_field = 20, strongest_earth_field = 70;  // uT
// Turning slower than this tells a field on the body from one around it too
// slowly to be of use.
constexpr double turning_rate = 0.35;  // rad/s
// How far strength and dip may be off before an application should know: VQF's
// values.
constexpr double disturbed_strength = 0.1;  // fraction
constexpr double disturbed_dip_deg = 10;

double dip_deg(const Axes& field) {
  return degrees_from_radians(std::atan2(-field[2], std::hypot(field[0], field[1])));
}

bool like_earth(const Axes& field) {
  const double strength = length(field);
  return strength > weakest_earth_field && strength < strongest_earth_field;
}

}  // namespace

void OrientationFilter::add_field(const Note& note) noexcept {
  const Axes& field = *note.field;
  // A magnetometer that says the same to the last bit while the body turns has
  // stopped measuring.
  constexpr double stuck_after_rad = 0.2;
  if (field != last_field_) {
    last_field_ = field;
    turned_since_field_changed_ = 0;
  }
  if (turned_since_field_changed_ > stuck_after_rad) return;
  const bool turns_world = needs_north();  // and with it the newest note, as this one is
  if (!has_north_) meet_north();
  if (lost_north_) align_north();

  const Matrix3 r = rotation_at_field(turns_world ? attitude_ : note.attitude, note.turn_rate);
  const Axes on_body{field[0] - hard_iron_[0], field[1] - hard_iron_[1], field[2] - hard_iron_[2]};
  const Axes world = multiply(r, on_body);
  const Axes change = cross(multiply(r, note.turn_rate), world);
  for (std::size_t i = 0; i < 3; ++i) {
    fields_.field[i] += world[i];
    fields_.field_change[i] += change[i];
    for (std::size_t c = 0; c < 3; ++c) fields_.rotation[i][c] += r[i][c];
  }
  ++fields_.count;
}

/// world_from_body when the newest reading was really taken.
Matrix3 OrientationFilter::rotation_at_field() const noexcept {
  return rotation_at_field(attitude_, turn_rate_);
}

/// The same of a reading that came then.
Matrix3 OrientationFilter::rotation_at_field(const Quaternion& attitude,
                                             const Axes& turn_rate) const noexcept {
  const Axes back{-mag_latency_s_ * turn_rate[0], -mag_latency_s_ * turn_rate[1],
                  -mag_latency_s_ * turn_rate[2]};
  return matrix(normalized(attitude * rotation_vector(back)));
}

/// The first magnetic heading is taken as it is, and as uncertain as it may be.
void OrientationFilter::meet_north() noexcept {
  has_north_ = true;
  covariance_.use_magnetic_states(true);
  const bool known = restored_field_;
  covariance_.set_variance(error_mag_latency,
                           known ? mag_latency_variance_ : square(parameters_.mag_latency_s));
  set_field_priors(parameters_.mag_local_ut,
                   known ? std::sqrt(hard_iron_variance_) : parameters_.mag_hard_iron_ut,
                   parameters_.mag_room_ut);
  room_field_ = align_north();
  forget_motion();
  motion_ = {.time = motion_.time};
}

/// Turns the world so that the newest reading points north, and returns it as
/// the room's field.
Axes OrientationFilter::align_north() noexcept {
  Axes on_body;
  for (std::size_t i = 0; i < 3; ++i) on_body[i] = last_field_[i] - hard_iron_[i];
  const Axes world = multiply(rotation_at_field(), on_body);
  turn_world(std::atan2(world[0], world[1]));
  covariance_.set_variance(error_attitude + 2, square(radians(parameters_.mag_heading_deg)));
  fields_ = {};
  lost_north_ = false;
  return {0, std::hypot(world[0], world[1]), world[2]};
}

void OrientationFilter::set_field_priors(double local, double iron, double room) noexcept {
  local_field_ = {};
  for (int i = 0; i < 3; ++i) {
    covariance_.set_variance(error_local_field + i, square(local));
    covariance_.set_variance(error_hard_iron + i, square(iron));
  }
  for (int i = 0; i < 2; ++i) covariance_.set_variance(error_room_field + i, square(room));
}

/// Turns all that is in world coordinates.
void OrientationFilter::turn_world(double heading) noexcept {
  const Matrix3 turn = matrix(heading_rotation(heading));
  attitude_ = normalized(heading_rotation(heading) * attitude_);
  velocity_ = multiply(turn, velocity_);
  position_ = multiply(turn, position_);
  heading_corrected_ += heading;
}

void OrientationFilter::let_field_wander(double time) noexcept {
  const double decay = std::exp(-time / parameters_.mag_local_s);
  const double misfit = std::max(0.0, misfit_ - parameters_.mag_misfit) * time;
  for (int i = 0; i < 3; ++i) {
    local_field_[static_cast<std::size_t>(i)] *= decay;
    covariance_.decay(error_local_field + i, decay);
    covariance_.add_variance(error_local_field + i,
                             square(parameters_.mag_local_ut) * (1 - decay * decay) +
                                 square(parameters_.mag_misfit_local_ut) * misfit);
    covariance_.add_variance(error_hard_iron + i, square(parameters_.mag_misfit_iron_ut) * misfit);
  }
}

/// Three scalar measurements, one per world axis. They speak about heading
/// only: tilt is gravity's, and no magnet may disturb it.
void OrientationFilter::use_field() noexcept {
  since_field_s_ = 0;
  const double share = 1.0 / fields_.count;
  // After a silence one reading is still only one.
  const double time = std::min(fields_.time, 2 * parameters_.mag_block_s);
  Axes field, residual;
  for (std::size_t i = 0; i < 3; ++i) {
    field[i] = fields_.field[i] * share;
    residual[i] = field[i] - room_field_[i] - local_field_[i];
  }
  const auto measurements = field_measurements(field);
  fields_ = {};

  const double white = square(parameters_.mag_noise_ut);
  double expected = 3 * white;
  for (const auto& m : measurements) expected += covariance_.expected(m.span());
  const double squared = dot(residual, residual);
  const double limit = square(parameters_.mag_gate) * expected;
  // Squared: what fits badly loses weight faster than it grows, however long it
  // lasts.
  const double variance = white / time * square(std::max(1.0, squared / limit));
  misfit_ += (1 - std::exp(-time / parameters_.mag_misfit_s)) * (squared / expected - misfit_);
  const double strength = length(room_field_);
  disturbed_ = std::abs(length(field) - strength) > disturbed_strength * strength ||
               std::abs(dip_deg(field) - dip_deg(room_field_)) > disturbed_dip_deg;

  for (std::size_t k = 0; k < 3; ++k) {
    const ErrorVector correction =
        covariance_.update(measurements[k].span(), residual[k], variance, freeze_s_ > 0);
    correct(correction);
    // The later axes see what this one has changed.
    for (std::size_t n = k + 1; n < 3; ++n)
      for (const auto& term : measurements[n].span())
        residual[n] -= term.coefficient * correction[static_cast<std::size_t>(term.index)];
  }
  review_field(time);
}

std::array<OrientationFilter::FieldMeasurement, 3> OrientationFilter::field_measurements(
    const Axes& field) const noexcept {
  std::array<FieldMeasurement, 3> result{};
  const double share = 1.0 / fields_.count;
  for (int i = 0; i < 3; ++i) {
    const auto k = static_cast<std::size_t>(i);
    FieldMeasurement& m = result[k];
    const auto add = [&m](int index, double coefficient) {
      m.terms[m.used++] = {index, coefficient};
    };
    if (i == 0) add(error_attitude + 2, field[1]);
    if (i == 1) add(error_attitude + 2, -field[0]);
    add(error_local_field + i, 1);
    for (int c = 0; c < 3; ++c)
      add(error_hard_iron + c, fields_.rotation[k][static_cast<std::size_t>(c)] * share);
    if (i > 0) add(error_room_field + i - 1, 1);
    add(error_mag_latency, fields_.field_change[k] * share);
  }
  return result;
}

/// Asks whether the readings of the last seconds fit what the filter believes,
/// and what to do if not.
void OrientationFilter::review_field(double time) noexcept {
  survey_.turn(heading_corrected_);
  heading_corrected_ = 0;
  since_restart_s_ += time;
  const bool fits = misfit_ < parameters_.mag_misfit && room_field_[1] > 0;
  const bool turning = length(turn_rate_) > turning_rate;
  if (turning) {
    turned_s_ += time;
    survey_.add(last_field_, rotation_at_field(), time);
  }
  if (fits) {
    if (turning || like_earth(room_field_))
      proof_s_ += turning ? time : time * parameters_.mag_rest_proof;
    return;
  }
  if (!turning) return;
  const bool proven = proof_s_ >= parameters_.mag_proof_s;
  const double wait = proven ? parameters_.mag_survey_proven_s : parameters_.mag_survey_s;
  if (survey_.seconds() > wait && adopt_survey(proven)) return;
  const bool may_restart = turned_s_ < parameters_.mag_restart_early_s ||
                           since_restart_s_ > parameters_.mag_restart_pause_s;
  if (!proven && may_restart) restart_field();
}

/// Takes over field and hard iron from the survey, if that makes sense of the
/// readings. The heading follows as far as it was in doubt itself.
bool OrientationFilter::adopt_survey(bool proven) noexcept {
  const auto survey = survey_.result();
  if (!survey || survey->residual > parameters_.mag_survey_residual_ut ||
      !like_earth(survey->field))
    return false;
  const double north = std::hypot(survey->field[0], survey->field[1]);
  const double survey_variance = square(parameters_.mag_local_ut / north);
  const double variance = proven ? covariance_.variance(error_attitude + 2)
                                 : square(radians(parameters_.mag_heading_deg));
  const double gain = variance / (variance + survey_variance);
  turn_world(gain * std::atan2(survey->field[0], survey->field[1]));
  const double iron_variance = square(parameters_.mag_hard_iron_ut) +
                               square(survey->hard_iron_deviation) / survey_.seconds();
  set_field_priors(parameters_.mag_local_ut, std::sqrt(iron_variance), parameters_.mag_local_ut);
  covariance_.set_variance(error_attitude + 2, gain * survey_variance);
  room_field_ = {0, north, survey->field[2]};
  hard_iron_ = survey->hard_iron;
  misfit_ = 1;
  survey_.clear();
  return true;
}

void OrientationFilter::renew_field() noexcept {
  take_notes();  // of readings in the former calibration
  hard_iron_ = {};
  restored_field_ = has_north_ = lost_north_ = disturbed_ = false;
  proof_s_ = turned_s_ = since_restart_s_ = 0;
  misfit_ = 1;
  survey_ = {};
  fields_ = {};
}

/// The field the filter started in was not the room's. Starts again with the
/// one that is here now.
void OrientationFilter::restart_field() noexcept {
  proof_s_ = since_restart_s_ = 0;
  set_field_priors(parameters_.mag_local_ut, parameters_.mag_restart_iron_ut,
                   parameters_.mag_restart_room_ut);
  hard_iron_ = {};
  room_field_ = align_north();
  misfit_ = 1;
}

}  // namespace psmove::fusion
