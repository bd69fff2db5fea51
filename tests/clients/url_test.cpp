// Server URLs as people write them, and names in paths.

#include "clients/cpp/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/cpp/channel.hpp"
#include "clients/cpp/client.hpp"

namespace psmove::client {
namespace {

using testing::HasSubstr;

TEST(ServerUrlTest, FullUrlGivesHostAndPort) {
  EXPECT_EQ(parse_server_url("http://stage.local:7000").value(), (ServerUrl{"stage.local", 7000}));
  EXPECT_EQ(parse_server_url("http://10.0.0.5:80/").value(), (ServerUrl{"10.0.0.5", 80}));
}

TEST(ServerUrlTest, MissingPartsHaveTheDaemonsDefaults) {
  EXPECT_EQ(parse_server_url("stage").value(), (ServerUrl{"stage", 6683}));
  EXPECT_EQ(parse_server_url("stage:99").value(), (ServerUrl{"stage", 99}));
  EXPECT_EQ(ServerUrl{}.text(), "http://localhost:6683");
}

TEST(ServerUrlTest, Ipv6NeedsBracketsOnlyBesideAPort) {
  EXPECT_EQ(parse_server_url("http://[::1]:6683").value(), (ServerUrl{"::1", 6683}));
  EXPECT_EQ(parse_server_url("[fe80::1%eth0]").value(), (ServerUrl{"fe80::1%eth0", 6683}));
  EXPECT_EQ(parse_server_url("::1").value(), (ServerUrl{"::1", 6683}));
}

TEST(ServerUrlTest, Ipv6IsWrittenWithBrackets) {
  EXPECT_EQ((ServerUrl{"::1", 6683}).text(), "http://[::1]:6683");
}

TEST(ServerUrlTest, HttpsIsSaid) {
  const auto url = parse_server_url("https://stage.local").value();
  EXPECT_TRUE(url.is_tls);
  EXPECT_EQ(url.text(), "https://stage.local:6683");
}

TEST(FingerprintTest, ColonsAndCaseMakeNoDifference) {
  const std::string plain(64, 'A');
  std::string with_colons = "aA";
  for (int i = 1; i < 32; ++i) with_colons += ":Aa";
  EXPECT_EQ(canonical_fingerprint(plain), plain);
  EXPECT_EQ(canonical_fingerprint(with_colons), plain);
  for (const std::string wrong : {"", "AA", "sha256"}) EXPECT_EQ(canonical_fingerprint(wrong), "");
  EXPECT_EQ(canonical_fingerprint(plain + "A"), "");
  EXPECT_EQ(canonical_fingerprint(plain.substr(1) + "G"), "");
}

TEST(ServerUrlTest, AUnixSocketIsAWholePath) {
  const auto url = parse_server_url("unix:/run/psmoved/psmoved.sock").value();
  EXPECT_EQ(url.socket, "/run/psmoved/psmoved.sock");
  EXPECT_EQ(url.text(), "unix:/run/psmoved/psmoved.sock");
  EXPECT_EQ(url.authority(), "localhost") << "of Host";
}

TEST(ServerUrlTest, WhatCannotBeMeantIsRefusedWithAnExample) {
  for (const auto* text :
       {"", "http://", "ftp://localhost", "localhost:0", "localhost:65536", "localhost:12x",
        "http://localhost:6683/api", "http://me@localhost", "http://[::1", "[]:1", "[::1]6683",
        "a b", "localhost:", "unix:", "unix:psmoved.sock"}) {
    const auto url = parse_server_url(text);
    ASSERT_TRUE(url.has_error()) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid_argument);
    EXPECT_THAT(url.error().message, HasSubstr("like http://localhost:6683"));
  }
}

TEST(PathTest, NamesArePercentEncoded) {
  EXPECT_EQ(controller_path("left hand", "led"), "/api/v1/controllers/left%20hand/led");
  EXPECT_EQ(controller_path("a/b?c#d%e"), "/api/v1/controllers/a%2Fb%3Fc%23d%25e");
  EXPECT_EQ(controller_path("ü"), "/api/v1/controllers/%C3%BC");
}

TEST(PathTest, AddressesStayReadable) {
  EXPECT_EQ(controller_path("00:06:f7:16:2a:3b"), "/api/v1/controllers/00:06:f7:16:2a:3b");
}

}  // namespace
}  // namespace psmove::client
