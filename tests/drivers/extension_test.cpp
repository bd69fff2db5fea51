// Devices on the extension port: who they are, and their controls in input reports. The published
// bytes are the moveonpc wiki's.

#include "drivers/psmove/extension.hpp"

#include <gtest/gtest.h>

#include "tests/drivers/vectors.hpp"

namespace psmove::drivers {
namespace {

/// An answer to 0xE0 about the beginning of a device's block.
std::vector<std::byte> answer(std::string_view block) {
  auto report = from_hex("e0 00 a0 00 20 00 00 00 00");
  const auto data = from_hex(block);
  report.insert(report.end(), data.begin(), data.end());
  report.resize(extension_report_size);
  return report;
}

TEST(ExtensionIdentification, IsAskedForWithALengthAndAReadFlag) {
  const auto request = encode_identification_request();
  auto expected = from_hex("e0 01 a0 00 20");
  expected.resize(49);
  EXPECT_EQ(request, expected);
}

TEST(ExtensionIdentification, PublishedBlocksAreKnownDevices) {
  const auto gun = parse_identification(answer("80 81 00 00 00 00 00 01"));
  ASSERT_TRUE(gun);
  EXPECT_EQ(*gun, (Extension{ExtensionDevice::sharp_shooter, 0x8081}));
  const auto wheel = parse_identification(answer("81 01 00 00 00 00 00 3c"));
  ASSERT_TRUE(wheel);
  EXPECT_EQ(*wheel, (Extension{ExtensionDevice::racing_wheel, 0x8101}));
  const auto stranger = parse_identification(answer("12 34"));
  ASSERT_TRUE(stranger);
  EXPECT_EQ(*stranger, (Extension{ExtensionDevice::unknown, 0x1234}));
}

TEST(ExtensionIdentification, OtherAnswersAreRefused) {
  auto report = answer("80 81");
  EXPECT_EQ(parse_identification({}).error(), ReportError::too_short);
  EXPECT_EQ(parse_identification(std::span(report).first(10)).error(), ReportError::too_short);
  report[1] = std::byte{1};
  EXPECT_EQ(parse_identification(report).error(), ReportError::incomplete) << "nobody answered";
  report[1] = std::byte{0};
  report[3] = std::byte{0xA0};
  EXPECT_EQ(parse_identification(report).error(), ReportError::bad_block) << "another place";
  report[0] = std::byte{0xE1};
  EXPECT_EQ(parse_identification(report).error(), ReportError::wrong_id);
}

TEST(ExtensionControls, TheGunsByte) {
  RawSample sample;
  const auto gun = [&](std::uint8_t byte) {
    return std::get<SharpShooter>(
        decode_controls(ExtensionDevice::sharp_shooter, {byte, 0, 0, 0, 0}, sample));
  };
  EXPECT_EQ(gun(0x01), (SharpShooter{1, false, false, false}));
  EXPECT_EQ(gun(0x02).weapon, 2);
  EXPECT_EQ(gun(0x04).weapon, 3);
  EXPECT_EQ(gun(0x00).weapon, 0);
  EXPECT_EQ(gun(0x81), (SharpShooter{1, false, true, false}));
  sample.buttons.insert(Button::t);
  EXPECT_EQ(gun(0x41), (SharpShooter{1, true, false, false})) << "the trigger sets T as well";
  EXPECT_EQ(gun(0x01), (SharpShooter{1, false, false, true})) << "T without it is the pump";
}

TEST(ExtensionControls, TheWheelsBytes) {
  const auto wheel = std::get<RacingWheel>(decode_controls(
      ExtensionDevice::racing_wheel, {0xFF, 0x33, 0x00, 0x3C | 0x02, 0}, RawSample{}));
  EXPECT_EQ(wheel, (RacingWheel{1, 0.2, 0, false, true}));
}

TEST(ExtensionControls, AStrangerHasNone) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(
      decode_controls(ExtensionDevice::unknown, {1, 2, 3, 4, 5}, RawSample{})));
}

TEST(ExtensionControls, MergedButtonsCountOnlyWhileADeviceIsThere) {
  auto report = from_hex(zcm1_input_report);
  report[1] = std::byte{0xF6};
  report[2] = std::byte{0x0F};
  const auto& zcm1 = *find_model("zcm1");
  const auto alone = zcm1.parse_input(report);
  ASSERT_TRUE(alone);
  EXPECT_TRUE(alone->samples[1].buttons.empty());
  report[4] |= std::byte{0x10};
  const auto with_device = zcm1.parse_input(report);
  ASSERT_TRUE(with_device);
  EXPECT_TRUE(with_device->extension_connected);
  EXPECT_EQ(with_device->samples[0].buttons,
            (Buttons{Button::l1, Button::r1, Button::l2, Button::r2, Button::l3, Button::r3,
                     Button::up, Button::right, Button::down, Button::left}));
}

TEST(WheelRumble, RightComesBeforeLeft) {
  auto expected = from_hex("e0 00 a0 20 02 00 00 00 00 07 c8");
  expected.resize(49);
  EXPECT_EQ(encode_wheel_rumble({.left = 200, .right = 7}), expected);
}

TEST(LedPwm, TheFrequencyIsFourBytesLeastSignificantFirst) {
  EXPECT_EQ(encode_led_pwm(188'000), from_hex("03 41 00 60 de 02 00"));
  EXPECT_EQ(encode_led_pwm(24'000'000), from_hex("03 41 00 00 36 6e 01"));
}

TEST(Diagnostics, PowerReport) {
  const auto power = parse_power(from_hex("f7 05 08 03 d1 07 01 02 00 00 00 00"));
  ASSERT_TRUE(power);
  EXPECT_EQ(*power, (PowerInfo{5, 0x0308, 0x7D1, true, Charger::fast_charge}));
  EXPECT_EQ(parse_power(from_hex("f7 05 08 03 d1 07 00 09"))->charger, Charger::unknown);
  EXPECT_EQ(parse_power(from_hex("f7 05 08 03 d1 07 00")).error(), ReportError::too_short);
  EXPECT_EQ(parse_power(from_hex("f9 05 08 03 d1 07 00 00")).error(), ReportError::wrong_id);
}

TEST(Diagnostics, FirmwareReportWithAndWithoutItsId) {
  const FirmwareInfo expected{0x0220, 1829, 0x61};
  EXPECT_EQ(*parse_firmware_info(from_hex("f9 02 20 07 25 00 61 00 00 00 00 00 00 00")), expected);
  EXPECT_EQ(*parse_firmware_info(from_hex("02 20 07 25 00 61")), expected);
}

}  // namespace
}  // namespace psmove::drivers
