#include "drivers/errands.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>

#include "drivers/bell.hpp"
#include "drivers/controller.hpp"
#include "drivers/hid_channel.hpp"
#include "drivers/psmove/extension.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

/// A device that was just plugged in may not answer at once.
constexpr int identification_attempts = 3;
constexpr auto identification_pause = 300ms;
/// The wheel's motors stop by themselves "after a short period" (psmoveapi), which nobody has
/// measured in public.
constexpr auto wheel_refresh = 250ms;
/// How long the light is given to be written dark, and then to be dark on the far side of the
/// radio.
constexpr auto dark_patience = 2s;
constexpr auto dark_settling = 100ms;
/// More than the reports have: a ZCM2 may want larger buffers than it fills.
constexpr std::size_t feature_buffer = 32;

/// Has errands run by this link for as long as it is in scope; what is not done then has failed.
class ErrandGuard {
 public:
  explicit ErrandGuard(Controller& controller) : controller_(controller) {
    controller_.errands().bells.push_back(&bell_);
  }
  ErrandGuard(const ErrandGuard&) = delete;
  ErrandGuard& operator=(const ErrandGuard&) = delete;
  ~ErrandGuard() {
    std::erase(controller_.errands().bells, &bell_);
    controller_.abandon_errands();
  }
  [[nodiscard]] Bell& bell() { return bell_; }

 private:
  Controller& controller_;
  Bell bell_;
};

/// Keeps the light dark for as long as it is in scope, whatever anybody asks for.
class DarkGuard {
 public:
  explicit DarkGuard(Controller& controller) : controller_(controller) {
    controller_.hold_dark(true);
  }
  DarkGuard(const DarkGuard&) = delete;
  DarkGuard& operator=(const DarkGuard&) = delete;
  ~DarkGuard() { controller_.hold_dark(false); }

 private:
  Controller& controller_;
};

Awaitable<void> pause(SteadyClock::duration length) {
  Bell bell;
  co_await bell.wait_until(SteadyClock::now() + length);
}

Awaitable<Result<Extension>> ask_who_is_there(HidChannel& channel) {
  const auto asked = co_await channel.set_feature(encode_identification_request());
  if (!asked) co_return asked.error();
  const auto answer = co_await channel.get_feature(extension_report, extension_report_size);
  if (!answer) co_return answer.error();
  co_return parse_identification(*answer);
}

Awaitable<void> identify_extension(Controller& controller, HidChannel& channel) {
  if (controller.errands().is_port_known) co_return;
  controller.errands().is_port_known = true;
  Extension extension;
  for (int attempt = 0; attempt < identification_attempts; ++attempt) {
    const auto found = co_await ask_who_is_there(channel);
    if (!controller.errands().is_port_taken) co_return;  // pulled meanwhile
    if (found) {
      extension = *found;
      break;
    }
    co_await pause(identification_pause);
  }
  spdlog::info("extension device controller={} device={} id={:04x}",
               to_string(controller.address()), to_string(extension.device),
               extension.id.value_or(0));
  controller.set_extension(extension);
}

/// @return when it wants to run again
Awaitable<SteadyTime> drive_wheel(Controller& controller, HidChannel& channel) {
  Errands& errands = controller.errands();
  if (!controller.has_wheel()) co_return SteadyTime::max();
  const auto now = SteadyClock::now();
  const WheelRumble wanted = controller.wanted_wheel_rumble(now);
  const auto refresh = errands.wheel_written_at + wheel_refresh;
  const bool is_due = wanted != errands.wheel_written || (!wanted.is_still() && now >= refresh);
  if (is_due) {
    const auto written = co_await channel.set_feature(encode_wheel_rumble(wanted));
    // A wheel that does not take it is asked again with the next refresh.
    if (written) controller.wheel_rumble_written(wanted);
    errands.wheel_written_at = SteadyClock::now();
  }
  if (wanted.is_still() && errands.wheel_written.is_still()) co_return SteadyTime::max();
  const auto again = errands.wheel_written_at + wheel_refresh;
  const bool ends_before = errands.wheel_until > SteadyClock::now() && errands.wheel_until < again;
  co_return ends_before ? errands.wheel_until : again;
}

/// The frequency must not change while the light is on: it would stay dark until the next connect.
/// So it is made dark as every light is, and once more by a report that cannot have been overtaken.
Awaitable<error_code> change_led_pwm(Controller& controller, HidChannel& channel,
                                     std::uint32_t frequency_hz) {
  if (channel.info().transport != Transport::bluetooth)
    co_return error_code(boost::asio::error::operation_not_supported);
  const DarkGuard dark(controller);
  const auto deadline = SteadyClock::now() + dark_patience;
  while (!controller.is_written_dark()) {
    if (SteadyClock::now() >= deadline) co_return error_code(boost::asio::error::timed_out);
    co_await pause(10ms);
  }
  co_await pause(controller.model().output_spacing);
  std::array<std::byte, 49> report;
  const Outputs still_rumbling = controller.wanted_outputs(SteadyClock::now());
  const auto length = controller.model().encode_output(still_rumbling, report);
  const auto darkened = co_await channel.write({report.data(), length});
  if (!darkened) co_return darkened.error();
  co_await pause(dark_settling);
  const auto set = co_await channel.set_feature(encode_led_pwm(frequency_hz));
  if (!set) co_return set.error();
  co_return error_code();
}

Awaitable<void> run_led_pwm(Controller& controller, HidChannel& channel) {
  Errands& errands = controller.errands();
  if (!errands.led_pwm.is_wanted()) co_return;
  const unsigned number = errands.led_pwm.asked;
  const std::uint32_t frequency = errands.wanted_led_pwm;
  const auto error = co_await change_led_pwm(controller, channel, frequency);
  if (!error) errands.led_pwm_hz = frequency;
  controller.errand_done(errands.led_pwm, number, error);
}

Awaitable<void> run_diagnosis(Controller& controller, HidChannel& channel) {
  Errands& errands = controller.errands();
  if (!errands.diagnosis.is_wanted()) co_return;
  const unsigned number = errands.diagnosis.asked;
  Diagnostics found;
  const auto firmware = co_await channel.get_feature(0xF9, feature_buffer);
  if (firmware)
    if (const auto info = parse_firmware_info(*firmware)) found.firmware = *info;
  const auto power = co_await channel.get_feature(0xF7, feature_buffer);
  if (power)
    if (const auto info = parse_power(*power)) found.power = *info;
  const auto& addresses = controller.model().addresses;
  const auto host = co_await channel.get_feature(addresses.host, feature_buffer);
  if (host)
    if (const auto address = addresses.parse_host(*host)) found.host = *address;
  found.read_us = controller.clock().now_us();
  errands.diagnostics = found;
  errands.diagnosed_at = SteadyClock::now();
  controller.errand_done(
      errands.diagnosis, number,
      found.is_empty() ? error_code(boost::asio::error::timed_out) : error_code());
}

}  // namespace

Awaitable<void> run_errands(Controller& controller, HidChannel& channel) {
  ErrandGuard guard(controller);
  for (;;) {
    auto due = SteadyTime::max();
    if (controller.sends_outputs_over(channel.info().transport)) {
      co_await identify_extension(controller, channel);
      due = co_await drive_wheel(controller, channel);
      co_await run_led_pwm(controller, channel);
      co_await run_diagnosis(controller, channel);
    }
    co_await guard.bell().wait_until(due);
  }
}

}  // namespace psmove::drivers
