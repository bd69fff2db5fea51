#include "drivers/link.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <exception>
#include <optional>
#include <spdlog/spdlog.h>
#include <utility>

#include "drivers/bell.hpp"
#include "drivers/errands.hpp"
#include "drivers/roster.hpp"
#include "drivers/usb_pairing.hpp"

namespace psmove::drivers {
namespace {

using namespace boost::asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

/// A link that says nothing for this long is shown as away: hidraw read() may not fail for a while
/// after a controller has walked off, and a uhid node can outlive its link.
constexpr auto silence = 1s;
/// A link that just came up gets longer before anyone worries.
constexpr auto first_report_patience = 2s;
/// What a power cut may cost of what the filter learned.
constexpr auto save_interval = 10min;
/// Reports taken per wake-up before others get their turn; hidraw keeps at most 64.
constexpr int reports_per_turn = 64;
/// Payload of a ZCM2's input report 1 as it arrives; newer kernels drop a report that is shorter
/// than its descriptor declares, before hidraw sees it.
constexpr std::size_t zcm2_payload = 43;

constexpr std::uint8_t calibration_report = 0x10;
constexpr std::uint8_t power_report = 0xF7;
constexpr std::uint8_t firmware_report = 0xF9;
constexpr std::uint8_t charging_code = 0xEE;
/// How often a controller on the cable alone is asked for its battery.
constexpr auto charging_interval = 10s;

/// Registers a link with its controller for as long as it is in scope.
class LinkGuard {
 public:
  LinkGuard(Controller& controller, HidChannel& channel)
      : controller_(controller),
        channel_(channel),
        link_{.transport = channel.info().transport, .adapter = channel.info().adapter} {
    controller_.add_channel(&channel_);
    controller_.add_output_bell(&bell_);
    controller_.link_up(link_, channel.info().source);
  }
  LinkGuard(const LinkGuard&) = delete;
  LinkGuard& operator=(const LinkGuard&) = delete;
  ~LinkGuard() {
    controller_.remove_output_bell(&bell_);
    controller_.remove_channel(&channel_);
    controller_.link_down(link_);
  }
  [[nodiscard]] Bell& bell() { return bell_; }

 private:
  Controller& controller_;
  HidChannel& channel_;
  LinkInfo link_;
  Bell bell_;
};

/// The controller's address: the node knows it on Bluetooth; on the cable the controller is asked.
Awaitable<std::optional<Address>> find_address(Roster& roster, const ControllerModel& model,
                                               HidChannel& channel) {
  if (channel.info().address) co_return channel.info().address;
  const auto address = co_await read_own_address(model.addresses, channel);
  if (!address) {
    spdlog::warn("cannot ask a controller for its address path={} error=\"{}\"",
                 channel.info().path, address.error().message());
    roster.report_trouble(channel.info().path,
                          {.code = "cable_failed", .sentence = cable_advice(address.error())});
    co_return std::nullopt;
  }
  co_return *address;
}

/// Reads the factory calibration. Blocks come in any order and may repeat, so twice as many reads
/// as blocks are allowed; the first failed read ends it.
Awaitable<void> read_calibration(Roster& roster, Controller& controller, HidChannel& channel) {
  CalibrationAssembler assembler(controller.model().calibration_blocks);
  for (std::size_t i = 0; i < 2 * controller.model().calibration_blocks; ++i) {
    const auto block = co_await channel.get_feature(calibration_report, 49);
    if (!block) {
      spdlog::warn(
          "cannot read the calibration; nominal scales are used controller={} error=\"{}\"",
          to_string(controller.address()), block.error().message());
      co_return;
    }
    const auto complete = assembler.add(*block);
    if (!complete || !*complete) continue;
    controller.set_calibration(assembler.blob());
    if (controller.has_factory_calibration()) {
      roster.changed();
      co_return;
    }
    break;
  }
  spdlog::warn("the calibration makes no sense; nominal scales are used controller={}",
               to_string(controller.address()));
}

/// Has a controller speak that keeps silent on Bluetooth until it is told to.
Awaitable<void> wake_up(const ControllerModel& model, HidChannel& channel) {
  if (model.wake_up.empty() || channel.info().transport != Transport::bluetooth) co_return;
  std::vector<std::byte> report(model.wake_up.begin(), model.wake_up.end());
  const auto woken = co_await channel.set_feature(std::move(report));
  if (!woken)  // the kernel may have woken it already
    spdlog::info("a controller could not be woken path={} error=\"{}\"", channel.info().path,
                 woken.error().message());
}

Awaitable<void> read_firmware(Roster& roster, Controller& controller, HidChannel& channel) {
  if (!controller.model().answers_diagnostics) co_return;
  const auto report = co_await channel.get_feature(firmware_report, 20);
  if (!report) co_return;
  const auto firmware = parse_firmware(*report);
  if (!firmware) co_return;
  controller.set_firmware(*firmware);
  roster.changed();
}

class BurstGuard {
 public:
  explicit BurstGuard(Controller& controller) : controller_(controller) {
    controller_.begin_burst();
  }
  ~BurstGuard() { controller_.end_burst(); }
  BurstGuard(const BurstGuard&) = delete;
  BurstGuard& operator=(const BurstGuard&) = delete;

 private:
  Controller& controller_;
};

/// Takes what is ready, up to `reports_per_turn`.
/// @return whether the link still stands
bool take_reports(Controller& controller, HidChannel& channel) {
  const BurstGuard burst(controller);
  std::array<std::byte, 256> buffer;
  for (int i = 0; i < reports_per_turn; ++i) {
    const auto length = channel.try_read(buffer);
    if (!length) return length.error() == boost::asio::error::would_block;
    const auto report = controller.model().parse_input({buffer.data(), *length});
    if (report) {
      controller.on_report(*report, SteadyClock::now());
    } else {
      controller.count_rejected();
    }
  }
  return true;
}

/// Takes reports until the link ends.
Awaitable<void> read_loop(Controller& controller, HidChannel& channel) {
  for (;;) {
    const auto ready = co_await channel.wait_readable();
    if (!ready || !take_reports(controller, channel)) co_return;
  }
}

/// Writes what is wanted when it changes, and again before the controller would go dark.
Awaitable<void> output_loop(Controller& controller, HidChannel& channel, Bell& bell) {
  const ControllerModel& model = controller.model();
  const Transport transport = channel.info().transport;
  if (!model.capabilities.light && !model.capabilities.rumble)
    for (;;) co_await bell.wait();
  Outputs written;  // a controller that just connected is dark
  std::optional<SteadyTime> written_at;
  for (;;) {
    const auto now = SteadyClock::now();
    const Outputs wanted = controller.wanted_outputs(now);
    SteadyTime due = SteadyTime::max();
    if (wanted != written) {
      due = written_at ? *written_at + model.output_spacing : now;
    } else if (!wanted.is_dark() && written_at) {
      due = *written_at + model.output_refresh;
    } else if (!written_at) {
      controller.outputs_written(wanted, now);
      written_at = now - model.output_spacing;
    }
    if (!controller.sends_outputs_over(transport)) due = SteadyTime::max();
    if (due <= now) {
      std::array<std::byte, 49> report;
      const auto length = model.encode_output(wanted, report);
      const auto sent = co_await channel.write({report.data(), length});
      if (!sent) {
        spdlog::info("a light could not be written controller={} error=\"{}\"",
                     to_string(controller.address()), sent.error().message());
        co_return;
      }
      written = wanted;
      written_at = SteadyClock::now();
      controller.outputs_written(wanted, *written_at);
      continue;
    }
    co_await bell.wait_until(std::min(due, controller.next_output_change(now).value_or(due)));
  }
}

/// Whether the kernel is told to expect more than this controller sends.
bool is_declared_too_long(const Controller& controller, const ChannelInfo& info) {
  return controller.model().name == "zcm2" && info.declared_input > zcm2_payload;
}

std::string why_silent(const Controller& controller, const ChannelInfo& info, bool ever_spoke) {
  if (ever_spoke) return "No report for a second: out of range, switched off, or asleep.";
  if (is_declared_too_long(controller, info))
    return "Connected but mute: it was paired by another tool, and this kernel drops its reports. "
           "psmovectl pair " +
           std::to_string(controller.number()) + " mends that.";
  return "Connected, but no report has come yet: press the PS button.";
}

/// Shows a link that has gone quiet as away, until it speaks again.
Awaitable<void> watch_silence(Controller& controller, const ChannelInfo& info) {
  Bell alarm;
  for (;;) {
    const auto now = SteadyClock::now();
    const InputStatus input = controller.input();
    if (input == InputStatus::silent || input == InputStatus::no_input_over_usb) {
      co_await alarm.wait_until(now + silence);
      continue;
    }
    const bool ever_spoke = input == InputStatus::streaming;
    const auto limit =
        controller.last_arrival() + (ever_spoke ? SteadyClock::duration(silence)
                                                : SteadyClock::duration(first_report_patience));
    if (now >= limit) {
      controller.set_mute(!ever_spoke && is_declared_too_long(controller, info));
      controller.set_input(InputStatus::silent, why_silent(controller, info, ever_spoke));
      spdlog::warn("controller is silent controller={} path={} hint=\"{}\"",
                   to_string(controller.address()), info.path, controller.hint());
      continue;
    }
    co_await alarm.wait_until(limit);
  }
}

/// Has what the filter learned saved now and then, for the day that nobody says goodbye.
Awaitable<void> save_learned(Roster& roster) {
  Bell alarm;
  for (;;) {
    co_await alarm.wait_until(SteadyClock::now() + save_interval);
    roster.changed();
  }
}

/// Shows a controller as one on the cable, for as long as it is in scope.
class CableGuard {
 public:
  CableGuard(Controller& controller, CableState state) : controller_(controller) {
    controller_.set_cable_bell(&bell_);
    controller_.set_cable(std::move(state));
  }
  ~CableGuard() {
    controller_.set_cable_bell(nullptr);
    controller_.set_cable(std::nullopt);
  }
  CableGuard(const CableGuard&) = delete;
  CableGuard& operator=(const CableGuard&) = delete;
  [[nodiscard]] Bell& bell() { return bell_; }

 private:
  Controller& controller_;
  Bell bell_;
};

/// Writes host addresses into a controller on the cable, as they are asked for.
Awaitable<void> serve_cable(Controller& controller, HidChannel& channel) {
  const AddressReports& reports = controller.model().addresses;
  auto stored = co_await read_host(reports, channel);
  CableGuard guard(controller, std::move(stored));
  for (;;) {
    const auto wanted = controller.take_wanted_host();
    if (!wanted) {
      co_await guard.bell().wait();
      continue;
    }
    auto state = co_await write_host(reports, channel, *wanted);
    spdlog::info("host address controller={} host={} {}", to_string(controller.address()),
                 to_string(*wanted), state.trouble.empty() ? "written" : state.trouble);
    controller.set_cable(std::move(state));
  }
}

/// Shows how a controller charges that sends no reports over the cable. It says so itself where it
/// answers feature report 0xF7, which is known of Bluetooth alone; otherwise it is taken to charge,
/// as a port that it answers through has power.
Awaitable<void> watch_charging(Controller& controller, HidChannel& channel) {
  Bell alarm;
  bool answers = true;
  for (;;) {
    if (!controller.is_on_bluetooth()) {  // its reports say it better
      std::uint8_t code = charging_code;
      if (answers) {
        const auto report = co_await channel.get_feature(power_report, 16);
        const auto power = report ? parse_power(*report) : report.error();
        answers = power.has_value();
        if (answers) code = power->battery_code;
      }
      if (!controller.is_on_bluetooth()) controller.set_battery(code);
    }
    co_await alarm.wait_until(SteadyClock::now() + charging_interval);
  }
}

/// What goes on beside input and output; never ends by itself.
Awaitable<void> watch(Roster& roster, Controller& controller, HidChannel& channel) {
  co_await read_firmware(roster, controller, channel);
  const bool is_cabled = channel.info().transport == Transport::usb;
  const bool has_input = !is_cabled || controller.model().capabilities.input_over_usb;
  if (has_input && is_cabled)
    co_await (watch_silence(controller, channel.info()) || save_learned(roster) ||
              serve_cable(controller, channel));
  else if (has_input)
    co_await (watch_silence(controller, channel.info()) || save_learned(roster));
  else
    co_await (serve_cable(controller, channel) || watch_charging(controller, channel));
}

Awaitable<void> serve(Roster& roster, HidChannel& channel, Simulation* simulation) {
  const ChannelInfo& info = channel.info();
  const ControllerModel* model = find_model(info.vendor, info.product);
  if (model == nullptr) co_return;
  const auto address = co_await find_address(roster, *model, channel);
  if (!address) co_return;
  Controller& controller = roster.get_or_add(*address, *model, info.source);
  controller.attach(simulation);
  LinkGuard guard(controller, channel);
  controller.set_mute(false);
  spdlog::info("controller attached controller={} number={} model={} path={}", to_string(*address),
               controller.number(), model->name, info.path);
  co_await wake_up(*model, channel);
  if (!controller.has_factory_calibration() && model->calibration_blocks > 0)
    co_await read_calibration(roster, controller, channel);
  co_await (read_loop(controller, channel) || output_loop(controller, channel, guard.bell()) ||
            watch(roster, controller, channel) || run_errands(controller, channel));
  spdlog::info("controller detached controller={} path={}", to_string(*address), info.path);
  roster.changed();
}

}  // namespace

Awaitable<void> serve_link(Roster& roster, std::unique_ptr<HidChannel> channel,
                           Simulation* simulation) {
  try {
    co_await serve(roster, *channel, simulation);
  } catch (const std::exception& problem) {
    spdlog::error("a link ended by an error path={} error=\"{}\"", channel->info().path,
                  problem.what());
  }
}

}  // namespace psmove::drivers
