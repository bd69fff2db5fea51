// What clients may say on the stream, and the exact words that come back.

#include "api/wire/stream_messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace psmove::wire {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

template <class Request>
Request accepted(std::string_view text) {
  const auto message = parse_client_message(text);
  if (!message.request) {
    ADD_FAILURE() << text << ": " << message.request.error().detail;
    return {};
  }
  const auto* request = std::get_if<Request>(&*message.request);
  if (request == nullptr) {
    ADD_FAILURE() << text << " is another type";
    return {};
  }
  return *request;
}

struct Refusal {
  std::string code, pointer;
  friend bool operator==(const Refusal&, const Refusal&) = default;
};
void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << refusal.code << " at \"" << refusal.pointer << "\"";
}

Refusal refused(std::string_view text) {
  const auto message = parse_client_message(text);
  if (message.request) return {"accepted", ""};
  EXPECT_FALSE(message.request.error().detail.empty());
  return {std::string(to_string(message.request.error().code)), message.request.error().pointer};
}

Refusal refused_query(std::string_view query) {
  const auto parsed = parse_stream_query(query);
  if (parsed) return {"accepted", ""};
  return {std::string(to_string(parsed.error().code)), parsed.error().pointer};
}

SubscribeRequest accepted_query(std::string_view query) {
  const auto parsed = parse_stream_query(query);
  if (!parsed || !*parsed) {
    ADD_FAILURE() << query;
    return {};
  }
  return **parsed;
}

json parsed(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  EXPECT_FALSE(value.is_discarded()) << text;
  return value;
}

const Address left = *parse_address("00:06:f7:16:2a:3b");

// ---- subscribe

TEST(Subscribe, TheDocumentedExampleIsRead) {
  const auto request = accepted<SubscribeRequest>(
      R"({"type":"subscribe","id":"hands","controllers":["*"],"topics":["motion","button"],)"
      R"("fields":["orientation","linear_accel_m_s2"],"max_rate_hz":60,"policy":"latest"})");
  EXPECT_EQ(request.id, "hands");
  EXPECT_THAT(request.controllers, IsEmpty());
  EXPECT_EQ(request.topics, bit(Topic::motion) | bit(Topic::button));
  EXPECT_EQ(request.fields, bit(Field::orientation) | bit(Field::linear_accel_m_s2));
  EXPECT_EQ(request.max_rate_hz, 60);
  EXPECT_EQ(request.policy, Policy::latest);
  EXPECT_TRUE(request.snapshot);
}

TEST(Subscribe, AnIdAloneMeansEverySampleOfEveryController) {
  const auto request = accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1"})");
  EXPECT_THAT(request.controllers, IsEmpty());
  EXPECT_EQ(request.topics, bit(Topic::motion) | bit(Topic::button) | bit(Topic::controller));
  EXPECT_EQ(request.fields, all_fields);
  EXPECT_EQ(request.policy, Policy::all);
  EXPECT_EQ(request.max_rate_hz, std::nullopt);
  EXPECT_THAT(request.since, IsEmpty());
}

TEST(Subscribe, ARateAloneMeansTheNewestSample) {
  const auto request =
      accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1","max_rate_hz":0.1})");
  EXPECT_EQ(request.policy, Policy::latest);
}

TEST(Subscribe, StarAndAllAmongOthersMeanEveryController) {
  for (const auto* list : {R"(["*"])", R"(["all"])", R"(["1","*"])"})
    EXPECT_THAT(accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1","controllers":)" +
                                           std::string(list) + "}")
                    .controllers,
                IsEmpty());
  EXPECT_THAT(
      accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1","controllers":["1","left hand"]})")
          .controllers,
      ElementsAre("1", "left hand"));
}

TEST(Subscribe, MembersThatAlwaysComeMayBeNamed) {
  EXPECT_EQ(
      accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1","fields":["sequence","time_us"]})")
          .fields,
      0);
  EXPECT_EQ(accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1","fields":[]})").fields, 0);
}

TEST(Subscribe, SinceTakesOneSequenceOrOneForEachController) {
  const auto one = accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1","since":48213})");
  ASSERT_EQ(one.since.size(), 1U);
  EXPECT_EQ(one.since[0].controller, "");
  EXPECT_EQ(one.since[0].sequence, 48213U);
  const auto two =
      accepted<SubscribeRequest>(R"({"type":"subscribe","id":"1","since":{"1":5,"left":0}})");
  ASSERT_EQ(two.since.size(), 2U);
  EXPECT_EQ(two.since[0].controller, "1");
  EXPECT_EQ(two.since[1].sequence, 0U);
}

TEST(Subscribe, MistakesAreNamedByTheirPointer) {
  const auto with = [](const std::string& members) {
    return refused(R"({"type":"subscribe","id":"1",)" + members + "}");
  };
  EXPECT_EQ(with(R"("feilds":["mag_ut"])"), (Refusal{"unknown_member", "/feilds"}));
  EXPECT_EQ(with(R"("a/b~c":1)"), (Refusal{"unknown_member", "/a~1b~0c"}));
  EXPECT_EQ(with(R"("fields":["accel_m_s2","magnet"])"), (Refusal{"invalid_value", "/fields/1"}));
  EXPECT_EQ(with(R"("fields":"mag_ut")"), (Refusal{"wrong_type", "/fields"}));
  EXPECT_EQ(with(R"("fields":[1])"), (Refusal{"wrong_type", "/fields/0"}));
  EXPECT_EQ(with(R"("topics":["motion","Motion"])"), (Refusal{"invalid_value", "/topics/1"}));
  EXPECT_EQ(with(R"("topics":[])"), (Refusal{"out_of_range", "/topics"}));
  EXPECT_EQ(with(R"("controllers":[])"), (Refusal{"out_of_range", "/controllers"}));
  EXPECT_EQ(with(R"("controllers":[1])"), (Refusal{"wrong_type", "/controllers/0"}));
  EXPECT_EQ(with(R"("max_rate_hz":"60")"), (Refusal{"wrong_type", "/max_rate_hz"}));
  EXPECT_EQ(with(R"("max_rate_hz":0)"), (Refusal{"out_of_range", "/max_rate_hz"}));
  EXPECT_EQ(with(R"("max_rate_hz":-1)"), (Refusal{"out_of_range", "/max_rate_hz"}));
  EXPECT_EQ(with(R"("max_rate_hz":1000.5)"), (Refusal{"out_of_range", "/max_rate_hz"}));
  EXPECT_EQ(with(R"("policy":"newest")"), (Refusal{"invalid_value", "/policy"}));
  EXPECT_EQ(with(R"("policy":null)"), (Refusal{"wrong_type", "/policy"}));
  EXPECT_EQ(with(R"("policy":"all","max_rate_hz":60)"),
            (Refusal{"conflicting_members", "/max_rate_hz"}));
  EXPECT_EQ(with(R"("policy":"window")"), (Refusal{"missing_member", ""}));
  EXPECT_EQ(with(R"("policy":"window","max_rate_hz":0.5)"),
            (Refusal{"out_of_range", "/max_rate_hz"}));
  EXPECT_EQ(with(R"("since":-1)"), (Refusal{"wrong_type", "/since"}));
  EXPECT_EQ(with(R"("since":5,"policy":"latest")"), (Refusal{"conflicting_members", "/since"}));
  EXPECT_EQ(with(R"("since":5,"max_rate_hz":60)"), (Refusal{"conflicting_members", "/since"}));
  EXPECT_EQ(with(R"("since":{"1":1.5})"), (Refusal{"wrong_type", "/since/1"}));
  EXPECT_EQ(with(R"("snapshot":1)"), (Refusal{"wrong_type", "/snapshot"}));
}

TEST(Subscribe, NeedsAnIdOfOneTo64Bytes) {
  EXPECT_EQ(refused(R"({"type":"subscribe"})"), (Refusal{"missing_member", ""}));
  EXPECT_EQ(refused(R"({"type":"subscribe","id":7})"), (Refusal{"wrong_type", "/id"}));
  EXPECT_EQ(refused(R"({"type":"subscribe","id":""})"), (Refusal{"out_of_range", "/id"}));
  EXPECT_EQ(refused(R"({"type":"subscribe","id":")" + std::string(65, 'x') + R"("})"),
            (Refusal{"out_of_range", "/id"}));
  EXPECT_EQ(
      accepted<SubscribeRequest>(R"({"type":"subscribe","id":")" + std::string(64, 'x') + R"("})")
          .id.size(),
      64U);
}

// ---- the others

TEST(Unsubscribe, TakesAnIdAndNothingElse) {
  EXPECT_EQ(accepted<UnsubscribeRequest>(R"({"type":"unsubscribe","id":"hands"})").id, "hands");
  EXPECT_EQ(refused(R"({"type":"unsubscribe"})"), (Refusal{"missing_member", ""}));
  EXPECT_EQ(refused(R"({"type":"unsubscribe","id":"a","topics":["motion"]})"),
            (Refusal{"unknown_member", "/topics"}));
}

TEST(Set, TheDocumentedExampleIsRead) {
  const auto request =
      accepted<SetRequest>(R"({"type":"set","id":"7","controllers":["1"],"led":{"color":"red"},)"
                           R"("rumble":{"value":120,"for_ms":80}})");
  EXPECT_THAT(request.controllers, ElementsAre("1"));
  EXPECT_EQ(request.led->color, (Rgb{255, 0, 0}));
  EXPECT_EQ(request.rumble->value, 120);
  EXPECT_EQ(request.rumble->duration, std::chrono::milliseconds(80));
}

TEST(Set, NullEndsALayer) {
  const auto request =
      accepted<SetRequest>(R"({"type":"set","controllers":["*"],"led":null,"rumble":null})");
  EXPECT_TRUE(request.clear_led);
  EXPECT_TRUE(request.clear_rumble);
  EXPECT_FALSE(request.led);
}

TEST(Set, MistakesAreNamedByTheirPointer) {
  const auto with = [](const std::string& members) {
    return refused(R"({"type":"set",)" + members + "}");
  };
  EXPECT_EQ(with(R"("led":{"color":"red"})"), (Refusal{"missing_member", ""}));
  EXPECT_EQ(with(R"("controllers":["1"])"), (Refusal{"missing_member", ""}));
  EXPECT_EQ(with(R"("controllers":["1"],"led":{"red":256})"),
            (Refusal{"out_of_range", "/led/red"}));
  EXPECT_EQ(with(R"("controllers":["1"],"led":"red")").code, "wrong_type");
  EXPECT_EQ(with(R"("controllers":["1"],"led":"red")").pointer, "/led");
  EXPECT_EQ(with(R"("controllers":["1"],"rumbel":{"value":1})"),
            (Refusal{"unknown_member", "/rumbel"}));
  EXPECT_EQ(with(R"("controllers":["1"],"rumble":{"value":-1})"),
            (Refusal{"out_of_range", "/rumble/value"}));
}

TEST(Ping, GivesItsNumberBackAsItWas) {
  EXPECT_EQ(accepted<PingRequest>(R"({"type":"ping","t":1795334400123.25})").t, "1795334400123.25");
  EXPECT_EQ(accepted<PingRequest>(R"({"type":"ping","t":-3})").t, "-3");
  EXPECT_EQ(accepted<PingRequest>(R"({"type":"ping"})").t, "");
  EXPECT_EQ(refused(R"({"type":"ping","t":"now"})"), (Refusal{"wrong_type", "/t"}));
  EXPECT_EQ(parsed(pong_message({"2.5"}, 77)), parsed(R"({"type":"pong","t":2.5,"time_us":77})"));
  EXPECT_EQ(parsed(pong_message({}, 77)), parsed(R"({"type":"pong","time_us":77})"));
}

TEST(Message, WhatIsNoMessageIsRefused) {
  EXPECT_EQ(refused(""), (Refusal{"invalid_json", ""}));
  EXPECT_EQ(refused("{"), (Refusal{"invalid_json", ""}));
  EXPECT_EQ(refused("[]"), (Refusal{"wrong_type", ""}));
  EXPECT_EQ(refused("{}"), (Refusal{"missing_member", ""}));
  EXPECT_EQ(refused(R"({"type":1})"), (Refusal{"wrong_type", "/type"}));
  EXPECT_EQ(refused(R"({"type":"dance"})"), (Refusal{"unknown_type", "/type"}));
  EXPECT_EQ(refused(R"({"type":"ping","type":"ping"})").code, "duplicate_member");
}

TEST(Message, TheAnswerIsAddressedEvenWhenTheRequestIsWrong) {
  EXPECT_EQ(parse_client_message(R"({"type":"dance","id":"7\""})").to, R"("7\"")");
  EXPECT_EQ(parse_client_message(R"({"type":"dance","id":7})").to, "null");
  EXPECT_EQ(parse_client_message(R"({"type":"set","id":"a","led":1})").to, R"("a")");
  EXPECT_EQ(parse_client_message("nonsense").to, "null");
  EXPECT_EQ(parse_client_message(R"({"id":")" + std::string(5000, 'x') + R"("})").to, "null");
}

// ---- the query

TEST(Query, TheDocumentedExampleIsRead) {
  const auto request =
      accepted_query("controllers=1,2&fields=orientation,buttons&max_rate_hz=60&topics=motion");
  EXPECT_EQ(request.id, "query");
  EXPECT_THAT(request.controllers, ElementsAre("1", "2"));
  EXPECT_EQ(request.fields, bit(Field::orientation) | bit(Field::buttons));
  EXPECT_EQ(request.max_rate_hz, 60);
  EXPECT_EQ(request.policy, Policy::latest);
  EXPECT_EQ(request.topics, bit(Topic::motion));
}

TEST(Query, NamesArePercentDecodedAndAnEncodedCommaIsPartOfOne) {
  EXPECT_THAT(
      accepted_query("controllers=left%20hand,right+hand,a%2Cb,00:06:f7:16:2a:3b").controllers,
      ElementsAre("left hand", "right hand", "a,b", "00:06:f7:16:2a:3b"));
}

TEST(Query, EmptyStartsNothing) {
  const auto nothing = parse_stream_query("");
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(nothing->has_value());
}

TEST(Query, EveryDocumentedMemberWorks) {
  const auto request =
      accepted_query("policy=window&max_rate_hz=7.5&since=12&snapshot=false&controllers=*");
  EXPECT_EQ(request.policy, Policy::window);
  EXPECT_EQ(request.max_rate_hz, 7.5);
  ASSERT_EQ(request.since.size(), 1U);
  EXPECT_EQ(request.since[0].sequence, 12U);
  EXPECT_FALSE(request.snapshot);
  EXPECT_THAT(request.controllers, IsEmpty());
}

TEST(Query, MistakesAreNamed) {
  EXPECT_EQ(refused_query("feilds=mag_ut"), (Refusal{"unknown_member", "/feilds"}));
  EXPECT_EQ(refused_query("fields=magnet"), (Refusal{"invalid_value", "/fields/0"}));
  EXPECT_EQ(refused_query("max_rate_hz=fast"), (Refusal{"wrong_type", "/max_rate_hz"}));
  EXPECT_EQ(refused_query("max_rate_hz=nan"), (Refusal{"wrong_type", "/max_rate_hz"}));
  EXPECT_EQ(refused_query("max_rate_hz=0"), (Refusal{"out_of_range", "/max_rate_hz"}));
  EXPECT_EQ(refused_query("max_rate_hz=1&max_rate_hz=1"),
            (Refusal{"duplicate_member", "/max_rate_hz"}));
  EXPECT_EQ(refused_query("since=-1"), (Refusal{"wrong_type", "/since"}));
  EXPECT_EQ(refused_query("since=5&max_rate_hz=60"), (Refusal{"conflicting_members", "/since"}));
  EXPECT_EQ(refused_query("controllers=%4"), (Refusal{"bad_request", ""}));
  EXPECT_EQ(refused_query("controllers=%ff"), (Refusal{"invalid_utf8", ""}));
  EXPECT_EQ(refused_query("controllers="), (Refusal{"out_of_range", "/controllers"}));
  EXPECT_EQ(refused_query("id=mine"), (Refusal{"unknown_member", "/id"}));
  EXPECT_EQ(refused_query("type=subscribe"), (Refusal{"unknown_member", "/type"}));
  EXPECT_EQ(refused_query("motion"), (Refusal{"unknown_member", "/motion"}));
}

// ---- what the daemon says

TEST(Answers, HelloNamesServerSessionClockAndLimits) {
  const StreamLimits limits{.message_bytes = 16384,
                            .message_fragments = 64,
                            .subscriptions = 16,
                            .backlog_ms = 250,
                            .ping_interval_s = 15,
                            .dead_after_s = 45};
  const json hello =
      parsed(hello_message("websocket 3", "psmoved.v1+json", 1795334400123456, limits));
  EXPECT_EQ(hello.at("type"), "hello");
  EXPECT_EQ(hello.at("server"), "psmoved");
  EXPECT_TRUE(hello.at("version").is_string());
  EXPECT_EQ(hello.at("protocol"), "psmoved.v1+json");
  EXPECT_EQ(hello.at("session"), "websocket 3");
  EXPECT_EQ(hello.at("time_us"), 1795334400123456);
  EXPECT_EQ(hello.at("limits").at("message_bytes"), 16384);
  EXPECT_EQ(hello.at("limits").at("subscriptions"), 16);
}

TEST(Answers, SubscribedSaysWhatWasUnderstood) {
  SubscribeRequest request;
  request.id = "a\"b";
  request.fields = bit(Field::orientation);
  request.max_rate_hz = 60;
  request.policy = Policy::latest;
  EXPECT_EQ(parsed(subscribed_message(request, {})),
            parsed(R"({"type":"subscribed","id":"a\"b","controllers":["*"],)"
                   R"("topics":["motion","button","controller"],"fields":["orientation"],)"
                   R"("policy":"latest","max_rate_hz":60})"));
  request.max_rate_hz.reset();
  EXPECT_TRUE(parsed(subscribed_message(request, {"x"})).at("max_rate_hz").is_null());
}

TEST(Answers, ErrorsCarryCodeDetailAndPointer) {
  EXPECT_EQ(parsed(error_message(R"("7")", {ErrorCode::out_of_range, "Too \"red\".", "/led/red"})),
            parsed(R"({"type":"error","to":"7","code":"out_of_range","detail":"Too \"red\".",)"
                   R"("pointer":"/led/red"})"));
}

TEST(Answers, ASetIsAsFarAsItsSlowestController) {
  using enum CueOutcome;
  const auto result = [](std::optional<CueOutcome> led, std::optional<CueOutcome> rumble) {
    CueResult one;
    one.controller = left;
    if (led) one.led = CueOutput{.outcome = *led};
    if (rumble) one.rumble = CueOutput{.outcome = *rumble};
    return one;
  };
  const auto status = [](const std::vector<CueResult>& results) {
    return parsed(set_reply("\"7\"", results)).at("status").get<std::string>();
  };
  EXPECT_EQ(status({}), "applied");
  EXPECT_EQ(status({result(applied, {})}), "applied");
  EXPECT_EQ(status({result(applied, overridden)}), "overridden");
  EXPECT_EQ(status({result(superseded, overridden)}), "superseded");
  EXPECT_EQ(status({result(overridden, {}), result(queued, {}), result(away, {})}), "queued");
  auto one = result(overridden, applied);
  one.led->overridden_by = LayerAbove{.owner = "rest", .priority = 3};
  one.rumble->applied_us = 5;
  const std::string results =
      R"("status":"overridden","results":[{"controller":"00:06:f7:16:2a:3b","status":"overridden",)"
      R"("led":{"state":"overridden","applied_us":null,"overridden_by":{"owner":"rest","priority":3}},)"
      R"("rumble":{"state":"applied","applied_us":5}}]})";
  EXPECT_EQ(set_reply("\"7\"", {one}), R"({"type":"reply","to":"7",)" + results);
  EXPECT_EQ(outcome_message("null", {one}), R"({"type":"outcome","to":null,)" + results);
}

TEST(Events, AreHeadAndBody) {
  EXPECT_EQ(event_head(Topic::button, "hands") + button_event(left, Button::cross, true, 5),
            R"({"type":"button","subscription":"hands","controller":"00:06:f7:16:2a:3b",)"
            R"("time_us":5,"button":"cross","pressed":true})");
  EXPECT_EQ(event_head(Topic::trigger, "h\"") + trigger_event(left, 0.5, 5),
            R"({"type":"trigger","subscription":"h\"","controller":"00:06:f7:16:2a:3b",)"
            R"("time_us":5,"trigger":0.5})");
  ControllerState state;
  state.address = left;
  state.model = "zcm1";
  state.battery = {80, BatteryState::discharging, 4};
  const json battery = parsed(event_head(Topic::battery, "h") + battery_event(left, state.battery));
  EXPECT_EQ(battery.at("battery").at("percent"), 80);
  const json arrived =
      parsed(event_head(Topic::controller, "h") + controller_event(state, "arrived"));
  EXPECT_EQ(arrived.at("event"), "arrived");
  EXPECT_EQ(arrived.at("state").at("id"), "00:06:f7:16:2a:3b");
  const json output = parsed(event_head(Topic::output, "h") + output_event(state));
  EXPECT_EQ(output.at("controller"), "00:06:f7:16:2a:3b");
  EXPECT_TRUE(output.at("led").is_object());
  EXPECT_TRUE(output.at("rumble").is_object());
}

}  // namespace
}  // namespace psmove::wire
