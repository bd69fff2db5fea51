// Cues against controllers whose writes are made by hand: nothing before the instant, everything at
// it, and the truth about each output.

#include "drivers/cues.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "drivers/controller.hpp"
#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

class CuesTest : public testing::Test {
 protected:
  CuesTest() {
    for (std::uint8_t i = 1; i <= 2; ++i) {
      auto& controller =
          roster.get_or_add(Address{{0, 6, 0xF7, 0, 0, i}}, *find_model("zcm1"), Source::simulated);
      controller.link_up({}, Source::simulated);
      both.push_back(&controller);
    }
    cues->start(io);
    io.poll();
  }
  ~CuesTest() override {
    cues->stop();
    io.restart();
    io.run();
  }

  static CueAction red(const Controller& controller) {
    return {.controller = controller.address(), .led = LedWish{.color = {255, 0, 0}}};
  }
  [[nodiscard]] std::vector<CueAction> both_red() const { return {red(*both[0]), red(*both[1])}; }
  [[nodiscard]] Rgb wanted(std::size_t i) const {
    return both[i]->wanted_outputs(SteadyClock::now()).led;
  }
  void write(std::size_t i, std::chrono::microseconds later = 0us) const {
    const auto when = SteadyClock::now() + later;
    both[i]->outputs_written(both[i]->wanted_outputs(when), when);
  }
  [[nodiscard]] CueOutcome outcome(std::size_t i) const {
    return cues->find("x")->results[i].led->outcome;
  }
  void run_for(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }

  boost::asio::io_context io;
  UnixClock clock;
  Roster roster{clock};
  std::vector<Controller*> both;
  std::shared_ptr<Cues> cues = std::make_shared<Cues>(roster, clock);
};

TEST_F(CuesTest, WithoutAnInstantItIsCarriedOutAtOnceAndDoneWhenAllIsWritten) {
  ASSERT_EQ(cues->schedule("x", "rest", std::nullopt, both_red()), Cues::Scheduling::done);
  EXPECT_EQ(wanted(0), (Rgb{255, 0, 0}));
  EXPECT_EQ(wanted(1), (Rgb{255, 0, 0}));
  const CueStatus* cue = cues->find("x");
  EXPECT_EQ(cue->state, CueState::writing);
  EXPECT_EQ(outcome(0), CueOutcome::queued);
  write(0);
  EXPECT_EQ(outcome(0), CueOutcome::applied);
  EXPECT_EQ(cue->state, CueState::writing);
  EXPECT_FALSE(cue->skew_us);
  write(1, 3ms);
  EXPECT_EQ(cue->state, CueState::done);
  ASSERT_TRUE(cue->skew_us);
  EXPECT_NEAR(static_cast<double>(*cue->skew_us), 3000, 2500);
  EXPECT_EQ(*cue->skew_us, *cue->results[1].led->applied_us - *cue->results[0].led->applied_us);
}

TEST_F(CuesTest, NothingHappensBeforeItsInstantAndEverythingAtIt) {
  const auto at_us = clock.now_us() + 50'000;
  cues->schedule("x", "rest", at_us, both_red());
  run_for(10ms);
  EXPECT_EQ(cues->find("x")->state, CueState::waiting);
  EXPECT_EQ(wanted(0), Rgb{});
  EXPECT_EQ(wanted(1), Rgb{});
  for (int i = 0; i < 200 && cues->find("x")->state == CueState::waiting; ++i) run_for(10ms);
  EXPECT_EQ(wanted(0), (Rgb{255, 0, 0}));
  EXPECT_EQ(wanted(1), (Rgb{255, 0, 0}));
  EXPECT_GE(*cues->find("x")->fired_us, at_us);
}

TEST_F(CuesTest, OneInThePastIsCarriedOutNow) {
  cues->schedule("x", "rest", clock.now_us() - 1'000'000, both_red());
  EXPECT_EQ(cues->find("x")->state, CueState::writing);
}

TEST_F(CuesTest, OneThatWaitsCanBeTakenBackAndReplaced) {
  cues->schedule("x", "rest", clock.now_us() + 20'000, both_red());
  EXPECT_EQ(cues->remove("x"), Cues::Removal::done);
  EXPECT_EQ(cues->remove("x"), Cues::Removal::unknown);
  EXPECT_EQ(cues->find("x"), nullptr);
  cues->schedule("x", "rest", clock.now_us() + 20'000, both_red());
  cues->schedule("x", "rest", clock.now_us() + 3'600'000'000, {red(*both[0])});
  run_for(60ms);
  EXPECT_EQ(wanted(0), Rgb{});
  EXPECT_EQ(cues->all().size(), 1U);
}

TEST_F(CuesTest, WhatAnOwnerHasWaitingGoesWithIt) {
  cues->schedule("x", "token phone", clock.now_us() + 20'000, both_red());
  cues->schedule("y", "rest", clock.now_us() + 3'600'000'000, both_red());
  cues->release("token phone");
  EXPECT_EQ(cues->find("x"), nullptr);
  EXPECT_NE(cues->find("y"), nullptr);
  run_for(60ms);
  EXPECT_EQ(wanted(0), Rgb{});
}

TEST_F(CuesTest, OneThatIsBeingWrittenIsLeftAlone) {
  cues->schedule("x", "rest", std::nullopt, both_red());
  EXPECT_EQ(cues->schedule("x", "rest", std::nullopt, both_red()), Cues::Scheduling::writing);
  EXPECT_EQ(cues->remove("x"), Cues::Removal::writing);
}

TEST_F(CuesTest, WhatBecameOfEachOutputIsTold) {
  LedWish above{.color = {0, 0, 255}};
  above.priority = 5;
  both[0]->set_led("websocket 1", above);
  cues->schedule("x", "rest", std::nullopt, both_red());
  EXPECT_EQ(outcome(0), CueOutcome::overridden);
  both[1]->set_led("rest", LedWish{.color = {0, 255, 0}});
  EXPECT_EQ(outcome(1), CueOutcome::superseded);
  EXPECT_EQ(cues->find("x")->state, CueState::done);
  EXPECT_FALSE(cues->find("x")->skew_us) << "nothing of it was written";
}

TEST_F(CuesTest, WhatShowsAlreadyNeedsNoWrite) {
  both[0]->set_led("rest", LedWish{.color = {255, 0, 0}});
  write(0);
  cues->schedule("x", "rest", std::nullopt, {red(*both[0])});
  EXPECT_EQ(cues->find("x")->state, CueState::done);
  EXPECT_EQ(outcome(0), CueOutcome::applied);
  EXPECT_EQ(cues->find("x")->results[0].led->applied_us, cues->find("x")->fired_us);
}

TEST_F(CuesTest, AControllerThatLeavesIsAwayAndTheOthersGoOn) {
  cues->schedule("x", "rest", std::nullopt, both_red());
  both[0]->link_down({});
  EXPECT_EQ(outcome(0), CueOutcome::away);
  write(1);
  EXPECT_EQ(cues->find("x")->state, CueState::done);
  cues->schedule("y", "rest", std::nullopt, both_red());
  EXPECT_EQ(cues->find("y")->results[0].led->outcome, CueOutcome::away);
}

TEST_F(CuesTest, LightAndMotorOfOneControllerAreBothFollowed) {
  auto action = red(*both[0]);
  action.rumble = RumbleWish{.value = 100};
  cues->schedule("x", "rest", std::nullopt, {action});
  EXPECT_EQ(cues->find("x")->results[0].rumble->outcome, CueOutcome::queued);
  write(0);
  EXPECT_EQ(cues->find("x")->results[0].rumble->outcome, CueOutcome::applied);
  EXPECT_EQ(cues->find("x")->state, CueState::done);
  EXPECT_FALSE(cues->find("x")->results.empty());
}

TEST_F(CuesTest, BothThoseThatWaitAndThoseThatAreOverAreBounded) {
  const auto later = clock.now_us() + 3'600'000'000;
  for (std::size_t i = 0; i < Cues::most_pending; ++i)
    ASSERT_EQ(cues->schedule("later " + std::to_string(i), "rest", later, both_red()),
              Cues::Scheduling::done);
  EXPECT_EQ(cues->schedule("x", "rest", later, both_red()), Cues::Scheduling::full);
  EXPECT_EQ(cues->find("x"), nullptr);
  EXPECT_EQ(cues->schedule("later 1", "rest", later, both_red()), Cues::Scheduling::done)
      << "one is replaced, none is added";
  cues->remove("later 0");
  for (std::size_t i = 0; i < 2 * Cues::most_kept; ++i) {
    cues->schedule("now " + std::to_string(i), "rest", std::nullopt, {});
    ASSERT_LE(cues->all().size(), Cues::most_kept);
  }
  EXPECT_NE(cues->find("later 1"), nullptr) << "what waits is never forgotten";
}

}  // namespace
}  // namespace psmove::drivers
