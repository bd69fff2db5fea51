#pragma once
// Where log lines go: the journal under systemd, else standard error; and how many of them.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "api/traffic.hpp"
#include "types/awaitable.hpp"

namespace psmove::daemon {

struct LogSettings {
  std::string level = "info";  ///< debug, info, warning, error
  std::size_t burst = 50;      ///< equal lines in an interval; 0: no limit
  std::chrono::seconds interval{30};
};

/// Sets up the log for the whole program.
void set_up_log(const LogSettings& settings);
/// Holds from now on; what was left out so far is told first.
void change_log(const LogSettings& settings);

/// What was logged so far; lives as long as the program.
[[nodiscard]] const api::LogCounts& log_counts();

/// While it lives, what was left out of the log is told as soon as its interval is over, and the
/// rest at its end. Without it that waits for the next line.
class LogSummaries {
 public:
  explicit LogSummaries(boost::asio::io_context& io);
  ~LogSummaries();
  LogSummaries(const LogSummaries&) = delete;
  LogSummaries& operator=(const LogSummaries&) = delete;

 private:
  struct Timer;
  std::shared_ptr<Timer> timer_;
};

}  // namespace psmove::daemon
