// What an Accept field lets through.
#include "api/accept.hpp"

#include <gtest/gtest.h>

namespace psmove::api {
namespace {

constexpr std::string_view type = "text/event-stream";

TEST(Accept, AdmitsWhatItNamesAndWhatItsRangesCover) {
  for (const char* list :
       {"", "  ", "*/*", "text/*", "text/event-stream", "Text/Event-Stream",
        "application/json, */*", "application/json;q=0.9,text/event-stream;q=0.1",
        "text/event-stream ; charset=utf-8", "*/*;q=0, text/event-stream", "text/*;q=0.001"})
    EXPECT_TRUE(accepts(list, type)) << list;
}

TEST(Accept, RefusesWhatItLeavesOutOrWeighsWithNothing) {
  for (const char* list : {"application/json", "text/html, application/*", "text/event-stream;q=0",
                           "*/*, text/event-stream; Q=0.000", "*/*;q=0.0", "text/*;q=0, */*",
                           "text", ",", "*", "text/event-streams"})
    EXPECT_FALSE(accepts(list, type)) << list;
}

TEST(Accept, OpenMetricsIsForThoseWhoPreferIt) {
  for (const char* list :
       {"application/openmetrics-text", "application/openmetrics-text; version=1.0.0",
        "Application/OpenMetrics-Text;version=\"1.0.0\";q=0.5, text/plain;version=0.0.4;q=0.3",
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;"
        "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        "*/*;q=0.1, application/openmetrics-text;q=0.2", "text/plain, application/openmetrics-text",
        "text/plain;q=0.25,*/*,application/openmetrics-text;q=0.255"})
    EXPECT_TRUE(prefers_openmetrics(list)) << list;
  for (const char* list :
       {"", "*/*", "application/*", "text/plain", "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;q=0", "application/openmetrics-text;q=0.3,text/plain;q=0.5",
        "application/openmetrics-text;q=0.5,*/*;q=0.6", ";;;", "application/openmetrics-text;q=0.",
        "application/openmetrics-text;q=0.7,text/*;q=0.8,*/*;q=0.1"})
    EXPECT_FALSE(prefers_openmetrics(list)) << list;
}

}  // namespace
}  // namespace psmove::api
