#pragma once
// Numbers for a monitoring system, in the text formats that Prometheus reads: its own (version
// 0.0.4) and OpenMetrics 1.0.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace psmove::wire {

enum class MetricsFormat : std::uint8_t { prometheus, openmetrics };

enum class MetricType : std::uint8_t { counter, gauge, histogram, info };

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};

/// How often something took how long. Counting is one comparison for each edge at most.
class Histogram {
 public:
  static constexpr std::size_t most_edges = 15;

  /// @param edges_us  upper edges in microseconds, ascending, at most `most_edges`; they outlive it
  explicit Histogram(std::span<const std::int64_t> edges_us) : edges_us_(edges_us) {}

  void add(std::int64_t us);

  [[nodiscard]] std::span<const std::int64_t> edges_us() const { return edges_us_; }
  /// So many were longer than the edge before, and not longer than this one; the last of all is for
  /// what is longer than every edge.
  [[nodiscard]] std::uint64_t in_bucket(std::size_t i) const { return counts_[i]; }
  [[nodiscard]] std::int64_t sum_us() const { return sum_us_; }

 private:
  std::span<const std::int64_t> edges_us_;
  std::array<std::uint64_t, most_edges + 1> counts_{};
  std::int64_t sum_us_ = 0;
};

/// Families in turn, each with all of its samples behind it, then text().
class MetricsText {
 public:
  explicit MetricsText(MetricsFormat format) : format_(format) {}

  /// @param name  without the `_total` of a counter and the `_info` of an info
  void begin(std::string_view name, MetricType type, std::string_view help);
  void add(std::initializer_list<MetricLabel> labels, std::uint64_t value);
  void add(std::initializer_list<MetricLabel> labels, double value);
  /// In seconds.
  void add(std::initializer_list<MetricLabel> labels, const Histogram& histogram);

  /// All of it; to be called once.
  [[nodiscard]] std::string text();

 private:
  void append_name(std::string_view suffix, std::initializer_list<MetricLabel> labels,
                   std::string_view edge);

  MetricsFormat format_;
  std::string text_;
  std::string_view name_, suffix_;
};

}  // namespace psmove::wire
