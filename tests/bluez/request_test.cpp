#include "bluez/request.hpp"

#include <gmock/gmock.h>

namespace psmove::bluez {
namespace {

using testing::HasSubstr;

const Address adapter{{0x00, 0x1B, 0xDC, 0, 0, 1}};
const Address device{{0x00, 0x06, 0xF7, 0, 0, 1}};

TEST(Request, ComesBackFromItsLine) {
  for (const auto& request :
       {Request{.action = Action::inspect, .adapter = adapter, .device = device, .model = "zcm1"},
        Request{.action = Action::store,
        .adapter = adapter,
        .device = device,
        .model = "zcm2",
        .allow_unbonded = true},
        Request{.action = Action::forget, .adapter = adapter, .device = device, .model = "zcm2"},
        Request{.action = Action::allow_unbonded}, Request{.action = Action::only_bonded}}) {
    std::string trouble;
    EXPECT_EQ(parse_request(to_line(request), trouble), request) << to_line(request) << trouble;
  }
}

TEST(Request, WhatIsWrongIsNamed) {
  const std::vector<std::pair<std::string, std::string>> wrongs = {
      {"", "begins with"},
      {"remove adapter=00:1b:dc:00:00:01", "begins with"},
      {"store", "takes adapter="},
      {"store adapter=00:1b:dc:00:00:01 device=00:06:f7:00:00:01", "takes adapter="},
      {"store adapter=../../etc device=00:06:f7:00:00:01 model=zcm1", "Bluetooth address"},
      {"store adapter=00:00:00:00:00:00 device=00:06:f7:00:00:01 model=zcm1", "Bluetooth address"},
      {"store adapter=00:1b:dc:00:00:01 device=00:06:f7:00:00:01 model=keyboard", "zcm1"},
      {"store adapter=00:1b:dc:00:00:01 device=00:06:f7:00:00:01 model=zcm1 path=/", "no \"path\""},
      {"inspect adapter=00:1b:dc:00:00:01 device=00:06:f7:00:00:01 model=zcm1 unbonded=allow",
       "goes with store"},
      {"only-bonded adapter=00:1b:dc:00:00:01", "nothing more"},
  };
  for (const auto& [line, words] : wrongs) {
    std::string trouble;
    EXPECT_FALSE(parse_request(line, trouble)) << line;
    EXPECT_THAT(trouble, HasSubstr(words)) << line;
  }
}

TEST(Answer, ComesBackFromItsLine) {
  const Answer answer{.version = "5.66",
                      .unbonded_allowed = true,
                      .is_stored = true,
                      .is_bonded = true,
                      .changed = true};
  EXPECT_EQ(parse_answer(to_line(answer)), answer);
}

TEST(Answer, AnErrorIsOneLineOfBoundedLength) {
  const auto line = to_line(Answer{.error = "one\ntwo" + std::string(5000, 'x')});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_LT(line.size(), longest_line);
  EXPECT_THAT(parse_answer(line)->error, HasSubstr("one two"));
  EXPECT_FALSE(parse_answer("perhaps"));
  EXPECT_FALSE(parse_answer("error"));
}

}  // namespace
}  // namespace psmove::bluez
