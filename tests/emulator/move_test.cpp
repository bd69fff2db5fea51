// The emulated controller against the published facts: its reports are read by a decoder of this
// file's own, written from the layout tables and sharing nothing with the drivers.

#include "emulator/move.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numbers>
#include <vector>

#include "emulator/calibration_blobs.hpp"

namespace psmove::emulator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

using Bytes = std::vector<std::uint8_t>;
using Triple = std::array<int, 3>;

constexpr Time start{};

std::vector<std::byte> bytes(const Bytes& values) {
  std::vector<std::byte> result;
  for (const auto value : values) result.push_back(std::byte{value});
  return result;
}
Bytes plain(std::span<const std::byte> report) {
  Bytes result;
  for (const auto byte : report) result.push_back(std::to_integer<std::uint8_t>(byte));
  return result;
}

MoveOptions quiet(Model model) {
  MoveOptions options;
  options.model = model;
  options.address = *parse_address("00:06:f7:16:2a:3b");
  options.host = *parse_address("aa:bb:cc:dd:ee:ff");
  options.accel_noise_m_s2 = options.gyro_noise_rad_s = options.mag_noise_ut = 0;
  return options;
}

/// A motion that stands still at any stated reading.
class Fixed final : public Motion {
 public:
  explicit Fixed(MotionState state) : state_(state) {}
  MotionState at(double) override { return state_; }
  [[nodiscard]] std::string name() const override { return "fixed"; }

 private:
  MotionState state_;
};

/// Reads one accelerometer axis that tells the time: x = seconds since the motion began.
class Stopwatch final : public Motion {
 public:
  MotionState at(double seconds) override { return {{seconds, 0, 0}, {}, {}, {}, {}}; }
  [[nodiscard]] std::string name() const override { return "stopwatch"; }
};

Bytes report_of(Move& move, Time now) {
  std::array<std::byte, 64> buffer{};
  const auto length = move.input_report(buffer, now);
  return plain(std::span(buffer).first(length));
}

/// An emulated controller and the time its next report is due.
struct Desk {
  explicit Desk(const MoveOptions& options) : move(options, start) {}
  Bytes next() {
    now += move.report_interval();
    return report_of(move, now);
  }
  Move move;
  Time now = start;
};

// ---- the decoder

int u16(const Bytes& r, std::size_t at) {
  return r.at(at) | r.at(at + 1) << 8;
}
int s16(const Bytes& r, std::size_t at) {
  return static_cast<std::int16_t>(u16(r, at));
}
int s12(int value) {
  return value >= 0x800 ? value - 0x1000 : value;
}

Triple words(const Bytes& r, std::size_t at, Model model) {
  Triple t{};
  for (std::size_t i = 0; i < 3; ++i)
    t[i] = model == Model::zcm1 ? u16(r, at + 2 * i) - 0x8000 : s16(r, at + 2 * i);
  return t;
}
Triple accel_first(const Bytes& r, Model m) {
  return words(r, 0x0D, m);
}
Triple accel_second(const Bytes& r, Model m) {
  return words(r, 0x13, m);
}
Triple gyro_first(const Bytes& r, Model m) {
  return words(r, 0x19, m);
}
Triple gyro_second(const Bytes& r, Model m) {
  return words(r, 0x1F, m);
}
Triple mag(const Bytes& r) {
  return {s12((r.at(0x26) & 0x0F) << 8 | r.at(0x27)), s12(r.at(0x28) << 4 | r.at(0x29) >> 4),
          s12((r.at(0x29) & 0x0F) << 8 | r.at(0x2A))};
}
int temperature(const Bytes& r) {
  return r.at(0x25) << 4 | r.at(0x26) >> 4;
}
int sequence(const Bytes& r) {
  return r.at(4) & 0x0F;
}
int timestamp(const Bytes& r) {
  return r.at(0x0B) << 8 | r.at(0x2B);
}

/// psmoveapi's button word, whose bits are public numbers.
unsigned button_word(const Bytes& r) {
  return r.at(2) | static_cast<unsigned>(r.at(1)) << 8 |
         static_cast<unsigned>(r.at(3) & 0x01) << 16 | static_cast<unsigned>(r.at(4) & 0xF0) << 13;
}

/// value = gain * counts + offset, by the published formulas.
struct Line {
  double gain, offset;
  [[nodiscard]] double operator()(int counts) const { return gain * counts + offset; }
};
struct Decoded {
  std::array<Line, 3> accel, gyro;
};
Line accel_line(int low, int high) {
  const double f = 2.0 / (high - low);
  return {f * standard_gravity, (-f * low - 1) * standard_gravity};
}
Decoded decode_calibration(const Bytes& blob, Model model) {
  const auto w = [&](std::size_t at) {
    return model == Model::zcm1 ? u16(blob, at) - 0x8000 : s16(blob, at);
  };
  constexpr double rpm = 2 * std::numbers::pi / 60;
  if (model == Model::zcm1)
    return {
        {accel_line(w(0x0A), w(0x16)), accel_line(w(0x24), w(0x1E)), accel_line(w(0x14), w(0x08))},
        {Line{80 * rpm / (w(0x46) - w(0x2A)), 0}, Line{80 * rpm / (w(0x50) - w(0x2C)), 0},
         Line{80 * rpm / (w(0x5A) - w(0x2E)), 0}}};
  const auto gyro = [&](std::size_t forward, std::size_t backward, std::size_t bias) {
    const double gain = 180 * rpm / (w(forward) - w(backward));
    return Line{gain, -gain * w(bias)};
  };
  return {
      {accel_line(w(0x08), w(0x02)), accel_line(w(0x16), w(0x10)), accel_line(w(0x24), w(0x1E))},
      {gyro(0x30, 0x42, 0x26), gyro(0x38, 0x4A, 0x28), gyro(0x40, 0x52, 0x2A)}};
}

/// Reads feature 0x10 until every block is there, whatever comes first.
Bytes read_calibration(Move& move, std::vector<int>* order = nullptr) {
  const bool zcm1 = move.options().model == Model::zcm1;
  std::vector<Bytes> blocks(zcm1 ? 3 : 2);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto answer = plain(move.get_feature(0x10).value());
    EXPECT_EQ(answer.size(), 49U);
    EXPECT_EQ(answer.at(0), 0x10);
    if (order) order->push_back(answer.at(1));
    const auto index = static_cast<std::size_t>(answer.at(1) & 0x7F);
    EXPECT_EQ((answer.at(1) & 0x80) != 0, index + 1 == blocks.size());
    blocks.at(index) = answer;
  }
  Bytes blob = blocks.at(0);
  for (std::size_t i = 1; i < blocks.size(); ++i)
    blob.insert(blob.end(), blocks[i].begin() + 2, blocks[i].end());
  return blob;
}

MotionState reading(double ax, double ay, double az, double gx, double gy, double gz) {
  return {{ax, ay, az}, {gx, gy, gz}, {}, {}, {}};
}

// ---- input reports

TEST(Zcm1Report, HasThePublishedCapturesShape) {
  // The wiki's captured report: at rest, full battery, sequence 6, 28 degrees.
  Desk desk(quiet(Model::zcm1));
  Bytes report;
  for (int i = 0; i < 7; ++i) report = desk.next();
  ASSERT_EQ(report.size(), 49U);
  const Bytes captured_head = {0x01, 0, 0, 0, 0x06, 0, 0, 0x7F, 0x7F, 0x7F, 0x7F};
  EXPECT_TRUE(std::equal(captured_head.begin(), captured_head.end(), report.begin()));
  EXPECT_EQ(report[0x0C], 0x05);
  EXPECT_EQ(temperature(report), 0x7D1);
  EXPECT_THAT(Bytes(report.begin() + 0x2C, report.end()), ElementsAre(0, 0, 0, 0, 0));
  EXPECT_EQ(accel_first(report, Model::zcm1), accel_second(report, Model::zcm1));
  EXPECT_EQ(gyro_first(report, Model::zcm1), (Triple{0, 0, 0}));
}

TEST(Zcm1Report, PhysicalValuesOfTheCaptureBecomeItsVeryBytes) {
  // The capture's counts as physical values under blob 2, put back in: the same sensor bytes.
  const Bytes captured = {0x01, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x7f, 0x7f, 0x7f,
                          0x7f, 0xc0, 0x05, 0x2d, 0x89, 0xa8, 0x7f, 0x77, 0x8d, 0x1e,
                          0x89, 0xa0, 0x7f, 0x6f, 0x8d, 0xf8, 0x7f, 0x02, 0x80, 0xfb,
                          0x7f, 0xf8, 0x7f, 0x03, 0x80, 0xfb, 0x7f, 0x7d, 0x10, 0x9e,
                          0xfa, 0x10, 0x55, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00};
  const auto& blob = zcm1_blobs[1];
  const auto lines = decode_calibration(Bytes(blob.begin(), blob.end()), Model::zcm1);
  const auto accel = accel_second(captured, Model::zcm1), gyro = gyro_second(captured, Model::zcm1);
  EXPECT_NEAR(lines.accel[0](accel[0]) / standard_gravity, 0.561160, 1e-6);
  EXPECT_NEAR(lines.accel[1](accel[1]) / standard_gravity, -0.012795, 1e-6);
  EXPECT_NEAR(lines.accel[2](accel[2]) / standard_gravity, 0.853709, 1e-6);
  EXPECT_NEAR(lines.gyro[0](gyro[0]), -0.012320, 1e-6);
  EXPECT_NEAR(lines.gyro[1](gyro[1]), 0.005512, 1e-6);
  EXPECT_NEAR(lines.gyro[2](gyro[2]), -0.008121, 1e-6);

  auto state = reading(lines.accel[0](accel[0]), lines.accel[1](accel[1]), lines.accel[2](accel[2]),
                       lines.gyro[0](gyro[0]), lines.gyro[1](gyro[1]), lines.gyro[2](gyro[2]));
  state.mag = {158 / 3.2, 95 / 3.2, 85 / 3.2};  // Y in the body frame: the sensor's own is opposite
  Desk desk(quiet(Model::zcm1));
  desk.move.set_motion(std::make_unique<Fixed>(state), start);
  const auto report = desk.next();
  const auto part = [](const Bytes& r, std::ptrdiff_t from, std::ptrdiff_t to) {
    return Bytes(r.begin() + from, r.begin() + to);
  };
  EXPECT_EQ(part(report, 0x13, 0x19), part(captured, 0x13, 0x19));  // accelerometer, second half
  EXPECT_EQ(part(report, 0x1F, 0x2B), part(captured, 0x1F, 0x2B));  // gyro to magnetometer
}

class BothModels : public testing::TestWithParam<Model> {};

TEST_P(BothModels, PhysicalValuesComeBackWithinHalfACount) {
  const bool zcm1 = GetParam() == Model::zcm1;
  for (std::size_t blob_number = 0; blob_number < (zcm1 ? 8U : 1U); ++blob_number) {
    auto options = quiet(GetParam());
    options.calibration_blob = blob_number;
    Desk desk(options);
    const auto lines = decode_calibration(read_calibration(desk.move), GetParam());
    for (int step = -20; step <= 20; ++step) {
      const std::array<double, 3> a = {step * 3.1, 9.8 - step * 2.7, step * -1.3};
      const std::array<double, 3> g = {step * 1.61, step * -1.27, 0.3 * step + 0.01};
      desk.move.set_motion(std::make_unique<Fixed>(reading(a[0], a[1], a[2], g[0], g[1], g[2])),
                           desk.now);
      const auto report = desk.next();
      const auto accel = accel_second(report, GetParam()), gyro = gyro_second(report, GetParam());
      for (std::size_t axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(lines.accel[axis](accel[axis]), a[axis],
                    std::abs(lines.accel[axis].gain) * 0.5001);
        EXPECT_NEAR(lines.gyro[axis](gyro[axis]), g[axis],
                    std::abs(lines.gyro[axis].gain) * 0.5001);
      }
    }
  }
}

TEST_P(BothModels, ValuesBeyondTheRangeStandAtItsEnd) {
  Desk desk(quiet(GetParam()));
  desk.move.set_motion(std::make_unique<Fixed>(reading(1e6, -1e6, 0, 1e6, -1e6, 0)), start);
  const auto report = desk.next();
  EXPECT_EQ(accel_first(report, GetParam())[0], 32767);
  EXPECT_EQ(accel_first(report, GetParam())[1], -32768);
  EXPECT_EQ(gyro_second(report, GetParam())[0], 32767);
  EXPECT_EQ(gyro_second(report, GetParam())[1], -32768);
}

TEST_P(BothModels, SequenceCountsEveryReportAndWrapsAtSixteen) {
  Desk desk(quiet(GetParam()));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(sequence(desk.next()), i % 16);
}

TEST_P(BothModels, TimestampCountsTicksOfTheGivenTimeAndWraps) {
  auto options = quiet(GetParam());
  options.tick = 50us;
  Desk desk(options);
  EXPECT_EQ(timestamp(report_of(desk.move, start + 10ms)), 200);
  EXPECT_EQ(timestamp(report_of(desk.move, start + 10ms + 49us)), 200);
  EXPECT_EQ(timestamp(report_of(desk.move, start + 65536 * 50us + 10ms)), 200);
}

TEST_P(BothModels, SameSeedAndTimesGiveTheSameBytes) {
  auto options = quiet(GetParam());
  options.accel_noise_m_s2 = 0.02;
  options.gyro_noise_rad_s = 0.003;
  Desk one(options), two(options);
  options.seed = 2;
  Desk other(options);
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const auto report = one.next();
    EXPECT_EQ(report, two.next());
    differs = differs || report != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST_P(BothModels, NoiseHasTheStatedStrength) {
  auto options = quiet(GetParam());
  options.accel_noise_m_s2 = 0.5;
  options.gyro_noise_rad_s = 0.2;
  Desk desk(options);
  const auto lines = decode_calibration(read_calibration(desk.move), GetParam());
  constexpr int n = 20'000;
  double sum = 0, squares = 0, gyro_squares = 0;
  for (int i = 0; i < n; ++i) {
    const auto report = desk.next();
    const double x = lines.accel[0](accel_first(report, GetParam())[0]);
    const double g = lines.gyro[1](gyro_second(report, GetParam())[1]);
    sum += x;
    squares += x * x;
    gyro_squares += g * g;
  }
  // Five standard errors of 20000 draws.
  EXPECT_NEAR(sum / n, 0, 5 * 0.5 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), 0.5, 5 * 0.5 / std::sqrt(2.0 * n));
  EXPECT_NEAR(std::sqrt(gyro_squares / n), 0.2, 5 * 0.2 / std::sqrt(2.0 * n));
}

TEST_P(BothModels, ButtonsAreWherePsmoveapiReadsThem) {
  constexpr std::array<std::pair<Button, unsigned>, move_button_count> bits = {
      {{Button::triangle, 4},
       {Button::circle, 5},
       {Button::cross, 6},
       {Button::square, 7},
       {Button::select, 8},
       {Button::start, 11},
       {Button::ps, 16},
       {Button::move, 19},
       {Button::t, 20}}};
  Desk desk(quiet(GetParam()));
  for (const auto& [button, bit] : bits) {
    desk.move.hold({button});
    EXPECT_EQ(button_word(desk.next()), 1U << bit) << to_string(button);
  }
  desk.move.hold({Button::move, Button::t});
  EXPECT_EQ(desk.next()[3], 0x18);  // their first half-frame
  desk.move.hold({});
  EXPECT_EQ(button_word(desk.next()), 0U);
}

TEST_P(BothModels, BatteryCodeIsSentAsItIs) {
  Desk desk(quiet(GetParam()));
  desk.move.set_battery_code(0xEF);
  EXPECT_EQ(desk.next()[0x0C], 0xEF);
}

TEST_P(BothModels, LostReportsUseUpTheirSequenceNumber) {
  Desk desk(quiet(GetParam()));
  desk.move.set_loss(0.25);
  int lost = 0;
  for (int i = 0; i < 4000; ++i) {
    const auto report = desk.next();
    EXPECT_EQ(report.empty(), desk.move.truth().lost);
    lost += report.empty();
    if (!report.empty()) {
      EXPECT_EQ(sequence(report), i % 16);
    }
  }
  EXPECT_NEAR(lost, 1000, 140);  // five standard deviations
}

TEST_P(BothModels, LossLeavesTheOtherReportsAsTheyWere) {
  auto options = quiet(GetParam());
  options.accel_noise_m_s2 = 0.1;
  Desk whole(options), holed(options);
  holed.move.set_loss(0.3);
  for (int i = 0; i < 100; ++i) {
    const auto report = whole.next();
    const auto survivor = holed.next();
    if (!survivor.empty()) {
      EXPECT_EQ(survivor, report);
    }
  }
}

TEST_P(BothModels, ReportsHaveTheLengthAskedFor) {
  for (const std::size_t length : {3U, 43U, 44U, 45U, 49U, 60U}) {
    auto options = quiet(GetParam());
    options.report_length = length;
    Desk usual(quiet(GetParam())), odd(options);
    auto expected = usual.next();
    expected.resize(length);
    EXPECT_EQ(odd.next(), expected) << length;
  }
}

TEST_P(BothModels, ReportIsCutToTheBuffer) {
  Move move(quiet(GetParam()), start);
  std::array<std::byte, 10> small{};
  EXPECT_EQ(move.input_report(small, start + 1ms), 10U);
  move.send_raw(bytes(Bytes(20, 0x55)));
  EXPECT_EQ(move.input_report(small, start + 2ms), 10U);
}

TEST_P(BothModels, RawReportsReplaceOneReportEach) {
  Desk desk(quiet(GetParam()));
  desk.move.send_raw(bytes({0x01, 0x02}));
  desk.move.send_raw(bytes({0xFF}));
  EXPECT_EQ(desk.next(), (Bytes{0x01, 0x02}));
  EXPECT_EQ(desk.next(), (Bytes{0xFF}));
  EXPECT_EQ(sequence(desk.next()), 2);
}

TEST_P(BothModels, TruthSaysWhatWentIn) {
  Desk desk(quiet(GetParam()));
  desk.move.set_motion(make_motion("wave").motion, start);
  desk.move.hold({Button::cross});
  const auto report = desk.next();
  const auto& truth = desk.move.truth();
  const auto lines = decode_calibration(read_calibration(desk.move), GetParam());
  ASSERT_EQ(truth.sample_count, GetParam() == Model::zcm1 ? 2U : 1U);
  EXPECT_EQ(truth.ticks, timestamp(report));
  EXPECT_EQ(truth.buttons[1], Buttons{Button::cross});
  const auto& newest = truth.samples[truth.sample_count - 1];
  EXPECT_NEAR(lines.gyro[2](gyro_second(report, GetParam())[2]), newest.gyro.z, 0.001);
}

TEST_P(BothModels, ReconnectedControllerIsDarkAndCountsFromZero) {
  Desk desk(quiet(GetParam()));
  for (int i = 0; i < 5; ++i) desk.next();
  desk.move.output(bytes({6, 0, 1, 2, 3, 0, 4, 0, 0}), desk.now);
  desk.move.reconnect();
  EXPECT_EQ(desk.move.shows(desk.now), Outputs{});
  EXPECT_EQ(sequence(desk.next()), 0);
}

INSTANTIATE_TEST_SUITE_P(Models, BothModels, testing::Values(Model::zcm1, Model::zcm2),
                         [](const auto& p) { return std::string(to_string(p.param)); });

TEST(Zcm1Report, HalfFramesAreHalfAReportApart) {
  auto options = quiet(Model::zcm1);
  options.reports_per_s = 2;  // so that one count is little time
  Desk desk(options);
  const auto lines = decode_calibration(read_calibration(desk.move), Model::zcm1);
  desk.move.set_motion(std::make_unique<Stopwatch>(), start);
  for (int i = 1; i <= 5; ++i) {
    const auto report = desk.next();
    EXPECT_NEAR(lines.accel[0](accel_second(report, Model::zcm1)[0]), 0.5 * i, 0.002);
    EXPECT_NEAR(lines.accel[0](accel_first(report, Model::zcm1)[0]), 0.5 * i - 0.25, 0.002);
  }
}

TEST(Zcm1Report, TapOfMoveOrTriggerIsDownInTheFirstHalfFrameOnly) {
  Desk desk(quiet(Model::zcm1));
  desk.move.tap({Button::t});
  auto report = desk.next();
  EXPECT_EQ(report[3], 0x10);
  EXPECT_EQ(report[4] & 0x80, 0);
  EXPECT_EQ(desk.next()[3], 0);
  desk.move.tap({Button::move, Button::cross});
  report = desk.next();
  EXPECT_EQ(report[3], 0x08);
  EXPECT_EQ(button_word(report), 1U << 6);  // Cross has one bit for both half-frames
  EXPECT_EQ(button_word(desk.next()), 0U);
}

TEST(Zcm1Report, TriggerIsInBothHalfFrames) {
  Desk desk(quiet(Model::zcm1));
  desk.move.set_trigger(0.5);
  const auto report = desk.next();
  EXPECT_EQ(report[5], 128);
  EXPECT_EQ(report[6], 128);
  desk.move.set_trigger(7);
  EXPECT_EQ(desk.next()[5], 255);
}

TEST(Zcm1Report, MagnetometerIsTwelveBitsWithYTheOtherWay) {
  Desk desk(quiet(Model::zcm1));
  auto state = reading(0, 0, 9.8, 0, 0, 0);
  state.mag = {10, 20, -45};
  desk.move.set_motion(std::make_unique<Fixed>(state), start);
  EXPECT_EQ(mag(desk.next()), (Triple{32, -64, -144}));
  state.mag = {1e4, 1e4, -1e4};
  desk.move.set_motion(std::make_unique<Fixed>(state), start);
  const auto report = desk.next();
  EXPECT_EQ(mag(report), (Triple{2047, -2048, -2048}));
  EXPECT_EQ(temperature(report), 0x7D1);  // shares a byte with X
}

TEST(Zcm1Report, AbsentMagnetometerIsAllZeros) {
  auto options = quiet(Model::zcm1);
  options.mag_noise_ut = 1;
  Desk desk(options);
  desk.move.set_magnetometer(Magnetometer::absent);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(mag(desk.next()), (Triple{0, 0, 0}));
}

TEST(Zcm1Report, DisturbedFieldIsStrongAndWandersSlowly) {
  Desk desk(quiet(Model::zcm1));
  desk.move.set_magnetometer(Magnetometer::disturbed);
  double strongest = 0, fastest = 0;
  Vec3<Microtesla> last;
  for (int i = 0; i < 88 * 30; ++i) {
    desk.next();
    const auto field = desk.move.truth().samples[1].mag;
    strongest = std::max(strongest, norm(field - earth_field));
    if (i > 0) fastest = std::max(fastest, norm(field - last));
    last = field;
  }
  EXPECT_GT(strongest, 60);
  EXPECT_LT(fastest, 1);  // uT within one report
}

TEST(Zcm2Report, HasOneSampleASecondTimestampAndNoMagnetometer) {
  auto options = quiet(Model::zcm2);
  options.accel_noise_m_s2 = 0.5;
  Desk desk(options);
  desk.move.set_motion(make_motion("wave").motion, start);
  for (int i = 0; i < 300; ++i) desk.next();
  const auto report = desk.next();
  ASSERT_EQ(report.size(), 44U);
  EXPECT_EQ(accel_first(report, Model::zcm2), accel_second(report, Model::zcm2));
  EXPECT_EQ(gyro_first(report, Model::zcm2), gyro_second(report, Model::zcm2));
  EXPECT_GT(timestamp(report), 256);
  EXPECT_EQ(report[0x27] << 8 | report[0x28], timestamp(report));
  EXPECT_EQ(report[0x26] & 0x0F, 0);
  EXPECT_EQ(report[0x29], 0);
  EXPECT_EQ(report[0x2A], 0);
  EXPECT_EQ(temperature(report), 0x7D1);
}

TEST(Zcm2Report, TimestampCopyCanHaveMonadosOrder) {
  auto options = quiet(Model::zcm2);
  options.timestamp_copy = TimestampCopy::low_first;
  Move move(options, start);
  const auto report = report_of(move, start + 0x1234 * 10us);
  EXPECT_EQ(timestamp(report), 0x1234);
  EXPECT_EQ(report[0x27], 0x34);
  EXPECT_EQ(report[0x28], 0x12);
}

TEST(Zcm2Report, SecondTriggerByteFollowsSlowly) {
  Desk desk(quiet(Model::zcm2));
  desk.next();
  desk.move.set_trigger(1);
  const auto report = desk.next();
  EXPECT_EQ(report[5], 255);
  EXPECT_LT(report[6], 20);
  Bytes later;
  for (int i = 0; i < 500; ++i) later = desk.next();
  EXPECT_EQ(later[6], 255);
}

TEST(Zcm2Report, TapShowsInEitherByteForOneReport) {
  Desk desk(quiet(Model::zcm2));
  desk.move.tap({Button::t});
  const auto report = desk.next();
  EXPECT_EQ(report[3], 0x10);
  EXPECT_EQ(report[4] & 0x80, 0x80);
  EXPECT_EQ(button_word(desk.next()), 0U);
}

TEST(GyroBias, IsWhatABodyAtRestReads) {
  auto options = quiet(Model::zcm1);
  options.gyro_bias = {0.02, -0.01, 0.005};
  Desk desk(options);
  const auto lines = decode_calibration(read_calibration(desk.move), Model::zcm1);
  const auto gyro = gyro_first(desk.next(), Model::zcm1);
  EXPECT_NEAR(lines.gyro[0](gyro[0]), 0.02, 0.001);
  EXPECT_NEAR(lines.gyro[1](gyro[1]), -0.01, 0.0012);
}

TEST(ReportInterval, FollowsTheModelOrTheRateAskedFor) {
  EXPECT_EQ(Move(quiet(Model::zcm1), start).report_interval(), 11'428'571ns);
  EXPECT_EQ(Move(quiet(Model::zcm2), start).report_interval(), 1'265'823ns);
  auto options = quiet(Model::zcm1);
  options.reports_per_s = 100;
  EXPECT_EQ(Move(options, start).report_interval(), 10ms);
}

// ---- features

TEST(Features, AddressesHaveTheirLastOctetFirst) {
  auto options = quiet(Model::zcm1);
  options.address = *parse_address("11:22:33:44:55:66");
  Move move(options, start);
  const Bytes from_the_wiki = {0x04, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x08,
                               0x25, 0x00, 0xFF, 0xEE, 0xDD, 0xCC, 0xBB, 0xAA};
  EXPECT_EQ(plain(move.get_feature(0x04).value()), from_the_wiki);
}

TEST(Features, HostAddressIsTakenByCableOnly) {
  Bytes write(23, 0);
  const Bytes head = {0x05, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01};
  std::copy(head.begin(), head.end(), write.begin());
  auto options = quiet(Model::zcm2);
  Move on_the_air(options, start);
  EXPECT_FALSE(on_the_air.set_feature(bytes(write)));
  EXPECT_EQ(to_string(on_the_air.host()), "aa:bb:cc:dd:ee:ff");
  options.on_cable = true;
  Move on_the_cable(options, start);
  EXPECT_TRUE(on_the_cable.set_feature(bytes(write)));
  EXPECT_EQ(to_string(on_the_cable.host()), "01:02:03:04:05:06");
  const auto answer = plain(on_the_cable.get_feature(0x04).value());
  EXPECT_TRUE(std::equal(answer.begin() + 10, answer.end(), write.begin() + 1));
}

TEST(Features, CableShowsAsCharging) {
  auto options = quiet(Model::zcm1);
  options.on_cable = true;
  EXPECT_EQ(Move(options, start).battery_code(), 0xEE);
}

TEST(Features, CalibrationComesWholeFromAnyFirstBlock) {
  for (const Model model : {Model::zcm1, Model::zcm2}) {
    const std::size_t blocks = model == Model::zcm1 ? 3 : 2;
    for (std::size_t first = 0; first < blocks; ++first) {
      auto options = quiet(model);
      options.first_calibration_block = first;
      options.calibration_blob = 6;
      Move move(options, start);
      std::vector<int> order;
      const auto blob = read_calibration(move, &order);
      EXPECT_EQ(static_cast<std::size_t>(order.at(0) & 0x7F), first);
      const Bytes expected = model == Model::zcm1
                                 ? Bytes(zcm1_blobs[6].begin(), zcm1_blobs[6].end())
                                 : Bytes(zcm2_blob.begin(), zcm2_blob.end());
      EXPECT_EQ(blob, expected);
      EXPECT_EQ(read_calibration(move), blob);  // and round again
    }
  }
}

TEST(Features, PublishedCalibrationsDecodeToThePublishedNumbers) {
  // Gains in 1e-3 rad/s per count and readings at -1 g and +1 g, from the published tables.
  const auto gain = [](std::size_t blob, std::size_t axis) {
    const auto& b = zcm1_blobs.at(blob);
    return 1e3 * decode_calibration(Bytes(b.begin(), b.end()), Model::zcm1).gyro.at(axis).gain;
  };
  EXPECT_NEAR(gain(0, 0), 1.570600, 1e-6);
  EXPECT_NEAR(gain(1, 1), 1.837189, 1e-6);
  EXPECT_NEAR(gain(7, 2), 1.638166, 1e-6);
  const auto zcm2 = decode_calibration(Bytes(zcm2_blob.begin(), zcm2_blob.end()), Model::zcm2);
  EXPECT_NEAR(zcm2.gyro[0].gain, 1.398439e-3, 1e-9);
  EXPECT_NEAR(zcm2.accel[1].gain / standard_gravity, 2.440513e-4, 1e-10);
}

TEST(Features, FirmwareHasItsIdOnBluetoothOnly) {
  auto options = quiet(Model::zcm1);
  const Bytes content = {0x02, 0x20, 0x07, 0x25, 0x00, 0x61, 0, 0, 0, 0, 0, 0, 0};
  Bytes with_id = {0xF9};
  with_id.insert(with_id.end(), content.begin(), content.end());
  EXPECT_EQ(plain(Move(options, start).get_feature(0xF9).value()), with_id);
  options.on_cable = true;
  EXPECT_EQ(plain(Move(options, start).get_feature(0xF9).value()), content);
}

TEST(Features, UnknownOnesStall) {
  Move move(quiet(Model::zcm1), start);
  for (const int id : {0x00, 0x01, 0x02, 0x05, 0x11, 0xA1, 0xF1, 0xF2, 0xF8})
    EXPECT_FALSE(move.get_feature(static_cast<std::uint8_t>(id))) << id;
  EXPECT_FALSE(move.set_feature({}));
  EXPECT_FALSE(move.set_feature(bytes({0x77, 1, 2, 3})));
}

TEST(Features, WritesToFlashAndFirmwareModeAreRefusedAndCounted) {
  Move move(quiet(Model::zcm1), start);
  EXPECT_FALSE(move.set_feature(bytes({0xF1, 0, 0})));
  EXPECT_FALSE(move.set_feature(bytes({0xF2, 0x42})));
  EXPECT_EQ(move.forbidden_writes(), 2U);
  move.get_feature(0xF1);
  EXPECT_EQ(move.forbidden_writes(), 2U);
}

TEST(Features, ExtensionAndAuthenticationBelongToZcm1) {
  Move zcm1(quiet(Model::zcm1), start), zcm2(quiet(Model::zcm2), start);
  for (const std::uint8_t id : {std::uint8_t{0xA0}, std::uint8_t{0xE0}}) {
    Bytes write(49, 0);
    write[0] = id;
    EXPECT_TRUE(zcm1.set_feature(bytes(write)));
    EXPECT_FALSE(zcm2.set_feature(bytes(write)));
  }
}

// ---- the extension port

/// 0xE0: what is asked for is in the bytes after its id.
Bytes extension_request(const Bytes& head, const Bytes& payload = {}) {
  Bytes report(49, 0);
  report[0] = 0xE0;
  std::copy(head.begin(), head.end(), report.begin() + 1);
  std::copy(payload.begin(), payload.end(), report.begin() + 9);
  return report;
}

Bytes identification(Move& move) {
  EXPECT_TRUE(move.set_feature(bytes(extension_request({0x01, 0xA0, 0x00, 0x20}))));
  return plain(move.get_feature(0xE0).value());
}

TEST(ExtensionPort, ADeviceSaysWhoItIs) {
  Desk desk(quiet(Model::zcm1));
  EXPECT_EQ(desk.next()[4] & 0x10, 0);
  EXPECT_NE(identification(desk.move)[1], 0) << "nobody is there";
  desk.move.set_extension(ExtensionDevice::sharp_shooter);
  EXPECT_EQ(desk.next()[4] & 0x10, 0x10);
  const auto gun = identification(desk.move);
  EXPECT_EQ(Bytes(gun.begin(), gun.begin() + 17),
            (Bytes{0xE0, 0, 0xA0, 0, 0x20, 0, 0, 0, 0, 0x80, 0x81, 0, 0, 0, 0, 0, 0x01}));
  desk.move.set_extension(ExtensionDevice::racing_wheel);
  const auto wheel = identification(desk.move);
  EXPECT_EQ(wheel[9], 0x81);
  EXPECT_EQ(wheel[10], 0x01);
  desk.move.set_extension(std::nullopt);
  EXPECT_EQ(desk.next()[4] & 0x10, 0);
}

TEST(ExtensionPort, TheGunIsMergedIntoTheControllersBytes) {
  Desk desk(quiet(Model::zcm1));
  desk.move.set_extension(ExtensionDevice::sharp_shooter);
  desk.move.set_extension_controls(SharpShooter{3, true, true, false});
  auto report = desk.next();
  EXPECT_EQ(report[0x2C], 0x04 | 0x40 | 0x80);
  EXPECT_EQ(report[0x05], 0xFF);
  EXPECT_EQ(report[0x06], 0xFF);
  EXPECT_EQ(report[0x03] & 0x10, 0x10);
  EXPECT_EQ(report[0x04] & 0x80, 0x80);
  desk.move.set_extension_controls(SharpShooter{1, false, false, true});
  report = desk.next();
  EXPECT_EQ(report[0x2C], 0x01);
  EXPECT_EQ(report[0x05], 0);
  EXPECT_EQ(report[0x04] & 0x80, 0x80) << "the pump is T alone";
}

TEST(ExtensionPort, TheWheelHasBytesAndButtonsOfItsOwn) {
  Desk desk(quiet(Model::zcm1));
  desk.move.hold({Button::l1, Button::up});
  EXPECT_EQ(desk.next()[1], 0) << "the controller alone has no such buttons";
  desk.move.set_extension(ExtensionDevice::racing_wheel);
  desk.move.set_extension_controls(RacingWheel{1, 0.5, 0, true, true});
  const auto report = desk.next();
  EXPECT_EQ(report[1], 0x10);
  EXPECT_EQ(report[2], 0x04);
  EXPECT_EQ(Bytes(report.begin() + 0x2C, report.begin() + 0x30), (Bytes{0xFF, 128, 0, 0x3F}));
}

TEST(ExtensionPort, TheWheelsMotorsStopByThemselves) {
  Move move(quiet(Model::zcm1), start);
  const auto rumble = bytes(extension_request({0x00, 0xA0, 0x20, 0x02}, {9, 200}));
  EXPECT_TRUE(move.set_feature(rumble, start));
  EXPECT_TRUE(move.wheel_shows(start).is_still()) << "there is no wheel";
  move.set_extension(ExtensionDevice::racing_wheel);
  EXPECT_TRUE(move.set_feature(rumble, start));
  EXPECT_EQ(move.wheel_shows(start), (WheelRumble{.left = 200, .right = 9}));
  EXPECT_TRUE(move.wheel_shows(start + 2s).is_still());
}

// ---- outputs

constexpr Outputs orange{{255, 128, 0}, 90};
std::vector<std::byte> light(std::uint8_t id, std::size_t length) {
  Bytes report(length, 0);
  const Bytes head = {id, 0, 255, 128, 0, 0, 90};
  std::copy_n(head.begin(), std::min(head.size(), length), report.begin());
  return bytes(report);
}

TEST(OutputReport, ShowsUntilExactlyFiveSecondsAfterTheLastOne) {
  Move move(quiet(Model::zcm2), start);
  EXPECT_EQ(move.shows(start), Outputs{});
  EXPECT_TRUE(move.output(light(6, 9), start + 1s));
  EXPECT_EQ(move.shows(start + 1s), orange);
  EXPECT_EQ(move.shows(start + 6s - 1ns), orange);
  EXPECT_EQ(move.shows(start + 6s), Outputs{});
  EXPECT_EQ(move.goes_dark_at(start + 2s), start + 6s);
  EXPECT_TRUE(move.output(light(6, 9), start + 5s));
  EXPECT_EQ(move.shows(start + 9s), orange);
  EXPECT_EQ(move.shows(start + 10s), Outputs{});
  EXPECT_EQ(move.goes_dark_at(start + 10s), std::nullopt);
}

TEST(OutputReport, BlankingTimeCanBeChosen) {
  auto options = quiet(Model::zcm1);
  options.blank_after = 200ms;
  Move move(options, start);
  move.output(light(6, 9), start);
  EXPECT_EQ(move.shows(start + 199ms), orange);
  EXPECT_EQ(move.shows(start + 200ms), Outputs{});
}

TEST(OutputReport, ShortFormIsTakenAtNineToFortyNineBytes) {
  for (const Model model : {Model::zcm1, Model::zcm2}) {
    Move move(quiet(model), start);
    for (std::size_t length = 0; length <= 60; ++length)
      EXPECT_EQ(move.output(light(6, length), start), length >= 9 && length <= 49) << length;
  }
}

TEST(OutputReport, LongFormBelongsToZcm1) {
  Move zcm1(quiet(Model::zcm1), start), zcm2(quiet(Model::zcm2), start);
  EXPECT_TRUE(zcm1.output(light(2, 49), start));
  EXPECT_EQ(zcm1.shows(start), orange);
  EXPECT_FALSE(zcm1.output(light(2, 48), start));
  EXPECT_FALSE(zcm2.output(light(2, 49), start));
  EXPECT_EQ(zcm2.shows(start), Outputs{});
}

TEST(OutputReport, IgnoredOnesChangeNothing) {
  Move move(quiet(Model::zcm1), start);
  move.output(light(6, 9), start);
  EXPECT_FALSE(move.output(bytes({1, 2, 3}), start + 4s));
  EXPECT_EQ(move.shows(start + 4s), orange);
  EXPECT_EQ(move.shows(start + 5s), Outputs{});
}

TEST(OutputReport, WeakMotorValuesCanBeLost) {
  auto options = quiet(Model::zcm1);
  options.weakest_rumble = 64;
  Move move(options, start);
  move.output(bytes({6, 0, 0, 0, 0, 0, 63, 0, 0}), start);
  EXPECT_EQ(move.shows(start).rumble, 0);
  move.output(bytes({6, 0, 0, 0, 0, 0, 64, 0, 0}), start);
  EXPECT_EQ(move.shows(start).rumble, 64);
}

const Bytes frequency_188_khz = {0x03, 0x41, 0x01, 0, 0, 0, 0};

TEST(LightFrequency, SetWhileLitLeavesTheLightDarkUntilReconnect) {
  Move move(quiet(Model::zcm1), start);
  move.output(light(6, 9), start);
  EXPECT_TRUE(move.set_feature(bytes(frequency_188_khz), start + 1s));
  EXPECT_EQ(move.shows(start + 1s), (Outputs{{}, 90}));
  move.output(light(6, 9), start + 2s);
  EXPECT_EQ(move.shows(start + 2s).led, Rgb{});
  move.reconnect();
  move.output(light(6, 9), start + 3s);
  EXPECT_EQ(move.shows(start + 3s), orange);
}

TEST(LightFrequency, SetWhileDarkDoesNoHarm) {
  Move move(quiet(Model::zcm1), start);
  EXPECT_TRUE(move.set_feature(bytes(frequency_188_khz), start));
  move.output(light(6, 9), start + 1s);
  EXPECT_EQ(move.shows(start + 1s), orange);
  EXPECT_TRUE(move.set_feature(bytes(frequency_188_khz), start + 7s));  // blanked by then
  move.output(light(6, 9), start + 8s);
  EXPECT_EQ(move.shows(start + 8s), orange);
}

// ---- the HID descriptor

struct Declared {
  int input_bits = 0, depth = 0, inputs_outside_report_1 = 0;
  std::vector<std::pair<unsigned, unsigned>> applications;  ///< usage page and usage
  std::vector<unsigned> features;
};
/// Reads the short items of a descriptor (HID 1.11, 6.2.2).
Declared parse_descriptor(const Bytes& d) {
  Declared result;
  unsigned id = 0, size = 0, count = 0, page = 0, usage = 0;
  for (std::size_t i = 0; i < d.size();) {
    const unsigned prefix = d[i];
    const std::size_t length = (prefix & 3) == 3 ? 4 : prefix & 3;
    unsigned value = 0;
    for (std::size_t b = 0; b < length; ++b)
      value |= static_cast<unsigned>(d.at(i + 1 + b)) << (8 * b);
    i += 1 + length;
    switch (prefix & 0xFC) {
      case 0x04:
        page = value;
        break;
      case 0x08:
        usage = value;
        break;
      case 0x74:
        size = value;
        break;
      case 0x84:
        id = value;
        break;
      case 0x94:
        count = value;
        break;
      case 0x80:
        if (id == 1)
          result.input_bits += static_cast<int>(size * count);
        else
          ++result.inputs_outside_report_1;
        break;
      case 0xB0:
        result.features.push_back(id);
        break;
      case 0xA0:
        ++result.depth;
        if (value == 1) result.applications.emplace_back(page, usage);
        break;
      case 0xC0:
        --result.depth;
        break;
      default:
        break;
    }
  }
  return result;
}

TEST(HidDescriptor, DeclaresWhatIsSentUnlessToldOtherwise) {
  for (const auto shape : {Descriptor::joystick, Descriptor::vendor})
    for (const std::size_t declared : {0U, 43U, 48U, 9U, 100U})
      for (const Model model : {Model::zcm1, Model::zcm2}) {
        auto options = quiet(model);
        options.descriptor = shape;
        options.declared_payload = declared;
        const auto parsed = parse_descriptor(plain(Move(options, start).hid_descriptor()));
        const std::size_t usual = model == Model::zcm1 ? 48 : 43;
        EXPECT_EQ(parsed.input_bits, 8 * static_cast<int>(declared == 0 ? usual : declared));
        EXPECT_EQ(parsed.depth, 0);
        EXPECT_EQ(parsed.inputs_outside_report_1, 0);
      }
}

TEST(HidDescriptor, IsAJoystickOrVendorBytesOnly) {
  auto options = quiet(Model::zcm2);
  auto parsed = parse_descriptor(plain(Move(options, start).hid_descriptor()));
  EXPECT_THAT(parsed.applications, ElementsAre(std::pair(0x01U, 0x04U)));
  options.descriptor = Descriptor::vendor;
  parsed = parse_descriptor(plain(Move(options, start).hid_descriptor()));
  EXPECT_THAT(parsed.applications, ElementsAre(std::pair(0xFF00U, 0x01U)));
}

TEST(HidDescriptor, OfZcm1IsTheOneThatPairingToolsStore) {
  const auto descriptor = plain(Move(quiet(Model::zcm1), start).hid_descriptor());
  EXPECT_EQ(descriptor.size(), 148U);
  const auto zcm2 = plain(Move(quiet(Model::zcm2), start).hid_descriptor());
  ASSERT_EQ(zcm2.size(), 148U);
  int differing = 0;
  for (std::size_t i = 0; i < 148; ++i) differing += descriptor[i] != zcm2[i];
  EXPECT_EQ(differing, 1);  // one byte of that record makes it fit a ZCM2
}

}  // namespace
}  // namespace psmove::emulator
