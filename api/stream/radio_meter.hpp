#pragma once
// How well a controller's reports come through, a second at a time, and how long its battery will
// last. Pure: the times are given.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "api/wire/stream_messages.hpp"
#include "types/controller_state.hpp"

namespace psmove::stream {

/// Follows the reports of one connection of a controller.
class ReportSequence {
 public:
  struct Step {
    std::uint64_t lost = 0;              ///< reports that should have come before this one
    std::optional<std::int64_t> gap_us;  ///< since the one before; none for the first
  };
  /// One report, of so many samples.
  /// @param first  sequence of the oldest of them: lost ones are skipped
  Step on_report(std::uint64_t first, std::size_t samples, std::int64_t received_us);

 private:
  std::uint64_t next_ = 0;  ///< sequence of the sample that should follow
  std::optional<std::int64_t> last_us_;
};

/// Exists only while somebody listens.
class RadioMeter {
 public:
  /// One report, of so many samples.
  /// @param first  sequence of the oldest of them: lost ones are skipped
  void on_report(std::uint64_t first, std::size_t samples, std::int64_t received_us);
  /// A second has passed since the last message, or since the first report.
  [[nodiscard]] bool is_due() const;
  /// What came since, and begins anew.
  [[nodiscard]] wire::RadioReport take();

 private:
  wire::RadioReport report_;
  std::int64_t began_us_ = 0;  ///< the end of the last message
  std::int64_t last_us_ = 0;
  ReportSequence sequence_;
  bool has_begun_ = false;
};

/// Minutes until the battery reads 0 %: the mean time that a step of 20 % has taken in this
/// discharge, times the steps left, less what has passed of this one. Nothing is known before a
/// whole step was seen, from where one begins to where it ends. A reading that goes up by one step
/// is taken for the jitter of a load that ended; by more, or on the cable, for a new charge.
class BatteryForecast {
 public:
  void on_battery(const Battery& battery, std::int64_t now_us);
  /// The controller is away, and does not discharge as in use.
  void pause(std::int64_t now_us);
  void go_on(std::int64_t now_us);

  [[nodiscard]] std::optional<int> minutes_left(std::int64_t now_us) const;

 private:
  std::optional<int> step_;               ///< the lowest code of this discharge, 5..0
  std::optional<std::int64_t> began_us_;  ///< of that step; none while its beginning was not seen
  std::optional<std::int64_t> paused_us_;
  std::int64_t whole_steps_us_ = 0;
  int whole_steps_ = 0;
};

}  // namespace psmove::stream
