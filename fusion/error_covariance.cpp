#include "fusion/error_covariance.hpp"

namespace psmove::fusion {
namespace {

/// -[f]x: how an attitude error turns the integrated specific force into a velocity error.
Matrix3 tilt_effect(const Axes& f) {
  return {{{0, f[2], -f[1]}, {-f[2], 0, f[0]}, {f[1], -f[0], 0}}};
}

}  // namespace

void ErrorCovariance::clear() {
  p_ = {};
}

void ErrorCovariance::set_variance(int index, double variance) {
  for (std::size_t i = 0; i < error_count; ++i) p_[i][at(index)] = p_[at(index)][i] = 0;
  p_[at(index)][at(index)] = variance;
}

// P <- F P F^T. F is the identity but for the moving states' rows, so rows of constants against
// constants stay, rows of moving states are recombined, and the rest is their mirror image.
void ErrorCovariance::propagate(const MotionIntegral& motion, double field_decay) {
  propagate_rows(motion, field_decay);
  propagate_columns(motion, field_decay);
  for (std::size_t i = error_moving_count; i < error_count; ++i)
    for (std::size_t j = 0; j < error_moving_count; ++j) p_[i][j] = p_[j][i];
}

void ErrorCovariance::propagate_rows(const MotionIntegral& motion, double field_decay) {
  const Matrix3 tilt = tilt_effect(motion.specific_force);
  const auto add = [this](std::size_t to, double factor, std::size_t from) {
    for (std::size_t k = 0; k < error_count; ++k) p_[to][k] += factor * p_[from][k];
  };
  // Position, velocity, attitude in this order: each uses what the later ones were before.
  for (std::size_t r = 0; r < 3; ++r) {
    add(error_position + r, motion.time, error_velocity + r);
    for (std::size_t c = 0; c < 3; ++c)
      if (c != r) add(error_position + r, motion.time / 2 * tilt[r][c], error_attitude + c);
  }
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) {
      if (c != r) add(error_velocity + r, tilt[r][c], error_attitude + c);
      add(error_velocity + r, -motion.rotation[r][c], error_accel_bias + c);
    }
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) {
      add(error_attitude + r, -motion.rotation[r][c], error_bias + c);
      for (std::size_t e = 0; e < 3; ++e)
        add(error_attitude + r, -motion.rotation_rate[r][c][e], error_scale + 3 * c + e);
    }
  for (std::size_t k = 0; k < error_count; ++k) p_[error_field][k] *= field_decay;
}

void ErrorCovariance::propagate_columns(const MotionIntegral& motion, double field_decay) {
  const Matrix3 tilt = tilt_effect(motion.specific_force);
  for (std::size_t i = 0; i < error_moving_count; ++i) {
    Row& p = p_[i];
    for (std::size_t r = 0; r < 3; ++r) {
      double turned = 0, drifted = 0;
      for (std::size_t c = 0; c < 3; ++c) {
        if (c != r) turned += tilt[r][c] * p[error_attitude + c];
        drifted += motion.rotation[r][c] * p[error_accel_bias + c];
      }
      p[error_position + r] += motion.time * p[error_velocity + r] + motion.time / 2 * turned;
      p[error_velocity + r] += turned - drifted;
    }
    for (std::size_t r = 0; r < 3; ++r) {
      double turned = 0;
      for (std::size_t c = 0; c < 3; ++c) {
        turned += motion.rotation[r][c] * p[error_bias + c];
        for (std::size_t e = 0; e < 3; ++e)
          turned += motion.rotation_rate[r][c][e] * p[error_scale + 3 * c + e];
      }
      p[error_attitude + r] -= turned;
    }
    p[error_field] *= field_decay;
  }
}

ErrorVector ErrorCovariance::update(std::span<const Term> terms, double residual, double variance,
                                    bool freeze_calibration) {
  alignas(16) Row column{};  // P H^T
  for (const Term& term : terms)
    for (std::size_t k = 0; k < stride; ++k) column[k] += term.coefficient * p_[at(term.index)][k];
  double innovation = variance;
  for (const Term& term : terms) innovation += term.coefficient * column[at(term.index)];
  const double inverse = 1 / innovation;

  ErrorVector correction{};
  const std::size_t learned = freeze_calibration ? error_moving_count : error_count;
  for (std::size_t i = 0; i < error_count; ++i) {
    const double gain = column[i] * inverse;
    if (i < learned) correction[i] = gain * residual;
    // A frozen state keeps its own covariance; against the others this is the Schmidt-Kalman
    // update.
    const std::size_t width = i < learned ? stride : learned;
    for (std::size_t k = 0; k < width; ++k) p_[i][k] -= gain * column[k];
  }
  return correction;
}

}  // namespace psmove::fusion
