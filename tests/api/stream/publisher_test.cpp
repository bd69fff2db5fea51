// Who gets what and when, with clients that only listen and a clock that the test moves.

#include "api/stream/publisher.hpp"

#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using wire::Policy;
using wire::Topic;

const Address left{{0, 6, 0xF7, 0, 0, 1}}, right{{0, 6, 0xF7, 0, 0, 2}};
const std::string left_id = "00:06:f7:00:00:01", right_id = "00:06:f7:00:00:02";

std::vector<json> messages_in(std::string_view bytes) {
  Receiver receiver(Role::client, {.message_bytes = 1 << 24, .fragments = 1});
  std::vector<json> all;
  while (const auto message = receiver.next(bytes)) {
    EXPECT_EQ(message->kind, Message::Kind::text) << message->payload;
    all.push_back(json::parse(message->payload, nullptr, false));
    EXPECT_FALSE(all.back().is_discarded()) << message->payload;
  }
  EXPECT_TRUE(bytes.empty());
  return all;
}

class Listener final : public Subscriber {
 public:
  void take(const SharedBatch& batch, SteadyTime) override { batches.push_back(batch); }
  void send() override {
    ++sends;
    for (; seen < batches.size(); ++seen)
      for (auto& message : messages_in(batches[seen]->bytes())) heard.push_back(std::move(message));
    if (keeps_nothing) {
      batches.clear();
      seen = 0;
    }
  }
  std::vector<json> hear() { return std::exchange(heard, {}); }

  std::vector<SharedBatch> batches;
  std::vector<json> heard;
  std::size_t seen = 0;
  int sends = 0;
  bool keeps_nothing = false;
};

class PublisherTest : public testing::Test {
 protected:
  Publisher publisher_{{.call_flush = [this] { ++flushes_asked_; },
                        .call_tick = [this](SteadyTime when) { tick_at_ = when; },
                        .now = [this] { return now_; }}};

  static Subscription every_sample(std::string id = "s") {
    Subscription what;
    what.id = std::move(id);
    what.topics = wire::bit(Topic::motion);
    what.fields = 0;
    return what;
  }
  static Subscription at_rate(double hz, Policy policy = Policy::latest) {
    Subscription what = every_sample();
    what.policy = policy;
    what.max_rate_hz = hz;
    return what;
  }

  /// One report of two samples, as one turn of the loop.
  void report(const Address& controller = left) {
    publish(controller);
    end_turn();
  }
  void publish(const Address& controller = left) {
    publish(controller, controller == left ? left_sequence_ : right_sequence_);
  }
  void publish(const Address& controller, std::uint64_t& sequence) {
    std::array<Sample, 2> samples;
    for (Sample& sample : samples) {
      sample.sequence = sequence++;
      sample.time_us = 1'000'000 + static_cast<std::int64_t>(sample.sequence);
    }
    publisher_.publish_samples(controller, samples, 5'000'000);
    publisher_.keep_samples(controller, samples, 5'000'000);
  }
  void end_turn() {
    if (std::exchange(flushes_asked_, 0) > 0) publisher_.flush();
  }
  /// Moves the clock, ringing where the publisher asked for it.
  void pass(std::chrono::nanoseconds time) {
    const SteadyTime until = now_ + time;
    while (tick_at_ && *tick_at_ <= until) {
      now_ = std::max(now_, *tick_at_);
      tick_at_.reset();
      publisher_.tick();
      end_turn();
    }
    now_ = until;
  }
  void press(std::string name) {
    publisher_.publish_event(left, Topic::button, FrameKind::edge,
                             [&] { return "\"name\":\"" + name + "\"}"; });
  }

  SteadyTime now_{1h};
  std::optional<SteadyTime> tick_at_;
  int flushes_asked_ = 0;
  std::uint64_t left_sequence_ = 0, right_sequence_ = 1000;
};

std::vector<std::uint64_t> sequences(const std::vector<json>& messages) {
  std::vector<std::uint64_t> all;
  for (const auto& message : messages)
    for (const auto& sample : message.value("samples", json::array()))
      all.push_back(sample.at("sequence").get<std::uint64_t>());
  return all;
}

// ---- every sample

/// Takes a while to be sent to, as a crowd does.
class SlowListener final : public Subscriber {
 public:
  explicit SlowListener(SteadyTime& now) : now_(now) {}
  void take(const SharedBatch& batch, SteadyTime) override { frames += batch->frames().size(); }
  void send() override {
    ++sends;
    now_ += 1ms;
  }
  std::size_t frames = 0, sends = 0;

 private:
  SteadyTime& now_;
};

TEST_F(PublisherTest, GathersForAWhileWhereThereIsACrowd) {
  SlowListener crowd(now_);
  publisher_.subscribe(crowd, every_sample());
  const auto burst = [this](const Address& controller) {
    publisher_.on_burst_begin();
    publish(controller);
    publisher_.on_burst_end();
  };
  pass(10ms);
  burst(left);
  EXPECT_EQ(crowd.sends, 1U);  // nobody knows yet that it takes long
  pass(10ms);
  burst(left);
  EXPECT_EQ(crowd.sends, 1U);
  pass(500us);
  burst(right);
  EXPECT_EQ(crowd.sends, 1U);
  pass(500us);
  EXPECT_EQ(crowd.sends, 2U);
  EXPECT_EQ(crowd.frames, 3U);
  // Nothing is left behind, and nothing rings in vain.
  pass(100ms);
  EXPECT_EQ(crowd.sends, 2U);
  EXPECT_EQ(tick_at_, std::nullopt);
}

TEST_F(PublisherTest, SendsTheFirstReportAtOnceAndABusyTurnAtItsEnd) {
  Listener client;
  publisher_.subscribe(client, every_sample());
  const auto burst = [this] {
    publisher_.on_burst_begin();
    publish();
    publish();
    publisher_.on_burst_end();
  };
  pass(10ms);
  burst();
  EXPECT_EQ(client.sends, 1) << "it waits for nothing, not even for what else is ready";
  EXPECT_EQ(client.hear().size(), 1U);
  EXPECT_EQ(flushes_asked_, 1) << "that is for the other one";
  burst();
  burst();
  EXPECT_EQ(client.sends, 1) << "other controllers may have reports in the same turn";
  EXPECT_EQ(flushes_asked_, 1);
  pass(10ms);
  burst();
  EXPECT_EQ(client.sends, 1) << "what was asked for comes, and not twice";
  end_turn();
  EXPECT_EQ(client.sends, 2);
  EXPECT_EQ(client.hear().size(), 7U);
  pass(10ms);
  publisher_.on_burst_begin();
  publish();
  publisher_.on_burst_end();
  EXPECT_EQ(client.sends, 3);
  EXPECT_EQ(client.hear().size(), 1U);
  EXPECT_EQ(flushes_asked_, 0) << "there was nothing left to send";
}

TEST_F(PublisherTest, AMotionMessageLooksAsDocumented) {
  Listener client;
  auto what = every_sample("hands");
  what.fields = wire::bit(wire::Field::trigger);
  publisher_.subscribe(client, what);
  report();
  ASSERT_EQ(client.batches.size(), 1U);
  EXPECT_EQ(client.batches[0]->bytes().substr(4),
            R"({"type":"motion","subscription":"hands","controller":"00:06:f7:00:00:01",)"
            R"("received_us":5000000,"samples":[{"sequence":0,"time_us":1000000,"trigger":0},)"
            R"({"sequence":1,"time_us":1000001,"trigger":0}],"dropped":0})");
}

TEST_F(PublisherTest, OneTurnIsOneSendForEachClientHoweverManyReports) {
  Listener first, second;
  publisher_.subscribe(first, every_sample());
  publisher_.subscribe(second, every_sample());
  publisher_.subscribe(second, every_sample("other"));
  for (int i = 0; i < 5; ++i) {
    publish(left);
    publish(right);
  }
  EXPECT_EQ(flushes_asked_, 1);
  end_turn();
  EXPECT_EQ(first.sends, 1);
  EXPECT_EQ(second.sends, 1);
  EXPECT_EQ(first.hear().size(), 10U);
  EXPECT_EQ(second.hear().size(), 20U);
}

TEST_F(PublisherTest, EqualSubscriptionsShareTheSameBytes) {
  Listener first, second, third;
  const auto group = publisher_.subscribe(first, every_sample());
  EXPECT_EQ(publisher_.subscribe(second, every_sample()), group);
  EXPECT_NE(publisher_.subscribe(third, every_sample("other id")), group);
  report();
  EXPECT_EQ(first.batches[0], second.batches[0]);
  EXPECT_NE(first.batches[0], third.batches[0]);
}

TEST_F(PublisherTest, ASampleIsEncodedOnceForEachChoiceOfFieldsNotForEachGroup) {
  std::deque<Listener> clients(20);
  for (std::size_t i = 0; i < clients.size(); ++i)
    publisher_.subscribe(clients[i], every_sample(std::to_string(i)));
  report();
  EXPECT_EQ(publisher_.samples_encoded(), 2U);
  auto more = every_sample("with fields");
  more.fields = wire::all_fields;
  publisher_.subscribe(clients[0], more);
  report();
  EXPECT_EQ(publisher_.samples_encoded(), 2U + 2U + 2U);
  EXPECT_EQ(clients[7].hear().size(), 2U);
}

TEST_F(PublisherTest, NothingIsEncodedWhenNobodyAsks) {
  Listener client;
  auto buttons = every_sample();
  buttons.topics = wire::bit(Topic::button);
  publisher_.subscribe(client, buttons);
  auto elsewhere = every_sample("right");
  elsewhere.controllers = {right};
  publisher_.subscribe(client, elsewhere);
  report(left);
  EXPECT_EQ(publisher_.samples_encoded(), 0U);
  EXPECT_EQ(client.sends, 0);
  int bodies_made = 0;
  publisher_.publish_event(left, Topic::battery, FrameKind::edge, [&] {
    ++bodies_made;
    return std::string("}");
  });
  EXPECT_EQ(bodies_made, 0);
}

TEST_F(PublisherTest, OnlyTheChosenControllersCome) {
  Listener all, one;
  publisher_.subscribe(all, every_sample("all"));
  auto what = every_sample("one");
  what.controllers = {right};
  publisher_.subscribe(one, what);
  report(left);
  report(right);
  EXPECT_THAT(sequences(all.hear()), ElementsAre(0, 1, 1000, 1001));
  EXPECT_THAT(sequences(one.hear()), ElementsAre(1000, 1001));
}

TEST_F(PublisherTest, ABatchThatASlowClientHoldsIsNeverChanged) {
  Listener slow;
  publisher_.subscribe(slow, every_sample());
  report();
  const std::string before(slow.batches[0]->bytes());
  for (int i = 0; i < 5; ++i) report();
  EXPECT_EQ(slow.batches[0]->bytes(), before);
  EXPECT_THAT(sequences(slow.hear()), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
}

TEST_F(PublisherTest, ABatchThatNobodyHoldsIsUsedAgain) {
  Listener client;
  client.keeps_nothing = true;
  publisher_.subscribe(client, every_sample());
  publish();
  publisher_.flush();
  const auto serial = client.hear();
  // Taking the address while it is queued is the only way to see it.
  struct Peek final : Subscriber {
    void take(const SharedBatch& batch, SteadyTime) override { seen.push_back(batch.get()); }
    void send() override {}
    std::vector<const Batch*> seen;
  } peek;
  publisher_.subscribe(peek, every_sample());
  for (int i = 0; i < 3; ++i) report();
  ASSERT_EQ(peek.seen.size(), 3U);
  EXPECT_EQ(peek.seen[0], peek.seen[1]);
  EXPECT_EQ(peek.seen[1], peek.seen[2]);
}

// ---- coming and going

TEST_F(PublisherTest, NothingFromBeforeSubscribingComesNotEvenFromTheSameTurn) {
  Listener early, late;
  publisher_.subscribe(early, every_sample());
  publish();
  publisher_.subscribe(late, every_sample());
  publish();
  end_turn();
  EXPECT_THAT(sequences(early.hear()), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(sequences(late.hear()), ElementsAre(2, 3));
}

TEST_F(PublisherTest, WhatCameBeforeUnsubscribingIsTakenAndNothingAfter) {
  Listener client, other;
  const auto group = publisher_.subscribe(client, every_sample());
  publisher_.subscribe(other, every_sample());
  publish();
  publisher_.unsubscribe(client, group);
  publish();
  end_turn();
  EXPECT_THAT(sequences(client.hear()), ElementsAre(0, 1));
  EXPECT_THAT(sequences(other.hear()), ElementsAre(0, 1, 2, 3));
}

TEST_F(PublisherTest, UnsubscribingFreesTheGroupAndEndsItsWork) {
  Listener client;
  const auto group = publisher_.subscribe(client, every_sample());
  const auto throttled = publisher_.subscribe(client, at_rate(10));
  report();
  EXPECT_EQ(publisher_.groups(), 2U);
  publisher_.unsubscribe(client, group);
  publisher_.unsubscribe(client, throttled);
  publisher_.unsubscribe(client, throttled);
  EXPECT_EQ(publisher_.groups(), 0U);
  const auto encoded = publisher_.samples_encoded();
  report();
  pass(1s);
  EXPECT_EQ(publisher_.samples_encoded(), encoded);
}

TEST_F(PublisherTest, ARemovedClientIsNotTouchedAgain) {
  auto client = std::make_unique<Listener>();
  Listener other;
  publisher_.subscribe(*client, every_sample());
  publisher_.subscribe(*client, every_sample("2"));
  publisher_.subscribe(other, every_sample());
  publish();
  publisher_.touch(*client);
  publisher_.remove(*client);
  client.reset();
  publish();
  end_turn();
  EXPECT_THAT(sequences(other.hear()), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(publisher_.groups(), 1U);
}

// ---- rates

TEST_F(PublisherTest, LatestSendsTheFirstAtOnceThenTheNewestAtItsRate) {
  Listener client;
  publisher_.subscribe(client, at_rate(10));
  report();  // 0 1: leading edge
  EXPECT_THAT(sequences(client.hear()), ElementsAre(1));
  for (int i = 0; i < 4; ++i) {
    pass(20ms);
    report();
  }
  EXPECT_THAT(client.hear(), IsEmpty());
  pass(20ms);
  EXPECT_THAT(sequences(client.hear()), ElementsAre(9));
}

TEST_F(PublisherTest, TheLastSampleBeforeSilenceArrives) {
  Listener client;
  publisher_.subscribe(client, at_rate(10));
  report();
  pass(1ms);
  report();
  pass(10s);
  EXPECT_THAT(sequences(client.hear()), ElementsAre(1, 3));
  EXPECT_FALSE(tick_at_) << "nothing is held, so nothing may wake";
}

TEST_F(PublisherTest, AfterSilenceTheNextSampleDoesNotWait) {
  Listener client;
  publisher_.subscribe(client, at_rate(10));
  report();
  pass(10s);
  client.hear();
  report();
  EXPECT_THAT(sequences(client.hear()), ElementsAre(3));
}

TEST_F(PublisherTest, TheRateHoldsForEachControllerAndAllGoOutTogether) {
  Listener client;
  publisher_.subscribe(client, at_rate(60));
  int sends = 0, of_left = 0, of_right = 0;
  for (int i = 0; i < 875; ++i) {  // ten seconds
    publish(left);
    end_turn();
    pass(3ms);
    publish(right);
    end_turn();
    pass(std::chrono::microseconds(8'428));
  }
  pass(1s);
  sends = client.sends;
  for (const auto& message : client.hear())
    ++(message.at("controller") == left_id ? of_left : of_right);
  EXPECT_LE(of_left, 601);
  EXPECT_GE(of_left, 595);
  EXPECT_LE(of_right, 601);
  EXPECT_GE(of_right, 595);
  EXPECT_LE(sends, 603);
}

TEST_F(PublisherTest, ALateTimerDoesNotStretchTheIntervals) {
  Listener client;
  publisher_.subscribe(client, at_rate(50));
  for (int i = 0; i < 1000; ++i) {  // ten seconds, each tick up to a millisecond late
    pass(10ms);
    report();
  }
  const auto all = client.hear();
  EXPECT_LE(all.size(), 501U);
  EXPECT_GE(all.size(), 495U);
}

TEST_F(PublisherTest, OrderIsNeverInverted) {
  Listener client;
  publisher_.subscribe(client, at_rate(73));
  publisher_.subscribe(client, every_sample("all"));
  for (int i = 0; i < 500; ++i) {
    pass(std::chrono::milliseconds(i * 7 % 23));
    report();
  }
  pass(1s);
  std::uint64_t last_latest = 0, last_all = 0;
  for (const auto& message : client.hear()) {
    auto& last = message.at("subscription") == "all" ? last_all : last_latest;
    for (const auto& sample : message.at("samples")) {
      EXPECT_GE(sample.at("sequence").get<std::uint64_t>(), last);
      last = sample.at("sequence").get<std::uint64_t>() + 1;
    }
  }
  EXPECT_EQ(last_latest, 1000U);
  EXPECT_EQ(last_all, 1000U);
}

TEST_F(PublisherTest, WindowLosesNothingAndKeepsItsRate) {
  Listener client;
  publisher_.subscribe(client, at_rate(20, Policy::window));
  for (int i = 0; i < 175; ++i) {
    report();
    pass(11'428us);
  }
  pass(1s);
  const auto all = client.hear();
  EXPECT_LE(all.size(), 42U);
  const auto got = sequences(all);
  ASSERT_EQ(got.size(), 350U);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], i);
  for (const auto& message : all) EXPECT_EQ(message.at("dropped"), 0);
}

TEST_F(PublisherTest, AWindowIsBoundedAndSaysWhatItLost) {
  Listener client;
  auto what = at_rate(1, Policy::window);
  what.fields = wire::all_fields;
  publisher_.subscribe(client, what);
  for (int i = 0; i < 2000; ++i) report();
  pass(2s);
  std::uint64_t got = 0, dropped = 0;
  for (const auto& message : client.hear()) {
    got += message.at("samples").size();
    dropped += message.at("dropped").get<std::uint64_t>();
    EXPECT_LT(message.dump().size(), 2'000'000U);
  }
  EXPECT_GT(dropped, 0U);
  EXPECT_EQ(got + dropped, 4000U);
}

TEST_F(PublisherTest, LatestWithoutARateIsTheNewestOfEachReport) {
  Listener client;
  auto what = every_sample();
  what.policy = Policy::latest;
  publisher_.subscribe(client, what);
  report();
  report();
  EXPECT_THAT(sequences(client.hear()), ElementsAre(1, 3));
}

TEST_F(PublisherTest, EdgesDoNotWaitForARate) {
  Listener client;
  auto what = at_rate(1);
  what.topics = wire::bit(Topic::motion) | wire::bit(Topic::button);
  publisher_.subscribe(client, what);
  report();
  client.hear();
  for (int i = 0; i < 3; ++i) {
    pass(1ms);
    press(std::to_string(i));
    end_turn();
    const auto heard = client.hear();
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0], json::parse(R"({"type":"button","subscription":"s","name":")" +
                                    std::to_string(i) + R"("})"));
  }
}

TEST_F(PublisherTest, ATriggerKeepsTheRateAndItsLastValueArrives) {
  Listener client;
  auto what = at_rate(10);
  what.topics = wire::bit(Topic::trigger);
  publisher_.subscribe(client, what);
  for (int i = 1; i <= 100; ++i) {
    publisher_.publish_trigger(left, i / 100.0, i);
    end_turn();
    pass(10ms);
  }
  pass(1s);
  const auto heard = client.hear();
  EXPECT_LE(heard.size(), 12U);
  EXPECT_GE(heard.size(), 10U);
  EXPECT_EQ(heard.front().at("trigger"), 0.01);
  EXPECT_EQ(heard.back().at("trigger"), 1.0);
  EXPECT_EQ(heard.back().at("time_us"), 100);
}

TEST_F(PublisherTest, WithoutARateEveryTriggerValueComes) {
  Listener client;
  auto what = every_sample();
  what.topics = wire::bit(Topic::trigger);
  publisher_.subscribe(client, what);
  for (int i = 0; i < 5; ++i) publisher_.publish_trigger(left, i / 10.0, i);
  end_turn();
  EXPECT_EQ(client.hear().size(), 5U);
}

TEST_F(PublisherTest, TheFirstOfEachControllerGoesAtOnceHoweverSlowTheRate) {
  Listener client;
  publisher_.subscribe(client, at_rate(0.1));
  report(left);
  EXPECT_THAT(sequences(client.hear()), ElementsAre(1));
  pass(1s);
  report(right);
  EXPECT_THAT(sequences(client.hear()), ElementsAre(1001));
  report(right);
  report(left);
  pass(8'900ms);
  EXPECT_THAT(client.hear(), IsEmpty());
  pass(200ms);
  EXPECT_THAT(sequences(client.hear()), ElementsAre(3));
  pass(1s);
  EXPECT_THAT(sequences(client.hear()), ElementsAre(1003));
}

TEST_F(PublisherTest, ATriggerAfterARestDoesNotWaitForMotion) {
  Listener client;
  auto what = at_rate(0.1);
  what.topics = wire::bit(Topic::motion) | wire::bit(Topic::trigger);
  publisher_.subscribe(client, what);
  for (int i = 0; i < 15; ++i) {
    report();
    pass(1s);
  }
  client.hear();
  publisher_.publish_trigger(left, 0.5, 1);
  end_turn();
  const auto pulled = client.hear();
  ASSERT_EQ(pulled.size(), 1U);
  EXPECT_EQ(pulled[0].at("trigger"), 0.5);
  publisher_.publish_trigger(left, 0.6, 2);
  end_turn();
  EXPECT_THAT(client.hear(), IsEmpty());
}

TEST_F(PublisherTest, WhoComesLaterDoesNotWaitForTheOthersTurn) {
  Listener early, late;
  publisher_.subscribe(early, at_rate(0.1));
  report();
  pass(1s);
  report();
  publisher_.subscribe(late, at_rate(0.1));
  EXPECT_THAT(sequences(early.hear()), ElementsAre(1));
  report();
  EXPECT_THAT(sequences(late.hear()), ElementsAre(5));
  EXPECT_THAT(early.hear(), IsEmpty());
  pass(10s);
  EXPECT_THAT(sequences(early.hear()), ElementsAre(5));
  EXPECT_THAT(late.hear(), IsEmpty()) << "nothing newer has come";
}

/// Seven controllers, as their reports really come: each every 11.43 ms, at a time of its own.
class SevenControllersTest : public PublisherTest {
 protected:
  void run(std::chrono::milliseconds time) {
    for (const auto end = now_ + time; now_ < end;) {
      const auto which = next_++ % reports_.size();
      pass(1'632us);
      publish({{0, 6, 0xF7, 0, 1, static_cast<std::uint8_t>(which)}}, reports_[which]);
      end_turn();
    }
  }
  std::array<std::uint64_t, 7> reports_{};
  std::size_t next_ = 0;
};

TEST_F(SevenControllersTest, ABrowserGetsOneSendForAllAtEveryRate) {
  for (const double rate : {1.0, 10.0, 30.0, 60.0, 80.0}) {
    Listener client;
    publisher_.subscribe(client, at_rate(rate));
    run(10s);
    const auto all = client.hear();
    // At a slow rate nobody waits long for company: there may be two groups of them.
    EXPECT_LE(client.sends, 10 * rate * (rate < 10 ? 2 : 1) + 7 + 1) << rate;
    EXPECT_LE(all.size(), 7 * (10 * rate + 1)) << rate;
    EXPECT_GE(all.size(), 7 * (10 * rate * 0.97 - 1)) << rate;
    publisher_.remove(client);
  }
}

TEST_F(SevenControllersTest, ARateAboveThatOfTheReportsBringsAllOfThemNotOneByOne) {
  Listener client;
  publisher_.subscribe(client, at_rate(100));
  run(10s);
  EXPECT_GE(client.hear().size(), 7U * 860);
  EXPECT_LE(client.sends, 1000 + 2 * 7) << "and not 6000";
}

TEST_F(SevenControllersTest, NoControllerComesFasterThanTheRate) {
  /// Notes when each controller's messages came.
  class Watch final : public Subscriber {
   public:
    explicit Watch(const SteadyTime& now) : now_(now) {}
    void take(const SharedBatch& batch, SteadyTime) override {
      for (const Frame& frame : batch->frames()) {
        const auto [last, is_first] = last_.try_emplace(frame.controller, now_);
        if (!is_first) shortest = std::min(shortest, now_ - last->second);
        last->second = now_;
      }
    }
    void send() override {}
    std::chrono::nanoseconds shortest{1h};

   private:
    const SteadyTime& now_;
    std::map<Address, SteadyTime> last_;
  };
  for (const double rate : {2.0, 15.0, 60.0, 100.0}) {
    Watch early(now_), late(now_);
    publisher_.subscribe(early, at_rate(rate));
    run(2s);
    publisher_.subscribe(late, at_rate(rate));
    run(2s);
    const std::chrono::nanoseconds interval(static_cast<std::int64_t>(1e9 / rate) - 10);
    EXPECT_GE(early.shortest, interval) << rate;
    EXPECT_GE(late.shortest, interval) << rate;
    publisher_.remove(early);
    publisher_.remove(late);
  }
}

TEST_F(SevenControllersTest, ClientsWithEqualRatesSoonShareAllTheirWork) {
  for (const Policy policy : {Policy::latest, Policy::window}) {
    std::deque<Listener> clients(20);
    for (auto& client : clients) {
      publisher_.subscribe(client, at_rate(60, policy));
      run(23ms);
    }
    run(100ms);
    EXPECT_EQ(publisher_.groups(), 1U);
    for (auto& client : clients) client.hear();
    run(50ms);
    EXPECT_EQ(clients.front().batches.back(), clients.back().batches.back());
    const auto heard = clients.front().hear();
    EXPECT_GE(heard.size(), 14U);
    for (auto& client : clients) {
      if (&client != &clients.front()) {
        EXPECT_EQ(client.hear(), heard);
      }
      publisher_.remove(client);
    }
  }
}

TEST_F(SevenControllersTest, JoiningAWindowBringsNothingTwiceAndNothingFromBefore) {
  std::deque<Listener> clients(20);
  std::vector<std::map<std::string, std::uint64_t>> next(clients.size());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    publisher_.subscribe(clients[i], at_rate(60, Policy::window));
    for (std::size_t k = 0; k < reports_.size(); ++k)
      next[i]["00:06:f7:00:01:0" + std::to_string(k)] = reports_[k];
    run(23ms);
  }
  run(100ms);
  for (std::size_t i = 0; i < clients.size(); ++i)
    for (const auto& message : clients[i].hear()) {
      EXPECT_EQ(message.at("dropped"), 0);
      for (const auto& sample : message.at("samples"))
        EXPECT_EQ(sample.at("sequence"), next[i][message.at("controller")]++) << i;
    }
}

// ---- history

TEST_F(PublisherTest, SinceWithAWindowThatOthersAlreadyGatherRepeatsNothing) {
  Listener early, late;
  const auto what = at_rate(1, Policy::window);
  publisher_.subscribe(early, what);
  for (int i = 0; i < 10; ++i) report();
  const auto serial = publisher_.subscribe(late, what);
  const auto missed = messages_in(publisher_.history(late, serial, {{std::nullopt, 5}})->bytes());
  EXPECT_THAT(sequences(missed), ElementsAre(6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19));
  report();
  pass(3s);
  EXPECT_THAT(sequences(late.hear()), ElementsAre(20, 21));
  EXPECT_EQ(sequences(early.hear()).size(), 22U);
}

TEST_F(PublisherTest, JoiningAWindowOneIsNotToldWhatOthersLost) {
  Listener early, late;
  auto what = at_rate(1, Policy::window);
  what.fields = wire::all_fields;
  publisher_.subscribe(early, what);
  for (int i = 0; i < 2000; ++i) report();
  publisher_.subscribe(late, what);
  report();
  pass(2s);
  const auto heard = late.hear();
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(heard[0].at("dropped"), 0);
  EXPECT_THAT(sequences(heard), ElementsAre(4000, 4001));
}

TEST_F(PublisherTest, SinceBringsWhatWasMissedAndThenGoesOnWithoutAGap) {
  Listener client;
  for (int i = 0; i < 60; ++i) report();
  const auto group = publisher_.subscribe(client, every_sample());
  const auto history = publisher_.history(client, group, {{std::nullopt, 9}});
  const auto missed = messages_in(history->bytes());
  const auto got = sequences(missed);
  ASSERT_EQ(got.size(), 110U);
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], i + 10);
  EXPECT_EQ(missed.front().at("dropped"), 0);
  report();
  EXPECT_THAT(sequences(client.hear()), ElementsAre(120, 121));
}

TEST_F(PublisherTest, SinceCountsWhatIsNoLongerRemembered) {
  Listener client;
  for (int i = 0; i < 1000; ++i) report();
  const auto group = publisher_.subscribe(client, every_sample());
  const auto missed = messages_in(publisher_.history(client, group, {{std::nullopt, 99}})->bytes());
  const auto got = sequences(missed);
  std::uint64_t dropped = 0;
  for (const auto& message : missed) dropped += message.at("dropped").get<std::uint64_t>();
  EXPECT_EQ(got.size() + dropped, 1900U);
  EXPECT_EQ(got.back(), 1999U);
  EXPECT_GE(got.size(), 500U);
}

TEST_F(PublisherTest, SinceAnEarlierConnectionOfTheControllerBringsAllOfThisOne) {
  Listener client;
  for (int i = 0; i < 20; ++i) report();
  left_sequence_ = 0;  // it reconnected
  for (int i = 0; i < 3; ++i) report();
  const auto group = publisher_.subscribe(client, every_sample());
  const auto missed = messages_in(publisher_.history(client, group, {{left, 39}})->bytes());
  EXPECT_THAT(sequences(missed), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(PublisherTest, SinceTheNewestBringsNothing) {
  Listener client;
  for (int i = 0; i < 3; ++i) report();
  const auto group = publisher_.subscribe(client, every_sample());
  EXPECT_TRUE(publisher_.history(client, group, {{std::nullopt, 5}})->is_empty());
  EXPECT_TRUE(publisher_.history(client, group, {{right, 0}})->is_empty());
}

// ---- the radio

TEST_F(PublisherTest, TheRadioIsToldOnceASecondToWhoAsked) {
  Listener client, other;
  auto what = every_sample("r");
  what.topics = wire::bit(Topic::radio);
  publisher_.subscribe(client, what);
  publisher_.subscribe(other, every_sample());
  std::array<Sample, 1> sample;
  for (std::uint64_t i = 0; i <= 210; ++i) {
    if (i % 10 == 5) continue;  // lost
    sample[0].sequence = i;
    publisher_.keep_samples(left, sample, static_cast<std::int64_t>(i) * 10'000);
    end_turn();
  }
  const auto heard = client.hear();
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].at("type"), "radio");
  EXPECT_EQ(heard[0].at("controller"), left_id);
  EXPECT_EQ(heard[0].at("period_ms"), 1000);
  EXPECT_EQ(heard[0].at("reports"), 90);
  EXPECT_EQ(heard[0].at("reports_per_s"), 90);
  EXPECT_EQ(heard[0].at("lost"), 10);
  EXPECT_EQ(heard[0].at("loss_percent"), 10);
  EXPECT_EQ(heard[0].at("longest_gap_ms"), 20);
  EXPECT_EQ(heard[0].at("gaps").at("counts"), json({0, 0, 0, 80, 0, 0, 10, 0, 0, 0, 0, 0}));
  EXPECT_EQ(heard[0].at("battery_minutes_left"), nullptr);
  for (const auto& message : other.hear()) EXPECT_EQ(message.at("type"), "motion");
}

// ---- the event stream

/// The ids of a batch of events, in their order.
std::vector<std::string> ids_in(std::string_view text) {
  std::vector<std::string> ids;
  for (auto at = text.find("id: "); at != std::string_view::npos; at = text.find("id: ", at + 1))
    if (at == 0 || text[at - 1] == '\n')
      ids.emplace_back(text.substr(at + 4, text.find('\n', at) - at - 4));
  return ids;
}

class EventStreamTest : public PublisherTest {
 protected:
  /// Keeps what it gets as text.
  class TextListener final : public Subscriber {
   public:
    void take(const SharedBatch& batch, SteadyTime) override { text += batch->bytes(); }
    void send() override {}
    std::string text;
  };
  static Subscription events() {
    auto what = every_sample();
    what.format = Format::event_stream;
    return what;
  }
};

TEST_F(EventStreamTest, AnEventHasTypeIdAndTheMessageOfAWebSocket) {
  TextListener reader;
  Listener client;
  publisher_.subscribe(reader, events());
  publisher_.subscribe(client, every_sample());
  report();
  EXPECT_EQ(client.hear().size(), 1U);
  EXPECT_EQ(reader.text,
            "id: 0006f7000001:1\nevent: motion\ndata: "
            R"({"type":"motion","subscription":"s","controller":"00:06:f7:00:00:01",)"
            R"("received_us":5000000,"samples":[{"sequence":0,"time_us":1000000},)"
            R"({"sequence":1,"time_us":1000001}],"dropped":0})"
            "\n\n");
  EXPECT_EQ(publisher_.samples_encoded(), 2U) << "once for both";
}

TEST_F(EventStreamTest, AnIdNamesEveryControllerThatHasSentSomething) {
  TextListener reader;
  report(right);
  publisher_.subscribe(reader, events());
  report(left);
  report(right);
  EXPECT_THAT(ids_in(reader.text),
              ElementsAre("0006f7000001:1,0006f7000002:1001", "0006f7000001:1,0006f7000002:1003"));
}

TEST_F(EventStreamTest, HistoryLeadsFromTheOldIdToTheNewOne) {
  TextListener first, second;
  publisher_.subscribe(first, events());
  report(left);
  const auto old = wire::parse_stream_position(ids_in(first.text).back());
  ASSERT_TRUE(old);
  report(left);
  report(right);
  const auto group = publisher_.subscribe(second, events());
  const auto missed = publisher_.history(second, group, resume_after(*old));
  // Of the right one nothing was known when the first reader left: all of it is new.
  EXPECT_THAT(ids_in(missed->bytes()),
              ElementsAre("0006f7000001:3", "0006f7000001:3,0006f7000002:1001"));
}

TEST_F(EventStreamTest, AnIdLeadsOnOverASampleThatARateHoldsBack) {
  TextListener reader;
  auto what = at_rate(10, Policy::window);
  what.format = Format::event_stream;
  publisher_.subscribe(reader, what);
  report();
  report();
  report();
  pass(100ms);
  EXPECT_THAT(ids_in(reader.text), ElementsAre("0006f7000001:1", "0006f7000001:5"));
}

}  // namespace
}  // namespace psmove::stream
