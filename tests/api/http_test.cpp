// How connections behave: framing, limits, deadlines, who may come in, and how they end.
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/resource.h>
#include <vector>

#include "tests/api/server_fixture.hpp"

namespace psmove::api {
namespace {

class Http : public ServerTest {
 protected:
  Client connect(const char* address = "127.0.0.1") {
    return Client([this](const auto& condition) { run_until(condition); }, server->port(), address);
  }
  Reply raw(const std::string& bytes) {
    auto client = connect();
    client.send(bytes);
    return client.read(bytes.starts_with("HEAD"));
  }
  void expect_refused_and_closed(const std::string& bytes, int status) {
    auto client = connect();
    client.send(bytes);
    const auto reply = client.read();
    EXPECT_EQ(reply.status, status) << bytes;
    EXPECT_EQ(reply.field("content-type"), "application/problem+json") << bytes;
    EXPECT_EQ(reply.field("connection"), "close") << bytes;
    EXPECT_TRUE(client.is_closed()) << bytes << client.unread();
  }
  static std::string get(const std::string& path, const std::string& fields = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
  }
  static std::string put_led(const std::string& framing, const std::string& body) {
    return "PUT /api/v1/controllers/1/led HTTP/1.1\r\nHost: localhost\r\n"
           "Content-Type: application/json\r\n" +
           framing + "\r\n" + body;
  }
};

// ---- connections

TEST_F(Http, AConnectionServesManyRequests) {
  start();
  auto client = connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/livez").status, 200);
}

TEST_F(Http, PipelinedRequestsAreAnsweredInOrder) {
  start();
  auto client = connect();
  client.send(get("/livez") + put_led("Content-Length: 15\r\n", R"({"color":"red"})") +
              get("/api/v1/controllers/1/sensors?wait=next") + get("/nowhere") + get("/readyz"));
  EXPECT_EQ(client.read().body, R"({"status":"alive"})");
  EXPECT_EQ(client.read().parsed()["color"], "#ff0000");
  EXPECT_TRUE(client.read().parsed().contains("sequence"));
  EXPECT_EQ(client.read().status, 404);
  EXPECT_EQ(client.read().body, R"({"status":"ready"})");
}

TEST_F(Http, ARequestMayComeByteByByte) {
  start();
  auto client = connect();
  for (const char c : put_led("Content-Length: 16\r\n", R"({"color":"blue"})")) {
    client.send({&c, 1});
    io.restart();
    io.poll();
  }
  EXPECT_EQ(client.read().parsed()["color"], "#0000ff");
}

TEST_F(Http, CloseIsHonoured) {
  start();
  auto client = connect();
  client.send(get("/livez", "Connection: close\r\n") + get("/livez"));
  const auto reply = client.read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("connection"), "close");
  EXPECT_TRUE(client.is_closed()) << "the second is not answered";
}

TEST_F(Http, Http10ClosesUnlessAskedNotTo) {
  start();
  auto client = connect();
  client.send("GET /livez HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read().status, 200);
  EXPECT_TRUE(client.is_closed());
  auto patient = connect();
  patient.send("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(patient.read().field("connection"), "keep-alive");
  EXPECT_EQ(patient.get("/livez").status, 200);
}

TEST_F(Http, HeadIsGetWithoutTheBody) {
  start();
  auto client = connect();
  const auto body = client.get("/docs/errors").body;
  const auto head = client.request("HEAD", "/docs/errors");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("content-length"), std::to_string(body.size()));
  EXPECT_EQ(client.get("/livez").body, R"({"status":"alive"})") << "nothing lies between";
}

TEST_F(Http, EveryAnswerSaysWhatItIs) {
  start();
  auto client = connect();
  for (const std::string path : {"/api/v1", "/nowhere", "/livez", "/controllers"}) {
    const auto reply = client.get(path);
    EXPECT_EQ(reply.field("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(reply.field("cache-control"), "no-store") << path;
    EXPECT_EQ(reply.field("date").size(), 29U) << path;
  }
}

TEST_F(Http, TheTargetMayNameTheHost) {
  start();
  EXPECT_EQ(raw("GET http://localhost/livez HTTP/1.1\r\nHost: x\r\n\r\n").status, 200);
  EXPECT_EQ(raw("GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 421);
  EXPECT_EQ(raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204);
}

TEST_F(Http, ItIsThereOnIpv6OnTheSamePort) {
  start();
  const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(server->port());
  to.sin6_addr = in6addr_loopback;
  const int result = ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  const int error = errno;
  ::close(socket);
  if (result != 0 && error == EADDRNOTAVAIL) GTEST_SKIP() << "this host has no IPv6";
  EXPECT_EQ(result, 0) << std::strerror(error);
}

TEST_F(Http, APortInUseIsNamed) {
  start();
  config.port = server->port();
  try {
    Server second(io, roster, config);
    FAIL() << "bound twice";
  } catch (const boost::system::system_error& error) {
    EXPECT_EQ(error.code().value(), EADDRINUSE);
    EXPECT_NE(std::string(error.what()).find("127.0.0.1 port " + std::to_string(config.port)),
              std::string::npos)
        << error.what();
  }
}

// ---- framing

TEST_F(Http, BodiesMayBeChunked) {
  start();
  auto client = connect();
  const std::string chunks =
      "a;x=y\r\n{\"color\":\"\r\n6\r\ngreen\"\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n";
  client.send(put_led("Transfer-Encoding: chunked\r\n", chunks));
  const auto reply = client.read();
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(client.get("/livez").status, 200) << "the next request begins where the chunks end";
}

TEST_F(Http, BrokenFramingEndsTheConnection) {
  start();
  const std::string body = R"({"color":"red"})";
  expect_refused_and_closed("GET / HTTP/1.1\nHost: localhost\n\n", 400);
  expect_refused_and_closed("GET / HTTP/1.1\r\n\r\n", 400);
  expect_refused_and_closed("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400);
  expect_refused_and_closed("GET / HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n folded\r\n\r\n", 400);
  expect_refused_and_closed(put_led("Content-Length: 15, 15\r\n", body), 400);
  expect_refused_and_closed(put_led("Content-Length: 15\r\nContent-Length: 15\r\n", body), 400);
  expect_refused_and_closed(put_led("Content-Length: 15\r\nTransfer-Encoding: chunked\r\n", body),
                            400);
  expect_refused_and_closed(put_led("Transfer-Encoding: gzip\r\n", body), 501);
  expect_refused_and_closed(put_led("Transfer-Encoding: chunked\r\n", "zz\r\n" + body), 400);
  expect_refused_and_closed("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505);
  expect_refused_and_closed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
  expect_refused_and_closed("GET /\r\n", 400);
  expect_refused_and_closed("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400);
  expect_refused_and_closed(put_led("Expect: tea\r\nContent-Length: 15\r\n", body), 417);
  auto client = connect();
  EXPECT_EQ(client.get("/api/v1/controllers/1/led").parsed()["layers"], json::array());
}

TEST_F(Http, ContinueIsSaidBeforeTheBody) {
  start();
  auto client = connect();
  client.send(put_led("Content-Length: 15\r\nExpect: 100-continue\r\n", ""));
  EXPECT_EQ(client.read().status, 100);
  client.send(R"({"color":"red"})");
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(Http, ContinueIsNotSaidForWhatIsRefused) {
  start();
  auto client = connect();
  client.send(put_led("Content-Length: 999999\r\nExpect: 100-continue\r\n", ""));
  EXPECT_EQ(client.read().status, 413);
}

// ---- limits

TEST_F(Http, ABodyMayHave16KiBAndNotOneByteMore) {
  start();
  const std::string begin = R"({"color":"red")";
  const std::string fits = begin + std::string(16 * 1024 - begin.size() - 1, ' ') + "}";
  const auto length = [](const std::string& body) {
    return "Content-Length: " + std::to_string(body.size()) + "\r\n";
  };
  EXPECT_EQ(raw(put_led(length(fits), fits)).status, 200);
  expect_refused_and_closed(put_led(length(fits + " "), fits + " "), 413);
  const std::string chunk = "4000\r\n" + fits + "\r\n";
  EXPECT_EQ(raw(put_led("Transfer-Encoding: chunked\r\n", chunk + "0\r\n\r\n")).status, 200);
  expect_refused_and_closed(
      put_led("Transfer-Encoding: chunked\r\n", chunk + "1\r\n \r\n0\r\n\r\n"), 413);
}

TEST_F(Http, AHeadMayHave8KiBAndNotOneByteMore) {
  start();
  std::string head = "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ";
  head.append(8 * 1024 - head.size() - 4, 'x');
  EXPECT_EQ(raw(head + "\r\n\r\n").status, 200);
  expect_refused_and_closed(head + "x\r\n\r\n", 431);
}

TEST_F(Http, AHeadMayHave64FieldsAndNotOneMore) {
  start();
  std::string fields;
  for (int i = 1; i < 64; ++i) fields += "X: 1\r\n";
  EXPECT_EQ(raw(get("/livez", fields)).status, 200);
  expect_refused_and_closed(get("/livez", fields + "X: 1\r\n"), 431);
}

TEST_F(Http, ATargetMayHave2KiBAndNotOneByteMore) {
  start();
  const std::string target = "/" + std::string(2047, 'a');
  EXPECT_EQ(raw(get(target)).status, 404);
  expect_refused_and_closed(get(target + "a"), 414);
}

TEST_F(Http, AnEndlessChunkLineIsNotWaitedFor) {
  start();
  expect_refused_and_closed(put_led("Transfer-Encoding: chunked\r\n", std::string(20'000, '1')),
                            400);
}

TEST_F(Http, OneConnectionTooManyIsToldSo) {
  config.limits.connections = 3;
  start();
  std::vector<Client> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(connect());
    EXPECT_EQ(clients.back().get("/livez").status, 200);
  }
  auto late = connect();
  const auto reply = late.get("/api/v1");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.field("retry-after"), "5");
  EXPECT_EQ(reply.parsed()["code"], "overloaded");
  EXPECT_TRUE(late.is_closed());
  EXPECT_EQ(connect().read().status, 503) << "to those who say nothing as well";
  EXPECT_EQ(connect().get("/livez").status, 200) << "the watchman gets his answer";
  clients.pop_back();
  run_until([this] { return connect().get("/api/v1").status == 200; });
}

TEST_F(Http, OneAddressBeyondLoopbackHasALimitOfItsOwn) {
  ifaddrs* interfaces = nullptr;
  ASSERT_EQ(getifaddrs(&interfaces), 0);
  std::string address;
  for (const auto* i = interfaces; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET ||
        (i->ifa_flags & IFF_LOOPBACK) != 0 || (i->ifa_flags & IFF_UP) == 0)
      continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    address = inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr,
                        text.data(), text.size());
  }
  freeifaddrs(interfaces);
  if (address.empty()) GTEST_SKIP() << "this host has no address beyond loopback";
  config.bind = {"0.0.0.0"};
  config.limits.connections_per_address = 2;
  start();
  auto first = connect(address.c_str());
  auto second = connect(address.c_str());
  EXPECT_EQ(first.get("/livez").status, 200);
  EXPECT_EQ(second.get("/livez").status, 200);
  EXPECT_EQ(connect(address.c_str()).get("/api/v1").status, 503);
  EXPECT_EQ(connect().get("/api/v1").status, 200) << "loopback does not count";
}

TEST_F(Http, RunningOutOfDescriptorsNeitherSpinsNorStops) {
  start();
  auto steady = connect();
  EXPECT_EQ(steady.get("/livez").status, 200);
  // Client and server share this process: once the clients have their ends, the limit leaves no
  // descriptor for the server's.
  std::vector<Client> crowd;
  for (int i = 0; i < 20; ++i) crowd.push_back(connect());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(crowd.back().socket()) + 1;
  setrlimit(RLIMIT_NOFILE, &tight);
  EXPECT_EQ(steady.get("/livez").status, 200);
  EXPECT_EQ(crowd.front().read().status, 503);
  std::size_t turns = 0;
  const auto until = std::chrono::steady_clock::now() + 300ms;
  while (std::chrono::steady_clock::now() < until) {
    io.restart();
    turns += io.run_one_for(20ms);
  }
  // Two simulated controllers alone make some 700 turns a second at most; a spinning accept loop
  // makes tens of thousands.
  EXPECT_LT(turns, 3000U);
  setrlimit(RLIMIT_NOFILE, &before);
  crowd.clear();
  EXPECT_EQ(steady.get("/livez").status, 200);
  run_until([this] { return connect().get("/api/v1").status == 200; });
}

// ---- deadlines

TEST_F(Http, AHeadThatDoesNotEndIsCutOff) {
  config.limits.head_deadline = 1s;
  start();
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: ");
  EXPECT_EQ(client.read().status, 408);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Http, ABodyThatDoesNotEndIsCutOff) {
  config.limits.body_deadline = 1s;
  start();
  auto client = connect();
  client.send(put_led("Content-Length: 15\r\n", "{"));
  const auto reply = client.read();
  EXPECT_EQ(reply.status, 408);
  EXPECT_EQ(reply.parsed()["code"], "timeout");
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Http, TheHeadsDeadlineIsAbsolute) {
  config.limits.head_deadline = 1s;
  start();
  auto client = connect();
  client.send("GET / HTTP/1.1\r\n");
  const auto begun = std::chrono::steady_clock::now();
  auto last = begun;
  std::string dribble = "X: y\r\n";
  // A byte every 100 ms puts nothing off.
  run_until([&] {
    const auto now = std::chrono::steady_clock::now();
    if (now - last > 100ms) {
      last = now;
      std::array<char, 1> peek{};
      if (::recv(client.socket(), peek.data(), 1, MSG_PEEK) >= 0) return true;
      ::send(client.socket(), dribble.data(), 1, MSG_NOSIGNAL);
      std::rotate(dribble.begin(), dribble.begin() + 1, dribble.end());
    }
    return false;
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
  EXPECT_EQ(client.read().status, 408);
}

TEST_F(Http, AnIdleConnectionIsClosedWithoutAWord) {
  config.limits.keep_alive = 1s;
  start();
  auto client = connect();
  EXPECT_EQ(client.get("/livez").status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(Http, AClientThatDoesNotReadIsCutOff) {
  config.limits.write_deadline = 1s;
  start();
  auto client = connect();
  const int small = 4096;
  ::setsockopt(client.socket(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += get("/docs/errors");
  // Ask without reading until neither side's buffers take more, and then until the server gives up.
  bool was_cut_off = false;
  std::string_view rest = requests;
  run_until([&] {
    const auto sent = ::send(client.socket(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
    if (rest.empty()) rest = requests;
    was_cut_off = sent < 0 && errno != EAGAIN;
    return was_cut_off;
  });
  EXPECT_TRUE(was_cut_off);
  EXPECT_EQ(connect().get("/livez").status, 200);
}

// ---- who may come in

TEST_F(Http, ForeignHostsAreMisdirectedOnEveryMethodBeforeRouting) {
  start();
  for (const std::string method :
       {"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "BREW"})
    for (const std::string path : {"/api/v1", "/nowhere", "/api/v1/stream"})
      EXPECT_EQ(raw(method + " " + path + " HTTP/1.1\r\nHost: evil.example\r\n\r\n").status, 421)
          << method << path;
}

TEST_F(Http, ForeignOriginsAreForbidden) {
  start();
  EXPECT_EQ(raw(get("/livez", "Origin: http://evil.example\r\n")).status, 403);
  EXPECT_EQ(raw(get("/livez", "Origin: null\r\n")).status, 403);
  EXPECT_EQ(raw(get("/livez", "Origin: http://localhost\r\n")).status, 200);
  EXPECT_EQ(raw("DELETE /api/v1/controllers/1 HTTP/1.1\r\nHost: localhost\r\n"
                "Sec-Fetch-Site: cross-site\r\n\r\n")
                .parsed()["code"],
            "cross_site_write");
}

TEST_F(Http, ConfiguredOriginsGetTheirHeaders) {
  config.origins = {"https://stage.example"};
  start();
  const auto reply = raw(get("/livez", "Origin: https://stage.example\r\n"));
  EXPECT_EQ(reply.field("access-control-allow-origin"), "https://stage.example");
  EXPECT_EQ(reply.field("vary"), "Origin");
  const auto preflight =
      raw("OPTIONS /api/v1/controllers/1/led HTTP/1.1\r\nHost: localhost\r\n"
          "Origin: https://stage.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.field("access-control-allow-origin"), "https://stage.example");
  EXPECT_NE(preflight.field("access-control-allow-methods").find("PUT"), std::string::npos);
  EXPECT_EQ(preflight.field("access-control-allow-headers"), "Authorization, Content-Type");
  const auto plain = raw(get("/livez"));
  EXPECT_EQ(plain.field("access-control-allow-origin"), "");
  EXPECT_EQ(plain.field("vary"), "Origin") << "a cache must not mix them up";
}

TEST_F(Http, HostsMayBeConfigured) {
  config.hosts = {"stage.local"};
  start();
  EXPECT_EQ(raw("GET /livez HTTP/1.1\r\nHost: stage.local:80\r\n\r\n").status, 200);
}

// ---- upgrades

std::string upgrade(const std::string& fields, const std::string& method = "GET") {
  return method + " /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
const std::string upgrade_fields = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
const std::string version = "Sec-WebSocket-Version: 13\r\n";
const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";  // of RFC 6455 1.3

TEST_F(Http, AnUpgradeBecomesAWebSocket) {
  start();
  auto client = connect();
  client.send(upgrade(upgrade_fields + version + key));
  const auto reply = client.read();
  EXPECT_EQ(reply.status, 101);
  EXPECT_EQ(reply.field("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  // `hello` follows: an unmasked text frame.
  run_until([&] {
    std::array<char, 2> frame{};
    return ::recv(client.socket(), frame.data(), frame.size(), MSG_PEEK) == 2 &&
           frame[0] == static_cast<char>(0x81);
  });
}

TEST_F(Http, WhatIsNoUpgradeIsToldHow) {
  start();
  for (const auto& fields :
       {std::string(), "Upgrade: websocket\r\n" + version + key,
        "Connection: Upgrade\r\nUpgrade: h2c\r\n" + version + key, upgrade_fields + key,
        upgrade_fields + key + "Sec-WebSocket-Version: 8\r\n"}) {
    const auto reply = raw(upgrade(fields));
    EXPECT_EQ(reply.status, 426) << fields;
    EXPECT_EQ(reply.field("sec-websocket-version"), "13");
    EXPECT_EQ(reply.field("upgrade"), "websocket");
  }
  EXPECT_EQ(raw(upgrade(upgrade_fields + version)).status, 400) << "no key";
  EXPECT_EQ(raw(upgrade(upgrade_fields + version + "Sec-WebSocket-Key: short\r\n")).status, 400);
  const auto post = raw(upgrade(upgrade_fields + version + key, "POST"));
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(post.field("allow"), "GET, OPTIONS");
}

TEST_F(Http, UpgradesAreCheckedLikeEverythingElse) {
  start();
  const auto fields = upgrade_fields + version + key;
  EXPECT_EQ(raw(upgrade(fields + "Origin: http://evil.example\r\n")).status, 403);
  EXPECT_EQ(raw(upgrade(fields + "Origin: http://localhost\r\n")).status, 101);
  EXPECT_EQ(raw("GET /api/v1/stream HTTP/1.1\r\nHost: evil.example\r\n" + fields + "\r\n").status,
            421);
  EXPECT_EQ(raw(upgrade(fields + "Sec-WebSocket-Protocol: chat\r\n")).status, 400);
}

TEST_F(Http, AWebSocketCountsAsAConnectionUntilItIsGone) {
  config.limits.connections = 1;
  start();
  {
    auto client = connect();
    client.send(upgrade(upgrade_fields + version + key));
    EXPECT_EQ(client.read().status, 101);
    EXPECT_EQ(connect().get("/api/v1").status, 503);
  }
  run_until([this] { return connect().get("/api/v1").status == 200; });
}

// ---- the end

TEST_F(Http, StoppingClosesWhatIsIdleAtOnce) {
  start();
  auto idle = connect();
  EXPECT_EQ(idle.get("/livez").status, 200);
  auto silent = connect();
  auto waiting = connect();
  waiting.send(get("/api/v1/controllers/1/sensors?wait=next", "Connection: close\r\n"));
  const auto port = server->port();
  const auto begun = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
  EXPECT_TRUE(idle.is_closed());
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  ::close(socket);
}

}  // namespace
}  // namespace psmove::api
