// The records of psmoved.v1+bin, byte by byte as docs/stream.md lays them out.
#include "api/wire/binary_sample.hpp"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace psmove::wire {
namespace {

template <class T>
T at(const std::string& bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);  // tests run on little-endian machines
  return value;
}

std::string record(const Sample& sample) {
  std::string out = "before";
  append_binary_sample(out, sample);
  EXPECT_EQ(out.substr(0, 6), "before");
  EXPECT_EQ(out.size(), 6 + binary_sample_bytes);
  return out.substr(6);
}

TEST(BinarySample, TheHeaderIsWhereTheDocumentsSay) {
  std::string out;
  append_binary_header(out, {.controller = Address{{0, 6, 0xF7, 0x16, 0x2A, 0x3B}},
                             .count = 0x0102,
                             .dropped = 0x03040506,
                             .received_us = 1'795'334'400'124'001});
  ASSERT_EQ(out.size(), 24U);
  EXPECT_EQ(out.substr(0, 4), std::string("\x01\x01\x60\x00", 4));
  EXPECT_EQ(out.substr(4, 2), "\x02\x01") << "little-endian";
  EXPECT_EQ(out.substr(6, 6), std::string("\x00\x06\xF7\x16\x2A\x3B", 6));
  EXPECT_EQ(out.substr(binary_dropped_offset, 4), "\x06\x05\x04\x03");
  EXPECT_EQ(at<std::int64_t>(out, 16), 1'795'334'400'124'001);
}

TEST(BinarySample, EveryMemberHasItsPlace) {
  Sample sample;
  sample.sequence = 48'213;
  sample.time_us = 1'795'334'400'123'456;
  sample.accel = {1, 2, 3};
  sample.gyro = {4, 5, 6};
  sample.mag = Vec3<Microtesla>{7, 8, 9};
  sample.orientation = {0.1, 0.2, 0.3, 0.4};
  sample.linear_accel = {10, 11, 12};
  sample.temperature_c = -3.4;
  sample.trigger = 0.5;
  sample.buttons = {Button::select, Button::cross, Button::left};
  sample.stick = Stick{.x = -1, .y = 0.5};
  sample.pressures = Pressures{.l1 = 0.2};
  const auto bytes = record(sample);
  EXPECT_EQ(at<std::uint64_t>(bytes, 0), 48'213U);
  EXPECT_EQ(at<std::int64_t>(bytes, 8), 1'795'334'400'123'456);
  const float floats[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0.1F, 0.2F, 0.3F, 0.4F, 10, 11, 12, 0.5F};
  for (std::size_t i = 0; i < std::size(floats); ++i)
    EXPECT_EQ(at<float>(bytes, 16 + 4 * i), floats[i]) << i;
  EXPECT_EQ(at<std::uint32_t>(bytes, 84), 1U | 1U << 4 | 1U << 18);
  EXPECT_EQ(at<std::int16_t>(bytes, 88), -32767);
  EXPECT_EQ(at<std::int16_t>(bytes, 90), 16384);
  EXPECT_EQ(at<std::int8_t>(bytes, 92), -3);
  EXPECT_EQ(at<std::uint8_t>(bytes, 93), 7U);
  EXPECT_EQ(at<std::uint8_t>(bytes, 94), 51U);
  EXPECT_EQ(at<std::uint8_t>(bytes, 95), 0U);
}

TEST(BinarySample, WhatIsNotThereIsNaNAndFlagged) {
  Sample sample;
  auto bytes = record(sample);
  EXPECT_EQ(at<std::uint8_t>(bytes, 93), 1U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(at<float>(bytes, 40 + 4 * i)));
  EXPECT_EQ(at<float>(bytes, 16), 0);
  sample.has_motion = false;
  bytes = record(sample);
  EXPECT_EQ(at<std::uint8_t>(bytes, 93), 0U);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_TRUE(std::isnan(at<float>(bytes, 16 + 4 * i))) << i;
}

TEST(BinarySample, WhatIsNoNumberIsZeroAndWhatIsTooLargeIsCut) {
  Sample sample;
  sample.accel.x = std::numeric_limits<double>::quiet_NaN();
  sample.gyro.x = -std::numeric_limits<double>::infinity();
  sample.temperature_c = 1000;
  sample.stick = Stick{.x = std::numeric_limits<double>::quiet_NaN(), .y = 7};
  sample.pressures = Pressures{.l1 = 3};
  const auto bytes = record(sample);
  EXPECT_EQ(at<float>(bytes, 16), 0);
  EXPECT_EQ(at<float>(bytes, 28), 0);
  EXPECT_EQ(at<std::int16_t>(bytes, 88), 0);
  EXPECT_EQ(at<std::int16_t>(bytes, 90), 32767);
  EXPECT_EQ(at<std::int8_t>(bytes, 92), 127);
  EXPECT_EQ(at<std::uint8_t>(bytes, 94), 255U);
}

}  // namespace
}  // namespace psmove::wire
