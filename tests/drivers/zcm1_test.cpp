// The ZCM1 against the bytes that were published of real ones.

#include "drivers/psmove/zcm1.hpp"

#include <gtest/gtest.h>

#include "drivers/psmove/model.hpp"
#include "tests/drivers/vectors.hpp"

namespace psmove::drivers {
namespace {

const ControllerModel& zcm1() {
  return *find_model("zcm1");
}

TEST(Zcm1Input, PublishedReportDecodesToItsPublishedNumbers) {
  const auto report = zcm1().parse_input(from_hex(zcm1_input_report));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sequence, 6);
  EXPECT_EQ(report->ticks, 0xC00A);
  EXPECT_EQ(report->battery_code, 5);
  EXPECT_EQ(report->temperature_raw, 0x7D1);
  EXPECT_EQ(temperature_from_raw(report->temperature_raw), 28);
  EXPECT_FALSE(report->extension_connected);
  ASSERT_EQ(report->all_samples().size(), 2U);
  const auto& older = report->samples[0];
  const auto& newer = report->samples[1];
  EXPECT_EQ(older.accel, (Vec3<Counts>{2349, -88, 3447}));
  EXPECT_EQ(newer.accel, (Vec3<Counts>{2334, -96, 3439}));
  EXPECT_EQ(older.gyro, (Vec3<Counts>{-8, 2, -5}));
  EXPECT_EQ(newer.gyro, (Vec3<Counts>{-8, 3, -5}));
  EXPECT_TRUE(older.buttons.empty());
  EXPECT_TRUE(newer.buttons.empty());
  EXPECT_EQ(older.trigger, 0);
  EXPECT_EQ(newer.trigger, 0);
}

TEST(Zcm1Input, MagnetometerComesOncePerReportWithYTurnedIntoTheBodyFrame) {
  const auto report = zcm1().parse_input(from_hex(zcm1_input_report));
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->samples[0].mag);
  ASSERT_TRUE(report->samples[1].mag);
  EXPECT_EQ(*report->samples[1].mag, (Vec3<Counts>{158, 95, 85}));
}

TEST(Zcm1Input, PublishedReportInSiUnits) {
  const auto report = zcm1().parse_input(from_hex(zcm1_input_report));
  const auto calibration = zcm1().parse_calibration(from_hex(zcm1_blobs[1].hex));
  ASSERT_TRUE(report && calibration);
  const auto accel = calibration->accel(report->samples[1].accel) * (1 / standard_gravity);
  EXPECT_NEAR(accel.x, 0.561160, 1e-6);
  EXPECT_NEAR(accel.y, -0.012795, 1e-6);
  EXPECT_NEAR(accel.z, 0.853709, 1e-6);
  EXPECT_NEAR(norm(accel), 1.02171, 1e-5);
  const auto gyro = calibration->gyro(report->samples[1].gyro);
  EXPECT_NEAR(gyro.x, -0.012320, 1e-6);
  EXPECT_NEAR(gyro.y, 0.005512, 1e-6);
  EXPECT_NEAR(gyro.z, -0.008121, 1e-6);
}

/// The published report with some bytes replaced.
InputReport report_with(std::initializer_list<std::pair<std::size_t, int>> changes) {
  auto bytes = from_hex(zcm1_input_report);
  for (const auto& [offset, value] : changes) bytes[offset] = static_cast<std::byte>(value);
  return zcm1().parse_input(bytes).value();
}

TEST(Zcm1Input, TapInsideOneReportIsNotLost) {
  const auto tapped = report_with({{3, 0x18}, {4, 0x06}, {5, 200}, {6, 3}});
  EXPECT_EQ(tapped.samples[0].buttons, (Buttons{Button::move, Button::t}));
  EXPECT_TRUE(tapped.samples[1].buttons.empty());
  EXPECT_EQ(tapped.samples[0].trigger, 200);
  EXPECT_EQ(tapped.samples[1].trigger, 3);

  const auto just_pressed = report_with({{4, 0xC6}});
  EXPECT_TRUE(just_pressed.samples[0].buttons.empty());
  EXPECT_EQ(just_pressed.samples[1].buttons, (Buttons{Button::move, Button::t}));
}

TEST(Zcm1Input, ButtonsReportedOnceAreInBothSamples) {
  const std::initializer_list<std::tuple<std::size_t, int, Button>> places = {
      {1, 0x01, Button::select}, {1, 0x08, Button::start}, {2, 0x10, Button::triangle},
      {2, 0x20, Button::circle}, {2, 0x40, Button::cross}, {2, 0x80, Button::square},
      {3, 0x01, Button::ps}};
  for (const auto& [offset, bit, button] : places) {
    const auto report = report_with({{offset, bit}});
    EXPECT_EQ(report.samples[0].buttons, Buttons{button}) << to_string(button);
    EXPECT_EQ(report.samples[1].buttons, Buttons{button}) << to_string(button);
  }
}

TEST(Zcm1Input, ExtensionBytesComeThrough) {
  const auto report = report_with({{4, 0x16}, {0x2C, 0x41}, {0x30, 0xFF}});
  EXPECT_TRUE(report.extension_connected);
  EXPECT_EQ(report.extension, (std::array<std::uint8_t, 5>{0x41, 0, 0, 0, 0xFF}));
  EXPECT_EQ(report.sequence, 6);
}

TEST(Zcm1Input, WordsAtTheEndOfTheirRangeAreSaturated) {
  const auto report = report_with({{0x0D, 0xFF}, {0x0E, 0xFF}, {0x23, 0}, {0x24, 0}});
  EXPECT_TRUE(report.samples[0].accel_saturated);
  EXPECT_FALSE(report.samples[1].accel_saturated);
  EXPECT_FALSE(report.samples[0].gyro_saturated);
  EXPECT_TRUE(report.samples[1].gyro_saturated);
  EXPECT_EQ(report.samples[0].accel.x, 32767);
  EXPECT_EQ(report.samples[1].gyro.z, -32768);
}

TEST(Zcm1Input, MagnetometerExtremesKeepTheirSigns) {
  // X = -2048, Y = -1 on the wire, Z = 2047.
  const auto report =
      report_with({{0x26, 0x08}, {0x27, 0x00}, {0x28, 0xFF}, {0x29, 0xF7}, {0x2A, 0xFF}});
  EXPECT_EQ(report.samples[1].mag, (Vec3<Counts>{-2048, 1, 2047}));
}

class Zcm1Blob : public testing::TestWithParam<Zcm1BlobVector> {};

TEST_P(Zcm1Blob, EveryPublishedWordIsFound) {
  const auto& expected = GetParam();
  const auto data = parse_zcm1_factory_data(from_hex(expected.hex));
  ASSERT_TRUE(data);
  EXPECT_EQ(data->accel_low, expected.accel_low);
  EXPECT_EQ(data->accel_high, expected.accel_high);
  EXPECT_EQ(data->gyro_bias[0], expected.bias0);
  EXPECT_EQ(data->gyro_bias[1], expected.bias1);
  EXPECT_EQ(data->gyro_turning[0].x, expected.turning.x);
  EXPECT_EQ(data->gyro_turning[1].y, expected.turning.y);
  EXPECT_EQ(data->gyro_turning[2].z, expected.turning.z);
  EXPECT_EQ(data->accel_temperature, expected.temperatures[0]);
  EXPECT_EQ(data->gyro_bias_temperature[0], expected.temperatures[1]);
  EXPECT_EQ(data->gyro_bias_temperature[1], expected.temperatures[2]);
  EXPECT_EQ(data->gyro_turning_temperature, expected.temperatures[3]);
  EXPECT_EQ(data->last_temperature, expected.temperatures[4]);
  EXPECT_EQ(data->turn_rate, (std::array<std::uint16_t, 3>{480, 480, 480}));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(data->gyro_bias_factor[i], expected.bias_factors[i], 0.5e-4);
}

TEST_P(Zcm1Blob, GainsAreThePublishedOnes) {
  const auto& expected = GetParam();
  const auto calibration = zcm1().parse_calibration(from_hex(expected.hex));
  ASSERT_TRUE(calibration);
  EXPECT_TRUE(calibration->is_factory);
  EXPECT_EQ((expected.turning - expected.bias0), expected.span);
  const std::array<double, 3> gain = {calibration->gyro_gain.x, calibration->gyro_gain.y,
                                      calibration->gyro_gain.z};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(gain[i] * 1e3, expected.gain_mrad_s[i], 0.5e-6);
    EXPECT_NEAR(1 / degrees_from_radians(gain[i]), expected.counts_per_degree_per_second[i],
                0.5e-3);
  }
}

TEST_P(Zcm1Blob, AccelerometerReadsOneGWhereItWasCalibrated) {
  const auto& expected = GetParam();
  const auto calibration = zcm1().parse_calibration(from_hex(expected.hex));
  ASSERT_TRUE(calibration);
  const auto low = calibration->accel(expected.accel_low) * (1 / standard_gravity);
  const auto high = calibration->accel(expected.accel_high) * (1 / standard_gravity);
  for (const double g : {low.x, low.y, low.z}) EXPECT_NEAR(g, -1, 1e-12);
  for (const double g : {high.x, high.y, high.z}) EXPECT_NEAR(g, 1, 1e-12);
}

TEST_P(Zcm1Blob, GyroBiasOfTheBlobIsNotTakenOff) {
  const auto calibration = zcm1().parse_calibration(from_hex(GetParam().hex));
  ASSERT_TRUE(calibration);
  EXPECT_EQ(calibration->gyro(Vec3<Counts>{}), Vec3<RadiansPerSecond>{});
}

TEST_P(Zcm1Blob, NominalScalesAreWithinTheSpreadOfRealUnits) {
  const auto calibration = zcm1().parse_calibration(from_hex(GetParam().hex));
  ASSERT_TRUE(calibration);
  const auto& nominal = zcm1().nominal;
  EXPECT_FALSE(nominal.is_factory);
  EXPECT_NEAR(nominal.accel_gain.x / calibration->accel_gain.x, 1, 0.02);
  EXPECT_NEAR(nominal.accel_gain.y / calibration->accel_gain.y, 1, 0.02);
  EXPECT_NEAR(nominal.accel_gain.z / calibration->accel_gain.z, 1, 0.02);
  EXPECT_NEAR(nominal.gyro_gain.x / calibration->gyro_gain.x, 1, 0.14);
  EXPECT_NEAR(nominal.gyro_gain.y / calibration->gyro_gain.y, 1, 0.14);
  EXPECT_NEAR(nominal.gyro_gain.z / calibration->gyro_gain.z, 1, 0.14);
}

INSTANTIATE_TEST_SUITE_P(Published, Zcm1Blob, testing::ValuesIn(zcm1_blobs),
                         [](const auto& of) { return std::to_string(of.index + 1); });

TEST(Zcm1Calibration, SecondPublishedBlobInFull) {
  const auto data = parse_zcm1_factory_data(from_hex(zcm1_blobs[1].hex));
  ASSERT_TRUE(data);
  const std::array<Vec3<Counts>, 6> accel = {{{-141, -97, 4072},
                                              {-4475, -54, -268},
                                              {-171, -15, -4582},
                                              {4248, 10, -165},
                                              {-153, 4297, -180},
                                              {-73, -4378, -250}}};
  EXPECT_EQ(data->accel_orientations, accel);
  const std::array<Vec3<Counts>, 3> gyro = {{{5349, -26, 417}, {-181, 4566, 345}, {-95, 44, 5542}}};
  EXPECT_EQ(data->gyro_turning, gyro);
}

TEST(Zcm1Calibration, BlocksGiveTheBlobFromAnyStartWithRepeats) {
  for (const auto& vector : zcm1_blobs) {
    const auto blob = from_hex(vector.hex);
    const auto blocks = blocks_of(blob);
    for (std::size_t start = 0; start < 3; ++start) {
      CalibrationAssembler assembler(zcm1().calibration_blocks);
      EXPECT_EQ(assembler.add(blocks[start]).value(), false);
      EXPECT_EQ(assembler.add(blocks[start]).value(), false);
      EXPECT_EQ(assembler.add(blocks[(start + 1) % 3]).value(), false);
      EXPECT_TRUE(assembler.blob().empty());
      EXPECT_EQ(assembler.add(blocks[(start + 2) % 3]).value(), true);
      EXPECT_EQ(assembler.blob(), blob);
    }
  }
}

}  // namespace
}  // namespace psmove::drivers
