#pragma once
// An emulated peripheral with its time and its moods: sends reports when they are due, answers
// requests as it is told to (late, wrongly or never), and notes everything for whoever looks on.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/event_log.hpp"
#include "emulator/peripheral.hpp"

namespace psmove::emulator {

class Move;

/// What a device's reports go through. The door asks back through its HidDevice.
class Door {
 public:
  virtual ~Door() = default;
  [[nodiscard]] virtual Link link() const = 0;
  /// A host has opened it.
  [[nodiscard]] virtual bool is_open() const = 0;
  virtual void send_input(std::span<const std::byte> report, Time now) = 0;
};

/// What is wrong with its answers to feature requests.
struct FeatureFault {
  std::chrono::milliseconds delay{0};
  bool never = false;                   ///< answers at all
  std::optional<std::size_t> length{};  ///< cut or filled with zeros to this many bytes
  std::optional<std::uint8_t> only{};   ///< id of the report that it is about; nullopt: every one
};

class HidDevice {
 public:
  using GotReport = std::function<void(const std::optional<std::vector<std::byte>>& report)>;
  using SetReport = std::function<void(bool taken)>;

  struct SeenOutput {
    Time time;
    std::string bytes;
    bool taken = false;
  };
  struct Counters {
    std::uint64_t sent = 0, lost = 0, skipped = 0, outputs_taken = 0;
  };

  /// @param phase  where in its report interval it sends, 0..1, so that many do not all send at
  /// once
  /// @param log    outlives it
  HidDevice(std::unique_ptr<Peripheral> peripheral, double phase, EventLog& log);

  [[nodiscard]] Peripheral& peripheral() { return *peripheral_; }
  [[nodiscard]] const Peripheral& peripheral() const { return *peripheral_; }
  /// Null where it is another kind of device.
  [[nodiscard]] Move* move() { return move_; }
  [[nodiscard]] const Move* move() const { return move_; }

  /// @param door  outlives it
  void add(Door& door) { doors_.push_back(&door); }

  // ---- what a door asks. Answers come at once, later or never.
  void get_report(ReportKind kind, std::uint8_t id, Link via, Time now, GotReport got);
  void set_report(ReportKind kind, std::span<const std::byte> report, Link via, Time now,
                  SetReport set);
  void take_output(std::span<const std::byte> report, Time now);
  /// A host opened or closed a door; what is sent begins and ends with it.
  void opened(Time now);
  void closed(Time now);
  /// A link is gone: the device forgets what it was told once none is left.
  void link_lost(Time now);

  // ---- time
  /// Sends the reports that are due, each as of its own time, gives late answers, and notes a light
  /// that has gone out.
  void advance(Time now);
  /// When advance() is wanted next; nullopt: not before something happens.
  [[nodiscard]] std::optional<Time> next_wake(Time now) const;

  void set_feature_fault(const FeatureFault& fault) { fault_ = fault; }
  [[nodiscard]] const FeatureFault& feature_fault() const { return fault_; }

  void note(Time now, std::string_view what);
  void note_light(Time now);
  [[nodiscard]] const EventLog& log() const { return log_; }

  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const std::deque<SeenOutput>& outputs() const { return outputs_; }
  [[nodiscard]] std::chrono::nanoseconds worst_delay() const { return worst_delay_; }

 private:
  struct LateAnswer {
    Time due;
    std::function<void()> give;
  };

  [[nodiscard]] bool is_sending() const;
  [[nodiscard]] bool wants(const Door& door) const;
  void schedule(Time now);
  void send_report(Time due);
  [[nodiscard]] bool is_at_fault(std::uint8_t id) const;
  void answer(std::uint8_t id, Time now, std::function<void()> give);

  std::unique_ptr<Peripheral> peripheral_;
  Move* move_;  ///< the peripheral again, where it is one
  double phase_;
  EventLog& log_;
  std::vector<Door*> doors_, listening_;
  FeatureFault fault_;
  std::deque<LateAnswer> late_answers_;
  std::optional<Time> next_due_;  ///< of the next report; nullopt: nobody listens
  Outputs last_shown_;
  std::deque<SeenOutput> outputs_;
  Counters counters_;
  std::chrono::nanoseconds worst_delay_{};
};

}  // namespace psmove::emulator
