// Metrics as text, in both formats.
#include "api/wire/metrics_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace psmove::wire {
namespace {

using testing::HasSubstr;

constexpr std::array<std::int64_t, 3> edges_us = {500, 50'000, 1'000'000};

std::string some_of_each(MetricsFormat format) {
  MetricsText text(format);
  text.begin("a", MetricType::counter, "Counts.");
  text.add({{"x", "1"}, {"y", "2"}}, std::uint64_t{18446744073709551615U});
  text.begin("b_ratio", MetricType::gauge, "Is.");
  text.add({}, 0.25);
  text.begin("c", MetricType::info, "Says.");
  text.add({{"version", "1.2"}}, std::uint64_t{1});
  return text.text();
}

TEST(MetricsText, IsWhatPrometheusReads) {
  EXPECT_EQ(some_of_each(MetricsFormat::prometheus),
            "# HELP a_total Counts.\n# TYPE a_total counter\n"
            "a_total{x=\"1\",y=\"2\"} 18446744073709551615\n"
            "# HELP b_ratio Is.\n# TYPE b_ratio gauge\nb_ratio 0.25\n"
            "# HELP c_info Says.\n# TYPE c_info gauge\nc_info{version=\"1.2\"} 1\n");
}

TEST(MetricsText, OpenMetricsNamesFamiliesAndHasAnEnd) {
  EXPECT_EQ(some_of_each(MetricsFormat::openmetrics),
            "# HELP a Counts.\n# TYPE a counter\n"
            "a_total{x=\"1\",y=\"2\"} 18446744073709551615\n"
            "# HELP b_ratio Is.\n# TYPE b_ratio gauge\nb_ratio 0.25\n"
            "# HELP c Says.\n# TYPE c info\nc_info{version=\"1.2\"} 1\n# EOF\n");
}

TEST(MetricsText, BucketsCountWhatIsNotLongerAndAllBelow) {
  Histogram histogram(edges_us);
  for (const std::int64_t us : {0, 500, 501, 50'000, 999'999, 1'000'001}) histogram.add(us);
  MetricsText text(MetricsFormat::prometheus);
  text.begin("d_seconds", MetricType::histogram, "Takes.");
  text.add({{"x", "1"}}, histogram);
  EXPECT_EQ(text.text(),
            "# HELP d_seconds Takes.\n# TYPE d_seconds histogram\n"
            "d_seconds_bucket{x=\"1\",le=\"0.0005\"} 2\n"
            "d_seconds_bucket{x=\"1\",le=\"0.05\"} 4\n"
            "d_seconds_bucket{x=\"1\",le=\"1.0\"} 5\n"
            "d_seconds_bucket{x=\"1\",le=\"+Inf\"} 6\n"
            "d_seconds_sum{x=\"1\"} 2.051001\nd_seconds_count{x=\"1\"} 6\n");
}

TEST(MetricsText, NamesThatPeopleGaveCannotBreakOutOfTheirLabel) {
  MetricsText text(MetricsFormat::prometheus);
  text.begin("c", MetricType::info, "Says.");
  text.add({{"name", "a\"b\\c\nd\"} 1"}}, std::uint64_t{1});
  EXPECT_THAT(text.text(), HasSubstr("\nc_info{name=\"a\\\"b\\\\c\\nd\\\"} 1\"} 1\n"));
}

TEST(MetricsText, SaysInfinityAsTheFormatDoes) {
  MetricsText text(MetricsFormat::prometheus);
  text.begin("max", MetricType::gauge, "Most.");
  text.add({}, std::numeric_limits<double>::infinity());
  EXPECT_THAT(text.text(), HasSubstr("\nmax +Inf\n"));
}

}  // namespace
}  // namespace psmove::wire
