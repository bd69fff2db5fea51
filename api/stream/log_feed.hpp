#pragma once
// The daemon's log as messages of the stream, for operators.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/stream/backlog.hpp"

namespace psmove::stream {

class Publisher;

/// Listens to the log for as long as it lives, and does nothing while nobody subscribed. A line is
/// told when the turn of the loop ends, so that whatever logs is done by then; what is logged while
/// lines are told is not told in turn. So much at most: a hundred lines at once, and twenty a
/// second; what is beyond that is counted.
class LogFeed {
 public:
  struct Loop {
    std::function<void()> call_tell;  ///< asks for tell() after every handler that is ready now
    std::function<std::int64_t()> now_us;
    std::function<SteadyTime()> now;
  };

  LogFeed(Publisher& publisher, Loop loop);
  ~LogFeed();
  LogFeed(const LogFeed&) = delete;
  LogFeed& operator=(const LogFeed&) = delete;

  /// @param level  "debug", "info", "warning", "error"
  void hear(std::string_view level, std::string_view line);
  void tell();

 private:
  class Sink;
  struct Line {
    std::int64_t time_us = 0;
    std::string_view level;
    std::string text;
    std::uint32_t suppressed = 0;
  };
  [[nodiscard]] bool is_too_much();

  Publisher& publisher_;
  Loop loop_;
  std::shared_ptr<Sink> sink_;
  std::vector<Line> lines_;       ///< to be told
  std::uint32_t suppressed_ = 0;  ///< since the last one that was not
  SteadyTime debt_{};             ///< each line heard is a little time ahead of now
  bool is_telling_ = false;
};

}  // namespace psmove::stream
