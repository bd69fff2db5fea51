// Two straight-line fits of arrival times (over the report number, and over the ticks), a judge of
// whether the ticks are worth anything, and a follower of the earliest arrivals.

#include "drivers/device_clock.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace psmove::drivers {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double ticks_modulus = 65536;
constexpr unsigned sequence_modulus = 16;

/// How far back the fits look, in seconds. Two quartz clocks drift apart by some 50 ppm and change
/// little in this time.
constexpr double fit_memory = 10;
/// The fit must reach over this long before its slope is used, since delays come in bursts.
constexpr double fit_reach = 1;
/// Or over this long, where the interval in use is plainly wrong.
constexpr double first_fit_reach = 0.25;
constexpr double plainly_wrong = 0.25;
/// The standard error, as a part of the slope, at which a fit is good.
constexpr double good_fit = 0.005;
/// A learned interval outside these multiples of the nominal one is no interval (ZCM2: 790 reports
/// a second were measured, and 280 with two controllers on one radio).
constexpr double shortest_interval = 0.25, longest_interval = 8;

/// Without good ticks, a report that is later than this has followed a loss, not a delay.
constexpr double loss_delay = 0.150;
/// After a silence of this length the places start again at an arrival.
constexpr double silence = 2;

/// Ticks fit the sequence when they are within this part of what they should be, and two.
constexpr double regular_within = 0.25;
constexpr double regular_memory = 16;
constexpr double regular_enough = 0.8;
constexpr double regular_points = 32;
/// After so many irregular ones in a row, the mean of the ticks starts anew.
constexpr int irregular_in_a_row = 4;
/// Where ticks are irregular they are trusted if they leave this part of the sequence's variance.
constexpr double explains_better = 0.5;
constexpr double explains_points = 256;
/// A fit of the ticks is used while its variance is at most so many times that of the sequence's.
constexpr double explains_as_well = 2;
/// Ticks that come fewer than this to a report only help to count reports.
constexpr double fine_ticks = 16;

/// The earliest arrival is looked for in a bucket of so many reports, within these seconds, and in
/// the bucket before.
constexpr double bucket_reports = 40;
constexpr double shortest_bucket = 0.1, longest_bucket = 0.5;
/// Places move towards later arrivals with this time constant, and at once from this far.
constexpr double settling = 0.25;
constexpr double misplaced = 0.030;

}  // namespace

// ---- the fits

void DeviceClock::Line::add(double x, double y, double memory) {
  points_ = std::min(points_ + 1, memory);
  const double weight = 1 / points_;
  const double dx = x - mean_x_;
  const double dy = y - mean_y_;
  mean_x_ += weight * dx;
  mean_y_ += weight * dy;
  xx_ = (1 - weight) * (xx_ + weight * dx * dx);
  xy_ = (1 - weight) * (xy_ + weight * dx * dy);
  yy_ = (1 - weight) * (yy_ + weight * dy * dy);
}

double DeviceClock::Line::variance() const {
  return xx_ > 0 ? std::max(yy_ - xy_ * xy_ / xx_, 0.0) : 0;
}

double DeviceClock::Line::slope_error() const {
  return xx_ > 0 ? std::sqrt(variance() / (points_ * xx_)) : 0;
}

double DeviceClock::Line::reach() const {
  return std::sqrt(12 * yy_);
}

// ---- from outside

DeviceClock::DeviceClock(std::chrono::nanoseconds nominal_interval)
    : nominal_interval_(std::max(nominal_interval, std::chrono::nanoseconds(1000))) {
  restart();
}

void DeviceClock::restart() {
  state_ = State{};
  state_.interval = Seconds(nominal_interval_).count();
}

std::chrono::nanoseconds DeviceClock::interval() const {
  return std::chrono::nanoseconds(std::llround(state_.interval * 1e9));
}

std::chrono::duration<double> DeviceClock::tick() const {
  return Seconds(state_.trusts_ticks ? state_.tick : 0);
}

DeviceClock::Stamp DeviceClock::on_report(std::uint8_t sequence, std::uint16_t ticks,
                                          SteadyTime arrived) {
  auto& s = state_;
  if (!s.started) {
    s.started = true;
    s.origin = arrived;
    s.sequence = sequence;
    s.ticks = ticks;
    s.stamped = arrived;
    fit(0);
    return {.taken = arrived, .interval = interval(), .report = 0, .lost = 0};
  }
  learn();
  const double now = std::max(Seconds(arrived - s.origin).count(), s.arrived);
  const unsigned step = (sequence - s.sequence) % sequence_modulus;
  const auto tick_step = static_cast<std::uint16_t>(ticks - s.ticks);
  s.gap = now - s.arrived;

  // No report was taken after it arrived, so that this much at most lies between the two.
  const double at_most = now - s.taken;
  const auto advance = s.trusts_ticks ? advance_by_ticks(step, tick_step, at_most)
                                      : advance_by_sequence(step, at_most);
  s.sequence = sequence;
  s.ticks = ticks;
  s.report += advance.reports;
  s.taken += advance.seconds;
  s.arrived = now;
  s.advance = advance;
  s.step = tick_step;
  s.learned = false;
  if (s.gap > silence) learn();
  const double apart = advance.by_ticks && s.interval >= fine_ticks * s.tick
                           ? advance.seconds / static_cast<double>(advance.reports)
                           : s.interval;
  return stamp(arrived, apart, advance.reports);
}

void DeviceClock::learn() {
  auto& s = state_;
  if (std::exchange(s.learned, true)) return;
  judge_ticks(s.step, s.advance);
  if (s.gap > silence) start_again_at(s.arrived);
  follow_earliest(s.arrived, s.advance.seconds);
  fit(s.arrived);
  s.tick = tick_seconds();
}

// ---- how far from the last report to this one

double DeviceClock::tick_seconds() const {
  const auto& line = state_.by_tick;
  const double fitted = line.slope();
  if (line.reach() >= fit_reach && fitted > 0 && line.slope_error() < good_fit * fitted &&
      line.variance() < explains_as_well * state_.by_report.variance() + 1e-8)
    return fitted;
  return state_.ticks_per_report > 0 ? state_.interval / state_.ticks_per_report : 0;
}

DeviceClock::Advance DeviceClock::advance_by_sequence(unsigned step, double at_most) const {
  const double interval = state_.interval;
  const double unexplained = at_most - step * interval;
  const double suspicious = std::max(loss_delay, 0.75 * sequence_modulus * interval);
  double reports = step;
  // A loss leaves a gap between two arrivals; an interval that is wrong only adds up.
  if (unexplained > suspicious && state_.gap > suspicious / 2)
    reports += sequence_modulus * std::round(unexplained / (sequence_modulus * interval));
  // A number that stands still counts reports as they come; so does one that jumps beyond what fits
  // into the time.
  if (reports < 1 || (reports >= 3 && reports * interval > 2 * at_most + 4 * interval)) reports = 1;
  return {.seconds = reports * interval, .reports = static_cast<std::uint64_t>(reports)};
}

DeviceClock::Advance DeviceClock::advance_by_ticks(unsigned step, std::uint16_t ticks,
                                                   double at_most) const {
  const double interval = state_.interval;
  const double tick = state_.tick;
  if (tick <= 0) return advance_by_sequence(step, at_most);
  const double wrap = ticks_modulus * tick;
  const double slack = std::min(std::max(interval, 0.002), wrap / 4);
  const double since = ticks * tick;
  const double room = at_most + slack - since;
  const double wraps = room < wrap ? 0 : wraps_of_ticks(step, since, std::floor(room / wrap), wrap);
  const double elapsed = since + wraps * wrap;
  const double beyond = elapsed / interval - step;  // what the sequence does not say, by 16
  const double reports = 2 * beyond < sequence_modulus
                             ? step
                             : step + sequence_modulus * std::round(beyond / sequence_modulus);
  const bool makes_sense = reports >= 1 && elapsed <= at_most + slack + tick &&
                           elapsed + tick >= 0.2 * reports * interval &&
                           elapsed - tick <= 5 * reports * interval;
  if (!makes_sense) return advance_by_sequence(step, at_most);
  const bool is_fine = interval / tick >= fine_ticks;
  return {.seconds = is_fine ? elapsed : reports * interval,
          .reports = static_cast<std::uint64_t>(reports),
          .by_ticks = true};
}

/// The most wraps for which the sequence agrees; a delay longer than a wrap may have added some.
double DeviceClock::wraps_of_ticks(unsigned step, double since, double most, double wrap) const {
  const double tolerance = 0.3 + state_.tick / state_.interval;
  for (double fewer = 0; fewer <= std::min(most, 16.0); ++fewer) {
    const double reports = (since + (most - fewer) * wrap) / state_.interval;
    if (std::abs(std::remainder(reports - step, sequence_modulus)) <= tolerance)
      return most - fewer;
  }
  return most;
}

/// Keeps the mean tick count of a report, how evenly the ticks advance, and whether to trust them.
void DeviceClock::judge_ticks(std::uint16_t ticks, const Advance& advance) {
  auto& s = state_;
  const auto reports = static_cast<double>(advance.reports);
  if (advance.reports == 1) {
    s.ticks_counted = std::min(s.ticks_counted + 1, 64.0);
    s.ticks_per_report += (ticks - s.ticks_per_report) / s.ticks_counted;
  }
  const double expected = reports * s.ticks_per_report;
  const double wraps = std::max(std::round((expected - ticks) / ticks_modulus), 0.0);
  const double unwrapped = ticks + wraps * ticks_modulus;
  const bool is_regular = std::abs(unwrapped - expected) <= regular_within * expected + 2;
  s.irregular = is_regular ? 0 : s.irregular + 1;
  if (s.irregular >= irregular_in_a_row) s.ticks_counted = 0;
  s.regularity += ((is_regular ? 1.0 : 0.0) - s.regularity) / regular_memory;
  s.unwrapped_ticks += s.trusts_ticks && !advance.by_ticks ? expected : unwrapped;

  const bool are_even = s.regularity > regular_enough && s.ticks_counted >= regular_points;
  const bool explain = s.by_tick.points() >= explains_points && s.by_tick.slope() > 0 &&
                       s.by_tick.variance() < explains_better * s.by_report.variance();
  const bool trusted = s.trusts_ticks;
  s.trusts_ticks = s.ticks_per_report > 0.5 && (are_even || explain);
  if (trusted && !s.trusts_ticks) {
    // Either the ticks broke or the reports come at another rate: learn both anew.
    forget_fit();
    s.ticks_counted = 0;
    s.regularity = 0;
  }
}

// ---- where the reports are

void DeviceClock::move(double seconds) {
  state_.taken += seconds;
  state_.earliest -= seconds;
  state_.earliest_before -= seconds;
}

/// Moves the places so that the earliest recent arrival was not late at all.
void DeviceClock::follow_earliest(double arrived, double advanced) {
  auto& s = state_;
  if (s.taken > arrived) {
    s.pulled_back += s.taken - arrived;
    move(arrived - s.taken);
  }
  const double bucket = std::clamp(bucket_reports * s.interval, shortest_bucket, longest_bucket);
  if (arrived - s.bucket_start > bucket) {
    // Pulled back all the time: reports come faster than the interval in use says.
    if (s.is_fitted && s.pulled_back > misplaced) forget_fit();
    s.pulled_back = 0;
    s.bucket_start = arrived;
    s.earliest_before = s.earliest;
    s.earliest = std::numeric_limits<double>::infinity();
  }
  s.earliest = std::min(s.earliest, arrived - s.taken);
  if (std::isinf(s.earliest_before)) return;
  const double late = std::min(s.earliest, s.earliest_before);
  if (late > misplaced) {
    if (s.is_fitted) forget_fit();
    move(late);
  } else {
    move(late * std::min(advanced / settling, 1.0));
  }
}

void DeviceClock::start_again_at(double arrived) {
  auto& s = state_;
  forget_fit();
  s.taken = arrived;
  s.bucket_start = arrived;
  s.earliest = s.earliest_before = std::numeric_limits<double>::infinity();
  s.pulled_back = 0;
}

void DeviceClock::forget_fit() {
  auto& s = state_;
  s.by_report = Line{};
  s.by_tick = Line{};
  s.is_fitted = false;
}

void DeviceClock::fit(double arrived) {
  auto& s = state_;
  const double memory = std::max(fit_memory / Seconds(nominal_interval_).count(), 64.0);
  // A report that is far later than is usual says little about the rate.
  double place = arrived;
  if (s.is_fitted) {
    const double usual = std::sqrt(s.by_report.variance());
    place = std::min(place, s.taken + std::max({4 * usual, 2 * s.interval, 0.002}));
  }
  s.by_report.add(static_cast<double>(s.report), place, memory);
  s.by_tick.add(s.unwrapped_ticks, place, memory);

  const auto& line = s.by_report;
  if (line.points() < 32 || line.reach() < first_fit_reach) return;
  const double slope = line.slope();
  const double error = line.slope_error();
  const double nominal = Seconds(nominal_interval_).count();
  if (slope < shortest_interval * nominal || slope > longest_interval * nominal) return;
  const double off = std::abs(slope - s.interval);
  const bool is_good = line.reach() >= fit_reach && error < good_fit * slope;
  if (!is_good && !(off > plainly_wrong * s.interval && off > 4 * error)) return;
  s.interval = slope;
  s.is_fitted = is_good;
}

DeviceClock::Stamp DeviceClock::stamp(SteadyTime arrived, double interval, std::uint64_t reports) {
  auto& s = state_;
  const auto place =
      s.origin + std::chrono::nanoseconds(static_cast<std::int64_t>(std::floor(s.taken * 1e9)));
  s.stamped = std::max(std::min(place, arrived), s.stamped + std::chrono::nanoseconds(1));
  return {
      .taken = s.stamped,
      .interval = std::max(std::chrono::duration_cast<std::chrono::nanoseconds>(Seconds(interval)),
                           std::chrono::nanoseconds(1)),
      .report = s.report,
      .lost = static_cast<int>(std::min<std::uint64_t>(reports - 1, 1'000'000'000))};
}

}  // namespace psmove::drivers
