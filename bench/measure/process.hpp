#pragma once
// What another process has used so far, exactly: the kernel's scheduler counts nanoseconds.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace psmove::bench {

struct ProcessUse {
  double cpu_s = 0;  ///< all its threads; a loopback send's whole transmit path is in here, since
                     ///< it runs in the sender's time
  long rss_kb = 0;
};

/// Zeros where there is no such process. Threads that have ended are not counted.
ProcessUse process_use(int pid);

/// Seconds this CPU was not idle since boot, whoever used it; 10 ms steps.
double cpu_busy_s(int cpu);

/// Seconds this process has used.
double own_cpu_s();

/// One server on one CPU over one stretch of time.
class ServerMeter {
 public:
  /// @param pid  0: nothing is measured
  ServerMeter(int pid, int cpu);
  /// Begins the stretch anew; what was in memory until now is what connections cost.
  void start();
  /// @param units  frames or requests that were served since start()
  /// @return {"cpu_s", "cpu_pct", "cpu_us_per_unit", "foreign_pct": what others used on its CPU,
  /// "rss_kb_before", "rss_kb_start", "rss_kb_end"}
  [[nodiscard]] nlohmann::json finish(std::uint64_t units) const;

 private:
  int pid_, cpu_;
  ProcessUse before_, at_start_;
  double busy_at_start_ = 0;
  std::int64_t start_ns_ = 0;
};

}  // namespace psmove::bench
