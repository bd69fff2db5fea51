// What holds for every model in the list, by what it says it can do.

#include "drivers/psmove/model.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "tests/drivers/vectors.hpp"

namespace psmove::drivers {
namespace {

class EveryModel : public testing::TestWithParam<const ControllerModel*> {
 protected:
  const ControllerModel& model = *GetParam();
  [[nodiscard]] std::vector<std::byte> blank_report(std::size_t size = 49) const {
    std::vector<std::byte> report(size);
    report[0] = std::byte{0x01};
    return report;
  }
};

class EveryModelWithALight : public EveryModel {};
class EveryModelWithMotionSensors : public EveryModel {};

/// The models that can do this; without it, all of them.
std::vector<const ControllerModel*> models_with(bool Capabilities::*what = nullptr) {
  std::vector<const ControllerModel*> found(models().begin(), models().end());
  if (what) std::erase_if(found, [&](const auto* model) { return !(model->capabilities.*what); });
  return found;
}

std::string name_of(const testing::TestParamInfo<const ControllerModel*>& of) {
  return std::string(of.param->name);
}

TEST_P(EveryModel, IsFoundByNameAndByIds) {
  EXPECT_EQ(find_model(model.name), &model);
  EXPECT_EQ(find_model(model.vendor, model.product), &model);
}

TEST_P(EveryModel, ReportHasAsManySamplesAsItSays) {
  const auto report = model.parse_input(blank_report());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->all_samples().size(),
            static_cast<std::size_t>(model.capabilities.samples_per_report));
}

TEST_P(EveryModel, MagnetometerIsInTheNewestSampleOnlyIfItHasOne) {
  const auto report = model.parse_input(blank_report());
  ASSERT_TRUE(report);
  const auto samples = report->all_samples();
  EXPECT_EQ(samples.back().mag.has_value(), model.capabilities.magnetometer);
  for (const auto& sample : samples.first(samples.size() - 1)) EXPECT_FALSE(sample.mag);
}

TEST_P(EveryModel, HasAStickOnlyIfItSaysSo) {
  const auto report = model.parse_input(blank_report());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->stick.has_value(), model.capabilities.stick);
  EXPECT_EQ(report->pressures.has_value(), model.capabilities.pressures);
}

TEST_P(EveryModel, KnowsHowToTellAndChangeItsHost) {
  const Address host{{0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}};
  ASSERT_NE(model.addresses.parse_own, nullptr);
  ASSERT_NE(model.addresses.parse_host, nullptr);
  const auto report = model.addresses.encode_host(host);
  ASSERT_GE(report.size(), 8U);
  EXPECT_NE(report[0], std::byte{0xF1});
  EXPECT_NE(report[0], std::byte{0xF2});
}

TEST_P(EveryModel, ReportsOfEveryLengthAreTakenOrRefusedForTheRightReason) {
  std::size_t shortest = 0;
  for (std::size_t size = 1; size <= 200; ++size) {
    const auto report = model.parse_input(blank_report(size));
    if (report && shortest == 0) shortest = size;
    if (size > longest_input_report) {
      EXPECT_EQ(report.error(), ReportError::too_long) << size;
    } else if (shortest == 0) {
      EXPECT_EQ(report.error(), ReportError::too_short) << size;
    } else {
      EXPECT_TRUE(report) << size;
    }
  }
  EXPECT_EQ(shortest, model.name == "zcm2" ? 44U : 49U);
  EXPECT_EQ(model.parse_input({}).error(), ReportError::too_short);
}

TEST_P(EveryModel, ReportsOfAnotherIdAreRefused) {
  auto report = blank_report();
  for (const int id : {0x00, 0x02, 0x06, 0xA1, 0xFF}) {
    report[0] = static_cast<std::byte>(id);
    EXPECT_EQ(model.parse_input(report).error(), ReportError::wrong_id);
  }
}

TEST_P(EveryModelWithALight, OutputReportIsNineBytesWithEveryOneOfThemWritten) {
  std::array<std::byte, 49> report{};
  report.fill(std::byte{0xEE});
  const auto size =
      model.encode_output({.led = {.red = 1, .green = 2, .blue = 3}, .rumble = 4}, report);
  const std::vector<std::byte> written(report.begin(), report.begin() + static_cast<long>(size));
  EXPECT_EQ(written, from_hex("06 00 01 02 03 00 04 00 00"));
  EXPECT_EQ(report[size], std::byte{0xEE});
}

TEST_P(EveryModelWithALight, ZeroRumbleAndBlackStayZero) {
  std::array<std::byte, 49> report{};
  report.fill(std::byte{0xEE});
  ASSERT_EQ(model.encode_output({}, report), 9U);
  EXPECT_EQ(report[0], std::byte{0x06});
  for (std::size_t i = 1; i < 9; ++i) EXPECT_EQ(report[i], std::byte{0});
}

TEST_P(EveryModel, OutputsAreRepeatedWellBeforeTheControllerGoesDark) {
  EXPECT_LE(model.output_refresh, std::chrono::milliseconds(4000));
  EXPECT_GT(model.output_spacing, std::chrono::milliseconds(0));
}

TEST_P(EveryModelWithMotionSensors, BlankBlobIsRefusedAndGivesNoInfinities) {
  const std::size_t size = 49 + 47 * (model.calibration_blocks - 1);
  std::vector<std::byte> blob(size);
  blob[0] = std::byte{0x10};
  EXPECT_EQ(model.parse_calibration(blob).error(), ReportError::implausible);
  std::fill(blob.begin() + 2, blob.end(), std::byte{0xFF});
  EXPECT_EQ(model.parse_calibration(blob).error(), ReportError::implausible);
}

TEST_P(EveryModelWithMotionSensors, BlobOfAnotherLengthIsRefused) {
  const std::size_t size = 49 + 47 * (model.calibration_blocks - 1);
  std::vector<std::byte> blob(size + 1);
  blob[0] = std::byte{0x10};
  EXPECT_EQ(model.parse_calibration(blob).error(), ReportError::too_long);
  blob.resize(size - 1);
  EXPECT_EQ(model.parse_calibration(blob).error(), ReportError::incomplete);
  EXPECT_EQ(model.parse_calibration({}).error(), ReportError::incomplete);
  blob.resize(size);
  blob[0] = std::byte{0x11};
  EXPECT_EQ(model.parse_calibration(blob).error(), ReportError::wrong_id);
}

TEST_P(EveryModelWithMotionSensors, BlocksOfAnotherModelAreRefused) {
  CalibrationAssembler assembler(model.calibration_blocks);
  std::vector<std::byte> block(49);
  block[0] = std::byte{0x10};
  block[1] = static_cast<std::byte>(model.calibration_blocks);
  EXPECT_EQ(assembler.add(block).error(), ReportError::bad_block);
  block[1] = std::byte{0x80};  // the first block is not the last one
  EXPECT_EQ(assembler.add(block).error(), ReportError::bad_block);
  block[1] = static_cast<std::byte>(model.calibration_blocks - 1);  // the last one must say so
  EXPECT_EQ(assembler.add(block).error(), ReportError::bad_block);
  block.resize(48);
  EXPECT_EQ(assembler.add(block).error(), ReportError::too_short);
  EXPECT_EQ(assembler.add(std::span(block).first(0)).error(), ReportError::too_short);
  block.resize(49);
  block[0] = std::byte{0x04};
  EXPECT_EQ(assembler.add(block).error(), ReportError::wrong_id);
  EXPECT_FALSE(assembler.is_complete());
}

TEST_P(EveryModelWithMotionSensors, NominalCalibrationReadsAboutOneGLyingFlat) {
  const auto accel = model.nominal.accel({0, 0, 4200});
  EXPECT_NEAR(norm(accel), standard_gravity, 0.08 * standard_gravity);
  EXPECT_GT(model.capabilities.accel_range_m_s2, 7 * standard_gravity);
  EXPECT_GT(model.capabilities.gyro_range_rad_s, radians_from_degrees(2000));
}

TEST_P(EveryModel, HasACalibrationIfAndOnlyIfItHasMotionSensors) {
  EXPECT_EQ(model.calibration_blocks > 0, model.capabilities.motion_sensors);
}

INSTANTIATE_TEST_SUITE_P(All, EveryModel, testing::ValuesIn(models_with()), name_of);
INSTANTIATE_TEST_SUITE_P(All, EveryModelWithALight,
                         testing::ValuesIn(models_with(&Capabilities::light)), name_of);
INSTANTIATE_TEST_SUITE_P(All, EveryModelWithMotionSensors,
                         testing::ValuesIn(models_with(&Capabilities::motion_sensors)), name_of);

TEST(Models, UnknownOnesAreNotFound) {
  EXPECT_EQ(find_model("zcm3"), nullptr);
  EXPECT_EQ(find_model(0x054C, 0x0268), nullptr);
  EXPECT_EQ(find_model(0x054D, 0x03D5), nullptr);
}

TEST(Addresses, AreReversedOnTheWire) {
  const auto addresses =
      parse_addresses(from_hex("04 66 55 44 33 22 11 08 25 00 FF EE DD CC BB AA"));
  ASSERT_TRUE(addresses);
  EXPECT_EQ(to_string(addresses->controller), "11:22:33:44:55:66");
  EXPECT_EQ(to_string(addresses->host), "aa:bb:cc:dd:ee:ff");
}

TEST(Addresses, AHostIsWrittenReversedWithZerosBehindIt) {
  EXPECT_EQ(encode_host_address(Address{{0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}}),
            from_hex("05 FF EE DD CC BB AA 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"));
}

TEST(Addresses, LongerAnswersAreFineShorterOnesAreNot) {
  auto report = from_hex("04 66 55 44 33 22 11 08 25 00 FF EE DD CC BB AA 00 00 00 00 00");
  EXPECT_TRUE(parse_addresses(report));
  report.resize(15);
  EXPECT_EQ(parse_addresses(report).error(), ReportError::too_short);
  EXPECT_EQ(parse_addresses({}).error(), ReportError::too_short);
}

TEST(Addresses, AnotherReportOrAnEmptyAddressIsRefused) {
  std::vector<std::byte> report(16);
  EXPECT_EQ(parse_addresses(report).error(), ReportError::wrong_id);
  report[0] = std::byte{0x04};
  EXPECT_EQ(parse_addresses(report).error(), ReportError::implausible);
}

TEST(Firmware, ReadsTheSameWithAndWithoutItsId) {
  const auto report = from_hex("F9 02 20 07 25 00 61 00 00 00 00 00 00 00");
  EXPECT_EQ(parse_firmware(report).value(), "2.20 rev 1829");
  EXPECT_EQ(parse_firmware(std::span(report).subspan(1)).value(), "2.20 rev 1829");
}

TEST(Firmware, ShortAndBlankAnswersAreRefused) {
  EXPECT_EQ(parse_firmware({}).error(), ReportError::too_short);
  EXPECT_EQ(parse_firmware(from_hex("F9 02 20 07")).error(), ReportError::too_short);
  EXPECT_EQ(parse_firmware(std::vector<std::byte>(14)).error(), ReportError::implausible);
}

TEST(BatteryByte, KnownCodes) {
  for (int code = 0; code <= 5; ++code) {
    const auto battery = battery_from_code(static_cast<std::uint8_t>(code));
    EXPECT_EQ(battery.percent, code * 20);
    EXPECT_EQ(battery.state, BatteryState::discharging);
    EXPECT_EQ(battery.code, code);
  }
  EXPECT_EQ(battery_from_code(0xEE).state, BatteryState::charging);
  EXPECT_EQ(battery_from_code(0xEE).percent, std::nullopt);
  EXPECT_EQ(battery_from_code(0xEF).state, BatteryState::full);
  EXPECT_EQ(battery_from_code(0xEF).percent, 100);
}

TEST(BatteryByte, EveryOtherCodeIsUnknownAndKept) {
  for (int code = 6; code <= 255; ++code) {
    if (code == 0xEE || code == 0xEF) continue;
    const auto battery = battery_from_code(static_cast<std::uint8_t>(code));
    EXPECT_EQ(battery.state, BatteryState::unknown) << code;
    EXPECT_EQ(battery.percent, std::nullopt) << code;
    EXPECT_EQ(battery.code, code);
  }
}

TEST(Temperature, PublishedChecks) {
  EXPECT_EQ(temperature_from_raw(0x7D1), 28);
  EXPECT_EQ(temperature_from_raw(0x746), 25);
}

TEST(Temperature, EndsOfTheTable) {
  EXPECT_EQ(temperature_from_raw(0), -10);
  EXPECT_EQ(temperature_from_raw(0x1F5), -10);
  EXPECT_EQ(temperature_from_raw(0x1F6), -9);
  EXPECT_EQ(temperature_from_raw(0xD59), 69);
  EXPECT_EQ(temperature_from_raw(0xD5A), 70);
  EXPECT_EQ(temperature_from_raw(0xFFF), 70);
}

TEST(Temperature, NeverFallsAsTheWordRises) {
  for (std::uint16_t raw = 1; raw < 0x1000; ++raw)
    ASSERT_GE(temperature_from_raw(raw), temperature_from_raw(static_cast<std::uint16_t>(raw - 1)));
}

TEST(ReportErrors, FailAndSayWhy) {
  EXPECT_EQ(error_code(ReportError::too_short).message(), "too few bytes");
  EXPECT_TRUE(error_code(ReportError::implausible).failed());
}

}  // namespace
}  // namespace psmove::drivers
