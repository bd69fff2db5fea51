// Who may talk to the server, from Host, Origin and Sec-Fetch-Site.
#include "api/access.hpp"

#include <gtest/gtest.h>
#include <string>

#include "api/request_head.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;

const Access access({"Move.local"}, {"192.168.7.2", "fe80:0:0::1"}, {"https://stage.example"});

std::optional<ErrorCode> refusal(const std::string& host, const std::string& more = {},
                                 const std::string& method = "GET",
                                 std::string_view local_address = "127.0.0.1") {
  const std::string text = method + " / HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n";
  const auto head = read_head(text, HeadLimits());
  EXPECT_TRUE(head) << text;
  const auto fault = access.refuse(*head, local_address);
  return fault ? std::optional(fault->code) : std::nullopt;
}

TEST(Access, KnowsItsNamesWhateverThePort) {
  for (const std::string host :
       {"localhost", "localhost:6683", "LOCALHOST:1", "localhost.", "127.0.0.1:6683", "127.8.9.10",
        "[::1]", "[::1]:6683", "[0:0::1]", "move.local", "192.168.7.2:80", "[fe80::1]:6683"})
    EXPECT_FALSE(refusal(host)) << host;
}

TEST(Access, RefusesOtherPeoplesNames) {
  for (const std::string host : {"evil.example", "evil.example:6683", "localhost.evil.example",
                                 "128.0.0.1", "10.0.0.1", "[::2]", "move.local.evil", "127.1", ""})
    EXPECT_EQ(refusal(host), ErrorCode::unknown_host) << host;
}

TEST(Access, RefusesWhatIsNoHostName) {
  for (const std::string host : {"a b", "localhost/", "user@localhost", "localhost:x", "[::1",
                                 "[::1]x", "localhost:123456", "local%68ost"})
    EXPECT_EQ(refusal(host), ErrorCode::bad_request) << host;
}

TEST(Access, ALiteralAddressIsKnownWhereTheConnectionCameInOnIt) {
  EXPECT_FALSE(refusal("10.0.0.5:6683", {}, "GET", "10.0.0.5"));
  EXPECT_EQ(refusal("10.0.0.5:6683", {}, "GET", "10.0.0.6"), ErrorCode::unknown_host);
}

TEST(Access, PagesOfOurOwnMayWrite) {
  for (const std::string origin :
       {"http://localhost:6683", "http://127.0.0.1:6683", "http://[::1]:6683"})
    EXPECT_FALSE(refusal("localhost:6683", "Origin: " + origin + "\r\n", "PUT")) << origin;
  EXPECT_FALSE(refusal("localhost", "Origin: http://localhost\r\n", "PUT")) << "port 80";
  EXPECT_FALSE(refusal("move.local:6683", "Origin: http://move.local:6683\r\n", "PUT"));
}

TEST(Access, HttpsIsOurOwnOriginToo) {
  const auto own = [](const std::string& host, const std::string& origin, bool is_encrypted) {
    const std::string text =
        "PUT / HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin + "\r\n\r\n";
    return !access.refuse(*read_head(text, HeadLimits()), "127.0.0.1", is_encrypted);
  };
  EXPECT_TRUE(own("move.local:6683", "https://move.local:6683", true));
  EXPECT_TRUE(own("move.local", "https://move.local", true)) << "port 443";
  EXPECT_TRUE(own("move.local", "https://move.local", false)) << "behind a proxy that does TLS";
  EXPECT_FALSE(own("move.local:6683", "http://move.local:6683", true))
      << "anybody on the way could have written that page";
  EXPECT_FALSE(own("move.local:6683", "https://move.local", true));
}

TEST(Access, PagesOfOthersMayNotEvenRead) {
  for (const std::string origin : {"http://evil.example", "https://localhost:3000",
                                   "http://localhost:3000", "http://move.local:6683", "null",
                                   "file://", "http://localhost:6683/path", "", "chrome://x"})
    for (const std::string method : {"GET", "PUT", "OPTIONS"})
      EXPECT_EQ(refusal("localhost:6683", "Origin: " + origin + "\r\n", method),
                ErrorCode::origin_not_allowed)
          << origin;
}

TEST(Access, ConfiguredOriginsMayCrossSites) {
  const std::string fields = "Origin: https://stage.example\r\nSec-Fetch-Site: cross-site\r\n";
  EXPECT_FALSE(refusal("localhost:6683", fields, "PUT"));
  EXPECT_EQ(refusal("evil.example", fields, "PUT"), ErrorCode::unknown_host);
}

TEST(Access, CrossSiteWritesAreRefusedWithoutAnOriginToo) {
  const std::string cross = "Sec-Fetch-Site: cross-site\r\n";
  for (const std::string method : {"PUT", "POST", "PATCH", "DELETE", "BREW"})
    EXPECT_EQ(refusal("localhost", cross, method), ErrorCode::cross_site_write) << method;
  EXPECT_FALSE(refusal("localhost", cross, "GET")) << "following a link";
  EXPECT_EQ(refusal("localhost", cross + "Upgrade: websocket\r\n"), ErrorCode::cross_site_write);
  EXPECT_FALSE(refusal("localhost", "Sec-Fetch-Site: same-origin\r\n", "PUT"));
}

TEST(Access, EchoesConfiguredOriginsOnly) {
  const auto origin_of = [](const std::string& origin) {
    const std::string text = "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin + "\r\n\r\n";
    return std::string(access.foreign_origin(*read_head(text, HeadLimits())));
  };
  EXPECT_EQ(origin_of("https://stage.example"), "https://stage.example");
  EXPECT_EQ(origin_of("http://localhost"), "");
  EXPECT_EQ(origin_of("https://stage.example:444"), "");
}

TEST(Access, AnHttp10ClientWithoutHostIsNoBrowser) {
  const auto head = read_head("GET / HTTP/1.0\r\n\r\n", HeadLimits());
  EXPECT_FALSE(access.refuse(*head, "127.0.0.1"));
  const auto page = read_head("GET / HTTP/1.0\r\nOrigin: http://localhost\r\n\r\n", HeadLimits());
  EXPECT_TRUE(access.refuse(*page, "127.0.0.1"));
}

}  // namespace
}  // namespace psmove::api
