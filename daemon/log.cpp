#include "daemon/log.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/systemd_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

namespace psmove::daemon {
namespace {

/// systemd sets JOURNAL_STREAM to "device:inode" of the socket it connected standard error to;
/// where that still is our standard error, lines go to the journal with their priority.
bool stderr_is_the_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  unsigned long device = 0;
  unsigned long inode = 0;
  struct stat status {};
  return stream != nullptr && std::sscanf(stream, "%lu:%lu", &device, &inode) == 2 &&
         ::fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

}  // namespace

void set_up_log(const std::string& level) {
  std::shared_ptr<spdlog::logger> logger;
  if (stderr_is_the_journal()) {
    logger = std::make_shared<spdlog::logger>(
        "psmoved", std::make_shared<spdlog::sinks::systemd_sink_st>("psmoved"));
  } else {
    logger = std::make_shared<spdlog::logger>(
        "psmoved", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
    logger->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  }
  spdlog::set_default_logger(std::move(logger));
  set_log_level(level);
}

void set_log_level(const std::string& level) {
  spdlog::default_logger()->set_level(spdlog::level::from_str(level));
}

}  // namespace psmove::daemon
