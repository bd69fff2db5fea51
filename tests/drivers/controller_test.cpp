// A controller fed with the reports of an emulated one: what goes in comes out, in order, in time.

#include "drivers/controller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/roster.hpp"
#include "emulator/device_list.hpp"
#include "emulator/motion.hpp"
#include "emulator/move.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

/// Writes down everything it is told.
class Notebook final : public Listener, public SampleListener {
 public:
  void on_samples(const Controller&, std::span<const Sample> some, std::int64_t) override {
    ++reports;
    samples.insert(samples.end(), some.begin(), some.end());
  }
  void on_button(const Controller&, Button button, bool pressed, std::int64_t) override {
    edges.push_back(std::string(to_string(button)) + (pressed ? "+" : "-"));
  }
  void on_trigger(const Controller&, double fraction, std::int64_t) override {
    triggers.push_back(fraction);
  }
  void on_battery(const Controller& controller) override {
    batteries.push_back(controller.state().battery.percent.value_or(-1));
  }
  void on_presence(const Controller&, Presence presence) override { presences.push_back(presence); }
  void on_outputs(const Controller&) override { ++outputs; }

  int reports = 0, outputs = 0;
  std::vector<Sample> samples;
  std::vector<std::string> edges;
  std::vector<double> triggers;
  std::vector<int> batteries;
  std::vector<Presence> presences;
};

class ControllerTest : public ::testing::TestWithParam<const char*> {
 protected:
  ControllerTest()
      : spec_(emulator::parse_device_list(GetParam()).devices.at(0)),
        move_(emulator::make_move(spec_, now_)),
        controller_(
            roster_.get_or_add(spec_.options.address, *find_model(GetParam()), Source::simulated)) {
    CalibrationAssembler assembler(controller_.model().calibration_blocks);
    for (bool complete = false; !complete;)
      complete = assembler.add(*move_.get_feature(0x10)).value();
    controller_.set_calibration(assembler.blob());
    roster_.add_listener(&notebook_);
    roster_.add_sample_listener(&notebook_);
    controller_.link_up({}, Source::simulated);
  }

  void run(int reports) {
    for (int i = 0; i < reports; ++i) {
      now_ += std::chrono::duration_cast<SteadyClock::duration>(move_.report_interval());
      std::array<std::byte, 64> report;
      const auto length = move_.input_report(report, now_);
      if (length == 0) continue;
      auto parsed = controller_.model().parse_input({report.data(), length});
      ASSERT_TRUE(parsed);
      for (auto& sample : parsed->samples)
        if (sample.mag) *sample.mag = *sample.mag + iron_;
      controller_.on_report(*parsed, now_);
    }
  }
  [[nodiscard]] std::size_t per_report() const {
    return static_cast<std::size_t>(controller_.model().capabilities.samples_per_report);
  }

  SteadyTime now_ = SteadyClock::now() - 60s;
  emulator::DeviceSpec spec_;
  emulator::Move move_;
  UnixClock clock_;
  Roster roster_{clock_};
  Controller& controller_;
  Notebook notebook_;
  Vec3<Counts> iron_{};  ///< what the battery adds to each magnetometer reading
};

TEST_P(ControllerTest, EverySampleIsNumberedAndTimedInOrder) {
  run(500);
  ASSERT_EQ(notebook_.samples.size(), 500 * per_report());
  for (std::size_t i = 1; i < notebook_.samples.size(); ++i) {
    EXPECT_EQ(notebook_.samples[i].sequence, notebook_.samples[i - 1].sequence + 1);
    EXPECT_GT(notebook_.samples[i].time_us, notebook_.samples[i - 1].time_us);
  }
}

TEST_P(ControllerTest, AtRestItReadsGravityUpAndLiesFlat) {
  run(700);
  const Sample& last = notebook_.samples.back();
  EXPECT_NEAR(last.accel.z, standard_gravity,
              0.15);  // five sigma of the emulated noise, and rounding
  EXPECT_NEAR(last.gyro.x, 0, 0.03);
  // Sphere to north, buttons up, is the identity; 3 degrees bears a field noise of 0.3 uT in 20.
  EXPECT_LT(degrees_from_radians(angle_between(last.orientation, Quaternion{})), 3);
  EXPECT_LT(norm(last.linear_accel), 0.3);
}

TEST_P(ControllerTest, LostReportsLeaveAGapInTheSequence) {
  run(50);
  const auto before = notebook_.samples.back().sequence;
  move_.set_loss(1);
  run(3);
  move_.set_loss(0);
  run(1);
  EXPECT_EQ(notebook_.samples.back().sequence, before + 4 * per_report());
  EXPECT_EQ(controller_.state().radio.lost, 3U);
}

TEST_P(ControllerTest, ATapWithinOneReportIsAPressAndARelease) {
  run(2);
  move_.tap({Button::move});
  run(2);
  EXPECT_THAT(notebook_.edges, ::testing::ElementsAre("move+", "move-"));
}

TEST_P(ControllerTest, HeldButtonsAreReleasedWhenItLeaves) {
  move_.hold({Button::cross, Button::ps});
  run(2);
  controller_.link_down({});
  EXPECT_THAT(notebook_.edges, ::testing::ElementsAre("cross+", "ps+", "cross-", "ps-"));
}

TEST_P(ControllerTest, TheTriggerIsToldOnceForEachChange) {
  run(3);
  EXPECT_TRUE(notebook_.triggers.empty());
  move_.set_trigger(1);
  run(3);
  move_.set_trigger(0);
  run(3);
  EXPECT_THAT(notebook_.triggers, ::testing::ElementsAre(1.0, 0.0));
}

TEST_P(ControllerTest, TheBatteryIsToldWhenItChanges) {
  move_.set_battery_code(5);
  run(2);
  move_.set_battery_code(1);
  run(2);
  ASSERT_EQ(notebook_.batteries.size(), 2U);
  EXPECT_EQ(notebook_.batteries[0], 100);
  EXPECT_EQ(notebook_.batteries[1], 20);
}

TEST_P(ControllerTest, ItArrivesStreamsAndLeavesOnce) {
  run(3);
  controller_.link_down({});
  EXPECT_THAT(notebook_.presences,
              ::testing::ElementsAre(Presence::arrived, Presence::changed, Presence::left));
  EXPECT_FALSE(controller_.is_connected());
  ASSERT_TRUE(controller_.state().newest.has_value());
}

TEST_P(ControllerTest, SilenceIsLeavingAndAReportIsComingBack) {
  run(3);
  controller_.set_input(InputStatus::silent, "out of range");
  EXPECT_EQ(notebook_.presences.back(), Presence::left);
  run(1);
  EXPECT_EQ(notebook_.presences.back(), Presence::arrived);
  EXPECT_EQ(notebook_.samples.back().sequence, per_report() - 1);
}

TEST_P(ControllerTest, TheAverageIsOverTheWindow) {
  run(400);
  const auto mean = controller_.average(500ms);
  ASSERT_TRUE(mean);
  EXPECT_NEAR(mean->accel.z, standard_gravity, 0.02);
  EXPECT_EQ(mean->sequence, notebook_.samples.back().sequence);
}

TEST_P(ControllerTest, WhatAStreamTaughtTheFilterServesTheNext) {
  run(700);
  const auto before = controller_.calibration_report().filter->gyro_bias;
  controller_.link_down({});
  EXPECT_FALSE(controller_.calibration_report().filter) << "nothing is known of one that is away";
  ASSERT_TRUE(controller_.remembered().learned);
  controller_.link_up({}, Source::simulated);
  run(2);
  const auto after = controller_.calibration_report().filter->gyro_bias;
  EXPECT_LT(norm(after - before), 0.1 * norm(before) + 1e-5);
}

TEST_P(ControllerTest, ARecordingTeachesNobody) {
  controller_.link_down({});
  controller_.link_up({}, Source::recording);
  run(700);
  controller_.link_down({});
  EXPECT_FALSE(controller_.remembered().learned);
}

TEST_P(ControllerTest, AnAbsentMagnetometerIsNullNotZero) {
  move_.set_magnetometer(emulator::Magnetometer::absent);
  run(10);
  EXPECT_FALSE(notebook_.samples.back().mag.has_value());
  EXPECT_EQ(controller_.state().calibration.magnetometer, MagnetometerStatus::none);
}

INSTANTIATE_TEST_SUITE_P(Models, ControllerTest, ::testing::Values("zcm1", "zcm2"),
                         [](const auto& model) { return std::string(model.param); });

/// A ZCM1 that is turned about in all directions, with a hard iron of 31 uT on it.
class GuidedFitTest : public ControllerTest {
 protected:
  GuidedFitTest() {
    move_.set_motion(emulator::make_motion("tumble").motion, now_);
    iron_ = {60, -30, 20};
    run(10);
  }
  static constexpr int a_second = 88;
};

TEST_P(GuidedFitTest, TakesTheIronOffAndKeepsWhatItKnewOfTheRest) {
  EXPECT_EQ(controller_.state().calibration.magnetometer, MagnetometerStatus::raw);
  ASSERT_EQ(controller_.start_magnetometer_fit(), Controller::FitOutcome::done);
  run(30 * a_second);
  const auto under_way = controller_.calibration_report();
  ASSERT_TRUE(under_way.guided_fit && under_way.filter);
  EXPECT_GT(under_way.guided_fit->coverage, 0.9);
  EXPECT_TRUE(under_way.guided_fit->can_finish);
  ASSERT_EQ(controller_.finish_magnetometer_fit(), Controller::FitOutcome::done);
  EXPECT_EQ(controller_.state().calibration.magnetometer, MagnetometerStatus::fitted);
  const auto after = controller_.calibration_report();
  EXPECT_FALSE(after.guided_fit);
  EXPECT_NEAR(after.magnetometer->field_ut, norm(emulator::earth_field), 0.5);
  // The tilt that was there before the fit is there after it; a filter begun anew would have 10.
  EXPECT_LT(after.filter->inclination_uncertainty_deg,
            1.5 * under_way.filter->inclination_uncertainty_deg);
  notebook_.samples.clear();
  run(10 * a_second);
  for (const Sample& sample : notebook_.samples)
    ASSERT_NEAR(norm(*sample.mag), norm(emulator::earth_field), 2.5);  // five sigma of its noise
}

TEST_P(GuidedFitTest, TellsTooFewDirectionsFromReadingsThatDoNotFit) {
  EXPECT_EQ(controller_.finish_magnetometer_fit(), Controller::FitOutcome::not_running);
  EXPECT_EQ(controller_.cancel_magnetometer_fit(), Controller::FitOutcome::not_running);
  controller_.start_magnetometer_fit();
  run(a_second / 2);
  EXPECT_EQ(controller_.finish_magnetometer_fit(), Controller::FitOutcome::incomplete);
  run(15 * a_second);
  iron_ = {-60, 30, 20};
  run(15 * a_second);
  EXPECT_EQ(controller_.finish_magnetometer_fit(), Controller::FitOutcome::uneven);
  EXPECT_EQ(controller_.state().calibration.magnetometer, MagnetometerStatus::raw);
  EXPECT_EQ(controller_.cancel_magnetometer_fit(), Controller::FitOutcome::done);
  EXPECT_FALSE(controller_.calibration_report().guided_fit);
}

TEST_P(GuidedFitTest, IsRememberedAndForgottenAtWill) {
  controller_.start_magnetometer_fit();
  run(30 * a_second);
  ASSERT_EQ(controller_.finish_magnetometer_fit(), Controller::FitOutcome::done);
  const auto remembered = controller_.remembered();
  ASSERT_TRUE(remembered.magnetometer && remembered.learned);
  Roster next(clock_);
  next.restore({remembered});
  const auto report = next.find(remembered.address)->calibration_report();
  EXPECT_EQ(report.magnetometer, remembered.magnetometer);
  controller_.forget_magnetometer_fit();
  EXPECT_FALSE(controller_.remembered().magnetometer);
  EXPECT_EQ(controller_.state().calibration.magnetometer, MagnetometerStatus::raw);
}

INSTANTIATE_TEST_SUITE_P(Zcm1, GuidedFitTest, ::testing::Values("zcm1"));

TEST(ControllerOnTheCable, SaysThatNoReadingsComeOverUsb) {
  UnixClock clock;
  Roster roster(clock);
  Controller& controller =
      roster.get_or_add(Address{{1, 2, 3, 4, 5, 6}}, *find_model("zcm1"), Source::usb);
  const LinkInfo cable{.transport = Transport::usb, .adapter = {}};
  const LinkInfo radio{.transport = Transport::bluetooth, .adapter = {}};
  controller.link_up(cable, Source::usb);
  EXPECT_EQ(controller.input(), InputStatus::no_input_over_usb);
  EXPECT_TRUE(controller.is_connected());
  EXPECT_FALSE(controller.hint().empty());
  EXPECT_TRUE(controller.sends_outputs_over(Transport::usb));
  controller.link_up(radio, Source::hidraw);
  EXPECT_EQ(controller.input(), InputStatus::waiting);
  EXPECT_EQ(controller.state().links.size(), 2U);
  EXPECT_FALSE(controller.sends_outputs_over(Transport::usb));
  controller.link_down(radio);
  EXPECT_EQ(controller.input(), InputStatus::no_input_over_usb);
  controller.link_down(cable);
  EXPECT_EQ(controller.input(), InputStatus::offline);
}

}  // namespace
}  // namespace psmove::drivers
