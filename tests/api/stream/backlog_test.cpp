// What a slow client loses, what it keeps, and what it is told, to the last sample.

#include "api/stream/backlog.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "api/stream/motion.hpp"

namespace psmove::stream {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const Address left{{0, 0, 0, 0, 0, 1}}, right{{0, 0, 0, 0, 0, 2}};
constexpr SteadyTime start{1h};

struct Part {
  FrameKind kind;
  std::string text;
  Address controller = left;
  std::uint32_t samples = 2;
};

Part motion(std::string text, Address controller = left, std::uint32_t samples = 2) {
  return {FrameKind::motion, std::move(text), controller, samples};
}
Part edge(std::string text) {
  return {FrameKind::edge, std::move(text)};
}
Part trigger(std::string text) {
  return {FrameKind::trigger, std::move(text)};
}

SharedBatch batch(std::initializer_list<Part> parts, std::uint64_t group = 1,
                  bool newest_only = false) {
  auto made =
      std::make_shared<Batch>(group, newest_only ? wire::Policy::latest : wire::Policy::all);
  for (const Part& part : parts) {
    const bool is_motion = part.kind == FrameKind::motion;
    made->append(Frame{.controller = part.controller,
                       .kind = part.kind,
                       .samples = is_motion ? part.samples : 0},
                 {part.text, is_motion ? motion_end : std::string_view()});
  }
  return made;
}

/// Sends up to `limit` bytes and returns them.
std::string sent(Backlog& backlog, std::size_t limit = std::string::npos) {
  std::string bytes;
  while (!backlog.is_empty() && bytes.size() < limit) {
    std::array<std::string_view, 3> pieces;
    const std::size_t count = backlog.pieces(pieces);
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += pieces[i];
    all.resize(std::min(all.size(), limit - bytes.size()));
    backlog.consume(all.size());
    bytes += all;
  }
  return bytes;
}

/// The messages in bytes that a client received; fails the test where they are no whole frames.
std::vector<std::string> messages(std::string_view bytes) {
  Receiver receiver(Role::client, {.message_bytes = 1 << 24, .fragments = 1});
  std::vector<std::string> all;
  while (const auto message = receiver.next(bytes)) {
    EXPECT_EQ(message->kind, Message::Kind::text);
    all.emplace_back(message->payload);
  }
  return all;
}

std::string with(std::string_view text, unsigned dropped) {
  return std::string(text) + "],\"dropped\":" + std::to_string(dropped) + "}";
}

TEST(Batch, APayloadMayBeShorterThanTheRoomForIt) {
  for (const std::size_t length : {0U, 5U, 125U, 126U, 200U, 65535U, 65536U}) {
    Batch batch;
    batch.append({}, {"before"});
    batch.write({}, 70'000, [length](char* p) { return std::fill_n(p, length, 'x'); });
    batch.append({}, {"after"});
    ASSERT_EQ(batch.frames().size(), 3U);
    const Frame& frame = batch.frames()[1];
    EXPECT_EQ(frame.size, head_size(length) + length);
    EXPECT_EQ(batch.payload(frame), std::string(length, 'x'));
    EXPECT_EQ(batch.payload(batch.frames()[0]), "before");
    EXPECT_EQ(batch.payload(batch.frames()[2]), "after");
    EXPECT_EQ(batch.bytes().size(), frame.size + 8 + 7);
  }
}

class BacklogTest : public testing::Test {
 protected:
  Backlog::Bounds bounds_{.motion = 250ms, .motion_bytes = 100'000, .edge_bytes = 2'000};
  Backlog backlog_{bounds_};
  std::vector<std::string> received() { return messages(sent(backlog_)); }
};

TEST_F(BacklogTest, AClientThatKeepsUpGetsTheSharedBytesThemselves) {
  const auto shared = batch({motion("a"), edge("b")});
  backlog_.push(shared, start);
  std::array<std::string_view, 2> pieces;
  ASSERT_EQ(backlog_.pieces(pieces), 1U);
  EXPECT_EQ(pieces[0].data(), shared->bytes().data());
  EXPECT_THAT(received(), ElementsAre(with("a", 0), "b"));
  EXPECT_TRUE(backlog_.is_empty());
  EXPECT_EQ(backlog_.bytes(), 0U);
}

TEST_F(BacklogTest, KeepsOrderHoweverTheBytesAreTaken) {
  for (int i = 0; i < 20; ++i) backlog_.push(batch({edge(std::to_string(i))}), start);
  std::string bytes;
  while (!backlog_.is_empty()) bytes += sent(backlog_, 5);
  const auto all = messages(bytes);
  ASSERT_EQ(all.size(), 20U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], std::to_string(i));
}

TEST_F(BacklogTest, MotionOlderThanItsBoundIsDroppedAndCounted) {
  backlog_.push(batch({motion("old")}), start);
  backlog_.push(batch({motion("older than bound too")}), start + 10ms);
  backlog_.push(batch({motion("young")}), start + 200ms);
  backlog_.push(batch({motion("new")}), start + 261ms);
  backlog_.push(batch({motion("newest")}), start + 262ms);
  EXPECT_THAT(received(), ElementsAre(with("young", 0), with("new", 4), with("newest", 0)));
}

TEST_F(BacklogTest, ALossIsToldOnceAndOnlyToTheControllerItConcerns) {
  backlog_.push(batch({motion("l1", left), motion("r1", right, 1)}), start);
  backlog_.push(batch({motion("l2", left)}), start + 300ms);
  backlog_.push(batch({motion("l3", left), motion("r3", right)}), start + 301ms);
  backlog_.push(batch({motion("l4", left), motion("r4", right)}), start + 302ms);
  EXPECT_THAT(received(), ElementsAre(with("l2", 2), with("l3", 0), with("r3", 1), with("l4", 0),
                                      with("r4", 0)));
}

TEST_F(BacklogTest, TwoFramesOfOneControllerInOneBatchTellALossOnce) {
  backlog_.push(batch({motion("gone")}), start);
  backlog_.push(batch({edge("x")}), start + 300ms);
  backlog_.push(batch({motion("a"), motion("b")}), start + 301ms);
  EXPECT_THAT(received(), ElementsAre("x", with("a", 2), with("b", 0)));
}

TEST_F(BacklogTest, OtherClientsOfTheSameBatchAreNotTold) {
  Backlog other(bounds_);
  backlog_.push(batch({motion("gone")}), start);
  backlog_.push(batch({edge("x")}), start + 300ms);
  const auto shared = batch({motion("a")});
  backlog_.push(shared, start + 301ms);
  other.push(shared, start + 301ms);
  EXPECT_THAT(received(), ElementsAre("x", with("a", 2)));
  EXPECT_THAT(messages(sent(other)), ElementsAre(with("a", 0)));
}

TEST_F(BacklogTest, WhatALostMessageWouldHaveToldIsNotLost) {
  backlog_.push(batch({motion("1")}), start);
  backlog_.push(batch({edge("x")}), start + 300ms);    // drops 1
  backlog_.push(batch({motion("2")}), start + 301ms);  // tells 2 dropped
  backlog_.push(batch({edge("y")}), start + 600ms);    // drops 2 and what it tells
  backlog_.push(batch({motion("3")}), start + 601ms);
  EXPECT_THAT(received(), ElementsAre("x", "y", with("3", 4)));
}

TEST_F(BacklogTest, LossesAreExactOverALongStall) {
  unsigned samples = 0, told = 0, arrived = 0;
  for (int i = 0; i < 1000; ++i) {
    backlog_.push(batch({motion("m"), edge("e")}), start + i * 11ms);
    samples += 2;
  }
  bounds_.edge_bytes = 1'000'000;
  for (const auto& message : received()) {
    if (message == "e") continue;
    arrived += 2;
    told += static_cast<unsigned>(std::stoul(message.substr(message.rfind(':') + 1)));
  }
  // The last loss is told by the next message, which has not come yet.
  backlog_.push(batch({motion("last", left, 1)}), start + 20s);
  const auto last = received();
  told += static_cast<unsigned>(std::stoul(last[0].substr(last[0].rfind(':') + 1)));
  EXPECT_EQ(arrived + told, samples);
  EXPECT_LT(arrived, 60U);
  EXPECT_GT(arrived, 30U);
}

TEST_F(BacklogTest, EdgesOfADroppedBatchStayInTheirOrder) {
  backlog_.push(batch({edge("press"), motion("m1"), edge("release")}), start);
  backlog_.push(batch({motion("m2")}), start + 1ms);
  backlog_.push(batch({edge("press again")}), start + 300ms);
  EXPECT_THAT(received(), ElementsAre("press", "release", "press again"));
}

TEST_F(BacklogTest, ABatchThatIsPartlySentIsNeverDropped) {
  backlog_.push(batch({motion("first")}), start);
  const std::string begun = sent(backlog_, 3);
  backlog_.push(batch({motion("second")}), start + 1ms);
  backlog_.push(batch({motion("third")}), start + 400ms);
  backlog_.push(batch({motion("fourth")}), start + 401ms);
  EXPECT_THAT(messages(begun + sent(backlog_)),
              ElementsAre(with("first", 0), with("third", 2), with("fourth", 0)));
}

TEST_F(BacklogTest, BytesAreBoundedWhereTimeIsNot) {
  bounds_.motion_bytes = 1000;
  const std::string big(300, 'm');
  for (int i = 0; i < 10; ++i) backlog_.push(batch({motion(big + std::to_string(i))}), start);
  EXPECT_LE(backlog_.bytes(), 1000U);
  const auto all = received();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_THAT(all.back(), testing::StartsWith(big + "9"));
}

TEST_F(BacklogTest, OnlyTheLastTriggerOfALateStretchIsKept) {
  backlog_.push(batch({motion("m1"), trigger("0.1")}), start);
  backlog_.push(batch({motion("m2"), trigger("0.2")}), start + 10ms);
  backlog_.push(batch({motion("m3"), edge("press")}), start + 20ms);
  backlog_.push(batch({edge("x")}), start + 400ms);
  EXPECT_THAT(received(), ElementsAre("0.2", "press", "x"));
}

TEST_F(BacklogTest, TheNewestReplacesWhatWaitsWithLatest) {
  backlog_.push(batch({motion("l1", left, 1), motion("r1", right, 1)}, 7, true), start);
  backlog_.push(batch({motion("l2", left, 1)}, 7, true), start + 1ms);
  backlog_.push(batch({motion("other group", left, 1)}, 8, true), start + 1ms);
  backlog_.push(batch({motion("l3", left, 1)}, 7, true), start + 2ms);
  EXPECT_THAT(received(), ElementsAre(with("r1", 0), with("other group", 0), with("l3", 2)));
}

TEST_F(BacklogTest, EdgesThatDoNotFitAreNoticed) {
  EXPECT_FALSE(backlog_.has_overflowed());
  for (int i = 0; i < 100; ++i) backlog_.push(batch({edge(std::string(50, 'e'))}), start);
  EXPECT_TRUE(backlog_.has_overflowed());
}

TEST_F(BacklogTest, OneMessageOfAnySizeFits) {
  backlog_.push(batch({edge("first")}), start);
  backlog_.push(batch({edge(std::string(50'000, 'e'))}), start);
  backlog_.push(batch({edge(std::string(1'900, 'e'))}), start);
  EXPECT_FALSE(backlog_.has_overflowed());
  backlog_.push(batch({edge(std::string(1'900, 'e'))}), start);
  EXPECT_TRUE(backlog_.has_overflowed());
}

TEST_F(BacklogTest, CutLeavesOnlyWhatIsBegun) {
  backlog_.push(batch({motion("first")}), start);
  const std::string begun = sent(backlog_, 4);
  backlog_.push(batch({motion("second"), edge("e")}), start);
  backlog_.cut();
  backlog_.push(batch({edge("close")}), start);
  EXPECT_THAT(messages(begun + sent(backlog_)), ElementsAre(with("first", 0), "close"));
}

TEST_F(BacklogTest, ForgettingAGroupTakesItsMotionAndItsLossesAway) {
  backlog_.push(batch({motion("gone")}, 1), start);
  backlog_.push(batch({motion("waits"), edge("edge")}, 1), start + 300ms);
  backlog_.forget(1);
  backlog_.push(batch({motion("new group")}, 2), start + 301ms);
  backlog_.push(batch({motion("old number")}, 1), start + 302ms);
  EXPECT_THAT(received(), ElementsAre("edge", with("new group", 0), with("old number", 0)));
}

TEST_F(BacklogTest, LongMessagesKeepTheirHeadRightWhenPatched) {
  // 126 and 65536 are where the head grows; the digit added by `dropped` crosses both.
  for (const std::size_t length : {111U, 112U, 113U, 65521U, 65522U, 65523U}) {
    Backlog backlog(bounds_);
    backlog.push(batch({motion("gone", left, 99)}), start);
    backlog.push(batch({edge("x")}), start + 300ms);
    backlog.push(batch({motion(std::string(length, 'm'))}), start + 301ms);
    EXPECT_THAT(messages(sent(backlog)), ElementsAre("x", with(std::string(length, 'm'), 99)));
  }
}

}  // namespace
}  // namespace psmove::stream
