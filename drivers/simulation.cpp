#include "drivers/simulation.hpp"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>
#include <utility>

#include "drivers/bell.hpp"
#include "drivers/link.hpp"
#include "drivers/psmove/model.hpp"
#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

/// After a stall longer than this (a suspended machine) the schedule starts anew.
constexpr auto give_up_catching_up = 500ms;

const ControllerModel& model_of(const emulator::Peripheral& device) {
  const auto identity = device.identity();
  return *find_model(identity.vendor, identity.product);
}

std::unique_ptr<emulator::Peripheral> make_device(const emulator::DeviceSpec& what) {
  if (what.kind == emulator::DeviceKind::navigation)
    return std::make_unique<emulator::Navigation>(
        emulator::NavigationOptions{.address = what.options.address,
                                    .host = what.options.host,
                                    .reports_per_s = what.options.reports_per_s});
  return std::make_unique<emulator::Move>(emulator::make_move(what, SteadyClock::now()));
}

/// HidChannel over an emulated controller. Reports are due on an absolute schedule and are made
/// when they are read.
class SimulatedChannel final : public HidChannel {
 public:
  SimulatedChannel(Simulation& simulation, SteadyTime first_report)
      : simulation_(simulation), next_due_(first_report) {
    const auto& model = model_of(simulation.device());
    info_.vendor = model.vendor;
    info_.product = model.product;
    info_.source = Source::simulated;
    info_.address = simulation.device().address();
    info_.path = "simulated";
    simulation_.device().reconnect();
  }

  [[nodiscard]] const ChannelInfo& info() const override { return info_; }

  Awaitable<Result<void>> wait_readable() override {
    while (is_open()) {
      if (SteadyClock::now() >= next_due_) co_return Result<void>{};
      co_await simulation_.bell().wait_until(next_due_);
    }
    co_return gone();
  }

  Result<std::size_t> try_read(std::span<std::byte> report) override {
    if (!is_open()) return gone();
    const auto now = SteadyClock::now();
    if (now - next_due_ > give_up_catching_up) next_due_ = now;
    while (now >= next_due_) {
      const auto due = std::exchange(next_due_, next_due_ + simulation_.device().report_interval());
      if (!simulation_.device().is_talkative(emulator::Link::radio)) continue;
      if (const auto length = simulation_.device().input_report(report, due); length > 0)
        return length;
    }
    return error_code(boost::asio::error::would_block);
  }

  Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t id, std::size_t) override {
    auto report = simulation_.device().get_feature(id, emulator::Link::radio);
    if (!report) co_return error_code(boost::asio::error::broken_pipe);
    co_return std::move(*report);
  }

  void close() override {
    closed_ = true;
    simulation_.bell().ring();
  }

 private:
  Awaitable<Result<void>> send_output(std::span<const std::byte> report) override {
    if (!is_open()) co_return gone();
    simulation_.device().output(report, SteadyClock::now());
    co_return Result<void>{};
  }

  Awaitable<Result<void>> send_feature(std::vector<std::byte> report) override {
    if (!simulation_.device().set_feature(report, emulator::Link::radio, SteadyClock::now()))
      co_return error_code(boost::system::errc::operation_not_permitted,
                           boost::system::generic_category());
    co_return Result<void>{};
  }

  [[nodiscard]] bool is_open() const { return !closed_ && simulation_.link_is_up(); }
  static error_code gone() { return boost::asio::error::connection_reset; }

  Simulation& simulation_;
  ChannelInfo info_;
  SteadyTime next_due_;
  bool closed_ = false;
};

/// Spreads devices that start together over one report interval, as radios do by themselves.
SteadyTime first_report(const emulator::Peripheral& device) {
  const auto& octets = device.address().octets;
  const auto share = (octets[5] * 5) % 32;  // 5 is coprime to 32: neighbours land far apart
  return SteadyClock::now() + device.report_interval() * share / 32;
}

}  // namespace

Simulation::Simulation(const emulator::DeviceSpec& what)
    : device_(make_device(what)),
      move_(dynamic_cast<emulator::Move*>(device_.get())),
      navigation_(dynamic_cast<emulator::Navigation*>(device_.get())),
      bell_(std::make_unique<Bell>()) {}

Simulation::~Simulation() = default;

std::unique_ptr<HidChannel> make_simulated_channel(Simulation& simulation) {
  return std::make_unique<SimulatedChannel>(simulation, first_report(simulation.device()));
}

void Simulation::set_link(bool up) {
  link_up_ = up;
  bell_->ring();
}

Awaitable<void> run_simulation(Roster& roster, emulator::DeviceSpec what) {
  Simulation simulation(what);
  Controller& controller =
      roster.get_or_add(what.options.address, model_of(simulation.device()), Source::simulated);
  controller.attach(&simulation);
  if (!what.name.empty() && controller.name() != what.name &&
      roster.set_name(controller, what.name) != Roster::Rename::done)
    spdlog::warn("a simulated controller cannot have this name name=\"{}\"", what.name);
  for (;;) {
    while (!simulation.link_is_up()) co_await simulation.bell().wait();
    co_await serve_link(roster, make_simulated_channel(simulation), &simulation);
  }
}

}  // namespace psmove::drivers
