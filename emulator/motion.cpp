#include "emulator/motion.hpp"

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <numbers>
#include <utility>
#include <vector>

namespace psmove::emulator {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;

/// A quantity that moves, with its first and second time derivative.
struct Moving {
  double value = 0, rate = 0, acceleration = 0;

  friend Moving operator+(double offset, const Moving& m) {
    return {offset + m.value, m.rate, m.acceleration};
  }
  friend Moving operator*(double factor, const Moving& m) {
    return {factor * m.value, factor * m.rate, factor * m.acceleration};
  }
};

/// sin(2 pi f t + phase)
Moving sine(double hertz, double seconds, double phase = 0) {
  const double omega = two_pi * hertz;
  const double angle = omega * seconds + phase;
  const double s = std::sin(angle);
  return {s, omega * std::cos(angle), -omega * omega * s};
}

template <class Unit>
Vec3<Unit> cross(const Vec3<Unit>& a, const Vec3<Unit>& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

/// An attitude by three turns: yaw about world up, then pitch about the body's new X (sphere up is
/// positive), then roll about its new Y.
struct Attitude {
  Quaternion world_from_body;
  Vec3<RadiansPerSecond> rate;         ///< body frame
  Vec3<RadiansPerSecond> rate_change;  ///< its time derivative, body frame, rad/s^2

  Attitude(const Moving& yaw, const Moving& pitch, const Moving& roll) {
    const double sy = std::sin(yaw.value / 2), cy = std::cos(yaw.value / 2);
    const double sp = std::sin(pitch.value / 2), cp = std::cos(pitch.value / 2);
    const double sr = std::sin(roll.value / 2), cr = std::cos(roll.value / 2);
    world_from_body = Quaternion{cy * cp, cy * sp, sy * sp, sy * cp} * Quaternion{cr, 0, sr, 0};

    const double sin_pitch = 2 * sp * cp, cos_pitch = cp * cp - sp * sp;
    const double sin_roll = 2 * sr * cr, cos_roll = cr * cr - sr * sr;
    // Before the roll: the rates in a frame that has yawed and pitched.
    const Vec3<RadiansPerSecond> u{pitch.rate, yaw.rate * sin_pitch, yaw.rate * cos_pitch};
    const Vec3<RadiansPerSecond> du{
        pitch.acceleration, yaw.acceleration * sin_pitch + yaw.rate * pitch.rate * cos_pitch,
        yaw.acceleration * cos_pitch - yaw.rate * pitch.rate * sin_pitch};
    const auto unroll = [&](const Vec3<RadiansPerSecond>& v) -> Vec3<RadiansPerSecond> {
      return {cos_roll * v.x - sin_roll * v.z, v.y, sin_roll * v.x + cos_roll * v.z};
    };
    const auto rolled = unroll(u);
    rate = rolled + Vec3<RadiansPerSecond>{0, roll.rate, 0};
    // A vector seen from a frame that turns at roll.rate about Y changes by -rate x vector as well.
    rate_change = unroll(du) + Vec3<RadiansPerSecond>{-roll.rate * rolled.z, roll.acceleration,
                                                      roll.rate * rolled.x};
  }
};

/// Sensors at `lever` (body frame) from a point that moves with `acceleration` (world frame).
MotionState felt(const Attitude& attitude, const Vec3<Meters>& point,
                 const Vec3<MetersPerSecondSquared>& acceleration, const Vec3<Meters>& lever) {
  const Vec3<RadiansPerSecond> arm{lever.x, lever.y, lever.z};
  const auto swing =
      cross(attitude.rate_change, arm) + cross(attitude.rate, cross(attitude.rate, arm));
  const Quaternion body_from_world = conjugate(attitude.world_from_body);
  const auto specific_force = acceleration + Vec3<MetersPerSecondSquared>{0, 0, standard_gravity};
  return {
      body_from_world * specific_force + Vec3<MetersPerSecondSquared>{swing.x, swing.y, swing.z},
      attitude.rate, body_from_world * earth_field, attitude.world_from_body,
      point + attitude.world_from_body * lever};
}

class Still final : public Motion {
 public:
  MotionState at(double) override { return {{0, 0, standard_gravity}, {}, earth_field, {}, {}}; }
  [[nodiscard]] std::string name() const override { return "still"; }
};

/// A hand waving from the elbow: the forearm swings, nods and twists while the elbow sways.
class Wave final : public Motion {
 public:
  MotionState at(double seconds) override {
    const Moving swing = sine(1.3, seconds);
    const Moving sway = 0.05 * sine(0.65, seconds);
    const Moving lift = 0.04 * sine(0.4, seconds);
    const Attitude attitude(0.6 * swing, 0.5 + 0.2 * sine(0.9, seconds), 0.25 * sine(1.1, seconds));
    return felt(attitude, {sway.value, 0, lift.value}, {sway.acceleration, 0, lift.acceleration},
                {0, forearm_m, 0});
  }
  [[nodiscard]] std::string name() const override { return "wave"; }

 private:
  static constexpr double forearm_m = 0.35;
};

/// A figure of eight in the horizontal plane, sphere ahead, leaning into the curves: with
/// p = 2 pi f t - pi/2, x = a sin(p) and y = -a sin(p) cos(p). Starts at its west end, heading
/// north.
class FigureEight final : public Motion {
 public:
  MotionState at(double seconds) override {
    const double omega = two_pi * laps_per_s;
    const Moving s = sine(laps_per_s, seconds, -std::numbers::pi / 2);
    const Moving s2 = sine(2 * laps_per_s, seconds);  // -sin(2p)
    const double vx = half_width_m * s.rate, vy = half_width_m / 2 * s2.rate;
    const double ax = half_width_m * s.acceleration, ay = half_width_m / 2 * s2.acceleration;
    // The jerk of a sine is its rate times -omega^2.
    const double jx = -omega * omega * vx, jy = -4 * omega * omega * vy;

    // The heading is the path's tangent; +Y of the body points along it.
    const double speed2 = vx * vx + vy * vy;
    const double turn = vx * ay - vy * ax;
    Moving yaw;
    yaw.value = std::atan2(-vx, vy);
    yaw.rate = turn / speed2;
    yaw.acceleration =
        ((vx * jy - vy * jx) * speed2 - turn * 2 * (vx * ax + vy * ay)) / (speed2 * speed2);
    const Attitude attitude(yaw, 0.2 * s2, -0.4 * s);
    return felt(attitude, {half_width_m * s.value, half_width_m / 2 * s2.value, 0}, {ax, ay, 0},
                {});
  }
  [[nodiscard]] std::string name() const override { return "figure8"; }

 private:
  static constexpr double laps_per_s = 0.4;
  static constexpr double half_width_m = 0.4;
};

/// Turned about in the hand until it has pointed everywhere: pitch and roll go round at speeds
/// whose ratio is irrational (the golden one), so that no direction is left out for long.
class Tumble final : public Motion {
 public:
  MotionState at(double seconds) override {
    const auto turning = [seconds](double rate) { return Moving{rate * seconds, rate, 0}; };
    const Attitude attitude(0.3 * sine(0.1, seconds), turning(pitch_rad_s),
                            turning(pitch_rad_s * std::numbers::phi));
    return felt(attitude, {}, {}, {0, handle_m, 0});
  }
  [[nodiscard]] std::string name() const override { return "tumble"; }

 private:
  static constexpr double pitch_rad_s = 1.2;
  static constexpr double handle_m = 0.08;
};

/// Plays a recorded trial in a loop.
class Trial final : public Motion {
 public:
  static constexpr std::size_t columns = 14;
  using Row = std::array<float, columns>;

  Trial(std::string file, std::vector<Row> rows) : file_(std::move(file)), rows_(std::move(rows)) {
    fill_unknown_references();
  }

  MotionState at(double seconds) override {
    const double loops = seconds * rows_per_s / static_cast<double>(rows_.size());
    const double position = (loops - std::floor(loops)) * static_cast<double>(rows_.size());
    // Between the last row and the first there is nothing to interpolate: it waits on the last.
    const std::size_t i = std::min(static_cast<std::size_t>(position), rows_.size() - 1);
    const std::size_t j = std::min(i + 1, rows_.size() - 1);
    const double part = position - std::floor(position);
    const Row& a = rows_[i];
    const Row& b = rows_[j];
    const auto mix = [&](std::size_t column) { return a[column] + part * (b[column] - a[column]); };
    const double same_half = a[9] * b[9] + a[10] * b[10] + a[11] * b[11] + a[12] * b[12];
    const double sign = same_half < 0 ? -1 : 1;
    const auto turn = [&](std::size_t c) { return (1 - part) * a[c] + part * sign * b[c]; };
    return {{mix(3), mix(4), mix(5)},
            {mix(0), mix(1), mix(2)},
            {mix(6), mix(7), mix(8)},
            normalized({turn(9), turn(10), turn(11), turn(12)}),
            {}};
  }
  [[nodiscard]] std::string name() const override { return "trial=" + file_; }

 private:
  static constexpr double rows_per_s = 2000.0 / 7;

  /// Where the cameras lost the body the last known orientation stays, or the first one to come.
  void fill_unknown_references() {
    const auto known = [](const Row& row) {
      return std::isfinite(row[9]) && std::isfinite(row[10]) && std::isfinite(row[11]) &&
             std::isfinite(row[12]);
    };
    std::array<float, 4> last = {1, 0, 0, 0};
    for (const Row& row : rows_)
      if (known(row)) {
        std::copy_n(row.begin() + 9, 4, last.begin());
        break;
      }
    for (Row& row : rows_) {
      if (known(row))
        std::copy_n(row.begin() + 9, 4, last.begin());
      else
        std::copy_n(last.begin(), 4, row.begin() + 9);
    }
  }

  std::string file_;
  std::vector<Row> rows_;
};

MotionOrError read_trial(const std::string& path) {
  static_assert(std::endian::native == std::endian::little, "trials are little-endian");
  constexpr std::size_t largest = 256U << 20;  // a day of rows; a trial of two minutes has 2 MB
  const auto refuse = [&](const std::string& why) {
    return MotionOrError{nullptr, "the trial '" + path + "' " + why +
                                      "; accepted is a file of 14 float32 a row, such as those of "
                                      "the BROAD data set"};
  };
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return refuse(std::string("cannot be opened: ") + std::strerror(errno));
  const auto end = file.tellg();
  const auto bytes = end < 0 ? 0 : static_cast<std::size_t>(end);
  constexpr std::size_t row_bytes = sizeof(Trial::Row);
  if (bytes < 2 * row_bytes || bytes % row_bytes != 0 || bytes > largest)
    return refuse("is not made of whole rows");
  std::vector<Trial::Row> rows(bytes / row_bytes);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(rows.data()), static_cast<std::streamsize>(bytes));
  if (!file) return refuse("cannot be read");
  for (const auto& row : rows)
    for (std::size_t column = 0; column < 9; ++column)
      if (!std::isfinite(row[column])) return refuse("has a sensor value that is not a number");
  return {std::make_unique<Trial>(path, std::move(rows)), {}};
}

}  // namespace

MotionOrError make_motion(std::string_view name) {
  if (name == "still") return {std::make_unique<Still>(), {}};
  if (name == "wave") return {std::make_unique<Wave>(), {}};
  if (name == "figure8") return {std::make_unique<FigureEight>(), {}};
  if (name == "tumble") return {std::make_unique<Tumble>(), {}};
  constexpr std::string_view trial = "trial=";
  if (name.starts_with(trial) && name.size() > trial.size())
    return read_trial(std::string(name.substr(trial.size())));
  return {nullptr, "there is no motion '" + std::string(name) +
                       "'; accepted are still, wave, figure8, tumble and trial=FILE"};
}

}  // namespace psmove::emulator
