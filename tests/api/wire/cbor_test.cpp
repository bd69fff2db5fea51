// CBOR both ways: against the examples of RFC 8949 appendix A, and against nlohmann's own reader.
#include "api/wire/cbor.hpp"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "api/wire/cbor_sample.hpp"
#include "api/wire/stream_messages.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;
using namespace std::string_literals;

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}
std::string refusal(std::string_view hex) {
  const auto parsed = parse_cbor(bytes(hex));
  return parsed ? "accepted" : std::string(to_string(parsed.error().code));
}

TEST(Cbor, ReadsTheExamplesOfTheStandard) {
  const std::array<std::pair<const char*, json>, 26> examples = {{
      {"00", 0},
      {"17", 23},
      {"1818", 24},
      {"1903e8", 1000},
      {"1a000f4240", 1'000'000},
      {"1bffffffffffffffff", 18446744073709551615ULL},
      {"20", -1},
      {"3903e7", -1000},
      {"f90001", 5.960464477539063e-8},
      {"f93c00", 1.0},
      {"f93e00", 1.5},
      {"f97bff", 65504.0},
      {"f9c400", -4.0},
      {"fa47c35000", 100000.0},
      {"fb3ff199999999999a", 1.1},
      {"f4", false},
      {"f5", true},
      {"f6", nullptr},
      {"f7", nullptr},
      {"6449455446", "IETF"},
      {"62c3bc", "\u00fc"},
      {"83010203", {1, 2, 3}},
      {"9f018202039f0405ffff", {1, {2, 3}, {4, 5}}},
      {"a26161016162820203", {{"a", 1}, {"b", {2, 3}}}},
      {"bf61610161629f0203ffff", {{"a", 1}, {"b", {2, 3}}}},
      {"d9d9f7a0", json::object()},  // a tag is passed over: this one says "CBOR"
  }};
  for (const auto& [hex, value] : examples) {
    const auto parsed = parse_cbor(bytes(hex));
    ASSERT_TRUE(parsed) << hex << " " << parsed.error().detail;
    EXPECT_EQ(*parsed, value) << hex;
  }
}

TEST(Cbor, RefusesWhatIsBrokenOrMeansNothingHere) {
  for (const char* hex : {"",
                          "18",
                          "1a0000",
                          "62",
                          "6261",
                          "82",
                          "8201",
                          "a1",
                          "a16161",
                          "9f",
                          "9f01",
                          "bf6161ff",
                          "ff",
                          "1c",
                          "fc",
                          "f8",
                          "f820",
                          "e0",
                          "0000",
                          "4101",
                          "5f4101ff",
                          "7f6161ff",
                          "c0",
                          "a10102",
                          "f97e00",
                          "f97c00",
                          "faff800000",
                          "fb7ff8000000000000",
                          "3bffffffffffffffff",
                          "9bffffffffffffffff",
                          "7bffffffffffffffff",
                          "df00"})
    EXPECT_EQ(refusal(hex), "invalid_cbor") << hex;
  EXPECT_EQ(refusal("61ff"), "invalid_utf8");
  EXPECT_EQ(refusal("a2616101616102"), "duplicate_member");
}

TEST(Cbor, IsBoundedInDepth) {
  std::string nested(16, '\x81');
  EXPECT_TRUE(parse_cbor(nested + "\x00"s));
  const auto deeper = parse_cbor("\x81" + nested + "\x00"s);
  ASSERT_FALSE(deeper);
  EXPECT_NE(deeper.error().detail.find("16 levels"), std::string::npos);
  EXPECT_FALSE(parse_cbor(std::string(16'000, '\x81')));
  EXPECT_FALSE(parse_cbor(std::string(16'000, '\xC1')));
}

TEST(Cbor, AClientsMessageIsReadAsInJson) {
  const json message = {{"type", "ping"}, {"t", 12.5}};
  const auto encoded = json::to_cbor(message);
  const auto read = parse_client_cbor(std::string(encoded.begin(), encoded.end()));
  ASSERT_TRUE(read.request);
  EXPECT_EQ(std::get<PingRequest>(*read.request).t, "12.5");
  EXPECT_FALSE(parse_client_cbor("\x01").request);
  EXPECT_FALSE(parse_client_cbor("").request);
}

TEST(Cbor, OurMessagesKeepTheirMembersTheirOrderAndWholeNumbers) {
  const std::string text =
      R"({"type":"x","time_us":1795334400123456,"low":-5,"half":0.5,"tenth":0.1,"a":[true,null,"ü"]})";
  const auto encoded = cbor_of_json(text);
  EXPECT_EQ(json::from_cbor(encoded), json::parse(text));
  EXPECT_EQ(encoded.substr(0, 7), bytes("a66474797065") + "a"s);
  EXPECT_NE(encoded.find("\x64half\xFA"), std::string::npos) << "exact as a float32";
  EXPECT_NE(encoded.find("\x65tenth\xFB"), std::string::npos) << "a float64";
  EXPECT_NE(encoded.find("\x67time_us\x1B"), std::string::npos) << "an integer";
}

TEST(Cbor, HeadsAreAsShortAsTheyCanBe) {
  for (const std::uint64_t value : {0ULL, 23ULL, 24ULL, 255ULL, 256ULL, 65535ULL, 65536ULL,
                                    4294967295ULL, 4294967296ULL, 18446744073709551615ULL}) {
    std::string out;
    append_cbor_head(out, CborType::positive, value);
    EXPECT_EQ(out.size(), cbor_head_size(value)) << value;
    const auto expected = json::to_cbor(json(value));
    EXPECT_EQ(out, std::string(expected.begin(), expected.end())) << value;
  }
  std::string out;
  append_cbor_integer(out, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(json::from_cbor(out), json(std::numeric_limits<std::int64_t>::min()));
}

// ---- samples

Sample some_sample() {
  Sample sample;
  sample.sequence = 48'213;
  sample.time_us = 1'795'334'400'123'456;
  sample.accel = {0.0213, -0.11, 9.7901};
  sample.gyro = {1.5, -2.25, 0.00012};
  sample.mag = Vec3<Microtesla>{-12.19, 3, 45.5};
  sample.orientation = {0.5, -0.5, 0.5, -0.5};
  sample.linear_accel = {0, 0.25, -1};
  sample.temperature_c = 28;
  sample.trigger = 0.5;
  sample.buttons = {Button::cross, Button::move};
  return sample;
}
json as_cbor(const Sample& sample, std::uint16_t fields) {
  std::string out;
  append_cbor_sample(out, sample, fields);
  return json::from_cbor(out);
}
json as_json(const Sample& sample, std::uint16_t fields) {
  std::string out;
  append_sample(out, sample, fields);
  return json::parse(out);
}
/// The same but for the last digits of decimals.
void expect_same(const json& a, const json& b) {
  if (a.is_number() && b.is_number()) {
    EXPECT_NEAR(a.get<double>(), b.get<double>(), 5e-3);
  } else if (a.is_object() && b.is_object()) {
    ASSERT_EQ(a.size(), b.size()) << a << b;
    for (const auto& [name, value] : a.items()) {
      ASSERT_TRUE(b.contains(name)) << name;
      expect_same(value, b[name]);
    }
  } else {
    EXPECT_EQ(a, b);
  }
}

TEST(CborSample, SaysWhatJsonSaysWhateverIsChosen) {
  Sample gun = some_sample();
  gun.extension = SharpShooter{.weapon = 2, .trigger = true, .reload = false, .pump = true};
  Sample wheel = some_sample();
  wheel.extension = RacingWheel{.throttle = 0.25, .l2 = 1, .r2 = 0, .left_paddle = true};
  wheel.mag.reset();
  Sample navigation;
  navigation.has_motion = false;
  navigation.stick = Stick{.x = -1, .y = 0.5};
  navigation.pressures = Pressures{.l1 = 0.25, .down = 1};
  for (const Sample& sample : {some_sample(), gun, wheel, navigation, Sample()})
    for (const std::uint16_t fields :
         {std::uint16_t{0}, all_fields, every_field, bit(Field::orientation), bit(Field::stick),
          bit(Field::pressures),
          static_cast<std::uint16_t>(bit(Field::mag_ut) | bit(Field::buttons))})
      expect_same(as_json(sample, fields), as_cbor(sample, fields));
}

TEST(CborSample, DecimalsAreFloat32AndCountsAreIntegers) {
  const auto sample = as_cbor(some_sample(), all_fields);
  EXPECT_EQ(sample["accel_m_s2"]["z"].get<double>(), static_cast<double>(9.7901F));
  EXPECT_TRUE(sample["sequence"].is_number_integer());
  EXPECT_TRUE(sample["time_us"].is_number_integer());
  EXPECT_EQ(sample["temperature_c"], 28);
  std::string out;
  append_cbor_sample(out, some_sample());
  EXPECT_LT(out.size(), 330U);
}

TEST(CborSample, WhatIsNotFiniteIsZeroAsInJson) {
  Sample sample = some_sample();
  sample.accel.x = std::numeric_limits<double>::quiet_NaN();
  sample.gyro.y = std::numeric_limits<double>::infinity();
  sample.temperature_c = std::numeric_limits<double>::quiet_NaN();
  const auto written = as_cbor(sample, all_fields);
  EXPECT_EQ(written["accel_m_s2"]["x"], 0);
  EXPECT_EQ(written["gyro_rad_s"]["y"], 0);
  EXPECT_EQ(written["temperature_c"], 0);
}

}  // namespace
}  // namespace psmove::wire
