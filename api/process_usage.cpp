#include "api/process_usage.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace psmove::api {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double now_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Fields of /proc/self/stat, numbered as proc(5) does. The second, the name, may have spaces.
struct Stat {
  std::uint64_t threads = 0;         ///< 20
  std::uint64_t started_ticks = 0;   ///< 22, since the machine was started
  std::uint64_t virtual_bytes = 0;   ///< 23
  std::uint64_t resident_pages = 0;  ///< 24
};

Stat read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  Stat stat;
  std::size_t at = line.rfind(')');
  if (at == std::string::npos) return stat;
  for (int field = 3; field <= 24; ++field) {
    at = line.find(' ', at);
    if (at == std::string::npos) return stat;
    ++at;
    const auto value = [&] { return std::strtoull(line.c_str() + at, nullptr, 10); };
    if (field == 20) stat.threads = value();
    if (field == 22) stat.started_ticks = value();
    if (field == 23) stat.virtual_bytes = value();
    if (field == 24) stat.resident_pages = value();
  }
  return stat;
}

std::uint64_t open_files() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), end; !error && each != end;
       each.increment(error))
    ++count;
  return count > 0 ? count - 1 : 0;  // one is the directory's own
}

}  // namespace

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage times{};
  if (::getrusage(RUSAGE_SELF, &times) == 0)
    usage.cpu_s = seconds(times.ru_utime) + seconds(times.ru_stime);
  const Stat stat = read_stat();
  usage.resident_bytes = stat.resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  usage.virtual_bytes = stat.virtual_bytes;
  usage.threads = stat.threads;
  usage.open_files = open_files();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    usage.most_open_files = limit.rlim_cur == RLIM_INFINITY
                                ? std::numeric_limits<double>::infinity()
                                : static_cast<double>(limit.rlim_cur);
  // The machine's own start is not always to be had (ProcSubset=pid); how long ago this one was is.
  const double age = now_of(CLOCK_BOOTTIME) - static_cast<double>(stat.started_ticks) /
                                                  static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (stat.started_ticks > 0) usage.started_s = now_of(CLOCK_REALTIME) - age;
  return usage;
}

}  // namespace psmove::api
