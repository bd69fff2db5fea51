// What psmoved does for each sample and report before any client is served: writing one sample, and
// the path from a report's bytes to the listeners.

#include <array>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/wire/sample_encoder.hpp"
#include "drivers/controller.hpp"
#include "drivers/psmove/model.hpp"
#include "emulator/device_list.hpp"

namespace psmove::bench {
namespace {

/// Some seconds of reports of a waving controller: motion enough that no branch is always the same.
class Recording {
 public:
  explicit Recording(std::string_view device) {
    const auto list = emulator::parse_device_list(device);
    drivers::SteadyTime now{};
    auto move = emulator::make_move(list.devices.front(), now);
    address_ = move.options().address;
    for (auto& report : reports_) {
      now += move.report_interval();
      report.length = move.input_report(report.bytes, now);
      report.arrived = now;
    }
  }

  struct Report {
    std::array<std::byte, 64> bytes{};
    std::size_t length = 0;
    drivers::SteadyTime arrived{};
  };
  [[nodiscard]] const std::vector<Report>& reports() const { return reports_; }
  [[nodiscard]] drivers::SteadyClock::duration duration() const {
    return reports_.back().arrived.time_since_epoch();
  }
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  std::vector<Report> reports_ = std::vector<Report>(1024);
  Address address_;
};

/// Keeps what it hears.
class Collector final : public drivers::SampleListener {
 public:
  void on_samples(const drivers::Controller&, std::span<const Sample> samples,
                  std::int64_t) override {
    samples_.insert(samples_.end(), samples.begin(), samples.end());
  }
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;
};

drivers::RememberedController never_seen(const Address& address) {
  drivers::RememberedController controller;
  controller.address = address;
  return controller;
}

/// One controller as the daemon has it, fed by hand.
class Fed {
 public:
  Fed(std::string_view device, std::vector<drivers::SampleListener*> listeners)
      : recording_(device),
        listeners_{.all = {}, .samples = std::move(listeners)},
        controller_(never_seen(recording_.address()), *drivers::find_model(device.substr(0, 4)),
                    clock_, listeners_) {}

  /// Decodes, fuses and publishes the next report. At the end it starts over while time goes on:
  /// one gap in a thousand reports.
  void step() {
    const auto& report = recording_.reports()[next_];
    const auto parsed = controller_.model().parse_input({report.bytes.data(), report.length});
    if (parsed) controller_.on_report(*parsed, report.arrived + lap_start_);
    if (++next_ < recording_.reports().size()) return;
    next_ = 0;
    lap_start_ += recording_.duration();
  }

 private:
  Recording recording_;
  drivers::UnixClock clock_;
  drivers::Listeners listeners_;
  drivers::Controller controller_;
  std::size_t next_ = 0;
  drivers::SteadyClock::duration lap_start_{};
};

std::vector<Sample> waving_samples() {
  Collector collector;
  Fed fed("zcm1:motion=wave", {&collector});
  for (int i = 0; i < 1024; ++i) fed.step();
  return collector.samples();
}

void append_sample(benchmark::State& state, std::uint16_t fields) {
  const auto samples = waving_samples();
  std::string out;
  std::size_t next = 0, bytes = 0;
  for (auto _ : state) {
    out.clear();
    wire::append_sample(out, samples[next], fields);
    benchmark::DoNotOptimize(out.data());
    bytes += out.size();
    next = next + 1 == samples.size() ? 0 : next + 1;
  }
  state.counters["bytes"] = static_cast<double>(bytes) / static_cast<double>(state.iterations());
}
BENCHMARK_CAPTURE(append_sample, all_fields, wire::all_fields);
BENCHMARK_CAPTURE(append_sample, orientation, wire::bit(wire::Field::orientation));

/// Decoding, calibration and fusion of one report, and nobody listening.
void report_path(benchmark::State& state, const char* device) {
  Fed fed(device, {});
  for (auto _ : state) fed.step();
}
BENCHMARK_CAPTURE(report_path, zcm1, "zcm1:motion=wave");
BENCHMARK_CAPTURE(report_path, zcm2, "zcm2:motion=wave");

/// What the emulated controller itself costs for one report: the daemon pays it when it simulates.
void emulated_report(benchmark::State& state, const char* device) {
  const auto list = emulator::parse_device_list(device);
  drivers::SteadyTime now{};
  auto move = emulator::make_move(list.devices.front(), now);
  std::array<std::byte, 64> report;
  for (auto _ : state) {
    now += move.report_interval();
    benchmark::DoNotOptimize(move.input_report(report, now));
  }
}
BENCHMARK_CAPTURE(emulated_report, zcm1, "zcm1:motion=wave");
BENCHMARK_CAPTURE(emulated_report, zcm2, "zcm2:motion=wave");

}  // namespace
}  // namespace psmove::bench

BENCHMARK_MAIN();
