#include "bench/measure/process.hpp"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/measure/clock.hpp"

namespace psmove::bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

ProcessUse process_use(int pid) {
  ProcessUse use;
  const std::filesystem::path process = "/proc/" + std::to_string(pid);
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator(process / "task", gone)) {
    double nanoseconds = 0;
    if (std::ifstream(task.path() / "schedstat") >> nanoseconds) use.cpu_s += nanoseconds / 1e9;
  }
  long pages = 0;
  if (std::ifstream statm(process / "statm"); statm >> pages >> pages)
    use.rss_kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
  return use;
}

double cpu_busy_s(int cpu) {
  const std::string wanted = "cpu" + std::to_string(cpu);
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    std::istringstream words(line);
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    words >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    if (name != wanted) continue;
    // Not `nice`: that is the loop that keeps the CPU awake and gives way to everybody.
    const auto ticks = user + system + irq + softirq + steal;
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return 0;
}

double own_cpu_s() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

ServerMeter::ServerMeter(int pid, int cpu) : pid_(pid), cpu_(cpu), before_(process_use(pid)) {
  start();
}

void ServerMeter::start() {
  at_start_ = process_use(pid_);
  busy_at_start_ = cpu_busy_s(cpu_);
  start_ns_ = now_ns();
}

nlohmann::json ServerMeter::finish(std::uint64_t units) const {
  const ProcessUse end = process_use(pid_);
  const double elapsed_s = static_cast<double>(now_ns() - start_ns_) / 1e9;
  const double cpu_s = end.cpu_s - at_start_.cpu_s;
  const double foreign_s = cpu_busy_s(cpu_) - busy_at_start_ - cpu_s;
  return {{"cpu_s", cpu_s},
          {"cpu_pct", 100 * cpu_s / elapsed_s},
          {"cpu_us_per_unit", units == 0 ? 0 : 1e6 * cpu_s / static_cast<double>(units)},
          {"foreign_pct", 100 * foreign_s / elapsed_s},
          {"rss_kb_before", before_.rss_kb},
          {"rss_kb_start", at_start_.rss_kb},
          {"rss_kb_end", end.rss_kb}};
}

}  // namespace psmove::bench
