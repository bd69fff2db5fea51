#include "api/request_body.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include "api/request_head.hpp"

namespace psmove::api {
namespace {

struct Outcome {
  std::string body;
  std::size_t used = 0;
  bool operator==(const Outcome&) const = default;
};

/// The message in pieces, the way a session gets it: what was not used is given again.
Outcome read_in_pieces(std::string_view head, std::string_view body, std::size_t piece) {
  BodyReader reader(1024, read_head(head, {}).value());
  const std::string message(body);
  Outcome outcome;
  std::size_t received = 0;
  for (;;) {
    const auto input = std::string_view(message).substr(outcome.used, received - outcome.used);
    const auto used = reader.put(input);
    if (!used) {
      ADD_FAILURE() << used.error().detail;
      return outcome;
    }
    outcome.used += *used;
    if (reader.is_done()) break;
    if (received == message.size()) {
      ADD_FAILURE() << "not done after " << received << " bytes";
      return outcome;
    }
    received = std::min(received + piece, message.size());
  }
  outcome.body = reader.take();
  return outcome;
}

TEST(RequestBody, IsTheSameHoweverItsPiecesArrive) {
  const std::string_view chunked =
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string_view sized = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
  for (std::size_t piece = 1; piece <= 12; ++piece) {
    for (const std::string body :
         {"5;x=y\r\nred, \r\n4\r\nblue\r\n0\r\n\r\n", "9\r\nred, blue\r\n0\r\nX: y\r\n\r\n"})
      EXPECT_EQ(read_in_pieces(chunked, body, piece), (Outcome{"red, blue", body.size()}))
          << body << " in pieces of " << piece;
    EXPECT_EQ(read_in_pieces(chunked, "0\r\n\r\n", piece), (Outcome{"", 5})) << piece;
    EXPECT_EQ(read_in_pieces(sized, "red, blue", piece), (Outcome{"red, blue", 9})) << piece;
  }
}

TEST(RequestBody, BeyondTheLimitIsToldAtOnce) {
  const auto head = read_head("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1025\r\n\r\n", {});
  EXPECT_EQ(BodyReader(1024, *head).put("").error().code, wire::ErrorCode::payload_too_large);
  EXPECT_TRUE(BodyReader(1025, *head).put(""));
}

}  // namespace
}  // namespace psmove::api
