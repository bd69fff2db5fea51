#include "api/wire/metrics_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace psmove::wire {
namespace {

std::string_view to_string(MetricType type, MetricsFormat format) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::histogram:
      return "histogram";
    case MetricType::info:
      // The older format has no type for what is always 1.
      return format == MetricsFormat::openmetrics ? "info" : "gauge";
    case MetricType::gauge:
      break;
  }
  return "gauge";
}

std::string_view suffix_of(MetricType type) {
  if (type == MetricType::counter) return "_total";
  return type == MetricType::info ? "_info" : "";
}

template <class Number>
void append_digits(std::string& text, Number value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

/// The shortest that reads as the same number.
void append(std::string& text, double value) {
  if (std::isinf(value)) {
    text += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  append_digits(text, value);
}
void append(std::string& text, std::uint64_t value) {
  append_digits(text, value);
}

/// Exactly, with one decimal at least: the edge of a bucket is a label, and has to look the same in
/// every answer.
std::string seconds(std::int64_t us) {
  constexpr std::int64_t per_second = 1'000'000;
  std::string text;
  append_digits(text, us / per_second);
  text += '.';
  std::string decimals = std::to_string(per_second + us % per_second).substr(1);
  while (decimals.size() > 1 && decimals.back() == '0') decimals.pop_back();
  return text + decimals;
}

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
}

}  // namespace

void Histogram::add(std::int64_t us) {
  const auto edge = std::lower_bound(edges_us_.begin(), edges_us_.end(), us);
  ++counts_[static_cast<std::size_t>(edge - edges_us_.begin())];
  sum_us_ += us;
}

void MetricsText::begin(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  suffix_ = suffix_of(type);
  // OpenMetrics names the family, the older format what its samples are called.
  const auto family_suffix = format_ == MetricsFormat::openmetrics ? "" : suffix_;
  text_.append("# HELP ").append(name).append(family_suffix).append(" ").append(help);
  text_.append("\n# TYPE ").append(name).append(family_suffix).append(" ");
  text_.append(to_string(type, format_)).append("\n");
}

void MetricsText::append_name(std::string_view suffix, std::initializer_list<MetricLabel> labels,
                              std::string_view edge) {
  text_.append(name_).append(suffix);
  char before = '{';
  const auto append_label = [&](const MetricLabel& label) {
    text_ += std::exchange(before, ',');
    text_.append(label.name).append("=\"");
    append_escaped(text_, label.value);
    text_ += '"';
  };
  for (const auto& label : labels) append_label(label);
  if (!edge.empty()) append_label({"le", edge});
  text_ += before == '{' ? " " : "} ";
}

void MetricsText::add(std::initializer_list<MetricLabel> labels, std::uint64_t value) {
  append_name(suffix_, labels, {});
  append(text_, value);
  text_ += '\n';
}

void MetricsText::add(std::initializer_list<MetricLabel> labels, double value) {
  append_name(suffix_, labels, {});
  append(text_, value);
  text_ += '\n';
}

void MetricsText::add(std::initializer_list<MetricLabel> labels, const Histogram& histogram) {
  std::uint64_t count = 0;
  const auto edges = histogram.edges_us();
  for (std::size_t i = 0; i <= edges.size(); ++i) {
    count += histogram.in_bucket(i);
    append_name("_bucket", labels, i < edges.size() ? seconds(edges[i]) : "+Inf");
    append(text_, count);
    text_ += '\n';
  }
  append_name("_sum", labels, {});
  text_ += seconds(histogram.sum_us());
  text_ += '\n';
  append_name("_count", labels, {});
  append(text_, count);
  text_ += '\n';
}

std::string MetricsText::text() {
  if (format_ == MetricsFormat::openmetrics) text_ += "# EOF\n";
  return std::move(text_);
}

}  // namespace psmove::wire
