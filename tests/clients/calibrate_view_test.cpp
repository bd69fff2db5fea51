// What calibrate shows, and what it makes of the daemon's answer.

#include "clients/psmovectl/calibrate_view.hpp"

#include <gtest/gtest.h>

#include "api/wire/calibration_json.hpp"
#include "clients/cpp/messages.hpp"
#include "golden.hpp"

namespace psmove::client {
namespace {

CalibrationReport under_way() {
  CalibrationReport report;
  report.info = {.factory = true, .magnetometer = MagnetometerStatus::raw};
  GuidedFit fit{.readings = 152, .coverage = 0.675, .can_finish = true};
  for (std::size_t i = 0; i < fit.directions.seen.size(); ++i)
    fit.directions.seen[i] = i % 8 > 2 || i / 8 == 1;
  fit.missing = Vec3<Microtesla>{-0.2, -0.9, 0.4};
  fit.missing_angle_deg = 74;
  report.guided_fit = fit;
  return report;
}

CalibrateFrame frame(bool utf8) {
  CalibrateFrame frame;
  frame.style = {Colors::none, utf8, 80};
  frame.server = "localhost:6683";
  frame.controller = "left hand";
  return frame;
}

TEST(CalibrateView, FitsTheTerminal) {
  expect_golden(render_calibrate(*under_way().guided_fit, frame(true)), "calibrate");
  expect_golden(render_calibrate(*under_way().guided_fit, frame(false)), "calibrate_ascii");
}

TEST(CalibrateView, IsExactlyAsLargeAsTheTerminalHoweverSmall) {
  for (const int rows : {1, 5, 24, 60})
    for (const int columns : {20, 80, 200}) {
      auto small = frame(true);
      small.rows = rows;
      small.style.columns = columns;
      const auto lines = render_calibrate(GuidedFit{}, small);
      EXPECT_EQ(lines.size(), static_cast<std::size_t>(rows));
      for (const auto& line : lines) EXPECT_LE(display_width(line), columns);
    }
}

TEST(CalibrateView, SaysWhichSideGoesWhere) {
  EXPECT_EQ(next_turn(*under_way().guided_fit),
            "turn the end of the handle to where the field goes, 74 degrees to go");
  EXPECT_EQ(next_turn(GuidedFit{.readings = 300}), "every direction was seen");
}

TEST(CalibrationReport, ComesOverTheWireWhole) {
  auto report = under_way();
  report.magnetometer = MagnetometerCalibration{
      .hard_iron = {31.25, -14, 9.5}, .field_ut = 48.5, .residual_ut = 0.25, .coverage = 0.95};
  report.magnetometer->soft_iron = {1.1, 0.05, 0, 0.05, 0.95, -0.03, 0, -0.03, 0.9};
  report.filter = FilterStatus{.heading_uncertainty_deg = 2.5,
                               .inclination_uncertainty_deg = 0.5,
                               .gyro_bias = {0.01, -0.002, 0.00375},
                               .is_resting = true,
                               .has_heading_reference = true,
                               .rejected = 7};
  const auto read = parse_calibration(wire::calibration_report_body(report));
  ASSERT_TRUE(read && read->guided_fit && read->filter);
  EXPECT_EQ(read->info, report.info);
  EXPECT_EQ(read->magnetometer, report.magnetometer);
  EXPECT_EQ(read->guided_fit->directions.seen, report.guided_fit->directions.seen);
  EXPECT_EQ(read->guided_fit->readings, 152U);
  EXPECT_TRUE(read->guided_fit->can_finish);
  EXPECT_NEAR(norm(*read->guided_fit->missing - *report.guided_fit->missing), 0, 1e-9);
  EXPECT_EQ(read->filter->gyro_bias, report.filter->gyro_bias);
  EXPECT_TRUE(read->filter->is_resting && read->filter->has_heading_reference);
  EXPECT_FALSE(read->filter->is_magnetically_disturbed);
  EXPECT_EQ(read->filter->rejected, 7U);
}

TEST(CalibrationReport, OfAStrangerIsTakenAsFarAsItGoes) {
  EXPECT_FALSE(parse_calibration("[]"));
  const auto read = parse_calibration(
      R"({"magnetometer":"new","magnetometer_fit":{"soft_iron":[[1],2,[3,4,5,6]]},)"
      R"("guided_fit":{"directions":["####################",7],"readings":-1},"filter":[]})");
  ASSERT_TRUE(read && read->guided_fit);
  EXPECT_EQ(read->guided_fit->readings, 0U);
  EXPECT_FALSE(read->filter);
}

}  // namespace
}  // namespace psmove::client
