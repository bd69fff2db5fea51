#include "fusion/field_survey.hpp"

#include <algorithm>

namespace psmove::fusion {
namespace {

constexpr double memory_s = 10;

double determinant(const Matrix3& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
         m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/// Solves m x = b by Cramer's rule; m is symmetric and well conditioned here.
Axes solve(const Matrix3& m, const Axes& b, double det) {
  Axes x;
  for (std::size_t i = 0; i < 3; ++i) {
    Matrix3 n = m;
    for (std::size_t r = 0; r < 3; ++r) n[r][i] = b[r];
    x[i] = determinant(n) / det;
  }
  return x;
}

}  // namespace

void FieldSurvey::add(const Axes& body, const Matrix3& rotation, double time) {
  const double keep = std::exp(-time / memory_s);
  const Axes world = multiply(rotation, body);
  weight_ = weight_ * keep + time;
  squared_ = squared_ * keep + time * dot(body, body);
  for (std::size_t i = 0; i < 3; ++i) {
    world_[i] = world_[i] * keep + time * world[i];
    body_[i] = body_[i] * keep + time * body[i];
    for (std::size_t c = 0; c < 3; ++c)
      rotation_[i][c] = rotation_[i][c] * keep + time * rotation[i][c];
  }
}

void FieldSurvey::turn(double heading) {
  const double s = std::sin(heading), c = std::cos(heading);
  const auto rotate = [s, c](double& x, double& y) {
    const double old = x;
    x = c * old - s * y;
    y = s * old + c * y;
  };
  rotate(world_[0], world_[1]);
  for (std::size_t i = 0; i < 3; ++i) rotate(rotation_[0][i], rotation_[1][i]);
}

// Minimizes sum |world - field - rotation * iron|^2. Eliminating the field
// leaves three equations for the iron: (1 - M^T M) iron = mean(body) - M^T
// mean(world), M the mean rotation.
std::optional<FieldSurvey::Result> FieldSurvey::result() const {
  if (!(weight_ > 0)) return std::nullopt;
  Matrix3 normal{};
  Axes right{};
  for (std::size_t i = 0; i < 3; ++i) {
    right[i] = body_[i] / weight_;
    for (std::size_t k = 0; k < 3; ++k) right[i] -= rotation_[k][i] * world_[k] / square(weight_);
    for (std::size_t c = 0; c < 3; ++c) {
      normal[i][c] = i == c ? 1 : 0;
      for (std::size_t k = 0; k < 3; ++k)
        normal[i][c] -= rotation_[k][i] * rotation_[k][c] / square(weight_);
    }
  }
  const double det = determinant(normal);
  const double trace = normal[0][0] + normal[1][1] + normal[2][2];
  constexpr double least_excitation = 0.1;
  // The smallest eigenvalue is at least this: the other two multiply to at most
  // (trace / 2)^2.
  const double excitation = det / square(trace / 2);
  if (!(excitation > least_excitation)) return std::nullopt;
  Result result;
  result.hard_iron = solve(normal, right, det);
  const Axes turned = multiply(rotation_, result.hard_iron);
  double explained = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    result.field[i] = (world_[i] - turned[i]) / weight_;
    explained += result.field[i] * world_[i] / weight_ + result.hard_iron[i] * body_[i] / weight_;
  }
  result.residual = std::sqrt(std::max(0.0, squared_ / weight_ - explained) / 3);
  result.hard_iron_deviation = result.residual / std::sqrt(excitation);
  return result;
}

}  // namespace psmove::fusion
