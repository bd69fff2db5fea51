#include "fusion/error_covariance.hpp"

namespace psmove::fusion {
namespace {

/// -[f]x: how an attitude error turns the integrated force into a velocity
/// error.
Matrix3 tilt_effect(const Axes& f) {
  return {{{0, f[2], -f[1]}, {-f[2], 0, f[0]}, {f[1], -f[0], 0}}};
}

}  // namespace

void ErrorCovariance::set_variance(int index, double variance) {
  const std::size_t n = at(index);
  for (std::size_t i = 0; i < error_count; ++i) p_[i][n] = p_[n][i] = 0;
  p_[n][n] = variance;
}

void ErrorCovariance::decay(int index, double factor) {
  const std::size_t n = at(index);
  for (std::size_t k = n; k < count_; ++k) p_[n][k] *= factor;
  for (std::size_t k = 0; k <= n; ++k) p_[k][n] *= factor;
}

void ErrorCovariance::mirror() {
  for (std::size_t i = 1; i < count_; ++i)
    for (std::size_t k = 0; k < i; ++k) p_[i][k] = p_[k][i];
}

// P <- F P F^T. F is the identity but for the moving states' rows, so constants
// against constants stay, and only the moving states' rows have to be
// recombined.
void ErrorCovariance::propagate(const MotionIntegral& motion) {
  mirror();
  propagate_rows(motion);
  propagate_columns(motion);
}

void ErrorCovariance::propagate_rows(const MotionIntegral& motion) {
  const Matrix3 tilt = tilt_effect(motion.force);
  const auto add = [this](std::size_t to, double factor, std::size_t from) {
    for (std::size_t k = 0; k < count_; ++k) p_[to][k] += factor * p_[from][k];
  };
  // Position, velocity, attitude in this order: each uses what the later ones
  // were before.
  for (std::size_t r = 0; r < 3; ++r) {
    add(error_position + r, motion.time, error_velocity + r);
    for (std::size_t c = 0; c < 3; ++c)
      if (c != r) add(error_position + r, motion.time / 2 * tilt[r][c], error_attitude + c);
  }
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) {
      if (c != r) add(error_velocity + r, tilt[r][c], error_attitude + c);
      add(error_velocity + r, -motion.rotation[r][c], error_accel_bias + c);
    }
    add(error_velocity + r, -motion.force_change[r], error_accel_latency);
  }
  for (std::size_t r = 0; r < 3; ++r)
    for (std::size_t c = 0; c < 3; ++c) {
      add(error_attitude + r, -motion.rotation[r][c], error_bias + c);
      for (std::size_t e = 0; e < 3; ++e)
        add(error_attitude + r, -motion.rotation_rate[r][c][e], error_scale + 3 * c + e);
    }
}

void ErrorCovariance::propagate_columns(const MotionIntegral& motion) {
  const Matrix3 tilt = tilt_effect(motion.force);
  for (std::size_t i = 0; i < error_moving_count; ++i) {
    Row& p = p_[i];
    for (std::size_t r = 0; r < 3; ++r) {
      double turned = 0, drifted = motion.force_change[r] * p[error_accel_latency];
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
  }
}

ErrorCovariance::Row ErrorCovariance::column(std::span<const Term> terms) const {
  Row column{};
  for (const Term& term : terms) {
    const std::size_t n = at(term.index);
    for (std::size_t k = 0; k < n; ++k) column[k] += term.coefficient * p_[k][n];
    for (std::size_t k = n; k < count_; ++k) column[k] += term.coefficient * p_[n][k];
  }
  return column;
}

double ErrorCovariance::expected(std::span<const Term> terms) const {
  const Row product = column(terms);
  double sum = 0;
  for (const Term& term : terms) sum += term.coefficient * product[at(term.index)];
  return std::max(0.0, sum);
}

ErrorVector ErrorCovariance::update(std::span<const Term> terms, double residual, double variance,
                                    bool freeze_calibration) {
  const Row product = column(terms);
  double innovation = 0;
  for (const Term& term : terms) innovation += term.coefficient * product[at(term.index)];
  const double inverse = 1 / (std::max(0.0, innovation) + variance);

  ErrorVector correction{};
  // Frozen states keep their own covariance; against the others this is the
  // Schmidt-Kalman update.
  const std::size_t learned = freeze_calibration ? std::size_t{error_moving_count} : count_;
  for (std::size_t i = 0; i < learned; ++i) {
    const double gain = product[i] * inverse;
    correction[i] = gain * residual;
    for (std::size_t k = i; k < count_; ++k) p_[i][k] -= gain * product[k];
    p_[i][i] = std::max(0.0, p_[i][i]);  // rounding may not make it negative
  }
  return correction;
}

}  // namespace psmove::fusion
