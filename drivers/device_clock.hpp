#pragma once
// Device ticks, which wrap and have no documented unit, to steady time.

#include <chrono>
#include <cstdint>
#include <limits>

#include "drivers/clock.hpp"

namespace psmove::drivers {

/// Unwraps a controller's 4-bit sequence and 16-bit ticks and fits the tick rate to the times at
/// which reports arrive. Arrival jitters with the radio; ticks do not.
///
/// Always, whatever the counters say: stamps strictly increase, and none is after its report's
/// arrival. (Reports that arrive at the very same instant count as a nanosecond apart.)
///
/// A report is never early, only late, and by at least a few hundred microseconds that nobody can
/// see; so the stamps follow the earliest arrivals of about the last second. From one report to the
/// next, time advances
/// * by the ticks, once they have proved to advance evenly with the sequence, or to explain the
///   arrivals better than it does, and unless they are too coarse to help;
/// * by the sequence number times the learned report interval otherwise; the same after a report
///   whose ticks make no sense;
/// * to the arrival itself where not even the sequence makes sense.
/// More than 15 reports lost in a row, and wraps of the ticks, are told from the time that passed.
/// A delay alone looks like a loss when it comes near 16 intervals; good ticks tell them apart.
/// Without them, reports are counted as lost from 150 ms on.
///
/// What a report teaches is used from the next one on (but a long silence, at once), so that
/// nobody who waits for the report waits for that: see learn().
///
/// Allocates nothing; about a tenth of a microsecond a report.
class DeviceClock {
 public:
  /// @param nominal_interval  the model's report period, used until the fit is good
  explicit DeviceClock(std::chrono::nanoseconds nominal_interval);

  struct Stamp {
    SteadyTime taken;  ///< when the report's newest sample was taken; never after arrival,
                       ///< always after the previous report's
    std::chrono::nanoseconds
        interval;              ///< from the previous report's place to this one, per report
    std::uint64_t report = 0;  ///< unwrapped report number since the first
    int lost = 0;              ///< reports missing just before this one
  };

  /// Takes one report's counters and its arrival time (not decreasing).
  Stamp on_report(std::uint8_t sequence, std::uint16_t ticks, SteadyTime arrived);

  /// Learns from the last report, unless that is done; else the next report does it first.
  void learn();

  /// Forgets everything but the nominal interval: the controller reconnected.
  void restart();

  /// The report period as learned so far, by learn().
  [[nodiscard]] std::chrono::nanoseconds interval() const;
  /// The unit of the ticks as learned so far; zero while they are not trusted.
  [[nodiscard]] std::chrono::duration<double> tick() const;

 private:
  /// A straight line through the points of about the last `memory` additions.
  class Line {
   public:
    void add(double x, double y, double memory);
    [[nodiscard]] double points() const { return points_; }
    [[nodiscard]] double slope() const { return xx_ > 0 ? xy_ / xx_ : 0; }
    /// Of the points about the line.
    [[nodiscard]] double variance() const;
    [[nodiscard]] double slope_error() const;
    /// The y that the points cover, about.
    [[nodiscard]] double reach() const;

   private:
    double points_ = 0, mean_x_ = 0, mean_y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0;
  };
  /// From one report to the next.
  struct Advance {
    double seconds = 0;
    std::uint64_t reports = 1;
    bool by_ticks = false;
  };
  struct State {
    bool started = false;
    SteadyTime origin;   ///< the first arrival; seconds below count from it
    SteadyTime stamped;  ///< the last stamp
    double arrived = 0;  ///< the last arrival
    double gap = 0;      ///< between it and the one before
    double taken = 0;    ///< the last report's place, before rounding to a stamp
    std::uint64_t report = 0;
    std::uint8_t sequence = 0;
    std::uint16_t ticks = 0;

    double interval = 0;  ///< seconds per report
    bool is_fitted = false;
    double ticks_per_report = 0;  ///< mean of reports that followed without a gap
    double ticks_counted = 0;     ///< how many of them there were
    double regularity = 0;  ///< 0..1, the part of recent reports whose ticks fitted the sequence
    int irregular = 0;      ///< reports in a row whose ticks did not fit
    double unwrapped_ticks = 0;
    bool trusts_ticks = false;
    Line by_report, by_tick;

    double bucket_start = 0;
    double earliest = std::numeric_limits<double>::infinity();         ///< lateness in this bucket
    double earliest_before = std::numeric_limits<double>::infinity();  ///< and in the one before
    double pulled_back = 0;  ///< how much arrivals moved the places back in this bucket

    double tick = 0;         ///< seconds, as the fits say
    bool learned = true;     ///< from the last report, which came
    Advance advance;         ///< so far after the one before,
    std::uint16_t step = 0;  ///< by so many ticks
  };

  [[nodiscard]] double tick_seconds() const;
  [[nodiscard]] Advance advance_by_sequence(unsigned step, double at_most) const;
  [[nodiscard]] Advance advance_by_ticks(unsigned step, std::uint16_t ticks, double at_most) const;
  [[nodiscard]] double wraps_of_ticks(unsigned step, double since, double most, double wrap) const;
  void judge_ticks(std::uint16_t ticks, const Advance& advance);
  void follow_earliest(double arrived, double advanced);
  void move(double seconds);
  void fit(double arrived);
  void start_again_at(double arrived);
  void forget_fit();
  Stamp stamp(SteadyTime arrived, double interval, std::uint64_t reports);

  std::chrono::nanoseconds nominal_interval_;
  State state_;
};

}  // namespace psmove::drivers
