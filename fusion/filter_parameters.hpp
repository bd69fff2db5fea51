#pragma once
// What the orientation filter assumes about sensors, hands and rooms. Every value is a standard
// deviation, a density or a time that could be measured; none is a gain.

namespace psmove::fusion {

/// The defaults serve hand-held consumer sensors at 50 Hz to 1 kHz. "Density" is the standard
/// deviation a white noise accumulates in one second.
struct FilterParameters {
  /// Whether magnetometer readings are used where they come. false: 6D, heading from the start
  /// pose.
  bool use_magnetometer = true;

  // Gyroscope.
  /// deg/sqrt(s). Angle random walk. Larger: trusts accelerometer and magnetometer more.
  double gyro_noise_deg = 0.012;
  /// Fraction of the rate, per sqrt(s). Noise that comes with rotation (nonlinearity,
  /// g-sensitivity, time stamps). Larger: fast rotation costs more confidence.
  double gyro_rate_noise = 0.00014;
  /// deg/s. Prior of the bias before anything is known. Larger: a first rest or the first seconds
  /// of motion move it faster, and a start in motion is noisier.
  double gyro_bias_deg_s = 0.15;
  /// deg/s/sqrt(s). Random walk of the bias (temperature). Larger: forgets sooner.
  double gyro_bias_walk_deg_s = 0.0046;
  /// Fraction. Prior of the scale error of each axis. As wide as the factory calibration is bad.
  double gyro_scale = 0.0017;
  /// rad. Prior of the misalignment of each axis against the accelerometer's, six terms.
  double gyro_misalignment = 0.0025;

  // Accelerometer, and the hand that carries it.
  /// m/s^2/sqrt(Hz). Velocity random walk of integrated acceleration.
  double accel_noise_m_s2 = 0.022;
  /// m/s^2. Prior of the accelerometer's bias.
  double accel_bias_m_s2 = 0.019;
  /// m/s. How fast a hand moves, on average. Larger: longer averaging before tilt is corrected.
  double velocity_m_s = 0.42;
  /// m. How far a hand strays from its own mean. Larger: slower tilt correction, more averaging.
  double position_m = 0.13;
  /// s. Over which velocity and position of a hand stay alike. Larger: less trust in each moment.
  double motion_correlation_s = 2.0;
  /// Weight of the velocity and position variance that was seen lately, added to the two above.
  double motion_adaptation = 2.0;
  /// s. What "lately" means there.
  double motion_adaptation_s = 6.4;

  // Rest.
  /// deg/s. Deviation of the gyroscope from its own half-second mean that still counts as rest.
  double rest_gyro_deg_s = 2.0;
  /// m/s^2. The same for the accelerometer.
  double rest_accel_m_s2 = 0.5;
  /// s. How long both must hold before it is rest.
  double rest_after_s = 1.5;
  /// deg/s/sqrt(Hz). How well the mean rate of a resting hand or table is zero.
  double rest_rate_noise_deg_s = 0.027;
  /// m/s. How well a resting body's velocity is zero, per update.
  double rest_velocity_m_s = 0.05;

  // Magnetometer.
  /// deg/sqrt(Hz). White noise of the magnetic heading.
  double mag_noise_deg = 4.6;
  /// deg. Standard deviation of the room's own heading error: the field differs from place to
  /// place.
  double mag_offset_deg = 3.4;
  /// s. Over which that error changes while the hand moves about.
  double mag_offset_s = 25.0;
  /// deg of heading noise for a field whose strength is off by all of itself (0.1 off: a tenth).
  double mag_strength_noise_deg = 10.6;
  /// deg of heading noise per deg that the dip angle is off.
  double mag_dip_noise = 0.62;
  /// s. Over which the reference strength and dip follow an accepted field.
  double mag_reference_s = 26.0;
  /// Standard deviations. A residual beyond this widens its own variance.
  double mag_gate = 2.0;
  /// deg. Standard deviation of the first magnetic heading, before the field has proved itself.
  double mag_start_deg = 8.0;

  // What was lost.
  /// Fraction of the rotation during a lost sample that its interpolation gets wrong.
  double gap_angle = 0.03;
  /// m/s^2. What the interpolation of a lost sample gets wrong in acceleration.
  double gap_accel_m_s2 = 8.0;
  /// s. A longer gap is not interpolated but treated as a new start with the old calibration.
  double gap_limit_s = 0.5;
  /// m/s^2/sqrt(Hz). Velocity random walk while the accelerometer is at the end of its range.
  double saturated_accel_m_s2 = 6.5;
  /// Fraction of the rate that is missing while the gyroscope is at the end of its range.
  double saturated_gyro = 0.2;
  /// s. After saturation, how long the calibration (bias, scale, misalignment) is not learned.
  double saturation_freeze_s = 1.0;

  /// s. The covariance is propagated over blocks of this length; orientation goes sample by sample.
  double block_s = 0.035;
};

}  // namespace psmove::fusion
