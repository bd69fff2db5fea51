// A client written for the 2013 server: its calls, its fields, its answers.
#include <string>

#include "tests/api/server_fixture.hpp"

namespace psmove::api {
namespace {

class Legacy : public ServerTest {
 protected:
  void begin(const std::string& simulated = "zcm1,zcm2") {
    start(simulated);
    client.emplace([this](const auto& condition) { run_until(condition); }, server->port());
  }
  Reply put(const std::string& path, const std::string& body,
            const std::string& type = "application/x-www-form-urlencoded") {
    return client->request("PUT", path, body, type);
  }
  std::optional<Client> client;
};

TEST_F(Legacy, TheListHasFullStates) {
  begin();
  const auto list = client->get("/controllers/").parsed();
  ASSERT_EQ(list.size(), 2U);
  for (const auto* name :
       {"ax", "ay", "az", "gx", "gy", "gz", "trigger", "battery", "red", "green", "blue", "rumble"})
    EXPECT_TRUE(list[0][name].is_number()) << name;
  for (const auto* name : {"btn_triangle", "btn_circle", "btn_cross", "btn_square", "btn_select",
                           "btn_start", "btn_move", "btn_t", "btn_ps"})
    EXPECT_TRUE(list[0][name].is_boolean()) << name;
  EXPECT_NEAR(list[0]["az"].get<double>(), 1.0, 0.1) << "in g";
  EXPECT_EQ(list[0].size(), 21U);
}

TEST_F(Legacy, IndexesCountFromZeroWithAndWithoutTheLastSlash) {
  begin();
  for (const std::string path : {"/controllers", "/controllers/"})
    EXPECT_EQ(client->get(path).parsed().size(), 2U);
  for (const std::string path : {"/controllers/0", "/controllers/0/", "/controllers/1/"})
    EXPECT_TRUE(client->get(path).parsed().contains("btn_move")) << path;
  for (const std::string path : {"/controllers/2/", "/controllers/2", "/controllers/x/",
                                 "/controllers/-1/", "/controllers/99999999999999999999/"}) {
    const auto reply = client->get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_TRUE(reply.parsed()["message"].is_string()) << path;
    EXPECT_EQ(put(path, "red=1").status, 404) << path;
  }
}

TEST_F(Legacy, PutTakesFormsAndJsonAndLeavesTheRest) {
  begin();
  const auto reply = put("/controllers/0/", "red=255&green=10");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "\"Updated\"");
  EXPECT_EQ(put("/controllers/0/", R"({"blue":7,"rumble":120})", "application/json").status, 201);
  const auto state = client->get("/controllers/0/").parsed();
  EXPECT_EQ(state["red"], 255);
  EXPECT_EQ(state["green"], 10);
  EXPECT_EQ(state["blue"], 7);
  EXPECT_EQ(state["rumble"], 120);
  EXPECT_EQ(client->get("/controllers/1/").parsed()["red"], 0);
}

TEST_F(Legacy, ItWritesTheLayerOfRest) {
  begin();
  put("/controllers/0/", "red=255");
  client->request("PUT", "/api/v1/controllers/1/led", R"({"color":"#000010"})");
  put("/controllers/0/", "green=5");
  const auto led = client->get("/api/v1/controllers/1/led").parsed();
  ASSERT_EQ(led["layers"].size(), 1U);
  EXPECT_EQ(led["color"], "#000510");
}

TEST_F(Legacy, WrongValuesChangeNothing) {
  begin();
  put("/controllers/0/", "red=9");
  for (const std::string body : {"red=256", "red=-1", "red=x", "red=1.5",
                                 "red=", "rumble=300&red=1", "red=%zz", "red=true"}) {
    const auto reply = put("/controllers/0/", body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_TRUE(reply.parsed()["message"].is_string()) << body;
  }
  for (const std::string body : {"{", "[]", R"({"red":null})", R"({"red":18446744073709551615})"})
    EXPECT_EQ(put("/controllers/0/", body, "application/json").status, 400) << body;
  EXPECT_EQ(client->get("/controllers/0/").parsed()["red"], 9);
}

TEST_F(Legacy, OtherFieldsAreIgnored) {
  begin();
  EXPECT_EQ(put("/controllers/0/", "red=1&speed=fast").status, 201);
  EXPECT_EQ(put("/controllers/0/", R"({"red":"2","x":[]})", "application/json").status, 201);
  EXPECT_EQ(client->get("/controllers/0/").parsed()["red"], 2);
}

TEST_F(Legacy, RumbleEndsTenSecondsAfterTheLastRequest) {
  begin();
  const auto until = [this] {
    return client->get("/api/v1/controllers/1/rumble")
        .parsed()["layers"][0]["until_us"]
        .get<std::int64_t>();
  };
  put("/controllers/0/", "rumble=100");
  const auto first = until();
  EXPECT_NEAR(static_cast<double>(first - clock.now_us()) / 1e6, 10, 1);
  run_until([&] { return clock.now_us() > first - 9'900'000; });
  client->get("/controllers/0/");
  const auto second = until();
  EXPECT_GT(second, first) << "a look puts it off";
  put("/controllers/0/", "red=1");
  EXPECT_GT(until(), second) << "so does another write";
  client->request("PUT", "/api/v1/controllers/1/rumble", R"({"value":50,"lease_ms":1000})");
  const auto replaced = until();
  client->get("/controllers/0/");
  EXPECT_EQ(until(), replaced) << "but not a rumble that somebody else asked for";
}

TEST_F(Legacy, ItShowsButtonsTriggerAndBattery) {
  begin();
  client->request("PATCH", "/api/v1/controllers/1/simulation",
                  R"({"buttons":["triangle","t"],"trigger":1,"battery_percent":60})");
  run_until([this] {
    const auto state = client->get("/controllers/0/").parsed();
    return state["btn_triangle"] == true && state["btn_t"] == true && state["btn_cross"] == false &&
           state["trigger"] == 255 && state["battery"] == 3;
  });
}

}  // namespace
}  // namespace psmove::api
