#pragma once
// Keeps a line that comes again and again from filling the disk. Pure: the time is given.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace psmove::daemon {

using LogTime = std::chrono::steady_clock::time_point;

/// Of lines that differ in the values of their fields alone, so many come through in an interval,
/// which begins with the first of them; the rest is counted, and told when it is over.
class LogLimit {
 public:
  /// Lines that are told apart. What is beyond them shares one count: whoever can make up messages
  /// cannot make this grow.
  static constexpr std::size_t most_messages = 256;

  /// @param burst  lines of an interval; 0: all of them
  LogLimit(std::size_t burst, std::chrono::seconds interval) : burst_(burst), interval_(interval) {}

  /// @param level  of the line, as a number: the same message at another level is another
  /// @param line  with its fields
  [[nodiscard]] bool admits(int level, std::string_view line, LogTime now);

  struct Summary {
    int level = 0;
    std::string message;  ///< without fields; empty for what shares one count
    std::uint64_t left_out = 0;
  };
  /// Of intervals that are over, where lines were left out.
  [[nodiscard]] std::vector<Summary> take(LogTime now);
  /// Of all intervals, however long they have lasted.
  [[nodiscard]] std::vector<Summary> take_all() { return take(LogTime::max()); }
  /// When the next one will be over in which lines were left out.
  [[nodiscard]] std::optional<LogTime> next_end() const;

 private:
  struct Message {
    LogTime began;
    std::uint64_t lines = 0;
  };
  [[nodiscard]] bool is_over(const Message& message, LogTime now) const {
    return now == LogTime::max() || now - message.began >= interval_;
  }

  std::uint64_t burst_;
  std::chrono::seconds interval_;
  std::map<std::pair<int, std::string>, Message> messages_;
};

}  // namespace psmove::daemon
