#pragma once
// Time as the benchmarks take it: nanoseconds of CLOCK_MONOTONIC, the same in every process.

#include <cstdint>
#include <ctime>

namespace psmove::bench {

inline std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
inline std::int64_t now_ns() {
  return clock_ns(CLOCK_MONOTONIC);
}
inline std::int64_t nanoseconds(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

}  // namespace psmove::bench
