#pragma once
// Readings in, orientation out. Pure computation: no I/O, no clock, no
// allocation, no exceptions.

#include "fusion/error_covariance.hpp"
#include "fusion/field_survey.hpp"
#include "fusion/filter_parameters.hpp"
#include "fusion/learned_state.hpp"
#include "fusion/rest_detector.hpp"
#include "types/imu_sample.hpp"
#include "types/quaternion.hpp"

namespace psmove::fusion {

/// Orientation of one rigid body from gyroscope, accelerometer and, where there
/// is one, magnetometer.
///
/// World frame: right-handed, +Z up. With live magnetometer readings +Y is
/// magnetic north (ENU); without, +Y is where the body's +Y pointed, in the
/// horizontal plane, at the first sample. Where that is straight up or down,
/// the body's +X is taken to point to world +X instead: an upright controller
/// with its buttons towards the user points forward when it is tipped away from
/// them. A magnetometer that begins to answer later turns the world to north at
/// its first reading.
class OrientationFilter {
 public:
  explicit OrientationFilter(const FilterParameters& parameters = {});

  /// Takes one sample; `dt` and `missing_before` say how time passed. Bad input
  /// (not finite, dt out of range) is counted in rejected() and leaves the
  /// orientation a unit quaternion. Orientation and linear acceleration are of
  /// this sample at once, everything else when conclusions are drawn.
  void update(const ImuSample& sample) noexcept;
  /// Learns from the samples so far, and corrects the estimates where enough of them have come,
  /// which every few samples takes as long as twenty updates. Who has somebody waiting for an
  /// orientation can call it when that is on its way; a later update() does it if nobody has, with
  /// the same result.
  void draw_conclusions() noexcept;

  [[nodiscard]] Quaternion world_from_body() const noexcept;
  /// World frame, gravity removed.
  [[nodiscard]] Vec3<MetersPerSecondSquared> linear_accel() const noexcept;
  /// Estimated gyroscope bias, body frame.
  [[nodiscard]] Vec3<RadiansPerSecond> gyro_bias() const noexcept;
  [[nodiscard]] bool is_resting() const noexcept;
  /// The field's strength or dip is not the room's: a magnet or iron is near.
  [[nodiscard]] bool is_magnetically_disturbed() const noexcept;
  /// Whether magnetometer readings steer the heading now.
  [[nodiscard]] bool has_heading_reference() const noexcept;
  [[nodiscard]] unsigned long rejected() const noexcept;

  /// Standard deviation of the heading, degrees: against north with a
  /// magnetometer, otherwise against the start. Grows while nothing refers to
  /// the world.
  [[nodiscard]] double heading_uncertainty_deg() const noexcept;
  /// Standard deviation of the inclination, degrees, both tilt angles together.
  [[nodiscard]] double inclination_uncertainty_deg() const noexcept;

  /// What is known about the sensors by now, for a later filter of the same
  /// controller.
  [[nodiscard]] LearnedState learned() const noexcept;
  /// Starts from what an earlier filter learned. To be called before the first
  /// sample. Everything is taken with more doubt than it was given, and dropped
  /// altogether when the first rest contradicts it.
  /// @return false, and nothing changes, for another version, numbers that
  /// cannot be, or too late
  bool restore(const LearnedState& learned) noexcept;

  /// Magnetometer readings are calibrated differently from the next one on: north and hard iron are
  /// found anew, everything else stays.
  void renew_field() noexcept;

  /// Turns the world about the vertical so that +Y is where the body's +Y
  /// points now.
  void reset_heading() noexcept;
  /// Goes back to the heading without reset.
  void clear_heading_reset() noexcept;

 private:
  struct Reading {
    Axes rate, force;  ///< rad/s, m/s^2
  };
  /// What a sample leaves to be learned from.
  struct Note {
    Reading reading;
    Axes turn_rate{}, force{};  ///< as motion has them: calibrated, in the body and in the world
    Quaternion attitude{};
    std::optional<Axes> field{};  ///< uT
    double dt = 0;
  };
  /// Magnetometer readings being collected, brought to the world frame.
  struct FieldSum {
    Axes field{};         ///< uT
    Axes field_change{};  ///< uT/s: by how much a second of latency would change
                          ///< it
    Matrix3 rotation{};
    int count = 0;
    double time = 0;  ///< s
  };
  /// One axis of the field as a measurement.
  struct FieldMeasurement {
    std::array<ErrorCovariance::Term, 7> terms;
    std::size_t used = 0;
    [[nodiscard]] std::span<const ErrorCovariance::Term> span() const {
      return {terms.data(), used};
    }
  };

  // orientation_filter.cpp: samples, and what gravity and hands say.
  [[nodiscard]] bool accept_time(const ImuSample& sample) noexcept;
  [[nodiscard]] bool accept_force(const ImuSample& sample) noexcept;
  [[nodiscard]] bool accept_field(const ImuSample& sample) noexcept;
  void start(const Reading& reading) noexcept;
  void set_sensor_priors() noexcept;
  void restart_after_gap() noexcept;
  void fill_gap(const Reading& next, double lost, double dt) noexcept;
  void step(const Reading& reading, double dt) noexcept;
  void take_notes() noexcept;
  void accumulate(const Note& note) noexcept;
  void finish_block() noexcept;
  void let_errors_grow() noexcept;
  void use_rest() noexcept;
  void level_coarsely() noexcept;
  void forget_motion() noexcept;
  void use_bounded_motion(bool resting) noexcept;
  void measure(int index, double residual, double variance) noexcept;
  void correct(const ErrorVector& correction) noexcept;

  // magnetic_heading.cpp: what the magnetometer says.
  /// The next reading turns the world to north.
  [[nodiscard]] bool needs_north() const noexcept { return !has_north_ || lost_north_; }
  void add_field(const Note& note) noexcept;
  [[nodiscard]] Matrix3 rotation_at_field() const noexcept;
  [[nodiscard]] Matrix3 rotation_at_field(const Quaternion& attitude,
                                          const Axes& turn_rate) const noexcept;
  void meet_north() noexcept;
  Axes align_north() noexcept;
  void let_field_wander(double time) noexcept;
  void use_field() noexcept;
  [[nodiscard]] std::array<FieldMeasurement, 3> field_measurements(
      const Axes& field) const noexcept;
  void review_field(double time) noexcept;
  [[nodiscard]] bool adopt_survey(bool proven) noexcept;
  void restart_field() noexcept;
  void set_field_priors(double local, double iron, double room) noexcept;
  void turn_world(double heading) noexcept;

  // learned_state.cpp
  void doubt_restored(double surprise) noexcept;

  FilterParameters parameters_;
  ErrorCovariance covariance_;

  // The estimates the covariance speaks of.
  Quaternion attitude_;
  Axes velocity_{}, position_{};
  Axes bias_{};
  Matrix3 scale_{};
  Axes accel_bias_{};
  double accel_latency_s_ = 0;
  Axes local_field_{}, hard_iron_{}, room_field_{};  ///< room_field_[0], east, is 0
  double mag_latency_s_ = 0;

  RestDetector rest_;
  double velocity_seen_ = 0, position_seen_ = 0;  ///< recent variance, per axis

  // The block being collected.
  MotionIntegral motion_;
  Axes rate_sum_{};
  int samples_ = 0;

  std::array<Note, 2> notes_;  ///< a report's
  std::size_t noted_ = 0;

  Reading last_{};
  Axes turn_rate_{};  ///< rad/s, body frame, calibrated: of the last step
  Axes linear_accel_{};
  double freeze_s_ = 0;   ///< how long the calibration stays frozen
  double unknown_s_ = 0;  ///< time that passed in samples that could not be used
  bool started_ = false, restored_ = false;
  bool block_is_full_ = false;
  unsigned long rejected_ = 0;
  Quaternion reset_;

  // The magnetic field.
  FieldSum fields_;
  FieldSurvey survey_;
  Axes last_field_{};
  double turned_since_field_changed_ = 0;  ///< rad
  double since_field_s_ = 0;               ///< since readings were last used
  double misfit_ = 0;                      ///< mean squared residual over its expectation
  double proof_s_ = 0, turned_s_ = 0, since_restart_s_ = 0;
  double heading_corrected_ = 0;  ///< rad, since the survey last heard of it
  bool has_north_ = false, lost_north_ = false, disturbed_ = false;
  bool restored_field_ = false;
  double hard_iron_variance_ = 0,
         mag_latency_variance_ = 0;  ///< where restored: uT^2, s^2
};

}  // namespace psmove::fusion
