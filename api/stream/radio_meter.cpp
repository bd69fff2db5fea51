#include "api/stream/radio_meter.hpp"

#include <algorithm>
#include <utility>

namespace psmove::stream {
namespace {

constexpr std::int64_t period_us = 1'000'000;
constexpr std::int64_t minute_us = 60'000'000;

}  // namespace

ReportSequence::Step ReportSequence::on_report(std::uint64_t first, std::size_t samples,
                                               std::int64_t received_us) {
  Step step;
  // Sequences begin anew with a connection; what lies between the two is no gap.
  if (last_us_ && first >= next_) {
    step.lost = (first - next_) / samples;
    step.gap_us = std::max<std::int64_t>(received_us - *last_us_, 0);
  }
  last_us_ = received_us;
  next_ = first + samples;
  return step;
}

void RadioMeter::on_report(std::uint64_t first, std::size_t samples, std::int64_t received_us) {
  const auto step = sequence_.on_report(first, samples, received_us);
  if (step.gap_us) {
    report_.lost += step.lost;
    const auto gap = *step.gap_us;
    report_.longest_gap_us = std::max(report_.longest_gap_us, gap);
    const auto* const bucket = std::lower_bound(
        wire::gap_edges_ms.begin(), wire::gap_edges_ms.end(), gap,
        [](int edge_ms, std::int64_t us) { return std::int64_t{edge_ms} * 1000 < us; });
    ++report_.gaps[static_cast<std::size_t>(bucket - wire::gap_edges_ms.begin())];
    ++report_.reports;
  } else if (!has_begun_) {
    began_us_ = received_us;
    has_begun_ = true;
  } else {
    ++report_.reports;
  }
  last_us_ = received_us;
}

bool RadioMeter::is_due() const {
  return last_us_ - began_us_ >= period_us;
}

wire::RadioReport RadioMeter::take() {
  report_.time_us = last_us_;
  report_.period_us = last_us_ - std::exchange(began_us_, last_us_);
  return std::exchange(report_, {});
}

void BatteryForecast::on_battery(const Battery& battery, std::int64_t now_us) {
  if (battery.state != BatteryState::discharging) {
    *this = {};
    return;
  }
  const int code = battery.code;
  if (!step_ || code > *step_ + 1) {
    *this = {};
    step_ = code;
    return;
  }
  if (code >= *step_) return;
  if (began_us_) {
    whole_steps_us_ += now_us - *began_us_;
    whole_steps_ += *step_ - code;
  }
  step_ = code;
  began_us_ = now_us;
}

void BatteryForecast::pause(std::int64_t now_us) {
  paused_us_ = now_us;
}

void BatteryForecast::go_on(std::int64_t now_us) {
  const auto paused = std::exchange(paused_us_, std::nullopt);
  if (paused && began_us_) *began_us_ += now_us - *paused;
}

std::optional<int> BatteryForecast::minutes_left(std::int64_t now_us) const {
  if (whole_steps_ == 0) return std::nullopt;
  const auto step_us = whole_steps_us_ / whole_steps_;
  const auto passed_us = std::clamp<std::int64_t>(now_us - *began_us_, 0, step_us);
  const auto left_us = std::max<std::int64_t>(*step_ * step_us - passed_us, 0);
  return static_cast<int>((left_us + minute_us / 2) / minute_us);
}

}  // namespace psmove::stream
