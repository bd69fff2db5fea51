// The ZCM2 against the bytes and numbers that were published of real ones. No raw input report of
// one is public, so that those here are made by hand from the layout that three decoders agree on.

#include "drivers/psmove/zcm2.hpp"

#include <gtest/gtest.h>

#include "drivers/psmove/model.hpp"
#include "tests/drivers/vectors.hpp"

namespace psmove::drivers {
namespace {

const ControllerModel& zcm2() {
  return *find_model("zcm2");
}

std::vector<std::byte> published_blob() {
  CalibrationAssembler assembler(zcm2().calibration_blocks);
  for (const auto block : zcm2_blocks) assembler.add(from_hex(block)).value();
  return assembler.blob();
}

TEST(Zcm2Calibration, BlocksGiveTheBlobFromEitherStart) {
  const auto blob = published_blob();
  ASSERT_EQ(blob.size(), Zcm2FactoryData::blob_size);
  CalibrationAssembler other_way_round(zcm2().calibration_blocks);
  EXPECT_EQ(other_way_round.add(from_hex(zcm2_blocks[1])).value(), false);
  EXPECT_EQ(other_way_round.add(from_hex(zcm2_blocks[1])).value(), false);
  EXPECT_EQ(other_way_round.add(from_hex(zcm2_blocks[0])).value(), true);
  EXPECT_EQ(other_way_round.blob(), blob);
}

TEST(Zcm2Calibration, EveryPublishedWordIsFound) {
  const auto data = parse_zcm2_factory_data(published_blob());
  ASSERT_TRUE(data);
  const std::array<Vec3<Counts>, 6> accel = {{{4130, -3, 60},
                                              {-4069, 7, -45},
                                              {42, 4103, -30},
                                              {21, -4092, 17},
                                              {-7, 10, 4094},
                                              {70, -36, -4138}}};
  EXPECT_EQ(data->accel_orientations, accel);
  EXPECT_EQ(data->gyro_bias, (Vec3<Counts>{-5, 7, -1}));
  const std::array<Vec3<Counts>, 3> positive = {{{6656, 5, 23}, {-101, 6828, 13}, {-166, 6, 6810}}};
  EXPECT_EQ(data->gyro_turning_positive, positive);
  const std::array<Vec3<Counts>, 3> negative = {
      {{-6823, 8, -27}, {88, -6813, -17}, {129, 6, -6814}}};
  EXPECT_EQ(data->gyro_turning_negative, negative);
  EXPECT_EQ(data->turn_rate, (std::array<std::uint16_t, 2>{540, 540}));
}

TEST(Zcm2Calibration, GainsAndOffsetsAreThePublishedOnes) {
  const auto calibration = zcm2().parse_calibration(published_blob());
  ASSERT_TRUE(calibration);
  EXPECT_TRUE(calibration->is_factory);
  EXPECT_NEAR(calibration->accel_gain.x / standard_gravity, 2.439322e-4, 1e-10);
  EXPECT_NEAR(calibration->accel_gain.y / standard_gravity, 2.440513e-4, 1e-10);
  EXPECT_NEAR(calibration->accel_gain.z / standard_gravity, 2.429543e-4, 1e-10);
  EXPECT_NEAR(calibration->accel_offset.x / standard_gravity, -0.007440, 1e-6);
  EXPECT_NEAR(calibration->accel_offset.y / standard_gravity, -0.001342, 1e-6);
  EXPECT_NEAR(calibration->accel_offset.z / standard_gravity, +0.005345, 1e-6);
  EXPECT_NEAR(calibration->gyro_gain.x, 1.398439e-3, 1e-9);
  EXPECT_NEAR(calibration->gyro_gain.y, 1.381831e-3, 1e-9);
  EXPECT_NEAR(calibration->gyro_gain.z, 1.383555e-3, 1e-9);
  EXPECT_NEAR(1 / degrees_from_radians(calibration->gyro_gain.x), 12.48, 0.005);
  EXPECT_NEAR(1 / degrees_from_radians(calibration->gyro_gain.y), 12.63, 0.005);
  EXPECT_NEAR(1 / degrees_from_radians(calibration->gyro_gain.z), 12.62, 0.006);
}

TEST(Zcm2Calibration, GyroBiasOfTheBlobIsTakenOff) {
  const auto calibration = zcm2().parse_calibration(published_blob());
  ASSERT_TRUE(calibration);
  const auto at_rest = calibration->gyro(Vec3<Counts>{-5, 7, -1});
  EXPECT_NEAR(norm(at_rest), 0, 1e-15);
}

void put_triple(std::vector<std::byte>& bytes, std::size_t offset, std::array<int, 3> words) {
  for (const int word : words) {
    bytes[offset++] = static_cast<std::byte>(word & 0xFF);
    bytes[offset++] = static_cast<std::byte>(word >> 8 & 0xFF);
  }
}

/// The second unit, of which only decoded numbers are published (a comment in PSMoveService).
std::vector<std::byte> second_unit_blob() {
  std::vector<std::byte> blob(Zcm2FactoryData::blob_size);
  blob[0] = std::byte{0x10};
  put_triple(blob, 0x02, {4137, -19, 85});
  put_triple(blob, 0x08, {-4059, 13, -6});
  put_triple(blob, 0x0E, {65, 4093, 25});
  put_triple(blob, 0x14, {16, -4103, 53});
  put_triple(blob, 0x1A, {-3, 5, 4152});
  put_triple(blob, 0x20, {82, -28, -4086});
  put_triple(blob, 0x26, {-3, 13, 11});
  put_triple(blob, 0x30, {6706, -18, 58});
  put_triple(blob, 0x36, {-50, 6820, 52});
  put_triple(blob, 0x3C, {-114, 28, 6830});
  put_triple(blob, 0x42, {-6826, 46, -34});
  put_triple(blob, 0x48, {42, -6792, -28});
  put_triple(blob, 0x4E, {129, 0, -6808});
  return blob;
}

TEST(Zcm2Calibration, SecondPublishedUnitReadsOneGAndItsTurnsWhereItWasCalibrated) {
  const auto calibration = zcm2().parse_calibration(second_unit_blob());
  ASSERT_TRUE(calibration);
  const double g = standard_gravity;
  EXPECT_NEAR(calibration->accel(Vec3<Counts>{4137, -19, 85}).x, g, 1e-9);
  EXPECT_NEAR(calibration->accel(Vec3<Counts>{-4059, 13, -6}).x, -g, 1e-9);
  EXPECT_NEAR(calibration->accel(Vec3<Counts>{65, 4093, 25}).y, g, 1e-9);
  EXPECT_NEAR(calibration->accel(Vec3<Counts>{16, -4103, 53}).y, -g, 1e-9);
  EXPECT_NEAR(calibration->accel(Vec3<Counts>{-3, 5, 4152}).z, g, 1e-9);
  EXPECT_NEAR(calibration->accel(Vec3<Counts>{82, -28, -4086}).z, -g, 1e-9);
  // Its readings at +90 and -90 rpm are not symmetric about the bias: X and Y by one per cent.
  const double turn = radians_per_second_from_rpm(90);
  EXPECT_NEAR(calibration->gyro(Vec3<Counts>{6706, -18, 58}).x, turn, 0.01 * turn);
  EXPECT_NEAR(calibration->gyro(Vec3<Counts>{-50, 6820, 52}).y, turn, 0.01 * turn);
  EXPECT_NEAR(calibration->gyro(Vec3<Counts>{-114, 28, 6830}).z, turn, 0.01 * turn);
  EXPECT_NEAR(calibration->gyro(Vec3<Counts>{129, 0, -6808}).z, -turn, 0.01 * turn);
  EXPECT_NEAR(norm(calibration->gyro(Vec3<Counts>{-3, 13, 11})), 0, 1e-15);
}

TEST(Zcm2Calibration, NominalScalesAreWithinTheSpreadOfRealUnits) {
  for (const auto& blob : {published_blob(), second_unit_blob()}) {
    const auto calibration = zcm2().parse_calibration(blob);
    ASSERT_TRUE(calibration);
    const auto& nominal = zcm2().nominal;
    EXPECT_NEAR(nominal.accel_gain.x / calibration->accel_gain.x, 1, 0.01);
    EXPECT_NEAR(nominal.accel_gain.y / calibration->accel_gain.y, 1, 0.01);
    EXPECT_NEAR(nominal.accel_gain.z / calibration->accel_gain.z, 1, 0.01);
    EXPECT_NEAR(nominal.gyro_gain.x / calibration->gyro_gain.x, 1, 0.02);
    EXPECT_NEAR(nominal.gyro_gain.y / calibration->gyro_gain.y, 1, 0.02);
    EXPECT_NEAR(nominal.gyro_gain.z / calibration->gyro_gain.z, 1, 0.02);
  }
}

/// Lying flat, with traps where this model repeats or filters what it has said already.
std::vector<std::byte> flat_report(std::size_t size = 44) {
  std::vector<std::byte> bytes(size);
  bytes[0x00] = std::byte{0x01};
  bytes[0x04] = std::byte{0x09};
  bytes[0x05] = std::byte{200};
  bytes[0x06] = std::byte{77};
  bytes[0x0B] = std::byte{0x12};
  bytes[0x0C] = std::byte{0x03};
  put_triple(bytes, 0x0D, {-1, -300, 4096});
  put_triple(bytes, 0x13, {11, 11, 11});
  put_triple(bytes, 0x19, {-32768, 32766, 7});
  put_triple(bytes, 0x1F, {22, 22, 22});
  bytes[0x25] = std::byte{0x74};
  bytes[0x26] = std::byte{0x6F};
  bytes[0x27] = std::byte{0xAA};
  bytes[0x28] = std::byte{0xBB};
  bytes[0x2B] = std::byte{0x34};
  return bytes;
}

TEST(Zcm2Input, OneSampleOfSignedWords) {
  const auto report = zcm2().parse_input(flat_report());
  ASSERT_TRUE(report);
  ASSERT_EQ(report->all_samples().size(), 1U);
  const auto& sample = report->samples[0];
  EXPECT_EQ(sample.accel, (Vec3<Counts>{-1, -300, 4096}));
  EXPECT_EQ(sample.gyro, (Vec3<Counts>{-32768, 32766, 7}));
  EXPECT_FALSE(sample.accel_saturated);
  EXPECT_TRUE(sample.gyro_saturated);
  EXPECT_FALSE(sample.mag);
  EXPECT_EQ(sample.trigger, 200);
  EXPECT_EQ(report->sequence, 9);
  EXPECT_EQ(report->ticks, 0x1234);
  EXPECT_EQ(report->battery_code, 3);
  EXPECT_EQ(report->temperature_raw, 0x746);
  EXPECT_EQ(temperature_from_raw(report->temperature_raw), 25);
}

TEST(Zcm2Input, MoveAndTriggerCountFromEitherPlace) {
  for (const auto& [offset, bits] : {std::pair{3, 0x18}, std::pair{4, 0xC0}}) {
    auto bytes = flat_report();
    bytes[static_cast<std::size_t>(offset)] |= static_cast<std::byte>(bits);
    EXPECT_EQ(zcm2().parse_input(bytes).value().samples[0].buttons,
              (Buttons{Button::move, Button::t}));
  }
}

TEST(Zcm2Input, LongerReportsReadTheSame) {
  const auto expected = zcm2().parse_input(flat_report());
  for (const std::size_t size : {45U, 48U, 49U, 64U}) {
    auto bytes = flat_report(size);
    const auto report = zcm2().parse_input(bytes);
    ASSERT_TRUE(report) << size;
    EXPECT_EQ(report->samples[0].accel, expected->samples[0].accel);
    EXPECT_EQ(report->ticks, expected->ticks);
  }
}

}  // namespace
}  // namespace psmove::drivers
