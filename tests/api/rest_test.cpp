// The REST API as a script sees it: every route, and what it says when it will not.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "api/tokens.hpp"
#include "api/wire/fault.hpp"
#include "api/wire/output_requests.hpp"
#include "tests/api/server_fixture.hpp"

namespace psmove::api {
namespace {

class Rest : public ServerTest {
 protected:
  void begin(const std::string& simulated = "zcm1:name=left,zcm2") {
    start(simulated);
    client.emplace([this](const auto& condition) { run_until(condition); }, server->port());
  }
  Reply get(const std::string& path) { return client->get("/api/v1" + path); }
  Reply request(const std::string& method, const std::string& path, const std::string& body = {},
                const std::string& type = "application/json") {
    return client->request(method, "/api/v1" + path, body, type);
  }
  void expect_problem(const Reply& reply, int status, const std::string& code,
                      const std::string& pointer = "-") {
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(reply.field("content-type"), "application/problem+json");
    const auto problem = reply.parsed();
    EXPECT_EQ(problem["code"], code);
    EXPECT_EQ(problem["status"], status);
    EXPECT_EQ(problem["type"], "/docs/errors#" + code);
    EXPECT_FALSE(problem["title"].get<std::string>().empty());
    EXPECT_FALSE(problem["detail"].get<std::string>().empty());
    EXPECT_TRUE(problem["instance"].get<std::string>().starts_with('/'));
    if (pointer != "-") {
      EXPECT_EQ(problem["errors"][0]["pointer"], pointer) << reply.body;
    }
  }
  json shows(const std::string& which) {
    return get("/controllers/" + which + "/simulation").parsed()["shows"];
  }
  void take_away(const std::string& which) {
    EXPECT_EQ(
        request("PATCH", "/controllers/" + which + "/simulation", R"({"link":"down"})").status,
        200);
    run_until([&] { return !roster.find(which)->is_connected(); });
  }

  std::optional<Client> client;
};

// ---- what there is

TEST_F(Rest, RootTellsVersionsClockLimitsAndLinks) {
  begin();
  const auto root = get("").parsed();
  EXPECT_EQ(root["name"], "psmoved");
  EXPECT_EQ(root["version"], PSMOVED_VERSION);
  EXPECT_GT(root["clock"]["time_us"], 1'600'000'000'000'000);
  EXPECT_EQ(root["limits"]["body_bytes"], 16384);
  EXPECT_EQ(root["limits"]["connections_per_address"], 64);
  EXPECT_EQ(root["limits"]["cues"], 64);
  EXPECT_EQ(root["limits"]["cues_per_client"], 32);
  EXPECT_EQ(root["limits"]["followed_sets"], 64);
  for (const auto& [name, path] : root["links"].items()) {
    // The answer to GET events has no end.
    const auto* const method = name == "events" ? "OPTIONS" : "GET";
    const int status = client->request(method, path).status;
    EXPECT_TRUE(status == 200 || status == 204 || (name == "stream" && status == 426))
        << path << status;
  }
}

TEST_F(Rest, TheListIsABareArrayInTheOrderOfNumbers) {
  begin();
  const auto list = get("/controllers").parsed();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["number"], 1);
  EXPECT_EQ(list[0]["model"], "zcm1");
  EXPECT_EQ(list[0]["name"], "left");
  EXPECT_EQ(list[0]["source"], "simulated");
  EXPECT_EQ(list[1]["model"], "zcm2");
  EXPECT_TRUE(list[1]["name"].is_null());
  EXPECT_EQ(list[0]["connected"], true);
}

TEST_F(Rest, AControllerAnswersToIdNumberAndName) {
  begin();
  const auto id = get("/controllers/1").parsed()["id"].get<std::string>();
  std::string upper = id;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  std::string encoded = id;
  for (auto at = encoded.find(':'); at != std::string::npos; at = encoded.find(':'))
    encoded.replace(at, 1, "%3A");
  for (const auto& which : {id, upper, encoded, std::string("left"), std::string("%6Ceft")})
    EXPECT_EQ(get("/controllers/" + which).parsed()["id"], id) << which;
}

TEST_F(Rest, WhatIsNotThereIsAProblem) {
  begin();
  expect_problem(get("/nope"), 404, "not_found");
  expect_problem(get("/controllers/1/nope"), 404, "not_found");
  for (const std::string which : {"3", "nobody", "00:00:00:00:00:00", "all", "-1", "%00", "1%2F2"})
    for (const std::string part :
         {"", "/sensors", "/led", "/rumble", "/calibration", "/simulation"})
      expect_problem(get("/controllers/" + which + part), 404, "unknown_controller");
  expect_problem(request("PUT", "/controllers/3/led", R"({"color":"red"})"), 404,
                 "unknown_controller");
  expect_problem(request("POST", "/controllers/3/disconnect"), 404, "unknown_controller");
}

TEST_F(Rest, WrongMethodsAreToldTheRightOnes) {
  begin();
  const auto expect_allow = [this](const std::string& path, const std::string& allow) {
    const auto reply = request("BREW", path);
    expect_problem(reply, 405, "method_not_allowed");
    EXPECT_EQ(reply.field("allow"), allow);
    const auto options = request("OPTIONS", path);
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options.field("allow"), allow);
  };
  expect_allow("/controllers", "GET, HEAD, OPTIONS");
  expect_allow("/controllers/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
  expect_allow("/controllers/1/led", "GET, HEAD, PUT, DELETE, OPTIONS");
  expect_allow("/controllers/1/disconnect", "POST, OPTIONS");
  expect_problem(request("DELETE", "/controllers"), 405, "method_not_allowed");
  EXPECT_EQ(request("OPTIONS", "/nope").status, 404);
}

// ---- sensors

TEST_F(Rest, SensorsAreTheNewestSample) {
  begin();
  const auto sample = get("/controllers/1/sensors").parsed();
  EXPECT_NEAR(sample["accel_m_s2"]["z"].get<double>(), 9.8, 1.0) << "it lies still on its back";
  EXPECT_EQ(sample["buttons"], json::array());
  const auto sequence = sample["sequence"].get<std::uint64_t>();
  run_until([&] { return get("/controllers/1/sensors").parsed()["sequence"] > sequence; });
}

TEST_F(Rest, WaitNextGivesASampleThatWasNotThereBefore) {
  begin();
  auto last = get("/controllers/1/sensors").parsed()["sequence"].get<std::uint64_t>();
  for (int i = 0; i < 5; ++i) {
    const auto next = get("/controllers/1/sensors?wait=next").parsed()["sequence"];
    EXPECT_GT(next.get<std::uint64_t>(), last);
    last = next.get<std::uint64_t>();
  }
}

TEST_F(Rest, AveragesAreSmoother) {
  begin();
  run_until([&] { return get("/controllers/1/sensors").parsed()["sequence"] > 100; });
  const auto sample = get("/controllers/1/sensors?average_ms=500").parsed();
  EXPECT_NEAR(sample["gyro_rad_s"]["x"].get<double>(), 0, 0.02);
}

TEST_F(Rest, QueriesAreCheckedLikeBodies) {
  begin();
  const auto expect = [this](const std::string& query, int status, const std::string& code) {
    expect_problem(get("/controllers/1/sensors?" + query), status, code);
  };
  expect("average_ms=0", 422, "out_of_range");
  expect("average_ms=1001", 422, "out_of_range");
  expect("average_ms=x", 422, "wrong_type");
  expect("average_ms=", 422, "wrong_type");
  expect("average_ms=1.5", 422, "wrong_type");
  expect("wait=now", 422, "invalid_value");
  expect("average=5", 422, "unknown_member");
  expect("wait=next&wait=next", 400, "duplicate_member");
  expect("average_ms=%zz", 400, "invalid_form");
  EXPECT_EQ(get("/controllers/1/sensors?average_ms=1").status, 200);
  EXPECT_EQ(get("/controllers/1/sensors?average_ms=1000").status, 200);
}

TEST_F(Rest, PathsThatTakeNoParametersRefuseAny) {
  begin();
  for (const std::string path : {"", "/controllers", "/controllers/1", "/controllers/1/led"})
    expect_problem(get(path + "?wait=next"), 422, "unknown_member", "/wait");
  expect_problem(get("/controllers?a%2Fb"), 422, "unknown_member", "/a~1b");
  expect_problem(client->get("/livez?x"), 422, "unknown_member", "/x");
  EXPECT_EQ(get("/controllers?").status, 200) << "no parameter is none";
  expect_problem(request("PUT", "/controllers/1/led?fade_ms=5", R"({"color":"red"})"), 422,
                 "unknown_member", "/fade_ms");
  EXPECT_EQ(get("/controllers/1/led").parsed()["layers"], json::array()) << "nothing was changed";
  EXPECT_EQ(client->get("/controllers/?_=1385").status, 200) << "the talk's server had no opinion";
}

TEST_F(Rest, ARememberedControllerHasNoSampleYet) {
  drivers::RememberedController remembered;
  remembered.address = *parse_address("00:06:f7:aa:bb:cc");
  remembered.model = "zcm1";
  remembered.number = 5;
  remembered.name = "attic";
  begin();
  roster.restore({remembered});
  EXPECT_EQ(get("/controllers/attic").parsed()["connected"], false);
  const auto reply = get("/controllers/5/sensors");
  expect_problem(reply, 503, "no_sample_yet");
  EXPECT_EQ(reply.field("retry-after"), "1");
  expect_problem(request("PUT", "/controllers/5/led", R"({"color":"red"})"), 409,
                 "controller_offline");
  expect_problem(get("/controllers/5/simulation"), 409, "not_simulated");
}

// ---- outputs

TEST_F(Rest, ALightIsOnTheDeviceWhenTheAnswerSaysApplied) {
  begin();
  for (const auto& [body, type] : {std::pair<std::string, std::string>{
                                       R"({"red":255,"green":0,"blue":0})", "application/json"},
                                   {R"({"color":"#ff0000"})", "application/json; charset=utf-8"},
                                   {"color=red", "application/x-www-form-urlencoded"},
                                   {"red=255", "application/x-www-form-urlencoded"}}) {
    const auto reply = request("PUT", "/controllers/left/led", body, type);
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.parsed()["state"], "applied");
    EXPECT_EQ(reply.parsed()["color"], "#ff0000");
    EXPECT_EQ(shows("1")["led"]["color"], "#ff0000");
    request("PUT", "/controllers/left/led", R"({"color":"blue"})");
    EXPECT_EQ(shows("1")["led"]["color"], "#0000ff");
  }
  const auto layers = get("/controllers/1/led").parsed()["layers"];
  ASSERT_EQ(layers.size(), 1U);
  EXPECT_EQ(layers[0]["owner"], "rest");
  EXPECT_TRUE(layers[0]["until_us"].is_null()) << "a light of REST stays";
}

TEST_F(Rest, DeleteTakesTheLightAway) {
  begin();
  request("PUT", "/controllers/1/led", R"({"color":"red"})");
  const auto reply = request("DELETE", "/controllers/1/led");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.parsed()["layers"], json::array());
  EXPECT_EQ(reply.parsed()["color"], "#000000");
  run_until([this] { return shows("1")["led"]["color"] == "#000000"; });
}

TEST_F(Rest, ALayerAboveIsToldAsOverridden) {
  begin();
  roster.find("1")->set_led("websocket 1", {.color = {0, 0, 255}, .priority = 5});
  const auto reply = request("PUT", "/controllers/1/led", R"({"color":"red"})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.parsed()["state"], "overridden");
  EXPECT_EQ(reply.parsed()["color"], "#0000ff") << "what shows";
  EXPECT_EQ(reply.parsed()["layers"][1]["color"], "#ff0000") << "what was written";
}

TEST_F(Rest, WhoLiesAboveIsNamed) {
  begin();
  roster.find("1")->set_rumble("websocket 1", {.value = 9, .priority = 5});
  const auto reply = request("PUT", "/controllers/1/rumble", R"({"value":120})").parsed();
  EXPECT_EQ(reply["state"], "overridden");
  EXPECT_EQ(reply["overridden_by"], json({{"owner", "websocket 1"}, {"priority", 5}}));
  EXPECT_FALSE(get("/controllers/1/rumble").parsed().contains("overridden_by"));
  const auto cue =
      request("PUT", "/cues/x", R"({"outputs":[{"controllers":[1],"led":{"color":"red"},
      "rumble":{"value":3}}]})")
          .parsed();
  EXPECT_EQ(cue["results"][0]["rumble"]["overridden_by"], reply["overridden_by"]);
  EXPECT_FALSE(cue["results"][0]["led"].contains("overridden_by"));
}

TEST_F(Rest, AFadeIsAppliedWhenItHasBegunToShow) {
  begin();
  request("PUT", "/controllers/1/led", R"({"color":"blue"})");
  const auto before_us = clock.now_us();
  const auto reply = request("PUT", "/controllers/1/led", R"({"color":"red","fade_ms":1000})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.parsed()["state"], "applied");
  EXPECT_GT(reply.parsed()["applied_us"].get<std::int64_t>(), before_us);
  EXPECT_NE(shows("1")["led"]["color"], "#0000ff");
  // One whose first step is further away than a request waits.
  const auto slow = request("PUT", "/controllers/2/led", R"({"color":"#010000","fade_ms":60000})");
  EXPECT_EQ(slow.status, 202);
  EXPECT_EQ(slow.parsed()["state"], "queued");
}

TEST_F(Rest, OfTwoWritesAtOnceTheEarlierIsSuperseded) {
  begin();
  auto& controller = *roster.find("1");
  controller.hold_dark(true);  // so that the first waits
  Client other([this](const auto& condition) { run_until(condition); }, server->port());
  const auto put = [](Client& by, const std::string& body) {
    by.send("PUT /api/v1/controllers/1/led HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  const auto is_wanted = [&controller](const Rgb& color) {
    const auto& layers = controller.state().led.layers;
    return !layers.empty() && layers.front().value == color;
  };
  put(*client, R"({"color":"red"})");
  run_until([&] { return is_wanted({255, 0, 0}); });
  put(other, R"({"color":"blue"})");
  run_until([&] { return is_wanted({0, 0, 255}); });
  controller.hold_dark(false);
  const auto second = other.read();
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.parsed()["state"], "applied");
  const auto first = client->read();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.parsed()["state"], "superseded");
  EXPECT_EQ(first.parsed()["color"], "#0000ff") << "what shows";
}

TEST_F(Rest, EachHalfOfTheShortestBlinkHasAWriteOfItsOwn) {
  for (const auto* name : {"zcm1", "zcm2"})
    EXPECT_GT(wire::shortest_period / 2, drivers::find_model(name)->output_spacing) << name;
}

TEST_F(Rest, AllWritesToEveryConnectedController) {
  begin("3xzcm1");
  take_away("3");
  const auto reply = request("PUT", "/controllers/all/rumble", R"({"value":120,"for_ms":5000})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto results = reply.parsed();
  ASSERT_EQ(results.size(), 2U);
  for (const auto& result : results) {
    EXPECT_EQ(result["value"], 120);
    EXPECT_EQ(result["state"], "applied");
    EXPECT_EQ(shows(result["id"])["rumble"]["value"], 120);
  }
  const auto cleared = request("DELETE", "/controllers/all/rumble").parsed();
  EXPECT_EQ(cleared.size(), 2U);
  EXPECT_EQ(cleared[0]["value"], 0);
}

TEST_F(Rest, ARumbleEndsByItselfAfterTenSeconds) {
  begin();
  const auto until = [this](const std::string& body) {
    const auto reply = request("PUT", "/controllers/1/rumble", body).parsed();
    const auto end_us = reply["layers"][0]["until_us"].get<std::int64_t>();
    return static_cast<double>(end_us - clock.now_us()) / 1e6;
  };
  EXPECT_NEAR(until(R"({"value":100})"), 10, 1);
  EXPECT_NEAR(until(R"({"value":100,"lease_ms":60000})"), 60, 1);
  EXPECT_NEAR(until(R"({"value":100,"for_ms":2000})"), 2, 1);
}

TEST_F(Rest, WritesToAControllerThatIsAwayAreRefused) {
  begin();
  const auto before = get("/controllers/1/led").body;
  take_away("1");
  expect_problem(request("PUT", "/controllers/1/led", R"({"color":"red"})"), 409,
                 "controller_offline");
  expect_problem(request("PUT", "/controllers/1/rumble", R"({"value":1})"), 409,
                 "controller_offline");
  expect_problem(request("DELETE", "/controllers/1/led"), 409, "controller_offline");
  expect_problem(request("POST", "/controllers/1/orientation/reset"), 409, "controller_offline");
  expect_problem(request("POST", "/controllers/1/disconnect"), 409, "controller_offline");
  EXPECT_EQ(get("/controllers/1").parsed()["connected"], false) << "reads are answered";
  EXPECT_EQ(get("/controllers/1/sensors").status, 200);
  EXPECT_EQ(get("/controllers/1/led").parsed()["layers"], json::parse(before)["layers"]);
}

TEST_F(Rest, BodiesThatAreNotUnderstoodAreNamed) {
  begin();
  const std::string led = "/controllers/1/led";
  expect_problem(request("PUT", led, "{"), 400, "invalid_json");
  expect_problem(request("PUT", led), 400, "invalid_json");
  expect_problem(request("PUT", led, R"({"red":1,"red":2})"), 400, "duplicate_member");
  expect_problem(request("PUT", led, "\"\xff\""), 400, "invalid_utf8");
  expect_problem(request("PUT", led, "red", "application/x-www-form-urlencoded"), 400,
                 "invalid_form");
  const auto json_as_form =
      request("PUT", led, R"({"color":"red"})", "application/x-www-form-urlencoded");
  expect_problem(json_as_form, 400, "invalid_form");
  EXPECT_NE(json_as_form.body.find("Content-Type: application/json"), std::string::npos)
      << "curl -d sends a form unless told otherwise: " << json_as_form.body;
  expect_problem(request("PUT", led, "<x/>", "text/xml"), 415, "unsupported_media_type");
  expect_problem(request("PUT", led, "{}", "application/merge-patch+json"), 415,
                 "unsupported_media_type");
  expect_problem(request("PUT", led, R"({"rde":1})"), 422, "unknown_member", "/rde");
  expect_problem(request("PUT", led, R"({"red":256})"), 422, "out_of_range", "/red");
  expect_problem(request("PUT", led, R"({"red":"x"})"), 422, "wrong_type", "/red");
  expect_problem(request("PUT", led, R"({"color":"red","red":1})"), 422, "conflicting_members",
                 "/red");
  expect_problem(request("PUT", led, "color=reddish", "application/x-www-form-urlencoded"), 422,
                 "invalid_value", "/color");
  expect_problem(request("PUT", "/controllers/all/led", R"({"red":256})"), 422, "out_of_range",
                 "/red");
  expect_problem(request("PUT", "/controllers/1/rumble", R"({"value":1.5})"), 422, "wrong_type",
                 "/value");
}

TEST_F(Rest, BadInputChangesNothing) {
  begin();
  request("PUT", "/controllers/1/led", R"({"color":"green"})");
  const auto picture = [this] {
    auto all = get("/controllers").parsed();
    for (auto& controller : all) {
      for (const auto* moving : {"sensors", "radio", "battery"}) controller.erase(moving);
      controller["led"].erase("applied_us");  // outputs are repeated while they are on
      controller["rumble"].erase("applied_us");
    }
    return all.dump() + get("/controllers/1/simulation").body;
  };
  const auto before = picture();
  const std::string bodies[] = {"",
                                "{",
                                "[]",
                                "null",
                                R"({"x":1})",
                                "true",
                                "\xff",
                                R"({"red":-1})",
                                R"({"name":7})",
                                "[[[[",
                                R"({"name":"ok","number":0})",
                                R"({"name":"ok","number":2})",
                                R"({"name":"ok","color":"red"})",
                                R"({"red":1,"red":1})",
                                R"({"trigger":0.5,"loss":2})",
                                R"({"link":"down","motion":"fly"})",
                                R"({"value":99,"for_ms":-1})",
                                R"({"color":"red","for_ms":0})"};
  for (const std::string path : {"", "/led", "/rumble", "/simulation", "/orientation/reset",
                                 "/disconnect", "/sensors", "/calibration"})
    for (const std::string method : {"PUT", "PATCH", "POST"})
      for (const auto& body : bodies)
        for (const std::string type :
             {"application/json", "application/x-www-form-urlencoded", "text/plain"}) {
          if (method == "POST" && body.empty()) continue;  // that is how an action is asked for
          const auto reply = request(method, "/controllers/1" + path, body, type);
          EXPECT_GE(reply.status, 400) << method << path << body;
          EXPECT_LT(reply.status, 500) << method << path << body;
        }
  EXPECT_EQ(picture(), before);
}

// ---- names, leaving, forgetting

TEST_F(Rest, NamesAndNumbersMayBeChanged) {
  begin();
  auto reply = request("PATCH", "/controllers/1", R"({"name":"right","number":7})",
                       "application/merge-patch+json");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.parsed()["name"], "right");
  EXPECT_EQ(get("/controllers/7").parsed()["name"], "right");
  reply = request("PATCH", "/controllers/right", "name=zweite+Hand",
                  "application/x-www-form-urlencoded");
  EXPECT_EQ(reply.parsed()["name"], "zweite Hand");
  EXPECT_EQ(get("/controllers/zweite%20Hand").status, 200);
  reply = request("PATCH", "/controllers/7", R"({"name":null})");
  EXPECT_TRUE(reply.parsed()["name"].is_null());
  EXPECT_EQ(request("PATCH", "/controllers/7", "{}").status, 200) << "a patch may be empty";
}

TEST_F(Rest, TakenAndImpossibleNamesAreRefused) {
  begin();
  expect_problem(request("PATCH", "/controllers/2", R"({"name":"left"})"), 409, "name_taken");
  expect_problem(request("PATCH", "/controllers/2", R"({"number":1})"), 409, "number_taken");
  expect_problem(request("PATCH", "/controllers/2", R"({"name":"ok","number":1})"), 409,
                 "number_taken");
  EXPECT_TRUE(get("/controllers/2").parsed()["name"].is_null()) << "all of it or nothing";
  for (const auto& name :
       std::vector<std::string>{"", "7", "all", "00:06:f7:16:2a:3b", std::string(65, 'x')})
    expect_problem(request("PATCH", "/controllers/2", R"({"name":")" + name + "\"}"), 422,
                   "invalid_value", "/name");
  EXPECT_EQ(
      request("PATCH", "/controllers/2", R"({"name":")" + std::string(64, 'x') + "\"}").status,
      200);
  EXPECT_EQ(request("PATCH", "/controllers/1", R"({"name":"left","number":1})").status, 200)
      << "what it has already is not taken by another";
}

TEST_F(Rest, OnlyAControllerThatIsAwayCanBeForgotten) {
  begin();
  expect_problem(request("DELETE", "/controllers/2"), 409, "controller_connected");
  take_away("2");
  run_until([this] { return roster.find("2")->state().links.empty(); });
  EXPECT_EQ(request("DELETE", "/controllers/2").status, 204);
  EXPECT_EQ(get("/controllers").parsed().size(), 1U);
  expect_problem(request("DELETE", "/controllers/2"), 404, "unknown_controller");
}

TEST_F(Rest, DisconnectSwitchesASimulatedControllerOff) {
  begin();
  const auto reply = request("POST", "/controllers/1/disconnect");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.parsed()["connected"], false);
  EXPECT_EQ(get("/controllers/1/simulation").parsed()["link"], "down");
  request("PATCH", "/controllers/1/simulation", R"({"link":"up"})");
  run_until([this] { return get("/controllers/1").parsed()["connected"] == true; });
}

TEST_F(Rest, ActionsTakeJsonOrNothing) {
  begin();
  const std::string reset = "/controllers/1/orientation/reset";
  EXPECT_EQ(request("POST", reset).status, 204);
  EXPECT_EQ(request("POST", reset, "{}").status, 204);
  EXPECT_EQ(request("DELETE", reset).status, 204);
  expect_problem(request("POST", reset, "a=1", "application/x-www-form-urlencoded"), 415,
                 "unsupported_media_type");
  expect_problem(request("POST", reset, "{}", "text/plain"), 415, "unsupported_media_type");
  expect_problem(request("POST", reset, "{", "application/json"), 400, "invalid_json");
  expect_problem(request("POST", reset, R"({"x":1})", "application/json"), 422, "unknown_member",
                 "/x");
}

TEST_F(Rest, ResettingTheOrientationMakesThisForward) {
  begin("zcm1");
  // About the vertical, the orientation tells where +Y of the body points.
  const auto heading = [this] {
    const auto q = get("/controllers/1/sensors?wait=next").parsed()["orientation"];
    return 2 * std::atan2(q["z"].get<double>(), q["w"].get<double>());
  };
  EXPECT_EQ(request("POST", "/controllers/1/orientation/reset").status, 204);
  EXPECT_NEAR(std::remainder(heading(), 2 * 3.14159265), 0, 0.1);
}

TEST_F(Rest, CalibrationTellsWhatIsKnown) {
  begin();
  EXPECT_EQ(get("/controllers/1/calibration").parsed()["factory"], true);
  EXPECT_EQ(get("/controllers/2/calibration").parsed()["magnetometer"], "none");
  EXPECT_EQ(get("/controllers/1/calibration").parsed()["guided_fit"], nullptr);
  EXPECT_EQ(get("/controllers/1/calibration").parsed()["magnetometer_fit"], nullptr);
}

TEST_F(Rest, AGuidedFitIsStartedWatchedAndEnded) {
  begin("zcm1,zcm2");
  const std::string path = "/controllers/1/calibration";
  expect_problem(request("POST", path, R"({"action":"finish"})"), 409, "no_fit_running");
  EXPECT_EQ(request("POST", path).parsed()["guided_fit"]["readings"], 0);
  get("/controllers/1/sensors?wait=next");
  const auto under_way = get(path).parsed()["guided_fit"];
  EXPECT_GE(under_way["readings"], 1);
  EXPECT_EQ(under_way["directions"].size(), 5U);
  EXPECT_FALSE(under_way["can_finish"]);
  expect_problem(request("POST", path, R"({"action":"finish"})"), 409, "fit_incomplete");
  EXPECT_NE(get(path).parsed()["guided_fit"], nullptr) << "what was collected is still there";
  EXPECT_EQ(request("POST", path, R"({"action":"cancel"})").parsed()["guided_fit"], nullptr);
  EXPECT_EQ(request("POST", path, R"({"action":"forget"})").status, 200);
  expect_problem(request("POST", path, R"({"action":"stop"})"), 422, "invalid_value", "/action");
  expect_problem(request("POST", path, R"({"speed":1})"), 422, "unknown_member", "/speed");
  expect_problem(request("POST", path, "action=start", "application/x-www-form-urlencoded"), 415,
                 "unsupported_media_type");
  expect_problem(request("POST", "/controllers/2/calibration"), 409, "no_magnetometer");
}

// ---- simulation

TEST_F(Rest, AControllerIsMadeKnownBeforeItIsSeen) {
  begin();
  const std::string path = "/controllers/00:06:f7:aa:bb:cc";
  EXPECT_EQ(get(path).status, 404);
  auto reply = request("PUT", path, R"({"model":"zcm1"})");
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.parsed()["number"], 3);
  EXPECT_EQ(reply.parsed()["connected"], false);
  EXPECT_EQ(request("PUT", path, "model=zcm1", "application/x-www-form-urlencoded").status, 200);
  expect_problem(request("PUT", path, R"({"model":"zcm2"})"), 422, "invalid_value", "/model");
  expect_problem(request("PUT", path, R"({"model":"zcm3"})"), 422, "invalid_value", "/model");
  expect_problem(request("PUT", path, "{}"), 422, "missing_member", "/model");
  for (int i = 0; get("/controllers").parsed().size() < 256; ++i) {
    char id[18];
    std::snprintf(id, sizeof id, "e0:ae:5e:00:%02x:%02x", i / 256, i % 256);
    ASSERT_EQ(request("PUT", std::string("/controllers/") + id, R"({"model":"zcm1"})").status, 201);
  }
  expect_problem(request("PUT", "/controllers/00:06:f7:99:99:99", R"({"model":"zcm1"})"), 409,
                 "too_many_controllers");
  expect_problem(request("PUT", "/controllers/nobody", R"({"model":"zcm1"})"), 404,
                 "unknown_controller");
  expect_problem(request("PUT", "/controllers/00:00:00:00:00:00", R"({"model":"zcm1"})"), 404,
                 "unknown_controller");
  EXPECT_EQ(request("DELETE", path).status, 204);
}

TEST_F(Rest, ACalibrationIsBroughtAlong) {
  begin();
  const std::string path = "/controllers/1/calibration";
  const std::string fit =
      R"({"hard_iron_ut":{"x":12,"y":-3.5,"z":4},"soft_iron":[[1.1,0.01,0],[0.01,1,0],[0,0,0.9]],)"
      R"("field_ut":48})";
  auto reply = request("PATCH", path, R"({"magnetometer_fit":)" + fit + "}");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.parsed()["magnetometer"], "fitted");
  const auto taken = reply.parsed()["magnetometer_fit"];
  EXPECT_EQ(taken["hard_iron_ut"]["y"], -3.5);
  EXPECT_NEAR(taken["soft_iron"][0][0].get<double>(), 1.1 / std::cbrt(1.1 * 0.9 - 0.00009), 1e-4)
      << "it has determinant 1";
  EXPECT_EQ(request("PATCH", path, R"({"magnetometer_fit":)" + taken.dump() + "}").parsed(),
            get(path).parsed())
      << "what GET shows is taken";
  expect_problem(
      request("PATCH", "/controllers/2/calibration", R"({"magnetometer_fit":)" + fit + "}"), 409,
      "no_magnetometer");
  for (const std::string wrong :
       {R"([[1,0,0],[0,1,0]])", R"([[1,0,0],[0,-1,0],[0,0,-1]])", R"([[1,0.5,0],[0,1,0],[0,0,1]])",
        R"([[9,0,0],[0,9,0],[0,0,9]])", R"("1")"})
    expect_problem(
        request("PATCH", path,
                R"({"magnetometer_fit":{"hard_iron_ut":{"x":0,"y":0,"z":0},"field_ut":50,)"
                R"("soft_iron":)" +
                    wrong + "}}"),
        422, "invalid_value", "/magnetometer_fit/soft_iron");
  expect_problem(request("PATCH", path, R"({"magnetometer_fit":{"field_ut":50}})"), 422,
                 "missing_member", "/magnetometer_fit/hard_iron_ut");
  expect_problem(request("PATCH", path, R"({"factory_blob":"1000"})"), 422, "invalid_value",
                 "/factory_blob");
  expect_problem(request("PATCH", path, R"({"factory_blob":"10 0"})"), 422, "invalid_value",
                 "/factory_blob");
  EXPECT_EQ(get(path).parsed()["magnetometer_fit"], taken) << "a refusal changes nothing";
}

TEST_F(Rest, ASimulatedControllerCanBeDriven) {
  begin();
  const auto reply =
      request("PATCH", "/controllers/1/simulation",
              R"({"motion":"wave","buttons":["cross","move"],"trigger":0.5,"battery_percent":20,
          "loss":0.02,"magnetometer":"absent"})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  auto state = get("/controllers/1/simulation").parsed();
  state.erase("shows");
  EXPECT_EQ(state["motion"], "wave");
  EXPECT_EQ(state["buttons"], json::parse(R"(["cross","move"])"));
  EXPECT_NEAR(state["trigger"].get<double>(), 0.5, 0.01);
  EXPECT_EQ(state["battery_percent"], 20);
  EXPECT_EQ(state["link"], "up");
  EXPECT_EQ(state["loss"], 0.02);
  EXPECT_EQ(state["magnetometer"], "absent");
  run_until([this] {
    const auto controller = get("/controllers/1").parsed();
    const auto& sample = controller["sensors"];
    return sample["buttons"] == json::parse(R"(["cross","move"])") &&
           std::abs(sample["trigger"].get<double>() - 0.5) < 0.01 &&
           controller["battery"]["percent"] == 20;
  });
  expect_problem(request("PATCH", "/controllers/1/simulation", R"({"buttons":["crss"]})"), 422,
                 "invalid_value", "/buttons");
  expect_problem(request("PATCH", "/controllers/1/simulation", R"({"shows":{}})"), 422,
                 "unknown_member", "/shows");
}

TEST_F(Rest, AnExtensionDeviceIsShownWithItsControls) {
  begin("zcm1:extension=sharp_shooter,zcm2");
  const std::string simulation = "/controllers/1/simulation";
  run_until([this] { return !get("/controllers/1").parsed()["extension"].is_null(); });
  EXPECT_EQ(get("/controllers/1").parsed()["extension"],
            json::parse(R"({"device":"sharp_shooter","id":"0x8081"})"));
  EXPECT_TRUE(get("/controllers/2").parsed()["extension"].is_null());
  EXPECT_EQ(request("PATCH", simulation, R"({"controls":{"weapon":3,"reload":true}})").status, 200);
  const auto gun = json::parse(R"({"weapon":3,"trigger":false,"reload":true,"pump":false})");
  run_until([&] { return get("/controllers/1/sensors").parsed()["extension"] == gun; });
  EXPECT_EQ(get(simulation).parsed()["controls"], gun);
  expect_problem(request("PATCH", simulation, R"({"controls":{"throttle":1}})"), 409,
                 "no_extension");
  expect_problem(request("PATCH", simulation, R"({"controls":{"weapon":4}})"), 422, "out_of_range",
                 "/controls/weapon");
  expect_problem(request("PATCH", "/controllers/2/simulation", R"({"extension":"racing_wheel"})"),
                 409, "not_capable");
  EXPECT_EQ(request("PATCH", simulation, R"({"extension":null})").status, 200);
  run_until([this] { return get("/controllers/1").parsed()["extension"].is_null(); });
  EXPECT_FALSE(get("/controllers/1/sensors").parsed().contains("extension"));
}

TEST_F(Rest, AWheelRumblesUntilItIsToldToStop) {
  begin("zcm1,zcm2");
  const std::string path = "/controllers/1/extension/rumble";
  expect_problem(get(path), 409, "no_extension");
  expect_problem(get("/controllers/2/extension/rumble"), 409, "not_capable");
  request("PATCH", "/controllers/1/simulation", R"({"extension":"racing_wheel"})");
  run_until([this] { return !get("/controllers/1").parsed()["extension"].is_null(); });
  const auto reply = request("PUT", path, R"({"left":200,"right":7,"for_ms":9000})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.parsed()["state"], "applied");
  EXPECT_GT(reply.parsed()["until_us"], 0);
  EXPECT_EQ(shows("1")["extension_rumble"], json::parse(R"({"left":200,"right":7})"));
  const auto stopped = request("DELETE", path).parsed();
  EXPECT_EQ(stopped, json::parse(R"({"left":0,"right":0,"state":"off","until_us":null})"));
  EXPECT_EQ(shows("1")["extension_rumble"], json::parse(R"({"left":0,"right":0})"));
  expect_problem(request("PUT", path, R"({"left":256})"), 422, "out_of_range", "/left");
  expect_problem(request("PUT", path, R"({"left":1,"for_ms":10001})"), 422, "out_of_range",
                 "/for_ms");
  expect_problem(request("PUT", path, "{}"), 422, "missing_member");
}

TEST_F(Rest, TheLightsFrequencyIsSetInTheDark) {
  begin("zcm1,zcm2");
  const std::string path = "/controllers/1/led/pwm";
  EXPECT_EQ(get(path).parsed(), json::parse(R"({"frequency_hz":188000,"set":false})"));
  request("PUT", "/controllers/1/led", R"({"color":"red"})");
  const auto reply = request("PUT", path, R"({"frequency_hz":20000})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.parsed(), json::parse(R"({"frequency_hz":20000,"set":true})"));
  // A light that was on when it was set would stay dark.
  run_until([this] { return shows("1")["led"]["color"] == "#ff0000"; });
  expect_problem(request("PUT", path, R"({"frequency_hz":732})"), 422, "out_of_range",
                 "/frequency_hz");
  expect_problem(request("PUT", path, R"({"frequency_hz":24000001})"), 422, "out_of_range",
                 "/frequency_hz");
  expect_problem(request("PUT", path, "{}"), 422, "missing_member", "/frequency_hz");
  expect_problem(get("/controllers/2/led/pwm"), 409, "not_capable");
  take_away("1");
  expect_problem(request("PUT", path, R"({"frequency_hz":20000})"), 409, "controller_offline");
}

TEST_F(Rest, AControllerIsAskedAboutItself) {
  begin("zcm1");
  const auto found = get("/controllers/1/diagnostics").parsed();
  EXPECT_EQ(found["firmware"],
            json::parse(R"({"version":"2.20","revision":1829,"bluetooth_version":97})"));
  EXPECT_EQ(found["power"]["temperature_raw"], 0x7D1);
  EXPECT_EQ(found["power"]["charger"], "done");
  EXPECT_EQ(found["host_address"], "00:00:00:00:00:00");
  EXPECT_EQ(get("/controllers/1/diagnostics").parsed(), found) << "once a second at most";
  take_away("1");
  expect_problem(get("/controllers/1/diagnostics"), 409, "controller_offline");
}

// ---- cues

TEST_F(Rest, ACueSetsManyControllersAtOnce) {
  begin();
  const auto reply = request("PUT", "/cues/flash", R"({"outputs":[
      {"controllers":["*"],"led":{"color":"red"}},{"controllers":[2],"rumble":{"value":9}}]})");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto cue = reply.parsed();
  EXPECT_EQ(cue["state"], "done");
  EXPECT_GE(cue["skew_us"], 0);
  ASSERT_EQ(cue["results"].size(), 2U);
  for (const auto& result : cue["results"]) EXPECT_EQ(result["led"]["state"], "applied");
  EXPECT_TRUE(cue["results"][0]["rumble"].is_null());
  EXPECT_EQ(cue["results"][1]["rumble"]["state"], "applied");
  EXPECT_EQ(get("/controllers/1/led").parsed()["color"], "#ff0000");
  EXPECT_FALSE(get("/controllers/2/rumble").parsed()["layers"][0]["until_us"].is_null())
      << "a motor that nobody takes care of stops by itself";
  EXPECT_EQ(get("/cues").parsed(), json::array({cue}));
  EXPECT_EQ(get("/cues/flash").parsed(), cue);
}

TEST_F(Rest, ACueWaitsForItsInstantAndCanBeTakenBack) {
  begin();
  const std::string body =
      R"({"in_ms":60,"outputs":[{"controllers":["*"],"led":{"color":"red"}}]})";
  auto reply = request("PUT", "/cues/later", body);
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.field("location"), "/api/v1/cues/later");
  EXPECT_EQ(reply.parsed()["state"], "waiting");
  EXPECT_EQ(get("/controllers/1/led").parsed()["color"], "#000000");
  run_until([this] { return get("/cues/later").parsed()["state"] == "done"; });
  EXPECT_EQ(get("/controllers/1/led").parsed()["color"], "#ff0000");
  EXPECT_EQ(request("DELETE", "/cues/later").status, 204);
  request("PUT", "/cues/never",
          R"({"in_ms":86400000,"outputs":[{"controllers":["*"],"led":{"color":"blue"}}]})");
  EXPECT_EQ(request("DELETE", "/cues/never").status, 204);
  expect_problem(request("DELETE", "/cues/never"), 404, "unknown_cue");
  expect_problem(get("/cues/never"), 404, "unknown_cue");
}

TEST_F(Rest, ACueIsCarriedOutWholeOrNotAtAll) {
  begin("zcm1,zcm2,navigation");
  const auto refused = [this](const std::string& outputs, int status, const std::string& code,
                              const std::string& pointer) {
    expect_problem(request("PUT", "/cues/x", R"({"outputs":)" + outputs + "}"), status, code,
                   pointer);
    EXPECT_EQ(get("/controllers/1/led").parsed()["color"], "#000000") << outputs;
  };
  const std::string first = R"([{"controllers":[1],"led":{"color":"red"}},)";
  refused(first + R"({"controllers":[2,"nobody"],"led":{"color":"red"}}])", 404,
          "unknown_controller", "/outputs/1/controllers/1");
  refused(first + R"({"controllers":[3],"led":{"color":"red"}}])", 409, "not_capable",
          "/outputs/1/controllers/0");
  refused(first + R"({"controllers":[1],"led":{"color":"blue"}}])", 422, "conflicting_members",
          "/outputs/1/controllers/0");
  refused(first + R"({"controllers":[2],"led":{"color":"reddish"}}])", 422, "invalid_value",
          "/outputs/1/led/color");
  refused(first + R"({"controllers":[2],"led":{"color":"red"},"at":1}])", 422, "unknown_member",
          "/outputs/1/at");
  refused(first + R"({"controllers":[2]}])", 422, "missing_member", "/outputs/1");
  refused("[]", 422, "wrong_type", "/outputs");
  take_away("2");
  refused(first + R"({"controllers":[2],"led":{"color":"red"}}])", 409, "controller_offline",
          "/outputs/1/controllers/0");
  EXPECT_EQ(get("/cues").parsed(), json::array());
  const std::string outputs = R"("outputs":[{"controllers":["*"],"led":{"color":"red"}}]})";
  expect_problem(request("PUT", "/cues/x", R"({"in_ms":1,"at_us":1,)" + outputs), 422,
                 "conflicting_members", "/in_ms");
  expect_problem(request("PUT", "/cues/x", R"({"at_us":1795334400,)" + outputs), 422,
                 "out_of_range", "/at_us");
  expect_problem(request("PUT", "/cues/x", "{}"), 422, "missing_member", "/outputs");
  expect_problem(request("PUT", "/cues/a%20b", "{" + outputs), 422, "invalid_value");
  expect_problem(request("PUT", "/cues/auto-1", "{" + outputs), 422, "reserved_name");
  const auto all = request("PUT", "/cues/x", "{" + outputs).parsed();
  EXPECT_EQ(all["results"].size(), 1U) << "those who are here and have a light";
}

// ---- the Navigation controller

TEST_F(Rest, ANavigationControllerHasAStickAndNoMotion) {
  begin("zcm1,navigation");
  const auto body = get("/controllers/2").parsed();
  EXPECT_EQ(body["model"], "navigation");
  EXPECT_EQ(body["status"], "streaming");
  for (const auto* name : {"accel_m_s2", "gyro_rad_s", "mag_ut", "orientation", "linear_accel_m_s2",
                           "temperature_c"}) {
    EXPECT_TRUE(body["sensors"][name].is_null()) << name;
    EXPECT_TRUE(body["capabilities"]["sensors"][name].is_null()) << name;
  }
  EXPECT_TRUE(body["capabilities"]["outputs"]["led"].is_null());
  EXPECT_TRUE(get("/controllers/1").parsed()["capabilities"]["sensors"]["stick"].is_null());
  EXPECT_FALSE(get("/controllers/1/sensors").parsed().contains("stick"));
  EXPECT_EQ(request("PATCH", "/controllers/2/simulation",
                    R"({"stick":{"x":-1,"y":1},"buttons":["cross"],"trigger":1,)"
                    R"("pressures":{"l1":0.2,"up":1}})")
                .status,
            200);
  run_until([this] {
    const auto sample = get("/controllers/2/sensors").parsed();
    return sample["stick"] == json::parse(R"({"x":-1,"y":1})") && sample["trigger"] == 1 &&
           sample["buttons"] == json::parse(R"(["cross"])") &&
           sample["pressures"] ==
               json::parse(R"({"l1":0.2,"l2":1,"up":1,"right":0,"down":0,"left":0})");
  });
  EXPECT_EQ(get("/controllers/2/simulation").parsed()["pressures"]["l1"], 0.2);
  EXPECT_FALSE(get("/controllers/1/sensors").parsed().contains("pressures"));
  EXPECT_EQ(get("/controllers/2/simulation").parsed()["stick"], json::parse(R"({"x":-1,"y":1})"));
}

TEST_F(Rest, WhatANavigationControllerDoesNotHaveIsRefused) {
  begin("zcm1,navigation");
  expect_problem(request("PUT", "/controllers/2/led", R"({"color":"red"})"), 409, "not_capable");
  expect_problem(request("PUT", "/controllers/2/rumble", R"({"value":9})"), 409, "not_capable");
  expect_problem(request("DELETE", "/controllers/2/led"), 409, "not_capable");
  expect_problem(request("POST", "/controllers/2/orientation/reset"), 409, "not_capable");
  expect_problem(get("/controllers/2/diagnostics"), 409, "not_capable");
  expect_problem(request("PATCH", "/controllers/2/simulation", R"({"buttons":["move"]})"), 409,
                 "not_capable");
  expect_problem(request("PATCH", "/controllers/1/simulation", R"({"stick":{"x":0}})"), 409,
                 "not_capable");
  expect_problem(request("PATCH", "/controllers/2/simulation", R"({"stick":{"x":2}})"), 422,
                 "out_of_range", "/stick/x");
  expect_problem(request("PATCH", "/controllers/1/simulation", R"({"pressures":{"l1":1}})"), 409,
                 "not_capable");
  expect_problem(request("PATCH", "/controllers/2/simulation", R"({"pressures":{"r1":1}})"), 422,
                 "unknown_member", "/pressures/r1");
  const auto all = request("PUT", "/controllers/all/led", R"({"color":"red"})").parsed();
  EXPECT_EQ(all.size(), 1U) << "all who have a light";
}

TEST_F(Rest, CompanionsAreBoundFromEitherSide) {
  begin("zcm1,navigation,zcm2:name=right");
  const auto id = [this](const std::string& which) {
    return get("/controllers/" + which).parsed()["id"];
  };
  EXPECT_EQ(request("PATCH", "/controllers/1", R"({"companion":2})").parsed()["companion"],
            id("2"));
  EXPECT_EQ(get("/controllers/2").parsed()["companion"], id("1"));
  expect_problem(request("PATCH", "/controllers/right", R"({"companion":"2"})"), 409,
                 "companion_taken");
  expect_problem(request("PATCH", "/controllers/1", R"({"companion":"right"})"), 422,
                 "invalid_value", "/companion");
  expect_problem(request("PATCH", "/controllers/1", R"({"companion":"nobody","name":"x"})"), 422,
                 "invalid_value", "/companion");
  EXPECT_TRUE(get("/controllers/1").parsed()["name"].is_null()) << "all of it or nothing";
  EXPECT_TRUE(
      request("PATCH", "/controllers/2", R"({"companion":null})").parsed()["companion"].is_null());
  EXPECT_TRUE(get("/controllers/1").parsed()["companion"].is_null());
  EXPECT_EQ(request("PATCH", "/controllers/2", R"({"companion":"right"})").status, 200);
  EXPECT_EQ(get("/controllers/right").parsed()["companion"], id("2"));
}

TEST_F(Rest, ATokensTimesAreThoseOfTheClockThatIsPublished) {
  clock = drivers::UnixClock(drivers::SteadyClock::now(), 1'000'000'000);  // far from the system's
  Tokens tokens;
  config.tokens = &tokens;
  begin();
  const auto made = request("POST", "/tokens", R"({"name":"phone"})").parsed();
  client->request("GET", "/api/v1", "", "",
                  "Authorization: Bearer " + made["token"].get<std::string>() + "\r\n");
  const auto seen = get("/tokens").parsed()[0];
  const auto now_us = get("").parsed()["clock"]["time_us"].get<std::int64_t>();
  for (const auto* time : {"created_us", "last_used_us"}) {
    EXPECT_GE(seen[time], 1'000'000'000) << time;
    EXPECT_LE(seen[time], now_us) << time;
  }
  stop();
}

// ---- operations and people

TEST_F(Rest, LiveAndReady) {
  std::string missing = "the HID monitor is not up";
  config.not_ready = [&missing] { return missing; };
  begin();
  EXPECT_EQ(client->get("/livez").status, 200);
  const auto reply = client->get("/readyz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.parsed()["reason"], missing);
  missing.clear();
  EXPECT_EQ(client->get("/readyz").status, 200);
}

TEST_F(Rest, TheCatalogLeadsToTheContract) {
  begin();
  const auto reply = client->get("/.well-known/api-catalog");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.field("content-type").starts_with("application/linkset+json"));
  EXPECT_EQ(reply.field("link"), R"(</.well-known/api-catalog>; rel="api-catalog")");
  const auto links = reply.parsed()["linkset"].at(0);
  EXPECT_EQ(links["anchor"], "/api/v1");
  EXPECT_EQ(links["service-desc"][0]["href"], "/api/v1/openapi.json");
  for (const auto* relation : {"service-desc", "service-doc", "status"})
    for (const auto& link : links[relation]) {
      const auto target = client->get(link["href"]);
      EXPECT_EQ(target.status, 200) << link;
      EXPECT_TRUE(target.field("content-type").starts_with(link["type"].get<std::string>()));
    }
  const auto head = client->request("HEAD", "/.well-known/api-catalog");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.field("link"), reply.field("link"));
}

TEST_F(Rest, PagesRunNoScripts) {
  begin();
  for (const std::string path : {"/", "/docs/errors"}) {
    const auto reply = client->get(path);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.field("content-type"), "text/html; charset=utf-8");
    EXPECT_NE(reply.field("content-security-policy").find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(reply.field("referrer-policy"), "no-referrer");
  }
  const auto front = client->get("/").body;
  EXPECT_NE(front.find("curl -X PUT localhost/api/v1/controllers/1/led -d color=red"),
            std::string::npos)
      << "to be pasted as it stands: " << front;
}

TEST_F(Rest, EveryProblemTypeLeadsToItsExplanation) {
  begin();
  const auto page = client->get("/docs/errors").body;
  for (const auto code : wire::all_error_codes())
    EXPECT_NE(page.find("id=\"" + std::string(to_string(code)) + "\""), std::string::npos);
}

TEST(Documentation, ListsEveryErrorCodeWithItsStatusAndAdvice) {
  std::ifstream file(TEST_SOURCE_DIR "/../docs/errors.md");
  ASSERT_TRUE(file);
  std::stringstream text;
  text << file.rdbuf();
  for (const auto code : wire::all_error_codes()) {
    const std::string row =
        "| `" + std::string(to_string(code)) + "` | " + std::to_string(wire::http_status(code)) +
        " | " + std::string(wire::title(code)) + " | " + std::string(wire::advice(code)) + " |";
    EXPECT_NE(text.str().find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace psmove::api
