// WebSocket sessions over real sockets, with controllers that are fed reports by hand. The loop is
// polled until nothing happens any more, so that no test waits for a clock.

#include "api/stream/stream_session.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "api/stream/event_session.hpp"
#include "api/stream/hub.hpp"
#include "api/wire/controller_json.hpp"
#include "drivers/cues.hpp"
#include "drivers/roster.hpp"

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr Mask mask = {1, 2, 3, 4};
const Address left_address = *parse_address("00:06:f7:16:2a:3b");
const Address right_address = *parse_address("00:06:f7:16:2a:3c");

std::pair<int, int> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) throw 0;
  return {ends[0], ends[1]};
}

/// A WebSocket client's end of a connection.
class Client {
 public:
  explicit Client(int socket) : socket_(socket) {}
  ~Client() { hang_up(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) {
    ASSERT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void say(std::string_view text) { send(frame(Opcode::text, text)); }
  static std::string frame(Opcode opcode, std::string_view payload, bool final = true) {
    std::string bytes;
    append_frame(bytes, opcode, payload, mask, final);
    return bytes;
  }
  void hang_up() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  /// Takes what has arrived. @return whether anything had
  bool receive() {
    std::array<char, 65536> buffer;
    bool any = false;
    while (socket_ >= 0) {
      const auto count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count == 0 || (count < 0 && errno != EAGAIN)) {
        any = any || !is_ended;
        is_ended = true;
        break;
      }
      if (count < 0) break;
      any = true;
      std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
      while (const auto message = receiver_.next(bytes)) take(*message);
    }
    return any;
  }

  std::vector<json> heard;
  int binaries = 0;
  bool takes_records = false;  ///< of psmoved.v1+bin
  std::vector<std::string> records;
  std::vector<std::string> pings, pongs;
  std::optional<std::uint16_t> close_code;
  std::string close_reason;
  bool is_ended = false;
  bool reads = true;

 private:
  void take(const Message& message) {
    switch (message.kind) {
      case Message::Kind::text:
        heard.push_back(json::parse(message.payload, nullptr, false));
        EXPECT_FALSE(heard.back().is_discarded()) << message.payload;
        break;
      case Message::Kind::binary:
        ++binaries;
        if (takes_records) {
          records.emplace_back(message.payload);
          break;
        }
        heard.push_back(json::from_cbor(message.payload, true, false));
        EXPECT_FALSE(heard.back().is_discarded()) << message.payload;
        break;
      case Message::Kind::ping:
        pings.emplace_back(message.payload);
        break;
      case Message::Kind::pong:
        pongs.emplace_back(message.payload);
        break;
      case Message::Kind::close:
        close_code = message.code;
        close_reason = message.payload;
        break;
      default:
        ADD_FAILURE() << "the daemon broke the protocol: " << message.payload;
    }
  }
  int socket_;
  Receiver receiver_{Role::client, {.message_bytes = 1 << 24, .fragments = 1}};
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() { open_hub(); }

  void open_hub() {
    hub_.reset();
    hub_ = std::make_unique<Hub>(io_, roster_, limits_, *cues_);
  }
  drivers::Controller& add(const Address& address, bool is_connected = true) {
    auto& controller = roster_.get_or_add(address, *drivers::find_model("zcm1"), Source::simulated);
    if (is_connected) controller.link_up({}, Source::simulated);
    return controller;
  }
  Client& connect(std::string query = {}, std::string_view early = {}, std::string protocols = {}) {
    const auto [ours, theirs] = socket_pair();
    hub_->adopt(
        ours,
        {.query = std::move(query), .key = std::string(key), .protocols = std::move(protocols)},
        early, [this] { ++closed_; });
    clients_.push_back(std::make_unique<Client>(theirs));
    return *clients_.back();
  }
  /// Runs loop and clients until nothing happens any more.
  void settle() {
    bool is_busy = true;
    while (is_busy) {
      io_.restart();
      is_busy = io_.poll() > 0;
      for (const auto& client : clients_)
        if (client->reads) is_busy = client->receive() || is_busy;
    }
  }
  std::vector<json> hear(Client& client) {
    settle();
    return std::exchange(client.heard, {});
  }
  /// The one answer to one message.
  json ask(Client& client, std::string_view text) {
    hear(client);
    client.say(text);
    const auto all = hear(client);
    EXPECT_EQ(all.size(), 1U) << text;
    return all.empty() ? json::object() : all.front();
  }
  void report(drivers::Controller& controller, Buttons buttons = {}) {
    drivers::InputReport report;
    report.sequence = static_cast<std::uint8_t>(reports_ % 16);
    report.ticks = static_cast<std::uint16_t>(reports_ * 1000);
    report.battery_code = 4;
    report.sample_count = 2;
    for (auto& sample : report.samples) {
      sample.accel.z = 4096;
      sample.buttons = buttons;
    }
    ++reports_;
    controller.on_report(report, drivers::SteadyClock::now());
  }

  boost::asio::io_context io_;
  drivers::UnixClock clock_;
  drivers::Roster roster_{clock_};
  api::Limits limits_;
  std::shared_ptr<drivers::Cues> cues_ = std::make_shared<drivers::Cues>(roster_, clock_);
  std::unique_ptr<Hub> hub_;
  std::vector<std::unique_ptr<Client>> clients_;
  int closed_ = 0;
  std::uint64_t reports_ = 0;
};

std::vector<json> of_type(const std::vector<json>& all, std::string_view type) {
  std::vector<json> chosen;
  for (const auto& message : all)
    if (message.at("type") == type) chosen.push_back(message);
  return chosen;
}

// ---- greeting and subscriptions

TEST_F(StreamTest, HelloComesFirstAndAlone) {
  add(left_address);
  Client& client = connect();
  const auto all = hear(client);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].at("type"), "hello");
  EXPECT_EQ(all[0].at("session"), "websocket 1");
  EXPECT_EQ(all[0].at("limits").at("message_bytes"), 16384);
  EXPECT_NEAR(all[0].at("time_us").get<double>(), static_cast<double>(clock_.now_us()), 60e6);
}

TEST_F(StreamTest, AQueryStartsTheStreamByItself) {
  auto& controller = add(left_address);
  Client& client = connect("controllers=1&fields=orientation&topics=motion");
  const auto greeting = hear(client);
  ASSERT_EQ(greeting.size(), 3U);
  EXPECT_EQ(greeting[0].at("type"), "hello");
  EXPECT_EQ(greeting[1].at("type"), "subscribed");
  EXPECT_EQ(greeting[1].at("id"), "query");
  EXPECT_EQ(greeting[1].at("controllers"), json({"00:06:f7:16:2a:3b"}));
  EXPECT_EQ(greeting[2].at("type"), "snapshot");
  report(controller);
  const auto motion = of_type(hear(client), "motion");
  ASSERT_EQ(motion.size(), 1U);
  EXPECT_EQ(motion[0].at("subscription"), "query");
  EXPECT_EQ(motion[0].at("controller"), "00:06:f7:16:2a:3b");
  ASSERT_EQ(motion[0].at("samples").size(), 2U);
  EXPECT_EQ(motion[0].at("samples")[0].size(), 3U);  // sequence, time_us, orientation
}

TEST_F(StreamTest, TheSnapshotIsWhatGetGives) {
  auto& controller = add(left_address);
  add(right_address, false);
  Client& client = connect();
  hear(client);
  client.say(R"({"type":"subscribe","id":"a","topics":["controller"]})");
  const auto all = hear(client);
  ASSERT_EQ(all.size(), 2U);
  ASSERT_EQ(all[1].at("controllers").size(), 2U);
  EXPECT_EQ(all[1].at("subscription"), "a");
  EXPECT_EQ(all[1].at("controllers")[0], json::parse(wire::controller_body(controller.state())));
  EXPECT_EQ(all[1].at("controllers")[1].at("connected"), false);
}

TEST_F(StreamTest, ASnapshotCanBeLeftOut) {
  Client& client = connect();
  EXPECT_EQ(ask(client, R"({"type":"subscribe","id":"a","snapshot":false})").at("type"),
            "subscribed");
}

TEST_F(StreamTest, PressesArrivalsAndDeparturesCome) {
  auto& controller = add(left_address);
  Client& client = connect("topics=button,controller");
  hear(client);
  report(controller, {Button::cross});
  report(controller, {});
  const auto buttons = of_type(hear(client), "button");
  ASSERT_EQ(buttons.size(), 2U);
  EXPECT_EQ(buttons[0].at("button"), "cross");
  EXPECT_EQ(buttons[0].at("pressed"), true);
  EXPECT_EQ(buttons[1].at("pressed"), false);
  auto& other = add(right_address);
  const auto arrived = of_type(hear(client), "controller");
  ASSERT_FALSE(arrived.empty());
  EXPECT_EQ(arrived.back().at("event"), "arrived");
  EXPECT_EQ(arrived.back().at("controller"), "00:06:f7:16:2a:3c");
  EXPECT_EQ(arrived.back().at("state").at("connected"), true);
  other.link_down({});
  const auto left = of_type(hear(client), "controller");
  ASSERT_FALSE(left.empty());
  EXPECT_EQ(left.back().at("event"), "left");
}

TEST_F(StreamTest, EverySubscriptionHasItsOwnEnd) {
  auto& controller = add(left_address);
  Client& client = connect();
  client.say(R"({"type":"subscribe","id":"a","topics":["motion"],"snapshot":false})");
  client.say(R"({"type":"subscribe","id":"b","topics":["motion"],"snapshot":false})");
  hear(client);
  report(controller);
  EXPECT_EQ(hear(client).size(), 2U);
  EXPECT_EQ(ask(client, R"({"type":"unsubscribe","id":"a"})"),
            json::parse(R"({"type":"unsubscribed","id":"a"})"));
  report(controller);
  const auto motion = hear(client);
  ASSERT_EQ(motion.size(), 1U);
  EXPECT_EQ(motion[0].at("subscription"), "b");
  EXPECT_EQ(ask(client, R"({"type":"unsubscribe","id":"a"})").at("code"), "unknown_subscription");
}

TEST_F(StreamTest, SubscriptionsAreUniqueAndCounted) {
  limits_.subscriptions = 2;
  open_hub();
  Client& client = connect();
  const auto subscribe = [&](std::string id) {
    return ask(client, R"({"type":"subscribe","snapshot":false,"id":")" + id + R"("})");
  };
  EXPECT_EQ(subscribe("a").at("type"), "subscribed");
  const auto again = subscribe("a");
  EXPECT_EQ(again.at("code"), "subscription_exists");
  EXPECT_EQ(again.at("to"), "a");
  EXPECT_EQ(again.at("pointer"), "/id");
  EXPECT_EQ(subscribe("b").at("type"), "subscribed");
  EXPECT_EQ(subscribe("c").at("code"), "too_many_subscriptions");
}

TEST_F(StreamTest, SinceResumesWithoutAGap) {
  auto& controller = add(left_address);
  for (int i = 0; i < 10; ++i) report(controller);
  Client& client = connect("topics=motion&fields=trigger&since=5&snapshot=false");
  report(controller);
  std::uint64_t next = 6;
  for (const auto& message : of_type(hear(client), "motion"))
    for (const auto& sample : message.at("samples"))
      EXPECT_EQ(sample.at("sequence").get<std::uint64_t>(), next++);
  EXPECT_EQ(next, 22U);
}

// ---- requests

TEST_F(StreamTest, WhatIsNotUnderstoodIsAnsweredAndTheConnectionLives) {
  Client& client = connect();
  EXPECT_EQ(ask(client, R"({"type":"dance","id":"7"})").at("code"), "unknown_type");
  EXPECT_EQ(ask(client, "nonsense").at("code"), "invalid_json");
  EXPECT_EQ(ask(client, R"({"type":"subscribe","id":"7","feilds":[]})"),
            json::parse(R"({"type":"error","to":"7","code":"unknown_member","pointer":"/feilds",)"
                        R"("detail":"There is no \"feilds\" here; accepted are controllers, )"
                        R"(topics, fields, max_rate_hz, policy, since, snapshot, id."})"));
  EXPECT_EQ(ask(client, R"({"type":"subscribe","id":"7","controllers":["nobody"]})").at("code"),
            "unknown_controller");
  EXPECT_EQ(ask(client, R"({"type":"ping","t":12.5})").at("t"), 12.5);
}

TEST_F(StreamTest, MessagesMayArriveOctetByOctet) {
  Client& client = connect();
  hear(client);
  for (const char octet : Client::frame(Opcode::text, R"({"type":"ping","t":1})")) {
    client.send({&octet, 1});
    settle();
  }
  EXPECT_EQ(hear(client).at(0).at("t"), 1);
}

TEST_F(StreamTest, WhatCameRightBehindTheUpgradeIsHeard) {
  const auto early = Client::frame(Opcode::text, R"({"type":"ping","t":1})");
  Client& client = connect({}, std::string_view(early).substr(0, 9));
  client.send(std::string_view(early).substr(9));
  const auto all = hear(client);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("type"), "hello");
  EXPECT_EQ(all[1].at("type"), "pong");
}

TEST_F(StreamTest, SetIsOwnedByTheConnectionAndEndsWithIt) {
  auto& controller = add(left_address);
  Client& client = connect();
  const auto reply = ask(client, R"({"type":"set","id":"7","controllers":["1"],)"
                                 R"("led":{"color":"red"},"rumble":{"value":120}})");
  EXPECT_EQ(reply.at("type"), "reply");
  EXPECT_EQ(reply.at("to"), "7");
  EXPECT_EQ(reply.at("status"), "queued");
  EXPECT_EQ(reply.at("results"),
            json::parse(R"([{"controller":"00:06:f7:16:2a:3b","status":"queued",)"
                        R"("led":{"state":"queued","applied_us":null},)"
                        R"("rumble":{"state":"queued","applied_us":null}}])"));
  ASSERT_EQ(controller.state().led.layers.size(), 1U);
  EXPECT_EQ(controller.state().led.layers[0].owner, "websocket 1");
  EXPECT_EQ(controller.state().led.shown, (Rgb{255, 0, 0}));
  EXPECT_EQ(controller.state().rumble.shown, 120);
  client.hang_up();
  settle();
  EXPECT_THAT(controller.state().led.layers, IsEmpty());
  EXPECT_EQ(controller.state().rumble.shown, 0);
  EXPECT_EQ(closed_, 1);
}

TEST_F(StreamTest, ASetUnderSomebodyElsesIsOverriddenAndNullEndsIt) {
  auto& controller = add(left_address);
  controller.set_led("rest", {.color = {0, 255, 0}, .priority = 5});
  Client& client = connect();
  const auto set = R"({"type":"set","id":"7","controllers":["*"],"led":{"color":"red"}})";
  const auto reply = ask(client, set);
  EXPECT_EQ(reply.at("status"), "overridden");
  EXPECT_EQ(reply.at("results")[0].at("led").at("overridden_by"),
            json({{"owner", "rest"}, {"priority", 5}}));
  EXPECT_EQ(controller.state().led.layers.size(), 2U);
  EXPECT_EQ(ask(client, R"({"type":"set","controllers":["*"],"led":null})").at("type"), "reply");
  EXPECT_EQ(controller.state().led.layers.size(), 1U);
}

TEST_F(StreamTest, WhatBecameOfAQueuedSetIsToldOnce) {
  auto& controller = add(left_address);
  const auto write = [&controller] {
    const auto now = drivers::SteadyClock::now();
    controller.outputs_written(controller.wanted_outputs(now), now);
  };
  Client& client = connect();
  const auto set = [](const std::string& id, const std::string& led) {
    return R"({"type":"set","id":")" + id + R"(","controllers":["1"],"led":)" + led + "}";
  };
  ask(client, set("a", R"({"color":"red"})"));
  write();
  auto told = hear(client);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0],
            json({{"type", "outcome"},
                  {"to", "a"},
                  {"status", "applied"},
                  {"results",
                   {{{"controller", "00:06:f7:16:2a:3b"},
                     {"status", "applied"},
                     {"led", {{"state", "applied"}, {"applied_us", controller.written_us()}}}}}}}));
  const auto again = ask(client, set("b", R"({"color":"red"})"));
  EXPECT_EQ(again.at("status"), "applied") << "it shows already";
  EXPECT_TRUE(again.at("results")[0].at("led").at("applied_us").is_number());

  ask(client, set("c", R"({"color":"blue"})"));
  client.say(set("d", R"({"color":"green"})"));
  told = of_type(hear(client), "outcome");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].at("to"), "c");
  EXPECT_EQ(told[0].at("status"), "superseded");
  controller.set_led("rest", {.color = {1, 1, 1}, .priority = 9});
  told = of_type(hear(client), "outcome");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].at("to"), "d");
  EXPECT_EQ(told[0].at("results")[0].at("led").at("overridden_by").at("owner"), "rest");

  controller.clear_led("rest");
  write();
  ask(client, set("e", "null"));
  write();
  EXPECT_EQ(of_type(hear(client), "outcome").at(0).at("status"), "applied");
  ask(client, set("f", R"({"color":"red"})"));
  controller.link_down({});
  EXPECT_EQ(of_type(hear(client), "outcome").at(0).at("status"), "away");
  EXPECT_EQ(cues_->followed(), 0U);
}

TEST_F(StreamTest, WhatIsFollowedIsBoundedAndGoesWithTheClient) {
  constexpr auto most = StreamSession::most_followed;
  for (std::uint8_t i = 0; i <= most; ++i) add(Address{{0, 6, 0xF7, 1, 0, i}});
  Client& client = connect();
  for (std::size_t i = 1; i <= most; ++i)
    ask(client, R"({"type":"set","id":")" + std::to_string(i) + R"(","controllers":[")" +
                    std::to_string(i) + R"("],"led":{"color":"red"}})");
  EXPECT_EQ(cues_->followed(), most);
  client.say(R"({"type":"set","id":"x","controllers":[")" + std::to_string(most + 1) +
             R"("],"led":{"color":"red"}})");
  const auto told = of_type(hear(client), "outcome");
  ASSERT_EQ(told.size(), 1U) << "the oldest, as it stands";
  EXPECT_EQ(told[0].at("to"), "1");
  EXPECT_EQ(told[0].at("status"), "queued");
  EXPECT_EQ(cues_->followed(), most);
  client.hang_up();
  settle();
  EXPECT_EQ(cues_->followed(), 0U);
}

TEST_F(StreamTest, WhoeverPlannedASetIsToldThatSomebodyTookItBack) {
  add(left_address);
  Client& client = connect();
  const auto reply = ask(client, R"({"type":"set","id":"7","controllers":["1"],)"
                                 R"("led":{"color":"red"},"in_ms":60000})");
  EXPECT_EQ(reply.at("status"), "queued");
  cues_->remove(reply.at("cue").get<std::string>());
  const auto told = hear(client);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].at("type"), "cue");
  EXPECT_EQ(told[0].at("to"), "7");
  EXPECT_EQ(told[0].at("cue").at("state"), "done");
  EXPECT_EQ(told[0].at("cue").at("results")[0].at("led").at("state"), "removed");
}

TEST_F(StreamTest, ASetThatCannotReachAllOfItsControllersChangesNone) {
  auto& controller = add(left_address);
  add(right_address, false);
  Client& client = connect();
  const auto away =
      ask(client, R"({"type":"set","id":"7","controllers":["1","2"],"led":{"color":"red"}})");
  EXPECT_EQ(away.at("code"), "controller_offline");
  EXPECT_EQ(away.at("pointer"), "/controllers/1");
  const auto unknown =
      ask(client, R"({"type":"set","id":"7","controllers":["1","3"],"led":{"color":"red"}})");
  EXPECT_EQ(unknown.at("code"), "unknown_controller");
  EXPECT_THAT(controller.state().led.layers, IsEmpty());
  const auto all =
      ask(client, R"({"type":"set","id":"7","controllers":["*"],"led":{"color":"red"}})");
  EXPECT_EQ(all.at("results").size(), 1U);
}

TEST_F(StreamTest, OutputsAreToldToThoseWhoAsk) {
  auto& controller = add(left_address);
  Client& client = connect("topics=output");
  hear(client);
  controller.set_led("rest", {.color = {1, 2, 3}});
  const auto outputs = of_type(hear(client), "output");
  ASSERT_FALSE(outputs.empty());
  EXPECT_EQ(outputs.back().at("led").at("color"), "#010203");
}

// ---- the protocol

TEST_F(StreamTest, PingsAreAnsweredWithTheirPayload) {
  Client& client = connect();
  client.send(Client::frame(Opcode::ping, "are you there"));
  settle();
  EXPECT_THAT(client.pongs, ElementsAre("are you there"));
}

TEST_F(StreamTest, ACloseIsEchoedAndTheConnectionEnds) {
  Client& client = connect();
  client.send(Client::frame(Opcode::close, close_payload(3456, "done")));
  settle();
  EXPECT_EQ(client.close_code, 3456);
  EXPECT_TRUE(client.is_ended);
  client.hang_up();
  settle();
  EXPECT_EQ(closed_, 1);
  EXPECT_EQ(hub_->clients(), 0U);
}

TEST_F(StreamTest, ACloseWithoutACodeIsEchoedWithoutOne) {
  Client& client = connect();
  client.send(Client::frame(Opcode::close, ""));
  settle();
  EXPECT_EQ(client.close_code, close_code::no_status);
}

TEST_F(StreamTest, ViolationsAreClosedWithTheirCode) {
  const auto closes_with = [this](std::string_view bytes) {
    Client& client = connect("topics=motion");
    client.send(bytes);
    settle();
    EXPECT_TRUE(client.is_ended);
    return client.close_code.value_or(0);
  };
  std::string unmasked;
  append_frame(unmasked, Opcode::text, "x");
  EXPECT_EQ(closes_with(unmasked), 1002);
  EXPECT_EQ(closes_with(Client::frame(Opcode::text, "\xFF")), 1007);
  EXPECT_EQ(closes_with(Client::frame(Opcode::binary, "x")), 1003);
  EXPECT_EQ(closes_with(Client::frame(Opcode::text, std::string(16385, ' '))), 1009);
}

TEST_F(StreamTest, AMessageOfExactlyTheLimitIsHeard) {
  Client& client = connect();
  std::string text = R"({"type":"ping","t":1})";
  text += std::string(16384 - text.size(), ' ');
  EXPECT_EQ(ask(client, text).at("type"), "pong");
}

TEST_F(StreamTest, AFloodOfControlFramesIsRefused) {
  Client& client = connect();
  std::string flood;
  for (int i = 0; i < 200; ++i) flood += Client::frame(Opcode::ping, "");
  client.send(flood);
  settle();
  EXPECT_EQ(client.close_code, 1008);
  EXPECT_LE(client.pongs.size(), 60U);
  EXPECT_GE(client.pongs.size(), 10U);
}

TEST_F(StreamTest, NothingFollowsAClose) {
  auto& controller = add(left_address);
  Client& client = connect("topics=motion");
  hear(client);
  hub_->close_all(close_code::going_away, "psmoved is stopping");
  report(controller);
  settle();
  EXPECT_EQ(client.close_code, 1001);
  EXPECT_EQ(client.close_reason, "psmoved is stopping");
  EXPECT_THAT(client.heard, IsEmpty());
  client.hang_up();
  settle();
  EXPECT_EQ(hub_->clients(), 0U);
}

TEST_F(StreamTest, AHubThatGoesAwayTakesItsClientsAlong) {
  Client& first = connect("topics=motion");
  connect();
  settle();
  hub_.reset();
  settle();
  EXPECT_EQ(closed_, 2);
  EXPECT_TRUE(first.is_ended);
}

TEST_F(StreamTest, ClientsThatComeAndGoLeaveNothingBehind) {
  auto& controller = add(left_address);
  const auto descriptors = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  connect();
  settle();
  clients_.clear();
  settle();
  const auto before = descriptors();
  for (int i = 0; i < 200; ++i) {
    connect("topics=motion&fields=trigger");
    connect();
    if (i % 3 == 0) settle();
    report(controller);
    if (i % 2 == 0) settle();
    clients_.clear();
    report(controller);
    if (i % 5 == 0) settle();
  }
  settle();
  EXPECT_EQ(hub_->clients(), 0U);
  EXPECT_EQ(closed_, 401);
  EXPECT_EQ(descriptors(), before);
}

// ---- slow clients

TEST_F(StreamTest, ASlowClientLosesOnlyItsOwnOldMotionAndIsToldExactly) {
  limits_.backlog = 0ms;  // whatever had to wait is old when something newer comes
  limits_.edge_backlog_bytes = 100'000'000;
  limits_.stalled_after = limits_.dead_after = 1h;  // the machine may be slow, too
  open_hub();
  auto& controller = add(left_address);
  Client& slow = connect("topics=motion,button");
  Client& quick = connect("topics=motion,button");
  settle();
  slow.reads = false;
  std::uint64_t presses = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool is_press = i % 10 == 0;
    report(controller, is_press ? Buttons{Button::move} : Buttons{});
    presses += is_press ? 1 : 0;
    settle();
  }
  slow.reads = true;
  report(controller, {Button::cross});
  settle();
  const auto count = [](const std::vector<json>& all, std::uint64_t& dropped) {
    std::uint64_t samples = 0, last = 0;
    for (const auto& message : of_type(all, "motion")) {
      dropped += message.at("dropped").get<std::uint64_t>();
      for (const auto& sample : message.at("samples")) {
        EXPECT_TRUE(samples == 0 || sample.at("sequence").get<std::uint64_t>() > last);
        last = sample.at("sequence").get<std::uint64_t>();
        ++samples;
      }
    }
    return samples;
  };
  const auto expect_all_edges = [&](const std::vector<json>& all) {
    bool is_down = false;
    std::uint64_t downs = 0;
    for (const auto& edge : of_type(all, "button")) {
      if (edge.at("button") != "move") continue;
      EXPECT_NE(edge.at("pressed").get<bool>(), is_down);
      is_down = !is_down;
      downs += is_down ? 1 : 0;
    }
    EXPECT_EQ(downs, presses);
  };
  std::uint64_t dropped_quick = 0, dropped_slow = 0;
  EXPECT_EQ(count(quick.heard, dropped_quick), 2002U);
  EXPECT_EQ(dropped_quick, 0U);
  expect_all_edges(quick.heard);
  const auto got = count(slow.heard, dropped_slow);
  EXPECT_GT(dropped_slow, 500U);
  EXPECT_EQ(got + dropped_slow, 2002U);
  expect_all_edges(slow.heard);
}

TEST_F(StreamTest, AClientWhoseEdgesDoNotFitIsClosedWithTheReason) {
  limits_.edge_backlog_bytes = 5'000;
  limits_.stalled_after = limits_.dead_after = 1h;
  open_hub();
  auto& controller = add(left_address);
  Client& slow = connect("topics=button");
  Client& quick = connect("topics=button");
  settle();
  slow.reads = false;
  for (int i = 0; i < 1500; ++i) {
    report(controller, i % 2 == 0 ? Buttons{Button::move} : Buttons{});
    settle();
  }
  slow.reads = true;
  settle();
  EXPECT_EQ(slow.close_code, 4001);
  EXPECT_THAT(slow.close_reason, HasSubstr("slow"));
  EXPECT_EQ(of_type(quick.heard, "button").size(), 1500U);
  EXPECT_FALSE(quick.close_code);
}

TEST_F(StreamTest, ASnapshotLargerThanTheBoundReachesAClientThatReads) {
  limits_.edge_backlog_bytes = 50'000;
  open_hub();
  for (int i = 0; i < 200; ++i) add({{0, 6, 0xF7, 1, 0, static_cast<std::uint8_t>(i)}}, false);
  Client& client = connect();
  client.say(R"({"type":"subscribe","id":"a","topics":["button"]})");
  client.say(R"({"type":"subscribe","id":"b","topics":["button"]})");
  const auto snapshots = of_type(hear(client), "snapshot");
  EXPECT_EQ(client.close_code, std::nullopt) << client.close_reason;
  ASSERT_EQ(snapshots.size(), 2U);
  for (const auto& snapshot : snapshots) {
    EXPECT_EQ(snapshot.at("controllers").size(), 200U);
    EXPECT_GT(snapshot.dump().size(), 150'000U) << "more than a socket takes at once";
  }
}

TEST_F(StreamTest, AsksForSnapshotsWithoutReadingThemAreBounded) {
  limits_.edge_backlog_bytes = 50'000;
  limits_.stalled_after = limits_.dead_after = 1h;
  open_hub();
  for (int i = 0; i < 200; ++i) add({{0, 6, 0xF7, 1, 0, static_cast<std::uint8_t>(i)}}, false);
  Client& client = connect();
  settle();
  client.reads = false;
  for (char id = 'a'; id < 'h'; ++id)
    client.say(std::string(R"({"type":"subscribe","topics":["button"],"id":")") + id + R"("})");
  settle();
  client.reads = true;
  EXPECT_LE(of_type(hear(client), "snapshot").size(), 2U);
  EXPECT_EQ(client.close_code, 4001);
}

// ---- time, with a session of its own whose clock the test moves

class SessionTimeTest : public StreamTest {
 protected:
  SessionTimeTest() {
    const auto [ours, theirs] = socket_pair();
    clients_.push_back(std::make_unique<Client>(theirs));
    session_ = std::make_shared<StreamSession>(context_, ours, 7);
    session_->start(std::nullopt, {});
    started_ = drivers::SteadyClock::now();
    settle();
    client().heard.clear();
  }
  ~SessionTimeTest() override {
    session_->abort();
    settle();
  }
  Client& client() { return *clients_.front(); }
  void check_after(std::chrono::milliseconds time) {
    session_->check(started_ + time);
    settle();
  }
  /// Fills the socket until bytes wait in the session.
  void stall() {
    client().reads = false;
    auto batch = std::make_shared<Batch>();
    batch->append(Frame{}, {R"({"type":"x","pad":")", std::string(200'000, 'x'), R"("})"});
    session_->take(batch, drivers::SteadyClock::now());
    session_->take(batch, drivers::SteadyClock::now());
    publisher_.touch(*session_);
    settle();
  }

  Publisher publisher_{
      {.call_flush = [this] { boost::asio::post(io_, [this] { publisher_.flush(); }); },
       .call_tick = [](SteadyTime) {},
       .now = [] { return drivers::SteadyClock::now(); }}};
  bool is_gone_ = false;
  Counts counts_;
  SessionContext context_{.io = io_,
                          .roster = roster_,
                          .publisher = publisher_,
                          .limits = limits_,
                          .counts = counts_,
                          .backlog = {.edge_bytes = 10'000'000},
                          .closing = [](Connection&) {},
                          .gone = [this](Connection&) { is_gone_ = true; }};
  std::shared_ptr<StreamSession> session_;
  drivers::SteadyTime started_;
};

TEST_F(SessionTimeTest, PingsEvery15SecondsAndSaysSomethingWhenItHadNothingToSay) {
  check_after(14s);
  EXPECT_THAT(client().pings, IsEmpty());
  check_after(15'001ms);
  EXPECT_EQ(client().pings.size(), 1U);
  EXPECT_THAT(client().heard, IsEmpty()) << "hello was said just before";
  check_after(16s);
  EXPECT_EQ(client().pings.size(), 1U);
  check_after(30'002ms);
  EXPECT_EQ(client().pings.size(), 2U);
  EXPECT_EQ(of_type(client().heard, "heartbeat").size(), 1U) << "the ping is nothing a script sees";
  check_after(45s - 1ms);
  EXPECT_FALSE(is_gone_);
}

TEST_F(SessionTimeTest, HeartbeatsGoOnUntilThereIsSomethingElseToSay) {
  const auto heartbeats = [this] { return of_type(client().heard, "heartbeat").size(); };
  std::chrono::milliseconds now = 0s;
  const auto pass = [&] { check_after(now += 15'001ms); };
  limits_.dead_after = 10min;  // pongs would come by another clock
  pass();
  EXPECT_EQ(heartbeats(), 0U) << "hello was said just before";
  pass();
  EXPECT_EQ(heartbeats(), 1U);
  pass();
  EXPECT_EQ(heartbeats(), 2U);
  auto batch = std::make_shared<Batch>();
  batch->append(Frame{}, {R"({"type":"x"})"});
  session_->take(batch, drivers::SteadyClock::now());
  publisher_.touch(*session_);
  pass();
  EXPECT_EQ(heartbeats(), 2U);
  pass();
  EXPECT_EQ(heartbeats(), 3U);
}

TEST_F(SessionTimeTest, ASilentPeerIsDeadAfter45Seconds) {
  check_after(44s);
  EXPECT_FALSE(is_gone_);
  check_after(45'100ms);
  EXPECT_TRUE(is_gone_);
  EXPECT_TRUE(client().is_ended);
}

TEST_F(SessionTimeTest, APeerThatDoesNotReadIsEndedAfter10Seconds) {
  stall();
  check_after(5s);
  EXPECT_FALSE(is_gone_);
  check_after(11s);
  EXPECT_TRUE(is_gone_);
}

TEST_F(SessionTimeTest, APeerThatReadsAgainInTimeStays) {
  stall();
  check_after(5s);
  client().reads = true;
  settle();
  EXPECT_EQ(client().heard.size(), 2U);
  check_after(11s);
  EXPECT_FALSE(is_gone_);
}

TEST_F(SessionTimeTest, APeerThatDoesNotAnswerACloseIsLeftSoon) {
  session_->close(close_code::going_away, "bye");
  settle();
  EXPECT_EQ(client().close_code, 1001);
  EXPECT_FALSE(is_gone_);
  check_after(2s);
  EXPECT_TRUE(is_gone_);
}

// ---- CBOR

TEST_F(StreamTest, CborSaysWhatJsonSaysInBinaryMessages) {
  auto& controller = add(left_address);
  const std::string query = "topics=motion,button&snapshot=false";
  Client& in_json = connect(query);
  Client& in_cbor = connect(query, {}, "psmoved.v1+cbor");
  for (int i = 0; i < 3; ++i) report(controller, i == 1 ? Buttons{Button::move} : Buttons{});
  const auto plain = hear(in_json);
  const auto compact = hear(in_cbor);
  EXPECT_EQ(in_json.binaries, 0);
  EXPECT_EQ(in_cbor.binaries, static_cast<int>(compact.size()));
  ASSERT_EQ(plain.size(), compact.size());
  EXPECT_EQ(compact[0].at("protocol"), "psmoved.v1+cbor");
  for (std::size_t i = 1; i < plain.size(); ++i) {
    if (plain[i].at("type") != "motion") {
      EXPECT_EQ(plain[i], compact[i]);
      continue;
    }
    for (const char* same : {"type", "subscription", "controller", "received_us", "dropped"})
      EXPECT_EQ(plain[i].at(same), compact[i].at(same));
    ASSERT_EQ(compact[i].at("samples").size(), 2U);
    for (std::size_t k = 0; k < 2; ++k) {
      const auto& sample = compact[i].at("samples")[k];
      EXPECT_EQ(sample.at("sequence"), plain[i].at("samples")[k].at("sequence"));
      EXPECT_NEAR(sample.at("accel_m_s2").at("z").get<double>(),
                  plain[i].at("samples")[k].at("accel_m_s2").at("z").get<double>(), 1e-3);
    }
  }
}

TEST_F(StreamTest, CborIsHeardInBinaryMessagesAlone) {
  add(left_address);
  Client& client = connect({}, {}, "psmoved.v1+cbor");
  const auto tell = [&](const json& message) {
    hear(client);
    const auto bytes = json::to_cbor(message);
    client.send(
        Client::frame(Opcode::binary, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    return hear(client);
  };
  EXPECT_EQ(tell({{"type", "ping"}, {"t", 3}}).at(0).at("t"), 3);
  EXPECT_EQ(tell({{"type", "subscribe"}, {"id", "a"}}).at(0).at("type"), "subscribed");
  EXPECT_EQ(tell({{"type", "dance"}, {"id", "b"}}).at(0).at("code"), "unknown_type");
  client.say(R"({"type":"ping"})");
  const auto to_text = hear(client);
  EXPECT_EQ(to_text.at(0).at("code"), "invalid_cbor");
  client.send(Client::frame(Opcode::binary, "\x81"));
  EXPECT_EQ(hear(client).at(0).at("code"), "invalid_cbor");
  EXPECT_EQ(client.close_code, std::nullopt);
}

TEST_F(StreamTest, ASlowClientOfCborIsToldWhatItLost) {
  limits_.backlog = 0ms;
  open_hub();
  auto& controller = add(left_address);
  Client& client = connect("topics=motion&fields=", {}, "psmoved.v1+cbor");
  hear(client);
  client.reads = false;
  constexpr int reports = 6000;
  for (int i = 0; i < reports; ++i) {
    report(controller);
    settle();
  }
  client.reads = true;
  hear(client).swap(client.heard);
  report(controller);
  settle();
  std::uint64_t seen = 0, dropped = 0;
  for (const auto& message : of_type(client.heard, "motion")) {
    seen += message.at("samples").size();
    dropped += message.at("dropped").get<std::uint64_t>();
  }
  EXPECT_GT(dropped, 256U) << "a number of more bytes than the one it takes the place of";
  EXPECT_EQ(seen + dropped, 2U * (reports + 1));
}

// ---- records

std::uint32_t u32(const std::string& record, std::size_t offset) {
  std::uint32_t value = 0;
  std::memcpy(&value, record.data() + offset, sizeof value);
  return value;
}
std::size_t samples_in(const std::string& record) {
  return static_cast<unsigned char>(record[4]) + 256U * static_cast<unsigned char>(record[5]);
}

TEST_F(StreamTest, RecordsCarryMotionAndTextTheRest) {
  auto& controller = add(left_address);
  Client& client = connect("topics=motion,button", {}, "psmoved.v1+bin");
  client.takes_records = true;
  report(controller, {Button::move});
  const auto texts = hear(client);
  ASSERT_EQ(texts.size(), 4U);
  EXPECT_EQ(texts[0].at("protocol"), "psmoved.v1+bin");
  EXPECT_EQ(texts[3].at("button"), "move");
  ASSERT_EQ(client.records.size(), 1U);
  const auto& record = client.records[0];
  EXPECT_EQ(samples_in(record), 2U);
  EXPECT_EQ(record.size(), 24 + 2 * 96 + 5U);
  EXPECT_TRUE(record.ends_with("query")) << "the subscription";
  EXPECT_EQ(u32(record, 24), 0U);
  EXPECT_EQ(u32(record, 24 + 96), 1U) << "the second sample's sequence";
  EXPECT_EQ(ask(client, R"({"type":"ping","t":1})").at("t"), 1);
}

TEST_F(StreamTest, RecordsHaveNoFieldsToChoose) {
  add(left_address);
  Client& client = connect({}, {}, "psmoved.v1+bin");
  const auto error = ask(client, R"({"type":"subscribe","id":"a","fields":["orientation"]})");
  EXPECT_EQ(error.at("code"), "conflicting_members");
  EXPECT_EQ(error.at("pointer"), "/fields");
  const auto answer = hub_->accept(
      {.query = "fields=orientation", .key = std::string(key), .protocols = "psmoved.v1+bin"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, wire::ErrorCode::conflicting_members);
  client.send(Client::frame(Opcode::binary, "x"));
  hear(client);
  EXPECT_EQ(client.close_code, 1003);
}

TEST_F(StreamTest, ASlowClientOfRecordsIsToldWhatItLost) {
  limits_.backlog = 0ms;
  open_hub();
  auto& controller = add(left_address);
  Client& client = connect("topics=motion", {}, "psmoved.v1+bin");
  client.takes_records = true;
  hear(client);
  client.reads = false;
  constexpr int reports = 4000;
  for (int i = 0; i < reports; ++i) {
    report(controller);
    settle();
  }
  client.reads = true;
  hear(client);
  report(controller);
  hear(client);
  std::uint64_t seen = 0, dropped = 0;
  for (const auto& record : client.records) {
    seen += samples_in(record);
    dropped += u32(record, 12);
    EXPECT_EQ(record.size(), 24 + samples_in(record) * 96 + 5);
  }
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(seen + dropped, 2U * (reports + 1));
}

// ---- the radio and the log

TEST_F(StreamTest, TheLogIsToldToWhoSubscribed) {
  Client& listener = connect("topics=log&snapshot=false");
  Client& other = connect("topics=controller&snapshot=false");
  hear(listener);
  hear(other);
  spdlog::warn("a test line number={} error=\"two words\"", 7);
  const auto lines = of_type(hear(listener), "log");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].at("level"), "warning");
  EXPECT_EQ(lines[0].at("message"), "a test line");
  EXPECT_EQ(lines[0].at("fields"), json({{"number", "7"}, {"error", "two words"}}));
  EXPECT_EQ(lines[0].at("suppressed"), 0);
  EXPECT_THAT(hear(other), IsEmpty());
}

TEST_F(StreamTest, AFloodOfLinesIsBoundedAndCounted) {
  Client& client = connect("topics=log&snapshot=false");
  hear(client);
  for (int i = 0; i < 300; ++i) spdlog::info("flood");
  const auto first = of_type(hear(client), "log").size();
  EXPECT_GE(first, 100U);
  EXPECT_LT(first, 120U);
  hub_.reset();
  spdlog::info("nobody listens any more");
}

TEST_F(StreamTest, TheLogNeedsTheScopeAdminWhereverItsReaderIs) {
  const auto log_for = [this](bool is_local, const api::Principal& client) -> std::string {
    const Upgrade upgrade{.query = "topics=log",
                          .key = std::string(key),
                          .protocols = {},
                          .is_local = is_local,
                          .client = client};
    const EventRequest reader{
        .query = upgrade.query, .last_event_id = {}, .is_local = is_local, .client = client};
    const auto answer = hub_->accept(upgrade);
    const auto fault = hub_->fault_of(reader);
    EXPECT_EQ(answer.has_error(), fault.has_value());
    return fault ? std::string(wire::to_string(fault->code)) : "";
  };
  const auto with = [](api::Scope scope) {
    return api::Principal{.scope = scope, .token_id = "t1", .token_name = "ops"};
  };
  EXPECT_EQ(log_for(true, {}), "");
  EXPECT_EQ(log_for(false, {}), "local_only");
  for (const bool is_local : {true, false}) {
    EXPECT_EQ(log_for(is_local, with(api::Scope::admin)), "");
    EXPECT_EQ(log_for(is_local, with(api::Scope::outputs)), "insufficient_scope");
    EXPECT_EQ(log_for(is_local, with(api::Scope::read)), "insufficient_scope");
  }
  const auto [ours, theirs] = socket_pair();
  hub_->adopt(
      ours,
      {.query = {}, .key = std::string(key), .protocols = {}, .client = with(api::Scope::read)}, {},
      [] {});
  clients_.push_back(std::make_unique<Client>(theirs));
  const auto error = ask(*clients_.back(), R"({"type":"subscribe","id":"a","topics":["log"]})");
  EXPECT_EQ(error.at("code"), "insufficient_scope");
  EXPECT_EQ(error.at("pointer"), "/topics");
}

TEST_F(StreamTest, WithoutTokensTheLogIsForThisMachineAlone) {
  const auto [ours, theirs] = socket_pair();
  const Upgrade from_afar{.query = {}, .key = std::string(key), .protocols = {}, .is_local = false};
  hub_->adopt(ours, from_afar, {}, [] {});
  clients_.push_back(std::make_unique<Client>(theirs));
  Client& client = *clients_.back();
  const auto error = ask(client, R"({"type":"subscribe","id":"a","topics":["motion","log"]})");
  EXPECT_EQ(error.at("code"), "local_only");
  EXPECT_EQ(ask(client, R"({"type":"subscribe","id":"a","topics":["radio"],"snapshot":false})")
                .at("type"),
            "subscribed");
  Upgrade query = from_afar;
  query.query = "topics=log";
  EXPECT_FALSE(hub_->accept(query));
  EXPECT_TRUE(hub_->fault_of({.query = "topics=log", .last_event_id = {}, .is_local = false}));
  EXPECT_FALSE(hub_->fault_of({.query = "topics=log", .last_event_id = {}, .is_local = true}));
}

// ---- the event stream

/// The other end of an event stream, which reads it as a browser does.
class Reader {
 public:
  explicit Reader(int socket) : socket_(socket) {}
  ~Reader() { ::close(socket_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  struct Event {
    std::string type, id;
    json data;
  };
  std::vector<Event> events;
  std::vector<std::string> comments, retries;
  bool is_ended = false;

  void send(std::string_view bytes) { (void)::send(socket_, bytes.data(), bytes.size(), 0); }
  void receive() {
    std::array<char, 65536> buffer;
    for (;;) {
      const auto count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count <= 0) {
        is_ended = is_ended || count == 0 || errno != EAGAIN;
        break;
      }
      text_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      take(text_.substr(0, end));
      text_.erase(0, end + 1);
    }
  }
  std::vector<json> of_type(std::string_view type) const {
    std::vector<json> chosen;
    for (const auto& event : events)
      if (event.type == type) chosen.push_back(event.data);
    return chosen;
  }

 private:
  void take(const std::string& line) {
    const auto value = [&line](std::string_view name) -> std::optional<std::string> {
      if (!line.starts_with(name)) return std::nullopt;
      return line.substr(name.size());
    };
    if (line.empty()) {
      if (!next_.type.empty()) events.push_back(next_);
      next_ = {};
    } else if (const auto type = value("event: ")) {
      next_.type = *type;
    } else if (const auto id = value("id: ")) {
      next_.id = *id;
    } else if (const auto data = value("data: ")) {
      next_.data = json::parse(*data);
    } else if (const auto comment = value(": ")) {
      comments.push_back(*comment);
    } else if (const auto retry = value("retry: ")) {
      retries.push_back(*retry);
    } else {
      ADD_FAILURE() << "not a line of an event stream: " << line;
    }
  }
  int socket_;
  std::string text_;
  Event next_;
};

class EventTest : public StreamTest {
 protected:
  EventTest() { add(left_address); }
  std::unique_ptr<Reader> read(std::string query, std::string last_event_id = {}) {
    const auto [ours, theirs] = socket_pair();
    auto reader = std::make_unique<Reader>(theirs);
    hub_->adopt_reader(ours, {.query = std::move(query), .last_event_id = std::move(last_event_id)},
                       [this] { ++closed_; });
    hear(*reader);
    return reader;
  }
  void hear(Reader& reader) {
    settle();
    reader.receive();
  }
  drivers::Controller& left() { return *roster_.find("1"); }
};

TEST_F(EventTest, SaysWhatAWebSocketWouldAsEvents) {
  Client& client = connect("fields=trigger&topics=motion,button");
  const auto reader = read("fields=trigger&topics=motion,button");
  report(left(), {Button::cross});
  hear(*reader);
  const auto said = StreamTest::hear(client);
  ASSERT_EQ(reader->events.size(), said.size());
  for (std::size_t i = 0; i < said.size(); ++i) {
    EXPECT_EQ(reader->events[i].type, said[i].at("type"));
    if (said[i].at("type") != "hello") {
      EXPECT_EQ(reader->events[i].data, said[i]);
    }
  }
  EXPECT_EQ(said.back().at("type"), "motion");
  EXPECT_EQ(reader->events.back().id, "0006f7162a3b:1");
  EXPECT_THAT(reader->retries, ElementsAre("1000"));
}

TEST_F(EventTest, AnEmptyQueryChoosesTheUsualTopics) {
  const auto reader = read("");
  EXPECT_EQ(reader->of_type("subscribed").at(0).at("topics"),
            json({"motion", "button", "controller"}));
  report(left());
  hear(*reader);
  EXPECT_EQ(reader->of_type("motion").size(), 1U);
}

TEST_F(EventTest, AReaderThatComesBackMissesNothing) {
  auto reader = read("topics=motion&fields=");
  report(left());
  hear(*reader);
  const auto id = reader->events.back().id;
  reader.reset();
  settle();
  EXPECT_EQ(closed_, 1);
  for (int i = 0; i < 5; ++i) report(left());
  reader = read("topics=motion&fields=", id);
  report(left());
  hear(*reader);
  std::vector<std::uint64_t> got;
  for (const auto& message : reader->of_type("motion"))
    for (const auto& sample : message.at("samples")) got.push_back(sample.at("sequence"));
  ASSERT_EQ(got.size(), 12U);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], i + 2);
}

TEST_F(EventTest, AReaderOfTheNewestThatComesBackBeginsThere) {
  const std::string query = "topics=motion&fields=&max_rate_hz=60";
  auto reader = read(query);
  report(left());
  hear(*reader);
  const auto id = reader->events.back().id;
  reader.reset();
  for (int i = 0; i < 5; ++i) report(left());
  const EventRequest back{.query = query, .last_event_id = id};
  EXPECT_FALSE(hub_->fault_of(back));
  reader = read(query, id);
  EXPECT_THAT(reader->of_type("motion"), IsEmpty());
  report(left());
  hear(*reader);
  const auto motion = reader->of_type("motion");
  ASSERT_EQ(motion.size(), 1U);
  EXPECT_EQ(motion[0].at("samples").at(0).at("sequence"), 13);
  const EventRequest explicit_since{.query = query + "&since=5", .last_event_id = {}};
  EXPECT_EQ(hub_->fault_of(explicit_since)->code, wire::ErrorCode::conflicting_members);
}

TEST_F(EventTest, AReaderOfAWindowThatOthersReadTooGetsNothingTwice) {
  const std::string query = "topics=motion&fields=&policy=window&max_rate_hz=1";
  auto reader = read(query);
  const auto other = read(query);
  report(left());
  hear(*reader);
  const auto id = reader->events.back().id;
  reader.reset();
  for (int i = 0; i < 5; ++i) report(left());
  settle();
  reader = read(query, id);
  report(left());
  hear(*reader);
  std::uint64_t next = 2;
  for (const auto& message : reader->of_type("motion")) {
    EXPECT_EQ(message.at("dropped"), 0);
    for (const auto& sample : message.at("samples")) EXPECT_EQ(sample.at("sequence"), next++);
  }
  EXPECT_EQ(next, 14U);
}

TEST_F(EventTest, AnIdThatMakesNoSenseBringsNoHistory) {
  for (int i = 0; i < 5; ++i) report(left());
  EXPECT_THAT(read("topics=motion", "48213")->of_type("motion"), IsEmpty());
  EXPECT_THAT(read("topics=motion", "0006f7162a3b:x")->of_type("motion"), IsEmpty());
}

TEST_F(EventTest, EndsWithAWordWhenTheDaemonStops) {
  const auto reader = read("topics=battery");
  hub_->close_all(close_code::going_away, "psmoved is stopping");
  hear(*reader);
  EXPECT_THAT(reader->comments, ElementsAre("psmoved is stopping"));
  EXPECT_TRUE(reader->is_ended);
}

TEST_F(EventTest, AReaderThatTalksOnAndOnIsLeft) {
  const auto reader = read("topics=battery");
  reader->send("GET / HTTP/1.1\r\n\r\n");
  hear(*reader);
  EXPECT_EQ(closed_, 0);
  reader->send(std::string(20'000, 'x'));
  hear(*reader);
  EXPECT_EQ(closed_, 1);
}

TEST_F(EventTest, ASlowReaderLosesTheOldestMotionAndIsToldHowMuch) {
  limits_.backlog = 0ms;
  open_hub();
  const auto reader = read("topics=motion");
  std::uint64_t seen = 0;
  constexpr int reports = 4000;
  for (int i = 0; i < reports; ++i) {
    report(left());
    settle();
  }
  for (int i = 0; i < 100; ++i) hear(*reader);
  report(left());
  hear(*reader);
  std::uint64_t dropped = 0;
  for (const auto& message : reader->of_type("motion")) {
    seen += message.at("samples").size();
    dropped += message.at("dropped").get<std::uint64_t>();
  }
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(seen + dropped, 2U * (reports + 1));
}

TEST_F(EventTest, AReaderWhoseEventsDoNotFitIsToldSoAndLeft) {
  limits_.edge_backlog_bytes = 100'000;
  open_hub();
  const auto reader = read("topics=controller");
  for (int i = 0; i < 2000; ++i) {
    left().set_name("name " + std::to_string(i));
    settle();
  }
  for (int i = 0; i < 100; ++i) hear(*reader);
  ASSERT_FALSE(reader->comments.empty());
  EXPECT_THAT(reader->comments.back(), HasSubstr("too slow"));
  EXPECT_TRUE(reader->is_ended);
}

TEST_F(SessionTimeTest, AnEventStreamSaysThatItIsStillThereEvery15Seconds) {
  const auto [ours, theirs] = socket_pair();
  Reader reader(theirs);
  const auto events = std::make_shared<EventSession>(context_, ours, 8);
  wire::SubscribeRequest request;
  request.id = "query";
  events->start(request, nullptr);
  const auto check = [&](std::chrono::milliseconds time) {
    events->check(started_ + time);
    settle();
    reader.receive();
    return reader.comments.size();
  };
  EXPECT_EQ(check(14s), 0U);
  EXPECT_EQ(check(15'100ms), 1U);
  EXPECT_EQ(check(16s), 1U);
  EXPECT_EQ(check(30'200ms), 2U);
  EXPECT_EQ(check(300s), 3U) << "a reader has nothing to say and is not given up for that";
  EXPECT_FALSE(is_gone_);
  events->abort();
  EXPECT_TRUE(is_gone_);
  is_gone_ = false;
}

// ---- the upgrade

TEST_F(StreamTest, TheUpgradeIsGrantedWithTheProtocolThatWasAskedFor) {
  const auto plain = hub_->accept({.query = {}, .key = std::string(key), .protocols = {}});
  ASSERT_TRUE(plain);
  EXPECT_TRUE(grants_upgrade(*plain, key, ""));
  EXPECT_TRUE(plain->ends_with("\r\n\r\n"));
  const auto chosen = hub_->accept(
      {.query = {}, .key = std::string(key), .protocols = "x, psmoved.v1+cbor ,psmoved.v1+json"});
  ASSERT_TRUE(chosen);
  EXPECT_TRUE(grants_upgrade(*chosen, key, "psmoved.v1+cbor")) << "the first that there is";
}

TEST_F(StreamTest, AnUpgradeThatCannotWorkIsRefusedBeforeIt) {
  add(left_address);
  const auto refused = [this](std::string query, std::string its_key, std::string protocols) {
    const auto answer = hub_->accept(
        {.query = std::move(query), .key = std::move(its_key), .protocols = std::move(protocols)});
    return answer ? "accepted" : std::string(wire::to_string(answer.error().code));
  };
  EXPECT_EQ(refused("", "short", ""), "bad_request");
  EXPECT_EQ(refused("", std::string(key), "mqtt"), "unsupported_subprotocol");
  EXPECT_EQ(refused("feilds=x", std::string(key), ""), "unknown_member");
  EXPECT_EQ(refused("controllers=2", std::string(key), ""), "unknown_controller");
  EXPECT_EQ(refused("controllers=1", std::string(key), ""), "accepted");
}

}  // namespace
}  // namespace psmove::stream
