// The hand-written sample encoder against a JSON library that reads it back.

#include "api/wire/sample_encoder.hpp"

#include <array>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace psmove::wire {
namespace {

using nlohmann::json;

Sample example() {
  Sample sample;
  sample.sequence = 48213;
  sample.time_us = 1795334400123456;
  sample.accel = {0.02, -0.11, 9.79};
  sample.gyro = {-0.00123, 3.5, 0.1};
  sample.mag = Vec3<Microtesla>{12.34, -40.01, 0.005};
  sample.orientation = {0.5, -0.5, 0.5, -0.5};
  sample.linear_accel = {-12.3456, 0, 1};
  sample.temperature_c = 28;
  sample.trigger = 0.25;
  sample.buttons = {Button::cross, Button::move};
  return sample;
}

std::string encoded(const Sample& sample, std::uint16_t fields = all_fields) {
  std::string text;
  append_sample(text, sample, fields);
  return text;
}

json parsed(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  EXPECT_FALSE(value.is_discarded()) << text;
  return value;
}

TEST(SampleEncoder, WritesTheDocumentedMembersInTheDocumentedOrder) {
  EXPECT_EQ(encoded(example()),
            R"({"sequence":48213,"time_us":1795334400123456,)"
            R"("accel_m_s2":{"x":0.0200,"y":-0.1100,"z":9.7900},)"
            R"("gyro_rad_s":{"x":-0.00123,"y":3.50000,"z":0.10000},)"
            R"("mag_ut":{"x":12.34,"y":-40.01,"z":0.01},)"
            R"("orientation":{"w":0.500000,"x":-0.500000,"y":0.500000,"z":-0.500000},)"
            R"("linear_accel_m_s2":{"x":-12.3456,"y":0,"z":1},)"
            R"("temperature_c":28,"trigger":0.2500,"buttons":["cross","move"]})");
}

TEST(SampleEncoder, AnAbsentMagnetometerIsNull) {
  Sample sample = example();
  sample.mag.reset();
  EXPECT_TRUE(parsed(encoded(sample)).at("mag_ut").is_null());
}

TEST(SampleEncoder, NoButtonIsAnEmptyList) {
  Sample sample = example();
  sample.buttons = {};
  EXPECT_EQ(parsed(encoded(sample)).at("buttons"), json::array());
}

TEST(SampleEncoder, EverySubsetOfFieldsIsExactlyThoseMembers) {
  const Sample sample = example();
  for (unsigned fields = 0; fields <= every_field; ++fields) {
    const json body = parsed(encoded(sample, static_cast<std::uint16_t>(fields)));
    std::size_t expected = 2;
    EXPECT_TRUE(body.contains("sequence"));
    EXPECT_TRUE(body.contains("time_us"));
    for (unsigned i = 0; i < field_count; ++i) {
      const auto field = static_cast<Field>(i);
      const bool wanted = (fields & bit(field)) != 0;
      EXPECT_EQ(body.contains(std::string(to_string(field))), wanted) << to_string(field);
      expected += wanted ? 1 : 0;
    }
    EXPECT_EQ(body.size(), expected);
  }
}

TEST(SampleEncoder, FieldNamesReadBack) {
  for (unsigned i = 0; i < field_count; ++i)
    EXPECT_EQ(parse_field(to_string(static_cast<Field>(i))), static_cast<Field>(i));
  EXPECT_EQ(parse_field("accel"), std::nullopt);
  EXPECT_EQ(parse_field(""), std::nullopt);
}

TEST(SampleEncoder, ReadsBackWithinHalfOfTheLastDigit) {
  std::mt19937 random(20261);
  std::uniform_real_distribution<double> exponent(-7, 4);
  std::uniform_real_distribution<double> mantissa(-1, 1);
  const auto value = [&] { return mantissa(random) * std::pow(10, exponent(random)); };
  const auto expect_near = [](const json& v, const auto& vector, double tolerance) {
    EXPECT_NEAR(v.at("x").get<double>(), vector.x, tolerance);
    EXPECT_NEAR(v.at("y").get<double>(), vector.y, tolerance);
    EXPECT_NEAR(v.at("z").get<double>(), vector.z, tolerance);
  };
  constexpr double half = 0.5000001;
  for (int i = 0; i < 2000; ++i) {
    Sample s = example();
    s.accel = {value(), value(), value()};
    s.gyro = {value(), value(), value()};
    s.mag = Vec3<Microtesla>{value(), value(), value()};
    s.orientation = {value(), value(), value(), value()};
    s.linear_accel = {value(), value(), value()};
    s.temperature_c = value();
    s.trigger = value();
    const json body = parsed(encoded(s));
    expect_near(body.at("accel_m_s2"), s.accel, half * 1e-4);
    expect_near(body.at("gyro_rad_s"), s.gyro, half * 1e-5);
    expect_near(body.at("mag_ut"), *s.mag, half * 1e-2);
    expect_near(body.at("orientation"), s.orientation, half * 1e-6);
    EXPECT_NEAR(body.at("orientation").at("w").get<double>(), s.orientation.w, half * 1e-6);
    expect_near(body.at("linear_accel_m_s2"), s.linear_accel, half * 1e-4);
    EXPECT_NEAR(body.at("temperature_c").get<double>(), s.temperature_c, half);
    EXPECT_TRUE(body.at("temperature_c").is_number_integer());
    EXPECT_NEAR(body.at("trigger").get<double>(), s.trigger, half * 1e-4);
  }
}

TEST(SampleEncoder, NearlyZeroHasNoSign) {
  Sample sample = example();
  sample.accel = {-0.00001, 0.00001, -0.0};
  const std::string text = encoded(sample, bit(Field::accel_m_s2));
  EXPECT_THAT(text, testing::HasSubstr(R"({"x":0,"y":0,"z":0})"));
}

TEST(SampleEncoder, ACarryReachesTheWholePart) {
  Sample sample = example();
  sample.accel = {9.99996, -99.99999, 0.99994};
  const std::string text = encoded(sample, bit(Field::accel_m_s2));
  EXPECT_THAT(text, testing::HasSubstr(R"({"x":10,"y":-100,"z":0.9999})"));
}

TEST(SampleEncoder, WritesEveryIntegerAsTheStandardLibraryDoes) {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> values = {least, least + 1, most};
  for (std::int64_t power = 1; power <= most / 10; power *= 10)
    for (const std::int64_t near : {power - 1, power, power + 1}) {
      values.push_back(near);
      values.push_back(-near);
    }
  for (const auto value : values) {
    std::array<char, longest_integer> text;
    const char* const end = write_integer(text.data(), value);
    EXPECT_EQ(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())),
              std::to_string(value));
  }
}

TEST(SampleEncoder, WhatIsNotANumberIsZeroAndTheExtremesStayValid) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double huge = std::numeric_limits<double>::max();
  for (const double v : {nan, -nan, infinity, -infinity, huge, -huge, 5e-324, -99'999'999.0}) {
    Sample s;
    s.sequence = std::numeric_limits<std::uint64_t>::max();
    s.time_us = std::numeric_limits<std::int64_t>::min();
    s.accel = {v, v, v};
    s.gyro = {v, v, v};
    s.mag = Vec3<Microtesla>{v, v, v};
    s.orientation = {v, v, v, v};
    s.linear_accel = {v, v, v};
    s.temperature_c = v;
    s.trigger = v;
    for (unsigned i = 0; i < button_count; ++i) s.buttons.insert(static_cast<Button>(i));
    s.extension = RacingWheel{v, v, v, false, false};
    s.stick = Stick{v, v};
    s.pressures = Pressures{v, v, v, v, v, v};
    const json body = parsed(encoded(s));
    EXPECT_EQ(body.at("sequence").get<std::uint64_t>(), s.sequence);
    EXPECT_EQ(body.at("time_us").get<std::int64_t>(), s.time_us);
    EXPECT_EQ(body.at("buttons").size(), button_count);
    const double read = body.at("accel_m_s2").at("y").get<double>();
    EXPECT_EQ(read, !std::isfinite(v) ? 0 : v > 1 ? 99'999'999 : v < -1 ? -99'999'999 : 0);
    EXPECT_LT(encoded(s).size(), 1536U - 64U) << "the encoder's buffer is near its end";
  }
}

TEST(SampleEncoder, WhatFewControllersHaveIsLeftOutUnlessAskedFor) {
  const Sample sample = example();
  EXPECT_FALSE(parsed(encoded(sample)).contains("extension"));
  EXPECT_FALSE(parsed(encoded(sample)).contains("stick"));
  const json asked = parsed(encoded(sample, rare_fields));
  EXPECT_TRUE(asked.at("extension").is_null());
  EXPECT_TRUE(asked.at("stick").is_null());
  EXPECT_TRUE(asked.at("pressures").is_null());
}

TEST(SampleEncoder, WritesTheControlsOfAnExtensionDevice) {
  Sample sample = example();
  sample.extension = SharpShooter{.weapon = 2, .trigger = true, .reload = false, .pump = true};
  EXPECT_EQ(parsed(encoded(sample)).at("extension"),
            json::parse(R"({"weapon":2,"trigger":true,"reload":false,"pump":true})"));
  sample.extension = SharpShooter{};
  EXPECT_TRUE(parsed(encoded(sample)).at("extension").at("weapon").is_null());
  sample.extension = RacingWheel{0.5, 0.25, 1, true, false};
  EXPECT_EQ(
      parsed(encoded(sample)).at("extension"),
      json::parse(R"({"throttle":0.5,"l2":0.25,"r2":1,"left_paddle":true,"right_paddle":false})"));
}

TEST(SampleEncoder, AControllerWithoutMotionSensorsSaysNull) {
  Sample sample = example();
  sample.has_motion = false;
  sample.stick = Stick{-1, 0.5};
  sample.pressures = Pressures{.l1 = 0.5, .left = 1};
  const json body = parsed(encoded(sample));
  for (const auto* name :
       {"accel_m_s2", "gyro_rad_s", "mag_ut", "orientation", "linear_accel_m_s2", "temperature_c"})
    EXPECT_TRUE(body.at(name).is_null()) << name;
  EXPECT_EQ(body.at("stick"), json::parse(R"({"x":-1,"y":0.5})"));
  EXPECT_EQ(body.at("pressures"),
            json::parse(R"({"l1":0.5,"l2":0,"up":0,"right":0,"down":0,"left":1})"));
  EXPECT_FALSE(body.at("trigger").is_null());
  EXPECT_FALSE(parsed(encoded(sample, bit(Field::stick))).contains("accel_m_s2"));
}

TEST(SampleEncoder, AppendsBehindWhatIsThere) {
  std::string text = "[";
  append_sample(text, example(), 0);
  EXPECT_EQ(text, R"([{"sequence":48213,"time_us":1795334400123456})");
}

}  // namespace
}  // namespace psmove::wire
