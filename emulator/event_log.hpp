#pragma once
// Two files for whoever looks on: what happened to each controller, and what went into its reports.

#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "emulator/move.hpp"

namespace psmove::emulator {

class EventLog {
 public:
  /// Times are written as seconds since `start`.
  explicit EventLog(Time start) : start_(start) {}

  /// @param path  "-" for standard output
  /// @return false where it cannot be written, with errno set
  bool write_events_to(const std::string& path);
  bool write_truth_to(const std::string& path);

  [[nodiscard]] double seconds(Time now) const;

  /// One line: time, the controller's address, what happened.
  void event(Time now, const Address& address, std::string_view what);
  /// One JSON object a line: the report's bytes, and what went into it.
  void report(Time due, const Move& move, std::span<const std::byte> report);

 private:
  Time start_;
  std::optional<std::ofstream> event_file_, truth_file_;
  bool events_to_stdout_ = false;
};

/// "0600ff" and back; nullopt for what is not whole octets.
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<std::vector<std::byte>> from_hex(std::string_view text);

}  // namespace psmove::emulator
