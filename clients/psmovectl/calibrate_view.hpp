#pragma once
// What `calibrate` draws: the sphere of directions, seen and missing. Pure.

#include <string>
#include <vector>

#include "clients/psmovectl/style.hpp"
#include "types/calibration_report.hpp"

namespace psmove::client {

struct CalibrateFrame {
  int rows = 24;
  Style style;
  std::string server;      ///< "localhost:6683"
  std::string controller;  ///< "left hand"
  std::string trouble;     ///< one sentence; or empty
};

/// Exactly `rows` lines of at most `style.columns` columns.
[[nodiscard]] std::vector<std::string> render_calibrate(const GuidedFit& fit,
                                                        const CalibrateFrame& frame);

/// What to do next, in a few words: "turn the sphere where the field goes, 74 degrees to go".
[[nodiscard]] std::string next_turn(const GuidedFit& fit);
/// What a fit came to, in one sentence.
[[nodiscard]] std::string fit_summary(const MagnetometerCalibration& fit);

}  // namespace psmove::client
