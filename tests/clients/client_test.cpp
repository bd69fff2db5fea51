// The REST client against a daemon that answers from a table, and against none.

#include "clients/cpp/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "canned.hpp"
#include "test_server.hpp"

namespace psmove::client {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ClientTest, ListsControllers) {
  CannedDaemon daemon({{"GET /api/v1/controllers", {200, canned_list()}}});
  Client client(daemon.url());
  const auto controllers = client.controllers().value();
  ASSERT_EQ(controllers.size(), 2U);
  EXPECT_EQ(controllers[0].name, "left hand");
}

TEST(ClientTest, WritesSayOnlyWhatWasAsked) {
  CannedDaemon daemon({{"PUT /api/v1/controllers/left%20hand/led", {200, "{}"}},
                       {"PUT /api/v1/controllers/all/rumble", {200, "[]"}}});
  Client client(daemon.url());
  EXPECT_TRUE(client.set_led("left hand", {.color = {255, 0, 64}}));
  EXPECT_TRUE(client.set_rumble("all", {.value = 120, .duration = milliseconds(500)}));
  EXPECT_THAT(daemon.requests(),
              ElementsAre(R"(PUT /api/v1/controllers/left%20hand/led )"
                          R"({"blue":64,"green":0,"red":255})",
                          R"(PUT /api/v1/controllers/all/rumble {"for_ms":500,"value":120})"));
}

TEST(ClientTest, EffectsTravelWithTheirTimes) {
  CannedDaemon daemon({{"PUT /api/v1/controllers/1/led", {200, "{}"}}});
  Client client(daemon.url());
  EXPECT_TRUE(client.set_led("1", {.color = {1, 2, 3},
                                   .effect = Effect::pulse,
                                   .period = milliseconds(750),
                                   .fade = milliseconds(100),
                                   .duration = milliseconds(2000),
                                   .lease = milliseconds(9000),
                                   .priority = 5}));
  EXPECT_THAT(daemon.requests(),
              ElementsAre(R"(PUT /api/v1/controllers/1/led {"blue":3,"effect":"pulse",)"
                          R"("fade_ms":100,"for_ms":2000,"green":2,"lease_ms":9000,)"
                          R"("period_ms":750,"priority":5,"red":1})"));
}

TEST(ClientTest, EveryFunctionHasItsRequest) {
  CannedDaemon daemon({{"POST /api/v1/controllers/1/orientation/reset", {200, "{}"}},
                       {"DELETE /api/v1/controllers/1/orientation/reset", {200, "{}"}},
                       {"DELETE /api/v1/controllers/1/led", {200, "{}"}},
                       {"DELETE /api/v1/controllers/1/rumble", {200, "{}"}},
                       {"PATCH /api/v1/controllers/1", {200, "{}"}},
                       {"DELETE /api/v1/controllers/1", {204, ""}},
                       {"PATCH /api/v1/controllers/1/simulation", {200, "{}"}}});
  Client client(daemon.url());
  EXPECT_TRUE(client.reset_orientation("1"));
  EXPECT_TRUE(client.undo_orientation_reset("1"));
  EXPECT_TRUE(client.clear_led("1"));
  EXPECT_TRUE(client.clear_rumble("1"));
  EXPECT_TRUE(client.set_name("1", "left \"hand\""));
  EXPECT_TRUE(client.set_name("1", ""));
  wire::SimulationPatch patch;
  patch.buttons = Buttons{Button::cross};
  patch.link_up = false;
  EXPECT_TRUE(client.set_simulation("1", patch));
  EXPECT_EQ(client.forget("1").value(), "");
  EXPECT_THAT(daemon.requests(),
              ElementsAre("POST /api/v1/controllers/1/orientation/reset {}",
                          "DELETE /api/v1/controllers/1/orientation/reset",
                          "DELETE /api/v1/controllers/1/led", "DELETE /api/v1/controllers/1/rumble",
                          R"(PATCH /api/v1/controllers/1 {"name":"left \"hand\""})",
                          R"(PATCH /api/v1/controllers/1 {"name":null})",
                          R"(PATCH /api/v1/controllers/1/simulation )"
                          R"({"buttons":["cross"],"link":"down"})",
                          "DELETE /api/v1/controllers/1"));
}

TEST(ClientTest, RefusalCarriesSentenceCodeAndPlace) {
  CannedDaemon daemon(
      {{"PUT /api/v1/controllers/1/led",
        {422,
         R"({"type":"x","title":"Value out of range","status":422,"detail":"\"for_ms\" takes )"
         R"(0 to 86400000.","code":"out_of_range","errors":[{"pointer":"/for_ms"}]})",
         "application/problem+json"}}});
  Client client(daemon.url());
  const auto answer = client.set_led("1", {});
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().kind, ErrorKind::refused);
  EXPECT_EQ(answer.error().status, 422);
  EXPECT_EQ(answer.error().code, "out_of_range");
  EXPECT_EQ(answer.error().pointer, "/for_ms");
  EXPECT_EQ(answer.error().message, "\"for_ms\" takes 0 to 86400000");
  EXPECT_THAT(answer.error().body, HasSubstr("Value out of range"));
}

TEST(ClientTest, NobodyThereSaysHowToStartIt) {
  Client client(nobody());
  const auto answer = client.controllers();
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().kind, ErrorKind::unreachable);
  EXPECT_THAT(answer.error().message, HasSubstr("psmoved is not running at http://127.0.0.1:"));
  EXPECT_THAT(answer.error().message, HasSubstr("systemctl start psmoved"));
}

TEST(ClientTest, UnknownHostIsNamed) {
  Client client({"no-such-host.invalid", 6683});
  EXPECT_EQ(client.controllers().error().message,
            "no host is known by the name 'no-such-host.invalid'");
}

TEST(ClientTest, AnotherWebServerIsNotPsmoved) {
  CannedDaemon page({{"GET /api/v1/controllers", {200, "<html></html>", "text/html"}}});
  Client client(page.url());
  const auto answer = client.controllers();
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().kind, ErrorKind::not_psmoved);
  EXPECT_THAT(answer.error().message,
              HasSubstr("is not psmoved: it answered HTTP 200 with text/html"));
}

TEST(ClientTest, JsonOfAnotherServerIsNotPsmovedEither) {
  CannedDaemon other({{"GET /api/v1/controllers", {404, R"({"error":"nope"})"}}});
  Client client(other.url());
  EXPECT_EQ(client.controllers().error().kind, ErrorKind::not_psmoved);
}

TEST(ClientTest, GarbageIsNotPsmoved) {
  const TestServer server([](TestConnection& connection) {
    (void)connection.receive_head();
    connection.send("SSH-2.0-OpenSSH_9.2p1\r\n");
  });
  Client client(server.url());
  const auto answer = client.controllers();
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().kind, ErrorKind::not_psmoved);
}

TEST(ClientTest, SilenceEndsWithTheTimeout) {
  const TestServer server([](TestConnection& connection) {
    while (!connection.receive().empty()) continue;  // listens, and never says a word
  });
  Client client(server.url(), {.connect = milliseconds(1000), .answer = milliseconds(100)});
  const auto answer = client.controllers();
  ASSERT_TRUE(answer.has_error());
  EXPECT_EQ(answer.error().kind, ErrorKind::unreachable);
  EXPECT_THAT(answer.error().message, HasSubstr("within 0.1 s"));
}

/// Whatever /etc/hosts says of localhost, the daemon may listen on one family alone.
TEST(ClientTest, LocalhostFindsEitherFamily) {
  for (const int family : {AF_INET, AF_INET6}) {
    const auto script = [](TestConnection& connection) {
      if (connection.receive_head().empty()) return;
      connection.send(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
          "Connection: close\r\n\r\n[]");
    };
    std::unique_ptr<TestServer> server;
    try {
      server = std::make_unique<TestServer>(script, family);
    } catch (const std::runtime_error&) {
      GTEST_SKIP() << "this machine has no IPv6 loopback";
    }
    Client client(server->url("localhost"));
    EXPECT_TRUE(client.controllers().has_value()) << (family == AF_INET ? "IPv4" : "IPv6");
  }
}

TEST(ClientTest, ErrorsCanBeThrown) {
  Client client(nobody());
  EXPECT_THROW((void)client.controllers().value(), std::runtime_error);
}

}  // namespace
}  // namespace psmove::client
