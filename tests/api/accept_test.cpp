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

}  // namespace
}  // namespace psmove::api
