// The list of emulated controllers as people write it.

#include "emulator/device_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

namespace psmove::emulator {
namespace {

using testing::HasSubstr;

std::vector<DeviceSpec> parsed(std::string_view list, DeviceKeys keys = DeviceKeys::simulated) {
  auto result = parse_device_list(list, keys);
  EXPECT_EQ(result.error, "") << list;
  return std::move(result.devices);
}

TEST(DeviceList, DesignsExampleReadsAsMeant) {
  const auto devices = parsed("zcm1:motion=wave:name=left,zcm2");
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].options.model, Model::zcm1);
  EXPECT_EQ(devices[0].motion, "wave");
  EXPECT_EQ(devices[0].name, "left");
  EXPECT_EQ(to_string(devices[0].options.address), "00:06:f7:00:00:01");
  EXPECT_EQ(devices[1].options.model, Model::zcm2);
  EXPECT_EQ(devices[1].motion, "still");
  EXPECT_EQ(devices[1].name, "");
  EXPECT_EQ(to_string(devices[1].options.address), "a4:53:85:00:00:02");
}

TEST(DeviceList, CopiesDifferInAddressNameNoiseAndCalibration) {
  const auto devices = parsed("7xzcm1:name=hand");
  ASSERT_EQ(devices.size(), 7U);
  std::set<std::string> addresses, names;
  std::set<std::uint32_t> seeds;
  std::set<std::size_t> blobs;
  for (const auto& device : devices) {
    addresses.insert(to_string(device.options.address));
    names.insert(device.name);
    seeds.insert(device.options.seed);
    blobs.insert(device.options.calibration_blob);
  }
  EXPECT_EQ(addresses.size(), 7U);
  EXPECT_EQ(seeds.size(), 7U);
  EXPECT_EQ(blobs.size(), 7U);
  EXPECT_EQ(names.count("hand 1"), 1U);
  EXPECT_EQ(names.count("hand 7"), 1U);
}

TEST(DeviceList, GivenAddressCountsUp) {
  const auto devices = parsed("3xzcm2:address=A4-53-85-00-00-FE");
  EXPECT_EQ(to_string(devices.at(0).options.address), "a4:53:85:00:00:fe");
  EXPECT_EQ(to_string(devices.at(2).options.address), "a4:53:85:00:01:00");
}

TEST(DeviceList, DefaultAddressesAvoidGivenOnes) {
  const auto devices = parsed("zcm1,zcm1:address=00-06-f7-00-00-01");
  EXPECT_EQ(to_string(devices.at(0).options.address), "00:06:f7:00:00:02");
}

TEST(DeviceList, EmulatorKeysReachTheOptions) {
  const auto devices = parsed(
      "zcm2:length=45:declared=48:bus=usb:first-block=1:host=aa-bb-cc-dd-ee-ff:rate=100:loss=0.5:"
      "mag=absent:descriptor=vendor:seed=9:tick-us=20:blob=3",
      DeviceKeys::emulated);
  const auto& device = devices.at(0);
  EXPECT_EQ(device.options.report_length, 45U);
  EXPECT_EQ(device.options.declared_payload, 48U);
  EXPECT_TRUE(device.options.on_cable);
  EXPECT_EQ(device.options.first_calibration_block, 1U);
  EXPECT_EQ(to_string(device.options.host), "aa:bb:cc:dd:ee:ff");
  EXPECT_DOUBLE_EQ(device.options.reports_per_s, 100);
  EXPECT_DOUBLE_EQ(device.loss, 0.5);
  EXPECT_EQ(device.magnetometer, Magnetometer::absent);
  EXPECT_EQ(device.options.descriptor, Descriptor::vendor);
  EXPECT_EQ(device.options.seed, 9U);
  EXPECT_EQ(device.options.tick, std::chrono::microseconds(20));
  EXPECT_EQ(device.options.calibration_blob, 3U);
}

TEST(DeviceList, MadeMoveDoesWhatTheItemSays) {
  const auto move = make_move(parsed("zcm1:motion=figure8:mag=disturbed:loss=0.1").at(0), Time{});
  EXPECT_EQ(move.motion_name(), "figure8");
  EXPECT_EQ(move.magnetometer(), Magnetometer::disturbed);
  EXPECT_DOUBLE_EQ(move.loss(), 0.1);
}

TEST(DeviceList, OtherKindsAreForTheEmulatorAlone) {
  const auto devices = parsed("navigation,keyboard,zcm2:pair=none:sdp=no", DeviceKeys::emulated);
  EXPECT_EQ(to_string(devices.at(0)), "navigation");
  EXPECT_EQ(to_string(devices.at(1)), "keyboard");
  EXPECT_EQ(devices.at(1).air.pairing, Pairing::ssp);
  EXPECT_EQ(devices.at(2).air.pairing, Pairing::none);
  EXPECT_FALSE(devices.at(2).air.answers_sdp);
  EXPECT_THAT(parse_device_list("keyboard").error, HasSubstr("zcm1, zcm2 and navigation"));
}

TEST(DeviceList, ZeroHostIsKeptWhereItIsGiven) {
  const auto devices = parsed("zcm1:host=00-00-00-00-00-00,zcm1", DeviceKeys::emulated);
  EXPECT_TRUE(devices.at(0).options.host.is_zero());
  EXPECT_EQ(to_string(devices.at(1).options.host), "00:1b:dc:00:00:01");
}

struct Refusal {
  const char* list;
  const char* names;     ///< what is wrong
  const char* suggests;  ///< what would be accepted
};

TEST(DeviceList, RefusalSaysWhatIsWrongAndWhatIsAccepted) {
  const Refusal refusals[] = {
      {"", "empty", "zcm1"},
      {"zcm3", "'zcm3'", "zcm1, zcm2 and navigation"},
      {"zcm1,", "''", "zcm1, zcm2 and navigation"},
      {"0xzcm1", "'0xzcm1'", "1 to 99"},
      {"xzcm1", "'xzcm1'", "1 to 99"},
      {"-1xzcm1", "'-1xzcm1'", "1 to 99"},
      {"99xzcm1,zcm2", "'zcm2'", "more than 99"},
      {"zcm1:wave", "'wave'", "KEY=VALUE"},
      {"zcm1:speed=3", "'speed'", "motion, name, address, rate"},
      {"zcm1:length=45", "'length'", "motion, name, address, rate"},
      {"zcm1:motion=dance", "'dance'", "still, wave, figure8, tumble and trial=FILE"},
      {"zcm1:rate=0", "'0'", "1 to 2000"},
      {"zcm1:rate=nan", "'nan'", "1 to 2000"},
      {"zcm1:rate=88x", "'88x'", "1 to 2000"},
      {"zcm1:name=", "''", "1 to 64"},
      {"zcm1:loss=2", "'2'", "0 to 1"},
      {"zcm1:mag=broken", "'broken'", "normal, absent or disturbed"},
      {"zcm1:address=00:06", "'00'", "00-06-f7-16-2a-3b"},
      {"2xzcm1:address=00-00-00-00-00-09,zcm1:address=00-00-00-00-00-0a", "00:00:00:00:00:0a",
       "two controllers"}};
  for (const auto& refusal : refusals) {
    const auto result = parse_device_list(refusal.list, DeviceKeys::simulated);
    EXPECT_TRUE(result.devices.empty()) << refusal.list;
    EXPECT_THAT(result.error, HasSubstr(refusal.names)) << refusal.list;
    EXPECT_THAT(result.error, HasSubstr(refusal.suggests)) << refusal.list;
    EXPECT_EQ(result.error.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace psmove::emulator
