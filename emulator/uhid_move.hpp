#pragma once
// One emulated controller that a kernel believes in: its reports go through uhid on a schedule, and
// what the kernel asks of it is answered.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/device_list.hpp"
#include "emulator/event_log.hpp"
#include "emulator/move.hpp"
#include "emulator/uhid.hpp"

namespace psmove::emulator {

class UhidMove {
 public:
  /// @param phase  where in its report interval it sends, 0..1, so that many do not all send at
  /// once
  /// @param log    outlives it
  UhidMove(const DeviceSpec& spec, Uhid door, double phase, EventLog& log, Time now);

  [[nodiscard]] const Move& move() const { return move_; }
  [[nodiscard]] int fd() const { return door_.fd(); }

  /// Makes the device, or takes it away as an unplugged cable or a lost link does.
  void plug(Time now);
  void unplug(Time now);

  /// Answers everything the kernel asks.
  void serve(Time now);
  /// Sends the reports that are due, each as of its own time, and notes a light that has gone out.
  void advance(Time now);
  /// When advance() is wanted next; nullopt: not before something happens.
  [[nodiscard]] std::optional<Time> next_wake(Time now) const;

  /// Carries out one command of a person or a test: a verb and its argument.
  /// @return the answer, one line; an error begins with "error: "
  std::string command(std::string_view verb, std::string_view argument, Time now);
  /// The answer to `state`: one JSON object.
  [[nodiscard]] std::string state_json(Time now, std::size_t index) const;

  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::chrono::nanoseconds worst_delay() const { return worst_delay_; }

 private:
  struct SeenOutput {
    Time time;
    std::string bytes;
    bool taken = false;
  };
  /// A value that a command gives: taken, or a sentence on what would have been.
  using Complaint = std::string;

  [[nodiscard]] bool is_sending() const;
  void open(Time now);
  void take_output(std::span<const std::byte> report, Time now);
  bool take_set_report(const UhidEvent& event, Time now);
  void answer_get_report(const UhidEvent& event, Time now);
  void send_report(Time due);
  void note_light(Time now);
  void note(Time now, std::string_view what);
  [[nodiscard]] UhidIdentity identity() const;
  Complaint obey(std::string_view verb, std::string_view argument, Time now);

  Move move_;
  Uhid door_;
  double phase_;
  EventLog& log_;
  bool plugged_ = false, open_ = false;
  Time next_due_;
  Outputs last_shown_;
  std::deque<SeenOutput> outputs_;
  std::uint64_t sent_ = 0, lost_ = 0, skipped_ = 0, outputs_taken_ = 0;
  std::chrono::nanoseconds worst_delay_{};
};

}  // namespace psmove::emulator
