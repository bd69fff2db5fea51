// The life of a link over a channel whose operations can be made to fail, one after another.

#include "drivers/link.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <gtest/gtest.h>

#include "drivers/bell.hpp"
#include "drivers/roster.hpp"
#include "drivers/simulation.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

ChannelInfo zcm1_on_the_radio() {
  ChannelInfo info;
  info.vendor = 0x054C;
  info.product = 0x03D5;
  info.address = Address{{0, 6, 0xF7, 0, 0, 1}};
  return info;
}

/// Everything a test does to the device, and sees of it; outlives the channel.
struct Bench {
  emulator::Move move = emulator::make_move(
      emulator::parse_device_list("zcm1:address=00-06-f7-00-00-01").devices.at(0),
      SteadyClock::now());
  ChannelInfo info = zcm1_on_the_radio();
  std::deque<std::vector<std::byte>> reports;  ///< waiting to be read
  std::vector<std::vector<std::byte>> written;
  Bell bell;
  bool is_gone = false;
  bool forgets_features = false;  ///< takes them, and stays as it was
  int operations = 0;
  int fail_at = -1;  ///< the operation with this number fails, and so does everything after it

  /// Before it is plugged in.
  void put_on_the_cable() {
    auto spec = emulator::parse_device_list("zcm1:address=00-06-f7-00-00-01").devices.at(0);
    spec.options.on_cable = true;
    move = emulator::make_move(spec, SteadyClock::now());
    info.address.reset();
    info.transport = Transport::usb;
  }
  bool fails() {
    if (operations++ == fail_at) is_gone = true;
    return is_gone;
  }
  void send_report() {
    std::vector<std::byte> report(49);
    move.input_report(report, SteadyClock::now());
    send(std::move(report));
  }
  void send(std::vector<std::byte> report) {
    reports.push_back(std::move(report));
    bell.ring();
  }
  void unplug() {
    is_gone = true;
    bell.ring();
  }
};

class BenchChannel final : public HidChannel {
 public:
  explicit BenchChannel(Bench& bench) : bench_(bench) {}
  [[nodiscard]] const ChannelInfo& info() const override { return bench_.info; }
  Awaitable<Result<void>> wait_readable() override {
    if (bench_.fails()) co_return gone();
    while (bench_.reports.empty() && !bench_.is_gone) co_await bench_.bell.wait();
    if (bench_.is_gone) co_return gone();
    co_return Result<void>{};
  }
  Result<std::size_t> try_read(std::span<std::byte> report) override {
    if (bench_.fails()) return gone();
    if (bench_.reports.empty()) return error_code(boost::asio::error::would_block);
    const auto next = bench_.reports.front();
    bench_.reports.pop_front();
    std::copy(next.begin(), next.end(), report.begin());
    return next.size();
  }
  Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t id, std::size_t) override {
    if (bench_.fails()) co_return gone();
    auto report = bench_.move.get_feature(id);
    if (!report) co_return gone();
    co_return *report;
  }
  void close() override { bench_.unplug(); }

 private:
  Awaitable<Result<void>> send_output(std::span<const std::byte> report) override {
    if (bench_.fails()) co_return gone();
    bench_.written.emplace_back(report.begin(), report.end());
    bench_.move.output(report, SteadyClock::now());
    co_return Result<void>{};
  }
  Awaitable<Result<void>> send_feature(std::vector<std::byte> report) override {
    if (bench_.fails()) co_return gone();
    if (bench_.forgets_features) co_return Result<void>{};
    if (!bench_.move.set_feature(report, SteadyClock::now())) co_return gone();
    co_return Result<void>{};
  }
  static error_code gone() { return boost::asio::error::connection_reset; }
  Bench& bench_;
};

/// A Navigation controller at the other end.
struct NavigationBench {
  explicit NavigationBench(Transport transport)
      : device({.address = {{0, 6, 0xF7, 0, 0, 2}}, .host = {}}) {
    info.vendor = 0x054C;
    info.product = 0x042F;
    info.transport = transport;
    if (transport == Transport::bluetooth) info.address = device.address();
    device.set_on_cable(transport == Transport::usb);
  }
  [[nodiscard]] emulator::Link link() const {
    return info.transport == Transport::usb ? emulator::Link::cable : emulator::Link::radio;
  }
  emulator::Navigation device;
  ChannelInfo info;
  void leave() {
    is_gone = true;
    bell.ring();
  }
  Bell bell;
  bool has_report = false;
  bool is_gone = false;
};

class NavigationChannel final : public HidChannel {
 public:
  explicit NavigationChannel(NavigationBench& bench) : bench_(bench) {}
  [[nodiscard]] const ChannelInfo& info() const override { return bench_.info; }
  Awaitable<Result<void>> wait_readable() override {
    while (!bench_.has_report && !bench_.is_gone) co_await bench_.bell.wait();
    if (bench_.is_gone) co_return error_code(boost::asio::error::eof);
    co_return Result<void>{};
  }
  Result<std::size_t> try_read(std::span<std::byte> report) override {
    if (!bench_.has_report) return error_code(boost::asio::error::would_block);
    bench_.has_report = false;
    return bench_.device.input_report(report, SteadyClock::now());
  }
  Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t id, std::size_t) override {
    auto report = bench_.device.get_feature(id, bench_.link());
    if (!report) co_return error_code(boost::asio::error::broken_pipe);
    co_return *report;
  }
  void close() override {}

 private:
  Awaitable<Result<void>> send_output(std::span<const std::byte>) override {
    ADD_FAILURE() << "it has nothing to show";
    co_return Result<void>{};
  }
  Awaitable<Result<void>> send_feature(std::vector<std::byte> report) override {
    if (!bench_.device.set_feature(report, bench_.link(), SteadyClock::now()))
      co_return error_code(boost::asio::error::broken_pipe);
    co_return Result<void>{};
  }
  NavigationBench& bench_;
};

LedWish color(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  LedWish wish;
  wish.color = {red, green, blue};
  return wish;
}

RumbleWish strength(std::uint8_t value) {
  RumbleWish wish;
  wish.value = value;
  return wish;
}

class LinkTest : public ::testing::Test {
 protected:
  void plug_in() {
    boost::asio::co_spawn(io_, serve_link(roster_, std::make_unique<BenchChannel>(bench_)),
                          [this](const std::exception_ptr&) { has_ended_ = true; });
  }
  /// Runs what is ready, without waiting for timers.
  void poll() {
    io_.restart();
    while (io_.poll() > 0) {
    }
  }
  /// Lets time pass until `condition` holds.
  template <class Condition>
  bool run_until(Condition condition) {
    const auto limit = SteadyClock::now() + 20s;
    while (!condition() && SteadyClock::now() < limit) {
      io_.restart();
      io_.run_one_for(50ms);
    }
    return condition();
  }
  Controller& controller() { return *roster_.all().at(0); }

  UnixClock clock_;
  Roster roster_{clock_};
  boost::asio::io_context io_;
  Bench bench_;
  bool has_ended_ = false;
};

TEST_F(LinkTest, TheFactoryCalibrationAndFirmwareAreRead) {
  plug_in();
  poll();
  EXPECT_TRUE(controller().state().calibration.factory);
  EXPECT_EQ(controller().state().firmware, "2.20 rev 1829");
  EXPECT_EQ(controller().input(), InputStatus::waiting);
}

TEST_F(LinkTest, GarbageIsCountedAndTheControllerStays) {
  plug_in();
  bench_.send({std::byte{1}, std::byte{2}});
  bench_.send(std::vector<std::byte>(49, std::byte{0x55}));
  bench_.send_report();
  poll();
  EXPECT_EQ(controller().state().radio.rejected, 2U);
  EXPECT_EQ(controller().state().radio.reports, 1U);
  EXPECT_EQ(controller().input(), InputStatus::streaming);
}

TEST_F(LinkTest, AStormOfWishesCostsOneWrite) {
  plug_in();
  poll();
  for (int i = 0; i < 100; ++i)
    controller().set_led("test", color(static_cast<std::uint8_t>(i), 0, 0));
  poll();
  ASSERT_EQ(bench_.written.size(), 1U);
  EXPECT_EQ(bench_.written[0][0], std::byte{0x06});
  EXPECT_EQ(bench_.written[0][2], std::byte{99});
  EXPECT_EQ(controller().state().led.state, OutputState::applied);
}

TEST_F(LinkTest, AWishMadeWhileAwayShowsOnArrival) {
  roster_.get_or_add(*bench_.info.address, *find_model("zcm1"), Source::hidraw)
      .set_led("test", color(1, 2, 3));
  EXPECT_EQ(controller().state().led.state, OutputState::queued);
  plug_in();
  poll();
  ASSERT_EQ(bench_.written.size(), 1U);
  EXPECT_EQ(bench_.written[0][4], std::byte{3});
}

TEST_F(LinkTest, ALightIsRepeatedBeforeItGoesOut) {
  plug_in();
  poll();
  controller().set_led("test", color(255, 0, 0));
  const auto lit = SteadyClock::now();
  ASSERT_TRUE(run_until([&] { return bench_.written.size() >= 2; }));
  // The controller blanks itself after about 5 s; psmoveapi and others repeat every 4 s.
  EXPECT_LE(SteadyClock::now() - lit, 4500ms);
  EXPECT_EQ(bench_.written[0], bench_.written[1]);
}

TEST_F(LinkTest, ZeroRumbleStaysOff) {
  plug_in();
  poll();
  controller().set_rumble("test", strength(200));
  poll();
  controller().clear_rumble("test");
  ASSERT_TRUE(run_until([&] { return bench_.written.size() >= 2; }));
  EXPECT_EQ(bench_.written.back()[6], std::byte{0});
  const auto count = bench_.written.size();
  run_until([until = SteadyClock::now() + 4500ms] { return SteadyClock::now() > until; });
  EXPECT_EQ(bench_.written.size(), count);
}

TEST_F(LinkTest, SilenceIsNoticedAndSpeechToo) {
  plug_in();
  bench_.send_report();
  poll();
  ASSERT_TRUE(run_until([&] { return controller().input() == InputStatus::silent; }));
  EXPECT_FALSE(controller().is_connected());
  EXPECT_FALSE(controller().hint().empty());
  bench_.send_report();
  poll();
  EXPECT_EQ(controller().input(), InputStatus::streaming);
}

TEST_F(LinkTest, AMuteZcm2IsToldToPairAgain) {
  bench_.info.product = 0x0C5E;
  bench_.info.declared_input = 48;
  plug_in();
  poll();
  ASSERT_TRUE(run_until([&] { return controller().input() == InputStatus::silent; }));
  EXPECT_NE(controller().hint().find("psmovectl pair 1"), std::string::npos);
  EXPECT_TRUE(controller().is_mute());
}

const Address some_host{{0xB8, 0x27, 0xEB, 0x12, 0x34, 0x56}};

TEST_F(LinkTest, OnTheCableAHostIsWrittenAndReadBack) {
  bench_.put_on_the_cable();
  plug_in();
  poll();
  ASSERT_TRUE(controller().cable());
  EXPECT_FALSE(controller().cable()->is_writing);
  for (int i = 0; i < 2; ++i) {  // the second time as well, though it is there already
    ASSERT_TRUE(controller().ask_for_host(some_host));
    EXPECT_TRUE(controller().cable()->is_writing);
    poll();
    EXPECT_FALSE(controller().cable()->is_writing);
    EXPECT_EQ(controller().cable()->trouble, "");
    EXPECT_EQ(controller().cable()->host, some_host);
  }
  EXPECT_EQ(parse_addresses(*bench_.move.get_feature(0x04))->host, some_host);
  bench_.unplug();
  poll();
  EXPECT_FALSE(controller().cable());
  EXPECT_FALSE(controller().ask_for_host(some_host)) << "off the cable nobody can be told";
}

TEST_F(LinkTest, OnTheCableItChargesAndOffItNobodyKnows) {
  bench_.put_on_the_cable();
  plug_in();
  poll();
  EXPECT_EQ(controller().state().battery.state, BatteryState::charging);
  EXPECT_FALSE(controller().state().battery.percent);
  bench_.unplug();
  poll();
  EXPECT_EQ(controller().state().battery.state, BatteryState::unknown);
}

TEST_F(LinkTest, AHostThatDoesNotStickIsAFailureWithAdvice) {
  bench_.put_on_the_cable();
  bench_.forgets_features = true;
  plug_in();
  poll();
  controller().ask_for_host(some_host);
  poll();
  EXPECT_NE(controller().cable()->trouble.find("reset pinhole"), std::string::npos);
  bench_.forgets_features = false;
  controller().ask_for_host(some_host);
  poll();
  EXPECT_EQ(controller().cable()->trouble, "") << "it may be tried again";
}

TEST_F(LinkTest, ANavigationControllerIsWokenOnTheRadio) {
  NavigationBench bench(Transport::bluetooth);
  boost::asio::co_spawn(io_, serve_link(roster_, std::make_unique<NavigationChannel>(bench)),
                        boost::asio::detached);
  EXPECT_FALSE(bench.device.is_talkative(emulator::Link::radio));
  poll();
  EXPECT_TRUE(bench.device.is_talkative(emulator::Link::radio));
  bench.device.set_stick(1, 0);
  bench.device.set_pressure(emulator::NavigationButton::l1, 0.2);
  bench.has_report = true;
  bench.bell.ring();
  poll();
  EXPECT_EQ(controller().input(), InputStatus::streaming);
  EXPECT_FALSE(controller().state().newest->has_motion);
  EXPECT_EQ(controller().state().newest->stick, (Stick{1, 0}));
  EXPECT_EQ(controller().state().newest->pressures, (Pressures{.l1 = 0.2}));
  controller().set_led("test", color(1, 2, 3));
  poll();
  bench.leave();
  poll();
  EXPECT_FALSE(controller().is_connected());
}

TEST_F(LinkTest, ANavigationControllersHostIsWrittenOverTheCable) {
  NavigationBench bench(Transport::usb);
  boost::asio::co_spawn(io_, serve_link(roster_, std::make_unique<NavigationChannel>(bench)),
                        boost::asio::detached);
  poll();
  EXPECT_EQ(to_string(controller().address()), "00:06:f7:00:00:02") << "asked with 0xF2";
  ASSERT_TRUE(controller().cable());
  ASSERT_TRUE(controller().ask_for_host(some_host));
  poll();
  EXPECT_EQ(controller().cable()->trouble, "");
  EXPECT_EQ(bench.device.host(), some_host);
  bench.device.press_ps();
  EXPECT_TRUE(bench.device.is_talkative(emulator::Link::cable)) << "its address was read";
  bench.leave();
  poll();
}

TEST_F(LinkTest, OnTheRadioThereIsNothingToPair) {
  plug_in();
  poll();
  EXPECT_FALSE(controller().cable());
  EXPECT_FALSE(controller().ask_for_host(some_host));
}

TEST_F(LinkTest, OnTheCableTheAddressIsAskedFor) {
  bench_.put_on_the_cable();
  plug_in();
  poll();
  EXPECT_EQ(to_string(controller().address()), "00:06:f7:00:00:01");
  EXPECT_EQ(controller().input(), InputStatus::no_input_over_usb);
}

TEST_F(LinkTest, AReconnectKeepsNumberNameAndLight) {
  plug_in();
  poll();
  ASSERT_EQ(roster_.set_name(controller(), "left"), Roster::Rename::done);
  controller().set_led("test", color(9, 9, 9));
  poll();
  bench_.unplug();
  poll();
  ASSERT_TRUE(has_ended_);
  EXPECT_FALSE(controller().is_connected());
  bench_.is_gone = false;
  bench_.written.clear();
  plug_in();
  poll();
  EXPECT_EQ(roster_.all().size(), 1U);
  EXPECT_EQ(controller().name(), "left");
  ASSERT_EQ(bench_.written.size(), 1U);
  EXPECT_EQ(bench_.written[0][2], std::byte{9});
}

TEST_F(LinkTest, AnExtensionDeviceIsIdentifiedAndItsControlsAreInTheSamples) {
  plug_in();
  bench_.send_report();
  poll();
  EXPECT_FALSE(controller().state().extension);
  bench_.move.set_extension(ExtensionDevice::racing_wheel);
  bench_.move.set_extension_controls(RacingWheel{1, 0, 0, false, true});
  bench_.send_report();
  poll();
  EXPECT_EQ(controller().state().extension,
            (Extension{ExtensionDevice::racing_wheel, std::uint16_t{0x8101}}));
  bench_.send_report();
  poll();
  EXPECT_EQ(std::get<RacingWheel>(controller().state().newest->extension),
            (RacingWheel{1, 0, 0, false, true}));
  bench_.move.set_extension(std::nullopt);
  bench_.send_report();
  poll();
  EXPECT_FALSE(controller().state().extension);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(controller().state().newest->extension));
}

TEST_F(LinkTest, ADeviceThatDoesNotSayWhoItIsIsUnknown) {
  plug_in();
  poll();
  std::vector<std::byte> report(49);
  bench_.move.input_report(report, SteadyClock::now());
  report[4] |= std::byte{0x10};
  bench_.send(report);
  ASSERT_TRUE(run_until([&] { return controller().state().extension.has_value(); }));
  EXPECT_EQ(*controller().state().extension, Extension{});
}

TEST_F(LinkTest, AWheelIsKeptRumblingUntilItsTimeIsUp) {
  bench_.move.set_extension(ExtensionDevice::racing_wheel);
  plug_in();
  bench_.send_report();
  poll();
  ASSERT_TRUE(controller().has_wheel());
  const auto begun = SteadyClock::now();
  controller().set_wheel_rumble({.left = 100, .right = 50}, begun + 1500ms);
  poll();
  EXPECT_EQ(controller().wheel_status().state, OutputState::applied);
  // By itself it would have stopped after a second.
  run_until([&] { return SteadyClock::now() > begun + 1300ms; });
  EXPECT_EQ(bench_.move.wheel_shows(SteadyClock::now()), (WheelRumble{.left = 100, .right = 50}));
  ASSERT_TRUE(run_until([&] { return bench_.move.wheel_shows(SteadyClock::now()).is_still(); }));
  EXPECT_LT(SteadyClock::now(), begun + 2300ms) << "it was told to stop";
  EXPECT_EQ(controller().wheel_status().state, OutputState::off);
}

TEST_F(LinkTest, TheLightsFrequencyIsNeverSetWhileItIsLit) {
  plug_in();
  bench_.send_report();
  poll();
  controller().set_led("test", color(255, 0, 0));
  poll();
  const unsigned number = controller().ask_for_led_pwm(20'000);
  ASSERT_TRUE(run_until([&] { return controller().errands().led_pwm.done == number; }));
  EXPECT_FALSE(controller().errands().led_pwm.error);
  EXPECT_EQ(bench_.move.led_pwm_hz(), 20'000U);
  // A light that was on would be stuck dark now.
  ASSERT_TRUE(run_until([&] {
    return bench_.move.shows(SteadyClock::now()).led == Rgb{255, 0, 0};
  }));
  EXPECT_EQ(controller().errands().led_pwm_hz, 20'000U);
}

TEST_F(LinkTest, AWishForTheLightWaitsWhileItIsHeldDark) {
  plug_in();
  bench_.send_report();
  poll();
  controller().ask_for_led_pwm(20'000);
  poll();
  controller().set_led("test", color(0, 255, 0));
  poll();
  EXPECT_EQ(controller().state().led.state, OutputState::queued);
  EXPECT_EQ(bench_.move.led_pwm_hz(), 0U);
  ASSERT_TRUE(run_until([&] {
    return bench_.move.shows(SteadyClock::now()).led == Rgb{0, 255, 0};
  }));
  EXPECT_EQ(bench_.move.led_pwm_hz(), 20'000U);
  EXPECT_EQ(controller().state().led.state, OutputState::applied);
}

TEST_F(LinkTest, TheLightsFrequencyIsForgottenOnReconnect) {
  plug_in();
  bench_.send_report();
  poll();
  const unsigned number = controller().ask_for_led_pwm(20'000);
  ASSERT_TRUE(run_until([&] { return controller().errands().led_pwm.done == number; }));
  bench_.unplug();
  poll();
  bench_.is_gone = false;
  plug_in();
  poll();
  EXPECT_FALSE(controller().errands().led_pwm_hz);
}

TEST_F(LinkTest, OverTheCableTheLightsFrequencyIsNotSet) {
  bench_.put_on_the_cable();
  plug_in();
  poll();
  const unsigned number = controller().ask_for_led_pwm(20'000);
  poll();
  EXPECT_EQ(controller().errands().led_pwm.done, number);
  EXPECT_TRUE(controller().errands().led_pwm.error);
  EXPECT_EQ(bench_.move.led_pwm_hz(), 0U);
}

TEST_F(LinkTest, DiagnosticsAreWhatTheControllerSays) {
  plug_in();
  bench_.send_report();
  poll();
  const unsigned number = controller().ask_for_diagnostics();
  EXPECT_EQ(controller().ask_for_diagnostics(), number) << "one reading serves all who wait";
  poll();
  EXPECT_EQ(controller().errands().diagnosis.done, number);
  const auto& found = controller().errands().diagnostics;
  ASSERT_TRUE(found && found->firmware && found->power && found->host);
  EXPECT_EQ(found->firmware->revision, 1829);
  EXPECT_EQ(found->power->temperature_raw, 0x7D1);
}

TEST_F(LinkTest, WhoeverWaitsForAnErrandIsToldWhenTheLinkEnds) {
  plug_in();
  bench_.send_report();
  poll();
  const unsigned number = controller().ask_for_led_pwm(20'000);
  bench_.unplug();
  poll();
  EXPECT_EQ(controller().errands().led_pwm.done, number);
  EXPECT_TRUE(controller().errands().led_pwm.error);
}

TEST_F(LinkTest, WhicheverOperationFailsTheLinkEndsOrGoesOn) {
  bool failed_once = true;
  for (int n = 0; failed_once; ++n) {
    ASSERT_LT(n, 100);
    bench_.operations = 0;
    bench_.fail_at = n;
    bench_.is_gone = false;
    bench_.info.address.reset();
    has_ended_ = false;
    plug_in();
    poll();
    for (const auto& known : roster_.all()) known->set_led("test", color(1, 1, 1));
    bench_.send_report();
    poll();
    failed_once = bench_.is_gone;
    bench_.unplug();
    poll();
    EXPECT_TRUE(has_ended_) << "operation " << n;
    for (const auto& known : roster_.all()) {
      EXPECT_FALSE(known->is_connected()) << "operation " << n;
      known->clear_led("test");
    }
    bench_.reports.clear();
  }
}

}  // namespace
}  // namespace psmove::drivers
