#include "api/metrics.hpp"

#include <array>
#include <utility>

#include "drivers/controller.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using drivers::Presence;
using drivers::SteadyClock;

/// The same edges as in the stream's topic `radio`.
constexpr auto interval_edges_us = [] {
  std::array<std::int64_t, wire::gap_edges_ms.size()> edges{};
  for (std::size_t i = 0; i < edges.size(); ++i)
    edges[i] = std::int64_t{wire::gap_edges_ms[i]} * 1000;
  return edges;
}();
constexpr std::array<std::int64_t, 11> latency_edges_us = {
    500, 1'000, 2'000, 5'000, 10'000, 20'000, 50'000, 100'000, 250'000, 500'000, 1'000'000};
constexpr std::array<std::int64_t, 10> skew_edges_us = {100,    500,    1'000,  2'000,   5'000,
                                                        10'000, 20'000, 50'000, 100'000, 250'000};
static_assert(interval_edges_us.size() <= wire::Histogram::most_edges);

}  // namespace

Metrics::ForController::ForController()
    : interval(interval_edges_us), output_latency(latency_edges_us) {}

Metrics::Metrics(drivers::Roster& roster) : roster_(roster), cue_skew_(skew_edges_us) {
  roster_.add_listener(this);
}

Metrics::~Metrics() {
  roster_.remove_listener(this);
}

Metrics::ForController& Metrics::entry(const Controller& controller) {
  return controllers_[controller.address()];
}

const Metrics::ForController& Metrics::of(const Controller& controller) {
  ForController& its = entry(controller);
  // The controller counts these for each connection.
  const auto rejected = controller.state().radio.rejected;
  if (rejected < its.rejected_seen_) its.rejected_seen_ = 0;
  its.rejected += rejected - std::exchange(its.rejected_seen_, rejected);
  return its;
}

void Metrics::after_samples(const Controller& controller, std::span<const Sample> samples,
                            std::int64_t received_us) {
  if (samples.empty()) return;
  ForController& its = entry(controller);
  ++(controller.is_on_bluetooth() ? its.reports_over_bluetooth : its.reports_over_usb);
  const auto step = its.sequence_.on_report(samples.front().sequence, samples.size(), received_us);
  its.lost += step.lost;
  if (step.gap_us) its.interval.add(*step.gap_us);
}

void Metrics::on_presence(const Controller& controller, Presence presence) {
  if (presence == Presence::forgotten) {
    controllers_.erase(controller.address());
    return;
  }
  static_cast<void>(of(controller));
  ForController& its = entry(controller);
  if (presence == Presence::arrived) ++its.arrivals;
  if (presence == Presence::changed) return;
  // What waited for a controller to arrive says nothing about how fast it is written to.
  its.wanted_at_.reset();
  its.sequence_ = {};
}

void Metrics::on_outputs(const Controller& controller) {
  ForController& its = entry(controller);
  if (!controller.outputs_are_settled()) {
    if (its.wanted_at_) return;
    its.wanted_at_ = SteadyClock::now();
    its.written_us_ = controller.written_us();
    return;
  }
  const auto wanted_at = std::exchange(its.wanted_at_, std::nullopt);
  // A wish may be taken back before it was written.
  if (!wanted_at || controller.written_us() == its.written_us_) return;
  its.output_latency.add(
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - *wanted_at)
          .count());
}

void Metrics::on_cue_done(const CueStatus& cue) {
  ++cues_;
  if (cue.skew_us) cue_skew_.add(*cue.skew_us);
}

}  // namespace psmove::api
