// Bodies of writes: what is taken, and what each mistake is called.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>

#include "api/wire/controller_json.hpp"
#include "api/wire/controller_requests.hpp"
#include "api/wire/output_requests.hpp"
#include "api/wire/simulation_requests.hpp"
#include "api/wire/strict_json.hpp"
#include "api/wire/text.hpp"

namespace psmove::wire {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

json parsed(const std::string& text) {
  auto result = parse_json(text);
  EXPECT_TRUE(result) << text;
  return result ? *result : json();
}

template <class Result>
std::string fault_of(const Result& result) {
  if (result) return "accepted";
  EXPECT_FALSE(result.error().detail.empty());
  return std::string(to_string(result.error().code)) + " " + result.error().pointer;
}

std::string led_fault(const std::string& text) {
  return fault_of(led_wish(parsed(text)));
}

// ---- JSON and forms

TEST(ParseJson, RefusesWhatIsNotOneJsonText) {
  for (const std::string text : {"", "{", "{]", "{}{}", "nul", "{\"a\":1,}", "{'a':1}", "[1 2]",
                                 "{\"a\":NaN}", "{\"a\":1e999}", "\"\x01\"", "// x\n1", "{\"a\"}"})
    EXPECT_EQ(fault_of(parse_json(text)), "invalid_json ") << text;
}

TEST(ParseJson, RefusesMembersGivenTwice) {
  EXPECT_EQ(fault_of(parse_json(R"({"a":1,"a":1})")), "duplicate_member ");
  EXPECT_EQ(fault_of(parse_json(R"({"b":{"a":1,"\u0061":2}})")), "duplicate_member ");
  EXPECT_TRUE(parse_json(R"({"a":{"a":1},"b":[{"a":1},{"a":2}]})"));
}

TEST(ParseJson, RefusesWhatIsNotUtf8) {
  for (const std::string bytes :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"})
    EXPECT_EQ(fault_of(parse_json("\"" + bytes + "\"")), "invalid_utf8 ");
  EXPECT_TRUE(parse_json("\"h\xc3\xa4nd \xf0\x9f\x8e\xae\""));
}

TEST(ParseJson, NestsSixteenDeepAndNoDeeper) {
  EXPECT_TRUE(parse_json(std::string(16, '[') + std::string(16, ']')));
  EXPECT_EQ(fault_of(parse_json(std::string(17, '[') + std::string(17, ']'))), "invalid_json ");
  EXPECT_EQ(fault_of(parse_json(std::string(100'000, '['))), "invalid_json ");
}

TEST(ParseJson, KeepsTheDocument) {
  const auto text = R"({"a":[1,-2,2.5,"x",true,null,{"b":[]}],"c":{}})";
  EXPECT_EQ(parsed(text), json::parse(text));
}

TEST(ParseForm, RecognisesNumbersAndBooleans) {
  const auto form =
      parse_form("a=1&b=-2&c=0.5&d=true&e=red+wine&f=%23ff0000&g=007&h=1e5&i=&j=a%3Db");
  ASSERT_TRUE(form);
  EXPECT_EQ(*form, json::parse(R"({"a":1,"b":-2,"c":0.5,"d":true,"e":"red wine","f":"#ff0000",
                                   "g":"007","h":"1e5","i":"","j":"a=b"})"));
}

TEST(ParseForm, RefusesWhatIsNotAForm) {
  EXPECT_EQ(fault_of(parse_form("red")), "invalid_form ");
  EXPECT_EQ(fault_of(parse_form("=1")), "invalid_form ");
  EXPECT_EQ(fault_of(parse_form("a=%4")), "invalid_form ");
  EXPECT_EQ(fault_of(parse_form("a=%zz")), "invalid_form ");
  EXPECT_EQ(fault_of(parse_form("a=%ff")), "invalid_utf8 ");
  EXPECT_EQ(fault_of(parse_form("a=1&a=1")), "duplicate_member ");
}

// ---- colours

TEST(Colors, AreHexadecimalOrNamed) {
  EXPECT_EQ(parse_color("#f08"), (Rgb{255, 0, 136}));
  EXPECT_EQ(parse_color("#Ff0080"), (Rgb{255, 0, 128}));
  EXPECT_EQ(parse_color("hotpink"), (Rgb{255, 105, 180}));
  EXPECT_EQ(parse_color("HotPink"), (Rgb{255, 105, 180}));
  EXPECT_EQ(parse_color("rebeccapurple"), (Rgb{0x66, 0x33, 0x99}));
  EXPECT_EQ(parse_color("black"), (Rgb{}));
  for (const std::string text : {"", "#", "#ff", "#ffff", "#ff00000", "#gg0000", "ff0000",
                                 "reddish", "red ", "transparent", "rgb(1,2,3)"})
    EXPECT_FALSE(parse_color(text)) << text;
  EXPECT_EQ(hex_color({255, 0, 9}), "#ff0009");
}

// ---- wishes

TEST(LedWish, TakesAColourInEveryForm) {
  const LedWish red{.color = {255, 0, 0}};
  EXPECT_EQ(*led_wish(parsed(R"({"red":255,"green":0,"blue":0})")), red);
  EXPECT_EQ(*led_wish(parsed(R"({"red":255})")), red) << "what is left out is 0";
  EXPECT_EQ(*led_wish(parsed(R"({"color":"#f00"})")), red);
  EXPECT_EQ(*led_wish(parsed(R"({"color":"red"})")), red);
  EXPECT_EQ(*led_wish(parsed(R"({"red":255.0})")), red) << "JSON has one kind of number";
}

TEST(LedWish, TakesEverythingElse) {
  const auto wish = led_wish(parsed(
      R"({"color":"blue","fade_ms":200,"for_ms":1000,"effect":"pulse","period_ms":500,
          "priority":3,"lease_ms":2000})"));
  ASSERT_TRUE(wish);
  EXPECT_EQ(*wish, (LedWish{.color = {0, 0, 255},
                            .effect = Effect::pulse,
                            .period = 500ms,
                            .fade = 200ms,
                            .duration = 1000ms,
                            .lease = 2000ms,
                            .priority = 3}));
  EXPECT_TRUE(led_wish(parsed(R"({"effect":"rainbow"})"))) << "it has colours of its own";
}

TEST(LedWish, NamesTheMistake) {
  EXPECT_EQ(led_fault(R"({"rde":1})"), "unknown_member /rde");
  EXPECT_EQ(led_fault(R"({"a/b~c":1})"), "unknown_member /a~1b~0c");
  EXPECT_EQ(led_fault(R"({"red":256})"), "out_of_range /red");
  EXPECT_EQ(led_fault(R"({"red":-1})"), "out_of_range /red");
  EXPECT_EQ(led_fault(R"({"red":18446744073709551615})"), "out_of_range /red");
  EXPECT_EQ(led_fault(R"({"red":1.5})"), "wrong_type /red");
  EXPECT_EQ(led_fault(R"({"red":"255"})"), "wrong_type /red");
  EXPECT_EQ(led_fault(R"({"red":null})"), "wrong_type /red");
  EXPECT_EQ(led_fault(R"({"red":true})"), "wrong_type /red");
  EXPECT_EQ(led_fault(R"({"color":"reddish"})"), "invalid_value /color");
  EXPECT_EQ(led_fault(R"({"color":7})"), "wrong_type /color");
  EXPECT_EQ(led_fault(R"({"color":"red","blue":1})"), "conflicting_members /blue");
  EXPECT_EQ(led_fault(R"({"fade_ms":100})"), "missing_member ");
  EXPECT_EQ(led_fault(R"({})"), "missing_member ");
  EXPECT_EQ(led_fault(R"([])"), "wrong_type ");
  EXPECT_EQ(led_fault(R"("red")"), "wrong_type ");
  EXPECT_EQ(led_fault(R"({"color":"red","effect":"strobe"})"), "invalid_value /effect");
  EXPECT_EQ(led_fault(R"({"color":"red","period_ms":99})"), "out_of_range /period_ms");
  EXPECT_EQ(led_fault(R"({"color":"red","for_ms":0})"), "out_of_range /for_ms");
  EXPECT_EQ(led_fault(R"({"color":"red","priority":1001})"), "out_of_range /priority");
  EXPECT_EQ(fault_of(led_wish(parsed(R"({"red":256})"), "/led")), "out_of_range /led/red");
}

TEST(RumbleWish, TakesAValue) {
  EXPECT_EQ(rumble_wish(parsed(R"({"value":120,"for_ms":500})"))->duration, 500ms);
  EXPECT_EQ(fault_of(rumble_wish(parsed(R"({"value":256})"))), "out_of_range /value");
  EXPECT_EQ(fault_of(rumble_wish(parsed("{}"))), "missing_member /value");
  EXPECT_EQ(fault_of(rumble_wish(parsed(R"({"value":"loud"})"))), "wrong_type /value");
  EXPECT_EQ(fault_of(rumble_wish(parsed(R"({"rumble":1})"))), "unknown_member /rumble");
}

TEST(ControllerPatch, NullTakesTheNameAway) {
  EXPECT_EQ(controller_patch(parsed(R"({"name":null})"))->name, "");
  EXPECT_EQ(controller_patch(parsed(R"({"name":"left"})"))->name, "left");
  EXPECT_FALSE(controller_patch(parsed("{}"))->name);
  EXPECT_EQ(fault_of(controller_patch(parsed(R"({"name":""})"))), "invalid_value /name");
  EXPECT_EQ(fault_of(controller_patch(parsed(R"({"name":7})"))), "wrong_type /name");
  EXPECT_EQ(fault_of(controller_patch(parsed(R"({"number":0})"))), "out_of_range /number");
  EXPECT_EQ(fault_of(controller_patch(parsed(R"({"model":"x"})"))), "unknown_member /model");
}

TEST(SimulationPatch, TakesEveryMember) {
  const auto patch = simulation_patch(parsed(
      R"({"motion":"wave","buttons":["cross","t"],"trigger":0.5,"battery_percent":20,"link":"down",
          "loss":0.02,"magnetometer":"absent"})"));
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->motion, "wave");
  EXPECT_EQ(patch->buttons, (Buttons{Button::cross, Button::t}));
  EXPECT_EQ(patch->trigger, 0.5);
  EXPECT_EQ(patch->battery_percent, 20);
  EXPECT_EQ(patch->link_up, false);
  EXPECT_EQ(patch->loss, 0.02);
  EXPECT_EQ(patch->magnetometer, "absent");
  EXPECT_EQ(simulation_patch(*parse_form("buttons=cross,move"))->buttons,
            (Buttons{Button::cross, Button::move}));
  EXPECT_EQ(simulation_patch(parsed(R"({"buttons":[]})"))->buttons, Buttons());
}

TEST(SimulationPatch, NamesTheMistake) {
  const auto fault = [](const std::string& text) {
    return fault_of(simulation_patch(parsed(text)));
  };
  EXPECT_EQ(fault(R"({"buttons":["crss"]})"), "invalid_value /buttons");
  EXPECT_EQ(fault(R"({"buttons":[1]})"), "wrong_type /buttons");
  EXPECT_EQ(fault(R"({"trigger":1.01})"), "out_of_range /trigger");
  EXPECT_EQ(fault(R"({"loss":"much"})"), "wrong_type /loss");
  EXPECT_EQ(fault(R"({"link":"sideways"})"), "invalid_value /link");
  EXPECT_EQ(fault(R"({"motion":"trial=/etc/passwd"})"), "invalid_value /motion")
      << "nobody on the network chooses what the daemon opens";
}

// ---- text

TEST(Text, QuotesWhateverItIsGiven) {
  std::string out;
  append_quoted(out, "a\"b\\c\n\x01\xff\xc3\xa4");
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\u0001\xEF\xBF\xBD\xc3\xa4\"");
  EXPECT_TRUE(parse_json(out));
}

TEST(Text, RoundsNumbersSensibly) {
  const auto number = [](double value, int decimals) {
    std::string out;
    append_number(out, value, decimals);
    return out;
  };
  EXPECT_EQ(number(87.55, 1), "87.5");
  EXPECT_EQ(number(12.0, 3), "12");
  EXPECT_EQ(number(-0.0001, 2), "0");
  EXPECT_EQ(number(100, 0), "100");
  EXPECT_EQ(number(std::nan(""), 3), "0");
  EXPECT_EQ(number(1e300, 3), "0");
}

// ---- pairing

TEST(PairingRequest, WhatNeedsARestartDoesNotGoWithWithoutRestart) {
  EXPECT_TRUE(
      pairing_request(parsed(R"({"controller":"1","without_restart":true})"))->without_restart);
  for (const auto* other : {"allow_unbonded", "disconnect_others"})
    EXPECT_EQ(fault_of(pairing_request(json{{"without_restart", true}, {other, true}})),
              std::string("conflicting_members /") + other);
}

TEST(PairingRequest, AnotherComputersAddressGoesWithNothingOfThisOnes) {
  const auto request = pairing_request(parsed(R"({"host_address":"B8-27-EB-12-34-56"})"));
  ASSERT_TRUE(request);
  EXPECT_EQ(to_string(*request->host), "b8:27:eb:12:34:56");
  for (const auto* other : {"allow_unbonded", "disconnect_others", "without_restart"})
    EXPECT_EQ(fault_of(pairing_request(json{{"host_address", "b8:27:eb:12:34:56"}, {other, true}})),
              std::string("conflicting_members /") + other);
  for (const auto* nobody : {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "b8:27:eb"})
    EXPECT_EQ(fault_of(pairing_request(json{{"host_address", nobody}})),
              "invalid_value /host_address");
}

}  // namespace
}  // namespace psmove::wire
