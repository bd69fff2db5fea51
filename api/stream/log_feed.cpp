#include "api/stream/log_feed.hpp"

#include <algorithm>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <utility>

#include "api/stream/publisher.hpp"
#include "api/wire/log_line.hpp"

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;

constexpr auto line_interval = 50ms;
constexpr auto line_burst = 100 * line_interval;

std::string_view level_name(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return "error";
  if (level == spdlog::level::warn) return "warning";
  return level == spdlog::level::info ? "info" : "debug";
}

}  // namespace

class LogFeed::Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Sink(LogFeed& feed) : feed_(feed) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    feed_.hear(level_name(message.level), {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}

  LogFeed& feed_;
};

LogFeed::LogFeed(Publisher& publisher, Loop loop)
    : publisher_(publisher), loop_(std::move(loop)), sink_(std::make_shared<Sink>(*this)) {
  spdlog::default_logger()->sinks().push_back(sink_);
}

LogFeed::~LogFeed() {
  std::erase(spdlog::default_logger()->sinks(), sink_);
}

bool LogFeed::is_too_much() {
  const auto now = loop_.now();
  const auto debt = std::max(debt_, now) + line_interval;
  if (debt - now > line_burst) return true;
  debt_ = debt;
  return false;
}

void LogFeed::hear(std::string_view level, std::string_view line) {
  if (is_telling_ || !publisher_.is_wanted(wire::Topic::log)) return;
  if (is_too_much()) {
    ++suppressed_;
    return;
  }
  lines_.push_back({loop_.now_us(), level, std::string(line), std::exchange(suppressed_, 0)});
  if (lines_.size() == 1) loop_.call_tell();
}

void LogFeed::tell() {
  is_telling_ = true;
  for (const Line& line : std::exchange(lines_, {}))
    publisher_.publish_event({}, wire::Topic::log, FrameKind::edge, [&line] {
      return wire::log_event(line.time_us, line.level, wire::parse_log_line(line.text),
                             line.suppressed);
    });
  is_telling_ = false;
}

}  // namespace psmove::stream
