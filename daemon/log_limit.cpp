#include "daemon/log_limit.hpp"

#include <algorithm>
#include <utility>

#include "api/wire/log_line.hpp"

namespace psmove::daemon {

bool LogLimit::admits(int level, std::string_view line, LogTime now) {
  if (burst_ == 0) return true;
  // Those that left nothing out have nothing to tell.
  if (messages_.size() >= most_messages)
    std::erase_if(messages_, [&](const auto& each) {
      return each.second.lines <= burst_ && is_over(each.second, now);
    });
  std::pair key(level, wire::parse_log_line(line).message);
  if (messages_.size() >= most_messages && !messages_.contains(key)) key = {0, {}};
  Message& message = messages_.try_emplace(std::move(key), Message{.began = now}).first->second;
  // What was left out of the last one is taken before this comes to pass.
  if (is_over(message, now) && message.lines <= burst_) message = {.began = now};
  return ++message.lines <= burst_;
}

std::vector<LogLimit::Summary> LogLimit::take(LogTime now) {
  std::vector<Summary> summaries;
  std::erase_if(messages_, [&](const auto& each) {
    const auto& [key, message] = each;
    if (message.lines <= burst_ || !is_over(message, now)) return false;
    summaries.push_back(
        {.level = key.first, .message = key.second, .left_out = message.lines - burst_});
    return true;
  });
  return summaries;
}

std::optional<LogTime> LogLimit::next_end() const {
  std::optional<LogTime> next;
  for (const auto& [key, message] : messages_)
    if (message.lines > burst_)
      next = std::min(next.value_or(LogTime::max()), message.began + interval_);
  return next;
}

}  // namespace psmove::daemon
