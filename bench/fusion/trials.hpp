#pragma once
// Recorded motions with a reference orientation: reading them, making worse
// ones of them, running a filter over them, scoring what comes out.

#include <filesystem>
#include <string>
#include <vector>

#include "fusion/orientation_filter.hpp"

namespace psmove::bench {

/// One recorded motion. Rows are samples, in order.
struct Trial {
  std::string name;
  std::vector<std::string> groups;
  double rate_hz = 0;
  std::vector<ImuSample> samples;
  std::vector<Quaternion> reference;  ///< world_from_body; NaN where the cameras lost the markers
  std::vector<bool> moving;           ///< scored
};

/// Reads `trials.csv` and the files it names. Throws std::runtime_error with
/// one sentence.
std::vector<Trial> load_trials(const std::filesystem::path& directory);

/// Reads one file of little-endian float32 rows: gyro 3 (rad/s), accel 3
/// (m/s^2), mag 3 (uT), reference 4, moving; with 17 columns also host dt (s,
/// jittered: not used), samples missing before this one, and whether the
/// magnetometer is new. Throws std::runtime_error.
Trial load_trial(const std::filesystem::path& file, double rate_hz, int columns);
/// 14 or 17: which of the two a file without a table beside it has. Throws
/// where it cannot tell.
int guess_columns(const std::filesystem::path& file);

/// What a PS Move would have sent: 175 Hz in pairs of samples with one
/// magnetometer value, 16 and 12 bit, accelerometer clipped at 4.6 g, 1.5 % of
/// the pairs lost. The same every time for one name.
Trial as_ps_move(const Trial& trial);
/// Cut to `seconds` before the first movement.
Trial cold_start(const Trial& trial, double seconds);

struct Run {
  std::vector<Quaternion> orientation;
  double ns_per_sample = 0;  ///< of the thread's processor time; best of `repeats`
};
Run run_filter(const Trial& trial, const fusion::FilterParameters& parameters, int repeats = 1);

/// Degrees; root mean square over the scored rows.
struct Score9D {
  double total = 0, heading = 0, inclination = 0;
};
/// Heading as a drift from where it was when movement began.
struct Score6D {
  double inclination = 0, heading = 0, drift_deg_per_min = 0;
};
/// The metric of the BROAD dataset (Laidig et al. 2021).
Score9D score_9d(const Trial& trial, const std::vector<Quaternion>& estimate);
Score6D score_6d(const Trial& trial, const std::vector<Quaternion>& estimate);

}  // namespace psmove::bench
