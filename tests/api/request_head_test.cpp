// What a request head may look like, byte by byte.
#include "api/request_head.hpp"

#include <gtest/gtest.h>
#include <string>

namespace psmove::api {
namespace {

using wire::ErrorCode;

constexpr HeadLimits limits;

ErrorCode fault_of(const std::string& head) {
  const auto extent = head_extent(head, limits);
  if (!extent) return extent.error().code;
  EXPECT_EQ(extent->length, head.size() - extent->skipped) << head;
  const auto read = read_head(std::string_view(head).substr(extent->skipped), limits);
  EXPECT_FALSE(read) << head;
  return read ? ErrorCode::internal : read.error().code;
}

RequestHead read(std::string_view head) {
  const auto result = read_head(head, limits);
  EXPECT_TRUE(result) << head << (result ? "" : result.error().detail);
  return result ? *result : RequestHead();
}

std::string with(const std::string& fields) {
  return "PUT /x HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

TEST(RequestHead, TakesAnOrdinaryRequestApart) {
  const auto head =
      read("GET /api/v1?x=1 HTTP/1.1\r\nHost: localhost:6683\r\nAccept:  */* \r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/api/v1?x=1");
  EXPECT_EQ(head.host, "localhost:6683");
  EXPECT_EQ(head.find("aCCept"), "*/*");
  EXPECT_FALSE(head.find("cookie"));
  EXPECT_TRUE(head.keeps_alive);
  EXPECT_FALSE(head.has_body());
}

TEST(RequestHead, IsIncompleteUntilTheEmptyLine) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t size = 0; size < head.size(); ++size) {
    const auto extent = head_extent(std::string_view(head).substr(0, size), limits);
    ASSERT_TRUE(extent) << size;
    EXPECT_EQ(extent->length, 0U) << size;
  }
  EXPECT_EQ(head_extent(head + "GET", limits)->length, head.size());
}

TEST(RequestHead, WithoutAVersionIsNotWaitedFor) {
  for (const std::string begun : {"GET /\r\n", "GET\r\n", "SSH-2.0-x\r\n", "GET / RTSP/1.0\r\nCS"})
    EXPECT_EQ(head_extent(begun, limits).error().code, ErrorCode::bad_request) << begun;
  EXPECT_TRUE(head_extent("GET / HTTP/1.1\r\nHost", limits));
  EXPECT_TRUE(head_extent("\r\nGET /", limits));
}

TEST(RequestHead, SkipsOneOrTwoEmptyLinesBeforeIt) {
  const auto extent = head_extent("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", limits);
  ASSERT_TRUE(extent);
  EXPECT_EQ(extent->skipped, 2U);
  EXPECT_GT(extent->length, 0U);
  EXPECT_FALSE(head_extent("\r\n\r\n\r\n\r\n", limits));
}

TEST(RequestHead, MayHave8KiBAndNotOneByteMore) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  head.append(limits.bytes - head.size() - 4, 'x');
  EXPECT_TRUE(read_head(head + "\r\n\r\n", limits));
  EXPECT_EQ(head_extent(head + "\r\n\r\n", limits)->length, limits.bytes);
  EXPECT_EQ(fault_of(head + "x\r\n\r\n"), ErrorCode::headers_too_large);
  EXPECT_EQ(head_extent(head + "xxxx", limits).error().code, ErrorCode::headers_too_large)
      << "the end is not waited for";
}

TEST(RequestHead, MayHave64FieldsAndNotOneMore) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < limits.fields; ++i) head += "X" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(read(head + "\r\n").fields().size(), 64U);
  EXPECT_EQ(fault_of(head + "Y: 1\r\n\r\n"), ErrorCode::headers_too_large);
}

TEST(RequestHead, TargetMayHave2KiBAndNotOneByteMore) {
  const std::string target = "/" + std::string(limits.target_bytes - 1, 'a');
  const std::string rest = " HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(read("GET " + target + rest).target, target);
  EXPECT_EQ(fault_of("GET " + target + "a" + rest), ErrorCode::uri_too_long);
  EXPECT_EQ(head_extent("GET " + target + "ab", limits).error().code, ErrorCode::uri_too_long)
      << "the end is not waited for";
}

TEST(RequestHead, RefusesWhatTwoParsersCouldReadDifferently) {
  for (const std::string head : {
           "GET / HTTP/1.1\nHost: a\n\n",                      // bare LF
           "GET / HTTP/1.1\r\nHost: a\r\nX: 1\nY: 2\r\n\r\n",  // bare LF inside
           "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",     // obs-fold
           "GET / HTTP/1.1\r\n Host: a\r\n\r\n",               // white space before the first field
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n",               // white space before the colon
           "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\n: empty name\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",   // bare CR
           "GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n\r\n",  // a control character
           "GET / HTTP/1.1\r\n\r\n",                         // no Host
           "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",   // two of them
           "GET /\r\nHost: a\r\n\r\n",                       // no version
           "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",             // two spaces
           "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
           "GET / HTTP/1,1\r\nHost: a\r\n\r\n",
           "GET / http/1.1\r\nHost: a\r\n\r\n",
           "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
           "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",  // must be percent-encoded
           "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
           " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
       })
    EXPECT_EQ(fault_of(head), ErrorCode::bad_request) << head;
  EXPECT_EQ(fault_of(with(std::string("X: a\0b\r\n", 8))), ErrorCode::bad_request);
}

TEST(RequestHead, KnowsTheVersionsOfHttp1) {
  EXPECT_EQ(read("GET / HTTP/1.0\r\n\r\n").minor_version, 0);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").keeps_alive);
  EXPECT_TRUE(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keeps_alive);
  EXPECT_EQ(fault_of("PRI * HTTP/2.0\r\n\r\n"), ErrorCode::unsupported_http_version);
  EXPECT_EQ(fault_of("GET / HTTP/3.0\r\nHost: a\r\n\r\n"), ErrorCode::unsupported_http_version);
}

TEST(RequestHead, ReadsConnectionAsAList) {
  EXPECT_FALSE(read(with("Connection: Close\r\n")).keeps_alive);
  EXPECT_FALSE(read(with("Connection: close\r\nConnection: keep-alive\r\n")).keeps_alive);
  const auto head = read(with("Connection: keep-alive, Upgrade\r\n"));
  EXPECT_TRUE(head.upgrades);
  EXPECT_TRUE(head.keeps_alive);
}

TEST(RequestHead, LengthIsOneDecimalNumber) {
  EXPECT_EQ(read(with("Content-Length: 5\r\n")).content_length, 5U);
  EXPECT_TRUE(read(with("Content-Length: 5\r\n")).has_body());
  EXPECT_FALSE(read(with("Content-Length: 0\r\n")).has_body());
  for (const std::string value : {"5, 5", "+5", "-1", "0x5", "5 5", "", "99999999999999999999"})
    EXPECT_EQ(fault_of(with("Content-Length: " + value + "\r\n")), ErrorCode::bad_request) << value;
  EXPECT_EQ(fault_of(with("Content-Length: 5\r\nContent-Length: 5\r\n")), ErrorCode::bad_request);
}

TEST(RequestHead, TransferEncodingIsChunkedOrRefused) {
  EXPECT_TRUE(read(with("Transfer-Encoding: chunked\r\n")).is_chunked);
  EXPECT_TRUE(read(with("Transfer-Encoding: Chunked\r\n")).is_chunked);
  for (const std::string coding :
       {"gzip", "gzip, chunked", "chunked, chunked", "chunked;q=1", "identity", "xchunked", ""})
    EXPECT_EQ(fault_of(with("Transfer-Encoding: " + coding + "\r\n")),
              ErrorCode::unsupported_transfer_encoding)
        << coding;
  EXPECT_EQ(fault_of(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
            ErrorCode::unsupported_transfer_encoding);
}

TEST(RequestHead, NeverHasTwoLengths) {
  EXPECT_EQ(fault_of(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n")),
            ErrorCode::bad_request);
  EXPECT_EQ(fault_of(with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
            ErrorCode::bad_request);
  EXPECT_EQ(fault_of("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ErrorCode::bad_request);
}

TEST(RequestHead, ExpectsOnlyToContinue) {
  EXPECT_TRUE(read(with("Expect: 100-Continue\r\n")).expects_continue);
  EXPECT_EQ(fault_of(with("Expect: tea\r\n")), ErrorCode::expectation_failed);
}

TEST(RequestHead, DecidingFieldsComeOnce) {
  for (const std::string name : {"Origin", "Content-Type", "Sec-WebSocket-Key"})
    EXPECT_EQ(fault_of(with(name + ": a\r\n" + name + ": b\r\n")), ErrorCode::bad_request) << name;
}

}  // namespace
}  // namespace psmove::api
