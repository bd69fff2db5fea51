// The Navigation controller against its published report.

#include <gtest/gtest.h>

#include "drivers/psmove/model.hpp"
#include "tests/drivers/vectors.hpp"

namespace psmove::drivers {
namespace {

constexpr std::string_view published_report =
    "01 00 00 00 00 00 7E 80 7D 84 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 05 "
    "14"
    "FF C8 00 00 23 BF 77 01 C0 02 02 02 01 01 A2 02 00";

const ControllerModel& navigation() {
  return *find_model("navigation");
}

std::vector<std::byte> report_with(std::size_t at, std::uint8_t value) {
  auto report = from_hex(published_report);
  report[at] = std::byte{value};
  return report;
}

TEST(NavigationInput, PublishedReportDecodesToItsPublishedNumbers) {
  const auto report = navigation().parse_input(from_hex(published_report));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->battery_code, 5);
  EXPECT_TRUE(report->samples[0].buttons.empty());
  EXPECT_EQ(report->samples[0].trigger, 0);
  ASSERT_TRUE(report->stick);
  EXPECT_DOUBLE_EQ(report->stick->x, -2 / 127.0);
  EXPECT_EQ(report->stick->y, 0);
}

TEST(NavigationInput, TheStickReachesBothEnds) {
  EXPECT_EQ(navigation().parse_input(report_with(6, 0x00))->stick->x, -1);
  EXPECT_EQ(navigation().parse_input(report_with(6, 0xFF))->stick->x, 1);
  EXPECT_EQ(navigation().parse_input(report_with(7, 0xFF))->stick->y, 1) << "down";
}

TEST(NavigationInput, ButtonsAreWhereThePublishedLayoutHasThem) {
  const auto buttons = [](std::size_t at, std::uint8_t value) {
    return navigation().parse_input(report_with(at, value))->samples[0].buttons;
  };
  EXPECT_EQ(buttons(2, 0xFF),
            (Buttons{Button::l3, Button::up, Button::right, Button::down, Button::left}));
  EXPECT_EQ(buttons(3, 0xFF), (Buttons{Button::l2, Button::l1, Button::circle, Button::cross}));
  EXPECT_EQ(buttons(3, 0x40), (Buttons{Button::cross}));
  EXPECT_EQ(buttons(4, 0x01), (Buttons{Button::ps}));
}

TEST(NavigationInput, L2IsTheTrigger) {
  EXPECT_EQ(navigation().parse_input(report_with(0x12, 0x80))->samples[0].trigger, 0x80);
}

TEST(NavigationInput, PressuresAreWhereThePublishedLayoutHasThem) {
  const auto pressures = [](std::size_t at) {
    return *navigation().parse_input(report_with(at, 0x33))->pressures;
  };
  EXPECT_EQ(pressures(0x14), (Pressures{.l1 = 0.2}));
  EXPECT_EQ(pressures(0x12), (Pressures{.l2 = 0.2}));
  EXPECT_EQ(pressures(0x0E), (Pressures{.up = 0.2}));
  EXPECT_EQ(pressures(0x0F), (Pressures{.right = 0.2}));
  EXPECT_EQ(pressures(0x10), (Pressures{.down = 0.2}));
  EXPECT_EQ(pressures(0x11), (Pressures{.left = 0.2}));
  EXPECT_EQ(pressures(0x17), Pressures{}) << "circle knows on and off alone";
}

TEST(NavigationAddresses, AreNotReversed) {
  const auto& addresses = navigation().addresses;
  const auto own = addresses.parse_own(from_hex("f2 ff ff 00 00 11 22 33 44 55 66 00 00 00"));
  ASSERT_TRUE(own);
  EXPECT_EQ(to_string(*own), "00:11:22:33:44:55");
  EXPECT_EQ(addresses.parse_own(from_hex("f2 ff ff 00 11 22")).error(), ReportError::too_short);
  EXPECT_EQ(addresses.parse_own(from_hex("04 ff ff 00 11 22 33 44 55 66")).error(),
            ReportError::wrong_id);
  const auto host = addresses.parse_host(from_hex("01 00 aa bb cc dd ee ff"));
  ASSERT_TRUE(host);
  EXPECT_EQ(to_string(*host), "aa:bb:cc:dd:ee:ff");
  EXPECT_EQ(addresses.parse_host(from_hex("01 00 aa bb")).error(), ReportError::too_short);
  EXPECT_EQ(addresses.encode_host(*host), from_hex("f5 01 aa bb cc dd ee ff"));
}

}  // namespace
}  // namespace psmove::drivers
