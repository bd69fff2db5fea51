#include "daemon/log.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>
#include <vector>

// Without it the journal would be told that every line is from here.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "daemon/journal.hpp"
#include "daemon/log_limit.hpp"

namespace psmove::daemon {
namespace {

constexpr const char* journal_socket = "/run/systemd/journal/socket";

/// systemd sets JOURNAL_STREAM to "device:inode" of the socket it connected standard error to;
/// where that still is our standard error, lines go to the journal with their fields.
bool stderr_is_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  unsigned long device = 0;
  unsigned long inode = 0;
  struct stat status {};
  return stream != nullptr && std::sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
         ::fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

int priority_of(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return 3;
  if (level == spdlog::level::warn) return 4;
  return level == spdlog::level::info ? 6 : 7;
}

class JournalSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view line(message.payload.data(), message.payload.size());
    const int priority = priority_of(message.level);
    auto fields = journal_fields(priority, line,
                                 {.file = message.source.filename,
                                  .function = message.source.funcname,
                                  .line = message.source.line});
    std::vector<iovec> vectors;
    vectors.reserve(fields.size());
    for (auto& field : fields) vectors.push_back({field.data(), field.size()});
    // Without its socket the library drops the line and says that all is well.
    if (::access(journal_socket, F_OK) == 0 &&
        ::sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size())) == 0)
      return;
    // What systemd connected us to knows priorities.
    std::fprintf(stderr, "<%d>%.*s\n", priority, static_cast<int>(line.size()), line.data());
  }
  void flush_() override {}
};

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
}

/// Every sink, those of the stream's topic `log` among them, hears what comes through.
class LimitedLogger final : public spdlog::logger {
 public:
  LimitedLogger(spdlog::sink_ptr sink, const LogSettings& settings)
      : logger("psmoved", std::move(sink)), limit_(settings.burst, settings.interval) {}

  [[nodiscard]] const api::LogCounts& counts() const { return counts_; }
  /// Called where lines are being left out, with the time at which that should be told.
  void on_left_out(std::function<void(LogTime)> callback) { left_out_ = std::move(callback); }
  void set_limit(const LogSettings& settings) {
    tell_left_out(LogTime::max());
    limit_ = LogLimit(settings.burst, settings.interval);
  }
  void tell_left_out(LogTime now) {
    for (const auto& summary : limit_.take(now)) {
      const auto level = static_cast<spdlog::level::level_enum>(summary.level);
      std::string line = std::to_string(summary.left_out) + " similar lines left out";
      if (!summary.message.empty()) line += " line=\"" + summary.message + '"';
      write({name_, std::max(level, spdlog::level::info), line});
    }
    if (const auto next = limit_.next_end(); next && left_out_) left_out_(*next);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view line(message.payload.data(), message.payload.size());
    const auto now = std::chrono::steady_clock::now();
    tell_left_out(now);
    if (!limit_.admits(message.level, line, now)) {
      ++counts_.left_out;
      if (const auto next = limit_.next_end(); next && left_out_) left_out_(*next);
      return;
    }
    if (std::none_of(line.begin(), line.end(), is_control)) return write(message);
    // Words from elsewhere must not look like a line of ours.
    std::string safe(line);
    std::replace_if(safe.begin(), safe.end(), is_control, '?');
    auto copy = message;
    copy.payload = safe;
    write(copy);
  }

  void write(const spdlog::details::log_msg& message) {
    const auto priority = priority_of(message.level);
    ++(priority <= 3   ? counts_.errors
       : priority == 4 ? counts_.warnings
       : priority == 6 ? counts_.infos
                       : counts_.debugs);
    logger::sink_it_(message);
  }

  LogLimit limit_;
  api::LogCounts counts_;
  std::function<void(LogTime)> left_out_;
};

std::shared_ptr<LimitedLogger>& the_logger() {
  static std::shared_ptr<LimitedLogger> logger;
  return logger;
}

}  // namespace

void set_up_log(const LogSettings& settings) {
  spdlog::sink_ptr sink;
  if (stderr_is_the_journal()) {
    sink = std::make_shared<JournalSink>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_st>();
  }
  auto& logger = the_logger();
  logger = std::make_shared<LimitedLogger>(std::move(sink), settings);
  logger->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(spdlog::level::from_str(settings.level));
  spdlog::set_default_logger(logger);
}

void change_log(const LogSettings& settings) {
  the_logger()->set_limit(settings);
  the_logger()->set_level(spdlog::level::from_str(settings.level));
}

const api::LogCounts& log_counts() {
  static const api::LogCounts none;
  return the_logger() ? the_logger()->counts() : none;
}

struct LogSummaries::Timer : std::enable_shared_from_this<Timer> {
  explicit Timer(boost::asio::io_context& io) : timer(io) {}

  void wake_at(LogTime when) {
    if (wakes_at == when) return;
    wakes_at = when;
    timer.expires_at(when);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->wakes_at.reset();
      the_logger()->tell_left_out(std::chrono::steady_clock::now());
    });
  }

  boost::asio::steady_timer timer;
  std::optional<LogTime> wakes_at;
};

LogSummaries::LogSummaries(boost::asio::io_context& io) : timer_(std::make_shared<Timer>(io)) {
  the_logger()->on_left_out([this](LogTime when) { timer_->wake_at(when); });
}

LogSummaries::~LogSummaries() {
  the_logger()->on_left_out({});
  the_logger()->tell_left_out(LogTime::max());
}

}  // namespace psmove::daemon
