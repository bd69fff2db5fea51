#include "fusion/magnetometer_fit.hpp"

#include <algorithm>

#include "fusion/linear.hpp"

namespace psmove::fusion {
namespace {

// Equal heights on a sphere are equal areas (Archimedes).
constexpr int bands = DirectionCells::bands, sectors = DirectionCells::sectors;
// Readings closer than this part of the field's strength say the same.
constexpr double spacing = 0.1;
constexpr double least_spacing_ut = 2;
// Longest axis of an ellipsoid over its shortest, from which on it is no magnetometer's.
constexpr double largest_stretch = 2;
constexpr double largest_residual = 0.1;  // of the field's strength
constexpr std::size_t quadric = 9;

using Normal = std::array<std::array<double, quadric + 1>, quadric>;  // last column: right side

/// Gauss-Jordan with pivoting on the leading `n` unknowns. False where it is singular.
bool solve(Normal& m, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i + 1; r < n; ++r)
      if (std::abs(m[r][i]) > std::abs(m[pivot][i])) pivot = r;
    if (!(std::abs(m[pivot][i]) > 1e-9)) return false;
    std::swap(m[i], m[pivot]);
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double factor = m[r][i] / m[i][i];
      for (std::size_t c = i; c <= quadric; ++c) m[r][c] -= factor * m[i][c];
    }
  }
  for (std::size_t i = 0; i < n; ++i) m[i][quadric] /= m[i][i];
  return true;
}

struct Eigen {
  Axes values;
  Matrix3 vectors;  ///< columns
};

/// Jacobi rotations; for a symmetric 3x3 a few sweeps reach rounding.
Eigen eigen(Matrix3 a) {
  Matrix3 v{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (int sweep = 0; sweep < 20; ++sweep)
    for (std::size_t p = 0; p < 2; ++p)
      for (std::size_t q = p + 1; q < 3; ++q) {
        if (std::abs(a[p][q]) < 1e-300) continue;
        const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const double t =
            std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(square(theta) + 1));
        const double c = 1 / std::sqrt(square(t) + 1), s = t * c;
        for (std::size_t k = 0; k < 3; ++k) {
          const double kp = a[k][p], kq = a[k][q];
          a[k][p] = c * kp - s * kq;
          a[k][q] = s * kp + c * kq;
        }
        for (std::size_t k = 0; k < 3; ++k) {
          const double pk = a[p][k], qk = a[q][k];
          a[p][k] = c * pk - s * qk;
          a[q][k] = s * pk + c * qk;
          const double vp = v[k][p], vq = v[k][q];
          v[k][p] = c * vp - s * vq;
          v[k][q] = s * vp + c * vq;
        }
      }
  return {{a[0][0], a[1][1], a[2][2]}, v};
}

int cell_of(const Vec3<Microtesla>& v) {
  const double n = norm(v);
  if (!(n > 0)) return 0;
  const int band = std::clamp(static_cast<int>((v.z / n + 1) / 2 * bands), 0, bands - 1);
  const double turn = std::atan2(v.y, v.x) / (2 * std::numbers::pi) + 0.5;
  return band * sectors + std::clamp(static_cast<int>(turn * sectors), 0, sectors - 1);
}

Vec3<Microtesla> middle_of(int cell) {
  const int band = cell / sectors;
  const double z = (band + 0.5) / bands * 2 - 1;
  const double turn = ((cell % sectors + 0.5) / sectors - 0.5) * 2 * std::numbers::pi;
  const double r = std::sqrt(1 - z * z);
  return {r * std::cos(turn), r * std::sin(turn), z};
}

}  // namespace

bool MagnetometerFit::add(const Vec3<Microtesla>& raw) {
  if (!is_finite(raw) || count_ == capacity || raw == Vec3<Microtesla>{}) return false;
  if (count_ == 0) least_ = most_ = raw;
  least_ = {std::min(least_.x, raw.x), std::min(least_.y, raw.y), std::min(least_.z, raw.z)};
  most_ = {std::max(most_.x, raw.x), std::max(most_.y, raw.y), std::max(most_.z, raw.z)};
  const double apart = std::max(least_spacing_ut, spacing * rough().field_ut);
  for (std::size_t i = 0; i < count_; ++i)
    if (norm(readings_[i] - raw) < apart) return false;
  readings_[count_++] = raw;
  return true;
}

/// The sphere in the box that the readings fill: good enough to tell directions apart.
MagnetometerCalibration MagnetometerFit::rough() const {
  MagnetometerCalibration result;
  result.hard_iron = (least_ + most_) * 0.5;
  const auto size = most_ - least_;
  result.field_ut = std::max({size.x, size.y, size.z}) / 2;
  return result;
}

DirectionCells MagnetometerFit::seen(const MagnetometerCalibration& by) const {
  DirectionCells result;
  for (std::size_t i = 0; i < count_; ++i)
    result.seen[static_cast<std::size_t>(cell_of(by.apply(readings_[i])))] = true;
  return result;
}

DirectionCells MagnetometerFit::directions() const {
  return seen(best_guess());
}

double MagnetometerFit::coverage() const {
  const auto all = directions().seen;
  return static_cast<double>(std::count(all.begin(), all.end(), true)) / cells;
}

std::optional<Vec3<Microtesla>> MagnetometerFit::missing_direction() const {
  if (count_ == 0) return std::nullopt;
  const auto by = best_guess();
  const auto directions_seen = seen(by).seen;
  std::optional<Vec3<Microtesla>> best;
  double loneliest = 1;  // largest cosine to any reading
  for (int cell = 0; cell < cells; ++cell) {
    if (directions_seen[static_cast<std::size_t>(cell)]) continue;
    const auto direction = middle_of(cell);
    double nearest = -1;
    for (std::size_t i = 0; i < count_; ++i) {
      const auto v = by.apply(readings_[i]);
      nearest = std::max(nearest, dot(v, direction) / std::max(norm(v), 1e-9));
    }
    if (nearest < loneliest) {
      loneliest = nearest;
      best = direction;
    }
  }
  return best;
}

std::optional<MagnetometerCalibration> MagnetometerFit::calibration() const {
  const double covered = coverage();
  if (covered < hard_iron_coverage) return std::nullopt;
  auto result = fit(covered >= soft_iron_coverage);
  if (!result || result->residual_ut > largest_residual * result->field_ut) return std::nullopt;
  result->coverage = covered;
  return result;
}

// Least squares for the quadric x^T A x + 2 b^T x = 1, or for |x|^2 + 2 b^T x = c where only hard
// iron is asked for. Coordinates are taken about the rough centre and in units of the rough radius,
// which keeps the equations well conditioned and the quadric clear of its degenerate case.
std::optional<MagnetometerCalibration> MagnetometerFit::fit(bool soft_iron) const {
  const MagnetometerCalibration scale = rough();
  const std::size_t unknowns = soft_iron ? quadric : 4;
  if (count_ < 2 * unknowns || !(scale.field_ut > 0)) return std::nullopt;
  Normal normal{};
  for (std::size_t i = 0; i < count_; ++i) {
    const auto p = (readings_[i] - scale.hard_iron) * (1 / scale.field_ut);
    std::array<double, quadric> row{};
    double right = 1;
    if (soft_iron) {
      row = {p.x * p.x,     p.y * p.y, p.z * p.z, 2 * p.x * p.y, 2 * p.x * p.z,
             2 * p.y * p.z, 2 * p.x,   2 * p.y,   2 * p.z};
    } else {
      row = {2 * p.x, 2 * p.y, 2 * p.z, 1};
      right = dot(p, p);
    }
    for (std::size_t r = 0; r < unknowns; ++r) {
      for (std::size_t c = 0; c < unknowns; ++c) normal[r][c] += row[r] * row[c];
      normal[r][quadric] += row[r] * right;
    }
  }
  if (!solve(normal, unknowns)) return std::nullopt;
  const auto x = [&normal](std::size_t i) { return normal[i][quadric]; };

  MagnetometerCalibration result;
  if (soft_iron) {
    const Matrix3 a{{{x(0), x(3), x(4)}, {x(3), x(1), x(5)}, {x(4), x(5), x(2)}}};
    const Eigen e = eigen(a);
    const auto [low, high] = std::minmax_element(e.values.begin(), e.values.end());
    if (!(*low > 0) || *high > square(largest_stretch) * *low) return std::nullopt;
    // centre = -A^-1 b; the axes' lengths are sqrt((1 + centre^T A centre) / eigenvalue).
    Axes in_axes{}, centre{};
    double level = 1;
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t i = 0; i < 3; ++i) in_axes[k] -= e.vectors[i][k] * x(6 + i);
      in_axes[k] /= e.values[k];
      level += square(in_axes[k]) * e.values[k];
    }
    const double radius =
        std::cbrt(std::sqrt(level * level * level / (e.values[0] * e.values[1] * e.values[2])));
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t k = 0; k < 3; ++k) {
        centre[i] += e.vectors[i][k] * in_axes[k];
        double sum = 0;
        for (std::size_t n = 0; n < 3; ++n)
          sum += e.vectors[i][n] * e.vectors[k][n] * std::sqrt(e.values[n] / level);
        result.soft_iron[3 * i + k] = sum * radius;
      }
    result.hard_iron = scale.hard_iron + tagged<Microtesla>(centre) * scale.field_ut;
    result.field_ut = radius * scale.field_ut;
  } else {
    const Axes centre{x(0), x(1), x(2)};
    const double squared = x(3) + dot(centre, centre);
    if (!(squared > 0)) return std::nullopt;
    result.hard_iron = scale.hard_iron + tagged<Microtesla>(centre) * scale.field_ut;
    result.field_ut = std::sqrt(squared) * scale.field_ut;
  }
  double sum = 0;
  for (std::size_t i = 0; i < count_; ++i)
    sum += square(norm(result.apply(readings_[i])) - result.field_ut);
  result.residual_ut = std::sqrt(sum / static_cast<double>(count_));
  return result;
}

}  // namespace psmove::fusion
