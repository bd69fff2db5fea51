// An error-state Kalman filter. Orientation, velocity and position are
// integrated sample by sample; what their errors and the sensors' are is
// settled once per block, from what a hand cannot do (run away), what a resting
// body does not do (turn), and where north is.

#include "fusion/orientation_filter.hpp"

#include <algorithm>
#include <utility>

namespace psmove::fusion {
namespace {

// Readings beyond these are no readings of any sensor we know; they keep the
// arithmetic finite.
constexpr double largest_rate = 200;     // rad/s
constexpr double largest_force = 4000;   // m/s^2
constexpr double largest_field = 1e5;    // uT
constexpr double smallest_field = 1e-3;  // uT
constexpr double largest_dt = 0.1;       // s
constexpr double smallest_dt = 1e-5;     // s

constexpr double lost_heading_deg = 60;
// Beyond this tilt uncertainty the filter's linear view of errors fails, and it
// levels coarsely.
constexpr double coarse_tilt_deg = 12;

/// Heading 0 is +Y; positive turns left, seen from above. Of the body's +Y, or
/// of its +X where that is vertical.
double heading_of(const Quaternion& world_from_body) {
  const Matrix3 r = matrix(world_from_body);
  constexpr double vertical = 0.05;  // sine of the angle to the vertical: 3 degrees
  if (std::hypot(r[0][1], r[1][1]) > vertical) return std::atan2(-r[0][1], r[1][1]);
  return std::atan2(r[1][0], r[0][0]);
}

/// rad. How wrong the tilt is that a single reading of the accelerometer gives:
/// a few degrees at rest, more where the reading is not gravity alone or the
/// body turns in somebody's hand.
double start_tilt(const Axes& rate, const Axes& force) {
  const double excess = std::abs(length(force) - standard_gravity) / standard_gravity;
  const double turning = std::min(1.0, length(rate));  // 1 rad/s is a hand in full motion
  return std::min(0.5, std::sqrt(square(radians(3)) + square(excess) + square(0.15 * turning)));
}

/// The orientation with heading 0 in which `force` points up.
Quaternion levelled(const Axes& force) {
  const double n = length(force);
  const Axes up{force[0] / n, force[1] / n, force[2] / n};
  Quaternion q{1, 0, 0, 0};  // shortest rotation that takes `up` to +Z; upside down: about Y
  if (up[2] > -0.999999)
    q = normalized({1 + up[2], up[1], -up[0], 0});
  else
    q = {0, 0, 1, 0};
  return normalized(heading_rotation(-heading_of(q)) * q);
}

}  // namespace

OrientationFilter::OrientationFilter(const FilterParameters& parameters)
    : parameters_(parameters) {}

void OrientationFilter::update(const ImuSample& sample) noexcept {
  if (block_is_full_) draw_conclusions();
  if (!accept_time(sample)) return;
  const double dt = sample.dt.count();
  Reading reading{axes(sample.gyro), axes(sample.accel)};
  const bool has_force = accept_force(sample);
  if (!has_force) {
    // As if moving steadily: gravity alone, and no word about velocity.
    const Matrix3 r = matrix(attitude_);
    reading.force = {r[2][0], r[2][1], r[2][2]};
    for (double& f : reading.force) f *= standard_gravity;
  }
  if (!started_) {
    if (!has_force) return;
    start(reading);
  }
  const double lost = std::max(sample.missing_before, 0) + std::round(unknown_s_ / dt);
  unknown_s_ = 0;
  if (lost > 0) {
    take_notes();
    fill_gap(reading, lost, dt);
  }

  if (sample.accel_saturated || !has_force)
    motion_.velocity_noise += square(parameters_.saturated_accel_m_s2) * dt;
  if (sample.gyro_saturated)
    motion_.attitude_noise += square(parameters_.saturated_gyro * length(reading.rate)) * dt * 0.1;
  if (sample.accel_saturated || sample.gyro_saturated) freeze_s_ = parameters_.saturation_freeze_s;
  step(reading, dt);
  if (accept_field(sample)) {
    notes_[noted_ - 1].field = axes(*sample.mag);
    if (needs_north()) take_notes();
  }
  last_ = reading;
  block_is_full_ = motion_.time > parameters_.block_s - dt / 2;
}

void OrientationFilter::draw_conclusions() noexcept {
  take_notes();
  if (std::exchange(block_is_full_, false)) finish_block();
}

bool OrientationFilter::accept_time(const ImuSample& sample) noexcept {
  const double dt = sample.dt.count();
  if (!(dt >= smallest_dt && dt <= largest_dt)) {
    ++rejected_;
    // A long dt is time that passed; how much of it a NaN or a zero stands for
    // nobody knows.
    if (dt > largest_dt) unknown_s_ = std::min(unknown_s_ + dt, 2 * parameters_.gap_limit_s);
    return false;
  }
  if (!is_finite(sample.gyro) || norm(sample.gyro) > largest_rate) {
    ++rejected_;
    unknown_s_ = std::min(unknown_s_ + dt * (1 + std::clamp(sample.missing_before, 0, 10000)),
                          2 * parameters_.gap_limit_s);
    return false;
  }
  return true;
}

bool OrientationFilter::accept_force(const ImuSample& sample) noexcept {
  const bool good = is_finite(sample.accel) && norm(sample.accel) < largest_force &&
                    sample.accel != Vec3<MetersPerSecondSquared>{};
  if (!good) ++rejected_;
  return good;
}

bool OrientationFilter::accept_field(const ImuSample& sample) noexcept {
  if (!sample.mag || !parameters_.use_magnetometer) return false;
  const double strength = is_finite(*sample.mag) ? norm(*sample.mag) : 0;
  const bool good = strength > smallest_field && strength < largest_field;
  if (!good) ++rejected_;
  return good;
}

void OrientationFilter::start(const Reading& reading) noexcept {
  attitude_ = levelled(reading.force);
  forget_motion();
  for (int i = 0; i < 2; ++i)
    covariance_.set_variance(error_attitude + i, square(start_tilt(reading.rate, reading.force)));
  if (!restored_) set_sensor_priors();
  rest_.start(reading.rate, reading.force);
  last_ = reading;
  started_ = true;
}

void OrientationFilter::set_sensor_priors() noexcept {
  bias_ = accel_bias_ = {};
  scale_ = {};
  accel_latency_s_ = 0;
  for (int i = 0; i < 3; ++i) {
    covariance_.set_variance(error_bias + i, square(radians(parameters_.gyro_bias_deg_s)));
    covariance_.set_variance(error_accel_bias + i, square(parameters_.accel_bias_m_s2));
  }
  for (int i = 0; i < 9; ++i) {
    const bool diagonal = i % 4 == 0;
    covariance_.set_variance(
        error_scale + i, square(diagonal ? parameters_.gyro_scale : parameters_.gyro_misalignment));
  }
  covariance_.set_variance(error_accel_latency, square(parameters_.accel_latency_s));
}

void OrientationFilter::fill_gap(const Reading& next, double lost, double dt) noexcept {
  if (lost * dt > parameters_.gap_limit_s) {
    last_ = next;
    restart_after_gap();
    return;
  }
  const int missing = static_cast<int>(lost);
  const Reading before = last_;
  for (int i = 1; i <= missing; ++i) {
    const double part = static_cast<double>(i) / (missing + 1);
    Reading between;
    for (std::size_t k = 0; k < 3; ++k) {
      between.rate[k] = before.rate[k] + part * (next.rate[k] - before.rate[k]);
      between.force[k] = before.force[k] + part * (next.force[k] - before.force[k]);
    }
    motion_.attitude_noise += square(parameters_.gap_angle * length(between.rate) * dt);
    motion_.velocity_noise += square(parameters_.gap_accel_m_s2 * dt);
    step(between, dt);
    take_notes();
    if (motion_.time > parameters_.block_s - dt / 2) finish_block();
  }
}

void OrientationFilter::restart_after_gap() noexcept {
  const double heading = heading_of(attitude_);
  attitude_ = normalized(heading_rotation(heading) * levelled(last_.force));
  forget_motion();
  const double old_heading_variance = covariance_.variance(error_attitude + 2);
  for (int i = 0; i < 2; ++i) {
    covariance_.set_variance(error_attitude + i, square(start_tilt(last_.rate, last_.force)));
  }
  covariance_.set_variance(error_attitude + 2,
                           old_heading_variance + square(radians(lost_heading_deg)));
  motion_ = {};
  rate_sum_ = {};
  samples_ = 0;
  fields_ = {};
  lost_north_ = has_north_;
  rest_.start(last_.rate, last_.force);
}

/// All that the next orientation needs; the rest is noted down.
void OrientationFilter::step(const Reading& reading, double dt) noexcept {
  const Axes scaled = multiply(scale_, reading.rate);
  Axes turn, force;
  for (std::size_t i = 0; i < 3; ++i) {
    turn_rate_[i] = reading.rate[i] - bias_[i] - scaled[i];
    turn[i] = turn_rate_[i] * dt;
    force[i] = reading.force[i] - accel_bias_[i];
  }
  attitude_ = attitude_ * rotation_vector(turn);
  // The force acted over the whole step, and as much earlier as the
  // accelerometer is late: rotate it as the body was turned then.
  const Axes turned = cross(turn_rate_, force);
  const double earlier = dt / 2 + accel_latency_s_;
  for (std::size_t i = 0; i < 3; ++i) force[i] -= earlier * turned[i];
  const Axes world_force = multiply(matrix(attitude_), force);
  linear_accel_ = {world_force[0], world_force[1], world_force[2] - standard_gravity};
  motion_.time += dt;
  freeze_s_ -= dt;
  if (noted_ == notes_.size()) take_notes();
  notes_[noted_++] = {.reading = reading,
                      .turn_rate = turn_rate_,
                      .force = world_force,
                      .attitude = attitude_,
                      .dt = dt};
}

void OrientationFilter::take_notes() noexcept {
  if (noted_ == 0) return;
  // A mean rate far from the known bias is a slow turn, not rest.
  const double doubt =
      std::sqrt(covariance_.variance(error_bias) + covariance_.variance(error_bias + 1) +
                covariance_.variance(error_bias + 2));
  const double margin = std::min(radians(parameters_.rest_gyro_deg_s), radians(0.3) + 4 * doubt);
  for (std::size_t i = 0; i < noted_; ++i) {
    const Note& note = notes_[i];
    rest_.update(note.reading.rate, note.reading.force, note.dt, bias_, margin, parameters_);
    accumulate(note);
    if (note.field) add_field(note);
  }
  noted_ = 0;
}

void OrientationFilter::accumulate(const Note& note) noexcept {
  const double dt = note.dt;
  const Axes& force = note.force;
  const Axes linear{force[0], force[1], force[2] - standard_gravity};
  const Matrix3 rotation = matrix(note.attitude);
  const Axes change = cross(multiply(rotation, note.turn_rate), force);
  for (std::size_t i = 0; i < 3; ++i) {
    position_[i] += (velocity_[i] + linear[i] * dt / 2) * dt;
    velocity_[i] += linear[i] * dt;
    motion_.force[i] += force[i] * dt;
    motion_.force_change[i] += change[i] * dt;
    rate_sum_[i] += note.reading.rate[i];
    for (std::size_t c = 0; c < 3; ++c) {
      const double part = rotation[i][c] * dt;
      motion_.rotation[i][c] += part;
      for (std::size_t e = 0; e < 3; ++e)
        motion_.rotation_rate[i][c][e] += part * note.reading.rate[e];
    }
  }
  motion_.squared_rate += dot(note.turn_rate, note.turn_rate) * dt;
  ++samples_;
  turned_since_field_changed_ += length(note.turn_rate) * dt;
  since_field_s_ += dt;
}

void OrientationFilter::finish_block() noexcept {
  let_errors_grow();
  const bool resting = is_resting();
  if (resting) use_rest();
  const double tilt_variance =
      std::max(covariance_.variance(error_attitude), covariance_.variance(error_attitude + 1));
  if (tilt_variance > square(radians(coarse_tilt_deg)))
    level_coarsely();
  else
    use_bounded_motion(resting);
  if (has_north_) {
    fields_.time += motion_.time;
    if (fields_.count > 0 && fields_.time > parameters_.mag_block_s - motion_.time / 2) use_field();
  }
  attitude_ = normalized(attitude_);
  motion_ = {};
  rate_sum_ = {};
  samples_ = 0;
}

void OrientationFilter::let_errors_grow() noexcept {
  const double time = motion_.time;
  covariance_.propagate(motion_);
  const double attitude = square(radians(parameters_.gyro_noise_deg)) * time +
                          square(parameters_.gyro_rate_noise) * motion_.squared_rate +
                          motion_.attitude_noise;
  const double velocity = square(parameters_.accel_noise_m_s2) * time + motion_.velocity_noise;
  for (int i = 0; i < 3; ++i) {
    covariance_.add_variance(error_attitude + i, attitude);
    covariance_.add_variance(error_velocity + i, velocity);
    covariance_.add_variance(error_bias + i,
                             square(radians(parameters_.gyro_bias_walk_deg_s)) * time);
  }
  if (has_north_) let_field_wander(time);
}

void OrientationFilter::use_rest() noexcept {
  Axes mean;
  for (std::size_t i = 0; i < 3; ++i) mean[i] = rate_sum_[i] / samples_;
  const double variance = square(radians(parameters_.rest_rate_noise_deg_s)) / motion_.time;
  const auto residual = [&](std::size_t i) { return mean[i] - dot(scale_[i], mean) - bias_[i]; };
  if (restored_) {
    double surprise = 0;
    for (std::size_t i = 0; i < 3; ++i)
      surprise +=
          square(residual(i)) / (variance + covariance_.variance(error_bias + static_cast<int>(i)));
    doubt_restored(surprise);
  }
  for (std::size_t i = 0; i < 3; ++i)
    measure(error_bias + static_cast<int>(i), residual(i), variance);
  restored_ = false;
  for (int i = 0; i < 3; ++i)
    measure(error_velocity + i, -velocity_[static_cast<std::size_t>(i)],
            square(parameters_.rest_velocity_m_s));
}

/// Takes the mean force of the block for the vertical, as loosely as hands
/// accelerate. It needs no linearization, so it brings any tilt back to where
/// the fine measurement works.
void OrientationFilter::level_coarsely() noexcept {
  const double n = length(motion_.force);
  if (!(n > 0)) return;
  const Axes up{motion_.force[0] / n, motion_.force[1] / n, motion_.force[2] / n};
  const double sine = std::hypot(up[0], up[1]);
  const double per_sine = sine > 1e-9 ? std::atan2(sine, up[2]) / sine : 1;
  constexpr double accel_over_gravity = 0.3, alike_for_s = 0.3;
  const double excess = n / motion_.time / standard_gravity - 1;
  const double variance =
      (square(accel_over_gravity) + square(excess)) * 2 * alike_for_s / motion_.time;
  measure(error_attitude, up[1] * per_sine, variance);
  measure(error_attitude + 1, -up[0] * per_sine, variance);
  forget_motion();
}

void OrientationFilter::forget_motion() noexcept {
  velocity_ = position_ = {};
  for (int i = 0; i < 3; ++i) {
    covariance_.set_variance(error_velocity + i, square(parameters_.velocity_m_s));
    covariance_.set_variance(error_position + i, square(parameters_.position_m));
  }
}

/// A hand neither runs away nor leaves its place for long: velocity and
/// position are measured to be zero, as loosely as they were seen to vary
/// lately.
void OrientationFilter::use_bounded_motion(bool resting) noexcept {
  const double weight = 1 - std::exp(-motion_.time / parameters_.motion_adaptation_s);
  velocity_seen_ += weight * (dot(velocity_, velocity_) / 3 - velocity_seen_);
  position_seen_ += weight * (dot(position_, position_) / 3 - position_seen_);
  // Neighbouring moments say the same thing: noise of this correlation time has
  // this density.
  const double alike = 2 * parameters_.motion_correlation_s / motion_.time;
  const double velocity_variance =
      (square(parameters_.velocity_m_s) + parameters_.motion_adaptation * velocity_seen_) * alike;
  const double position_variance =
      (square(parameters_.position_m) + parameters_.motion_adaptation * position_seen_) * alike;
  for (int i = 0; i < 3; ++i) {
    const auto k = static_cast<std::size_t>(i);
    if (!resting) measure(error_velocity + i, -velocity_[k], velocity_variance);
    measure(error_position + i, -position_[k], position_variance);
  }
}

void OrientationFilter::measure(int index, double residual, double variance) noexcept {
  const ErrorCovariance::Term term{index, 1};
  correct(covariance_.update({&term, 1}, residual, variance, freeze_s_ > 0));
}

void OrientationFilter::correct(const ErrorVector& correction) noexcept {
  const auto part = [&correction](int first, std::size_t i = 0) {
    return correction[static_cast<std::size_t>(first) + i];
  };
  attitude_ =
      rotation_vector({part(error_attitude, 0), part(error_attitude, 1), part(error_attitude, 2)}) *
      attitude_;
  heading_corrected_ += part(error_attitude, 2);
  for (std::size_t i = 0; i < 3; ++i) {
    velocity_[i] += part(error_velocity, i);
    position_[i] += part(error_position, i);
    bias_[i] += part(error_bias, i);
    accel_bias_[i] += part(error_accel_bias, i);
    for (std::size_t c = 0; c < 3; ++c) scale_[i][c] += part(error_scale, 3 * i + c);
  }
  accel_latency_s_ += part(error_accel_latency);
  if (!has_north_) return;
  for (std::size_t i = 0; i < 3; ++i) {
    local_field_[i] += part(error_local_field, i);
    hard_iron_[i] += part(error_hard_iron, i);
  }
  for (std::size_t i = 0; i < 2; ++i) room_field_[i + 1] += part(error_room_field, i);
  mag_latency_s_ += part(error_mag_latency);
}

Quaternion OrientationFilter::world_from_body() const noexcept {
  return normalized(reset_ * attitude_);
}

Vec3<MetersPerSecondSquared> OrientationFilter::linear_accel() const noexcept {
  return reset_ * tagged<MetersPerSecondSquared>(linear_accel_);
}

Vec3<RadiansPerSecond> OrientationFilter::gyro_bias() const noexcept {
  return tagged<RadiansPerSecond>(bias_);
}

bool OrientationFilter::is_resting() const noexcept {
  return rest_.is_resting(parameters_);
}

bool OrientationFilter::is_magnetically_disturbed() const noexcept {
  return has_heading_reference() && disturbed_;
}

bool OrientationFilter::has_heading_reference() const noexcept {
  constexpr double silent_after_s = 1;
  return has_north_ && since_field_s_ < silent_after_s;
}

unsigned long OrientationFilter::rejected() const noexcept {
  return rejected_;
}

double OrientationFilter::heading_uncertainty_deg() const noexcept {
  return degrees_from_radians(std::sqrt(covariance_.variance(error_attitude + 2)));
}

double OrientationFilter::inclination_uncertainty_deg() const noexcept {
  return degrees_from_radians(
      std::sqrt(covariance_.variance(error_attitude) + covariance_.variance(error_attitude + 1)));
}

void OrientationFilter::reset_heading() noexcept {
  reset_ = heading_rotation(-heading_of(attitude_));
}

void OrientationFilter::clear_heading_reset() noexcept {
  reset_ = {};
}

}  // namespace psmove::fusion
