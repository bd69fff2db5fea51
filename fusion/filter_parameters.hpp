#pragma once
// What the orientation filter assumes about sensors, hands and rooms. Every
// value is a standard deviation, a density or a time that could be measured;
// none is a gain.

namespace psmove::fusion {

/// The defaults serve hand-held consumer sensors at 50 Hz to 1 kHz. "Density"
/// (per sqrt(s), or /sqrt(Hz)) is the standard deviation that white noise has
/// when gathered over one second.
struct FilterParameters {
  /// Whether magnetometer readings are used where they come. false: 6D, heading
  /// from the start pose.
  bool use_magnetometer = true;

  // Gyroscope.
  /// deg/sqrt(s). Angle random walk. Larger: trusts accelerometer and
  /// magnetometer more.
  double gyro_noise_deg = 0.012;
  /// Fraction of the rate, per sqrt(s). Noise that comes with rotation
  /// (nonlinearity, g-sensitivity, time stamps). Larger: fast rotation costs
  /// more confidence.
  double gyro_rate_noise = 0.00014;
  /// deg/s. Prior of the bias before anything is known. Larger: a first rest or
  /// the first seconds of motion move it faster, and a start in motion is
  /// noisier. Consumer parts: 0.5 to 2.
  double gyro_bias_deg_s = 0.5;
  /// deg/s/sqrt(s). Random walk of the bias (temperature). Larger: forgets
  /// sooner.
  double gyro_bias_walk_deg_s = 0.005;
  /// Fraction. Prior of the scale error of each axis. As wide as the factory
  /// calibration is bad.
  double gyro_scale = 0.0017;
  /// rad. Prior of each of the six misalignment terms against the
  /// accelerometer's axes.
  double gyro_misalignment = 0.0025;

  // Accelerometer, and the hand that carries it.
  /// m/s^2/sqrt(Hz). Velocity random walk of integrated acceleration.
  double accel_noise_m_s2 = 0.022;
  /// m/s^2. Prior of the accelerometer's bias.
  double accel_bias_m_s2 = 0.02;
  /// s. Prior of the accelerometer's delay against the gyroscope: their
  /// low-pass filters differ.
  double accel_latency_s = 0.0005;
  /// m/s. How fast a hand moves, on average. Larger: longer averaging before
  /// tilt is corrected.
  double velocity_m_s = 0.4;
  /// m. How far a hand strays from its own mean. Larger: slower tilt
  /// correction, more averaging.
  double position_m = 0.13;
  /// s. Over which velocity and position of a hand stay alike. Larger: less
  /// trust in each moment.
  double motion_correlation_s = 1.0;
  /// Weight of the velocity and position variance that was seen lately, added
  /// to the two above.
  double motion_adaptation = 2.0;
  /// s. What "lately" means there.
  double motion_adaptation_s = 6.0;

  // Rest.
  /// deg/s. Deviation of the gyroscope from its own half-second mean that still
  /// counts as rest.
  double rest_gyro_deg_s = 2.0;
  /// m/s^2. The same for the accelerometer.
  double rest_accel_m_s2 = 0.5;
  /// s. How long both must hold before it is rest.
  double rest_after_s = 1.5;
  /// deg/s/sqrt(Hz). How well the mean rate of a resting hand or table is zero.
  double rest_rate_noise_deg_s = 0.027;
  /// m/s. How well a resting body's velocity is zero, per update.
  double rest_velocity_m_s = 0.05;

  // Magnetometer, calibrated or nearly so. The Earth's field is 22 to 67 uT,
  // its horizontal part in Europe about 20.
  /// uT/sqrt(Hz). White noise of the field along a motion. Larger: slower,
  /// steadier heading.
  double mag_noise_ut = 1.5;
  /// uT. How much the field differs from place to place in a room, each axis.
  /// Larger: the heading holds to the gyroscope more.
  double mag_local_ut = 1.0;
  /// s. Over which that changes while the hand moves about.
  double mag_local_s = 25.0;
  /// uT. Prior of the room's field against the first reading.
  double mag_room_ut = 10.0;
  /// deg. Prior of the first magnetic heading.
  double mag_heading_deg = 60.0;
  /// uT. Prior of the hard iron that the calibration left over, each axis.
  /// Larger ones are found all the same, once the readings cannot be explained
  /// without.
  double mag_hard_iron_ut = 0.3;
  /// s. Prior of the magnetometer's delay against the gyroscope (it samples
  /// slower).
  double mag_latency_s = 0.01;
  /// Standard deviations. A residual beyond this widens its own variance.
  double mag_gate = 2.0;
  /// s. Readings are gathered over this long before they are used.
  double mag_block_s = 0.1;

  // Doubt in the magnetic field: a magnet near, hard iron, another room.
  /// Mean squared residual over its expectation from which on readings do not
  /// fit what is assumed.
  double mag_misfit = 3.0;
  /// s. Over which that mean is taken.
  double mag_misfit_s = 5.0;
  /// uT/sqrt(s), for each unit beyond that. Random walk of the hard iron while
  /// readings do not fit, and of the local field.
  double mag_misfit_iron_ut = 0.3;
  double mag_misfit_local_ut = 0.6;
  /// s of turning in a field that fits, after which its heading counts as
  /// proven.
  double mag_proof_s = 5.0;
  /// What a second at rest counts for that, in a field as strong as the
  /// Earth's.
  double mag_rest_proof = 0.25;
  /// s of turning after which a misfit is put to a survey of its own: while
  /// unproven, and once proven.
  double mag_survey_s = 4.0;
  double mag_survey_proven_s = 9.0;
  /// uT. Residual up to which the survey's answer is believed.
  double mag_survey_residual_ut = 3.0;
  /// uT. Priors of hard iron and room field after a start in a field that
  /// turned out not to fit.
  double mag_restart_iron_ut = 10.0;
  double mag_restart_room_ut = 20.0;
  /// s of turning in which such a restart may follow another at once, and the
  /// pause between later ones.
  double mag_restart_early_s = 2.0;
  double mag_restart_pause_s = 4.0;

  // What was lost.
  /// Fraction of the rotation during a lost sample that its interpolation gets
  /// wrong.
  double gap_angle = 0.03;
  /// m/s^2. What the interpolation of a lost sample gets wrong in acceleration.
  double gap_accel_m_s2 = 8.0;
  /// s. A longer gap is not interpolated but treated as a new start with the
  /// old calibration.
  double gap_limit_s = 0.5;
  /// m/s^2/sqrt(Hz). Velocity random walk while the accelerometer is at the end
  /// of its range.
  double saturated_accel_m_s2 = 6.5;
  /// Fraction of the rate that is missing while the gyroscope is at the end of
  /// its range.
  double saturated_gyro = 0.2;
  /// s. After saturation, how long nothing is learned about the sensors.
  double saturation_freeze_s = 1.0;

  /// s. The covariance is propagated over blocks of this length; orientation
  /// goes sample by sample.
  double block_s = 0.05;
};

}  // namespace psmove::fusion
