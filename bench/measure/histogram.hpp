#pragma once
// Latencies in a fixed amount of memory, so that taking one costs nothing worth counting.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace psmove::bench {

/// Log-linear: 64 steps for each power of two, so a quantile is off by less than 1.6 %.
class Histogram {
 public:
  Histogram();
  void add(std::int64_t nanoseconds);  ///< what is negative counts as 0
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// @param share  0..1
  /// @return nanoseconds; 0 of an empty histogram
  [[nodiscard]] double quantile(double share) const;
  /// {"n", "min", "mean", "p50", "p90", "p99", "p999", "max"}, microseconds
  [[nodiscard]] nlohmann::json summary() const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0, least_, most_ = 0;
  double sum_ = 0;
};

}  // namespace psmove::bench
