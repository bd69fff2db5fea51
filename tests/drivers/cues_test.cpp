// Cues against controllers whose writes are made by hand: nothing before the instant, everything at
// it, and the truth about each output.

#include "drivers/cues.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
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

TEST_F(CuesTest, WhoeverWaitsForOneIsToldThatItIsTakenBackOrReplaced) {
  const auto later = clock.now_us() + 3'600'000'000;
  std::vector<CueStatus> told;
  const auto tell = [&told](const CueStatus& status) { told.push_back(status); };
  int carried_out = 0;
  cues->on_done([&carried_out](const CueStatus&) { ++carried_out; });
  cues->schedule("x", "websocket 1", later, both_red());
  cues->when_done("x", tell);
  cues->schedule("x", "rest", later, {red(*both[0])});
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].state, CueState::done);
  EXPECT_EQ(told[0].results[1].led->outcome, CueOutcome::superseded);
  cues->when_done("x", tell);
  cues->remove("x");
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].results[0].led->outcome, CueOutcome::removed);
  EXPECT_FALSE(told[1].fired_us);
  EXPECT_EQ(carried_out, 0);
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
  EXPECT_EQ(cues->find("x")->results[0].led->overridden_by,
            (LayerAbove{.owner = "websocket 1", .priority = 5}));
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

TEST_F(CuesTest, AFadeIsAppliedWhenSomethingOfItIsWritten) {
  const LedWish fading{.color = {255, 0, 0}, .fade = 10s};
  for (std::size_t i = 0; i < 2; ++i) write(i);  // they are told that they are dark
  std::vector<CueAction> actions;
  for (const Controller* controller : both)
    actions.push_back({.controller = controller->address(), .led = fading});
  cues->schedule("x", "rest", std::nullopt, actions);
  EXPECT_EQ(outcome(0), CueOutcome::queued) << "at its beginning a fade is what showed before";
  write(0);
  EXPECT_EQ(outcome(0), CueOutcome::queued) << "the same again is nothing of it";
  write(0, 100ms);
  EXPECT_EQ(outcome(0), CueOutcome::applied);
  both[1]->set_rumble("rest", RumbleWish{.value = 9});
  EXPECT_EQ(outcome(1), CueOutcome::queued);
  write(1, 140ms);
  const CueStatus* cue = cues->find("x");
  ASSERT_EQ(cue->state, CueState::done);
  EXPECT_NEAR(static_cast<double>(*cue->skew_us), 40'000, 30'000);
  EXPECT_GT(*cue->results[0].led->applied_us, *cue->fired_us + 50'000);
  // It goes on; what is set beside it does not make it new.
  both[0]->set_led("token below", LedWish{.color = {9, 9, 9}, .priority = -5});
  EXPECT_EQ(both[0]->led_state_for("rest"), OutputState::applied);
}

TEST_F(CuesTest, AnEffectIsAppliedWhenSomethingOfItIsWritten) {
  both[0]->set_led("rest", LedWish{.color = {255, 0, 0}});
  write(0);
  auto action = red(*both[0]);
  action.led->effect = Effect::pulse;
  cues->schedule("x", "rest", std::nullopt, {action});
  EXPECT_EQ(outcome(0), CueOutcome::queued);
  write(0, 300ms);
  EXPECT_EQ(outcome(0), CueOutcome::applied);
}

TEST_F(CuesTest, WhatIsSetWhileAReportIsOnItsWayIsNotInIt) {
  const auto now = SteadyClock::now();
  const auto dark = both[0]->wanted_outputs(now);
  cues->schedule("x", "rest", std::nullopt, {red(*both[0])});
  both[0]->outputs_written(dark, now);
  EXPECT_EQ(outcome(0), CueOutcome::queued);
  write(0);
  EXPECT_EQ(outcome(0), CueOutcome::applied);
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
    ASSERT_EQ(cues->schedule("later " + std::to_string(i), i % 2 == 0 ? "websocket 1" : "token a",
                             later, both_red()),
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

TEST_F(CuesTest, OneOwnerLeavesRoomForOthers) {
  const auto later = clock.now_us() + 3'600'000'000;
  for (std::size_t i = 0; i < Cues::most_of_one_owner; ++i)
    ASSERT_EQ(cues->plan("websocket 1", later, both_red()).scheduling, Cues::Scheduling::done);
  const auto refused = cues->plan("websocket 1", later, both_red());
  EXPECT_EQ(refused.scheduling, Cues::Scheduling::owner_full);
  EXPECT_EQ(refused.cue, nullptr);
  const auto others = cues->plan("rest", later, both_red());
  EXPECT_EQ(others.scheduling, Cues::Scheduling::done);
  ASSERT_NE(others.cue, nullptr);
  EXPECT_TRUE(others.cue->id.starts_with(Cues::reserved_prefix));
}

// ---- without a cue

TEST_F(CuesTest, WhatIsSetAtOnceIsFollowedForAsLongAsSomebodyCares) {
  std::vector<CueOutcome> told;
  const auto tell = [&told](const CueStatus& status) {
    told.push_back(status.results[0].led->outcome);
  };
  auto first = cues->set("rest", {red(*both[0])}, tell);
  EXPECT_EQ(first->results[0].led->outcome, CueOutcome::queued);
  EXPECT_THAT(cues->all(), testing::IsEmpty()) << "it is no cue";
  const CueAction green{.controller = both[0]->address(), .led = LedWish{.color = {0, 255, 0}}};
  auto second = cues->set("rest", {green}, tell);
  EXPECT_THAT(told, testing::ElementsAre(CueOutcome::superseded));
  write(0);
  EXPECT_THAT(told, testing::ElementsAre(CueOutcome::superseded, CueOutcome::applied));
  EXPECT_EQ(second->results[0].led->applied_us, both[0]->written_us());
  EXPECT_EQ(first->results[0].led->outcome, CueOutcome::superseded) << "that stays so";
  EXPECT_EQ(cues->followed(), 0U);

  auto third = cues->set("rest", {red(*both[0])}, tell);
  EXPECT_EQ(cues->followed(), 1U);
  third.reset();
  EXPECT_EQ(cues->followed(), 0U);
  write(0);
  EXPECT_EQ(told.size(), 2U) << "nobody is told any more";
}

TEST_F(CuesTest, TheEndOfALayerIsFollowedToo) {
  both[0]->set_led("rest", LedWish{.color = {255, 0, 0}});
  write(0);
  const CueAction clear{.controller = both[0]->address(), .clear_led = true};
  const auto cleared = cues->set("rest", {clear});
  EXPECT_EQ(cleared->results[0].led->outcome, CueOutcome::queued);
  write(0);
  EXPECT_EQ(cleared->results[0].led->outcome, CueOutcome::applied);
  EXPECT_EQ(cues->set("rest", {clear})->state, CueState::done) << "there is nothing to end";
  EXPECT_EQ(wanted(0), Rgb{});
}

}  // namespace
}  // namespace psmove::drivers
