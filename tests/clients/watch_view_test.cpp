// The pictures of watch as text.

#include "clients/psmovectl/watch_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "canned.hpp"
#include "golden.hpp"

namespace psmove::client {
namespace {

using testing::HasSubstr;
using testing::Not;

WatchFrame plain_frame() {
  WatchFrame frame;
  frame.style = {Colors::none, true, 80};
  frame.server = "localhost:6683";
  return frame;
}

/// `count` controllers that are there, and the one that is away.
WatchModel model_of(int count) {
  std::string list;
  for (int i = 0; i < count; ++i) {
    auto state = canned_left();
    state.address.octets[5] = static_cast<std::uint8_t>(i);
    state.number = i + 1;
    if (i > 0) state.name = "mover " + std::to_string(i + 1);
    if (i > 0) state.newest->orientation = rotation_about(0, 1, 0, 0.4 * i);
    if (i == 1) state.newest->buttons = {};
    list += wire::controller_body(state) + ",";
  }
  auto away = canned_away();
  away.number = count + 1;
  WatchModel model;
  model.apply(parse_message(R"({"type":"snapshot","controllers":[)" + list +
                            wire::controller_body(away) + "]}")
                  .value());
  return model;
}

/// A quarter of a second of motion.
void move(WatchModel& model, const std::string& id) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    Message motion;
    motion.kind = Message::Kind::motion;
    motion.controller_id = id;
    auto sample = canned_sample();
    sample.sequence += 2 * i;
    sample.time_us += static_cast<std::int64_t>(i) * 11'428;
    sample.orientation = rotation_about(0, 0, 1, radians_from_degrees(-60)) *
                         rotation_about(1, 0, 0, radians_from_degrees(15)) *
                         rotation_about(0, 1, 0, radians_from_degrees(25));
    auto second = sample;
    ++second.sequence;
    second.time_us += 5714;
    motion.samples = {sample, second};
    model.apply(motion);
  }
}

void expect_to_fit(const std::vector<std::string>& lines, const WatchFrame& frame) {
  EXPECT_EQ(lines.size(), static_cast<std::size_t>(frame.rows));
  for (const auto& line : lines) EXPECT_LE(display_width(line), frame.style.columns) << line;
}

TEST(WatchViewTest, OneInFull) {
  auto model = model_of(1);
  const auto id = model.controllers()[0].about.id;
  move(model, id);
  auto frame = plain_frame();
  frame.focus = id;
  const auto lines = render_watch(model, frame);
  expect_to_fit(lines, frame);
  expect_golden(lines, "watch_full");
}

TEST(WatchViewTest, OneInFullInAscii) {
  auto model = model_of(1);
  const auto id = model.controllers()[0].about.id;
  move(model, id);
  auto frame = plain_frame();
  frame.focus = id;
  frame.style.utf8 = false;
  const auto lines = render_watch(model, frame);
  expect_to_fit(lines, frame);
  for (const auto& line : lines)
    for (const char c : line) EXPECT_LT(static_cast<unsigned char>(c), 0x80) << line;
  expect_golden(lines, "watch_full_ascii");
}

TEST(WatchViewTest, SeveralCompact) {
  const auto frame = plain_frame();
  const auto lines = render_watch(model_of(3), frame);
  expect_to_fit(lines, frame);
  expect_golden(lines, "watch_several");
}

TEST(WatchViewTest, ManyOnOneLineEach) {
  const auto frame = plain_frame();
  const auto lines = render_watch(model_of(9), frame);
  expect_to_fit(lines, frame);
  expect_golden(lines, "watch_many");
}

TEST(WatchViewTest, MoreThanFitAreCounted) {
  const auto frame = plain_frame();
  const auto lines = render_watch(model_of(29), frame);
  expect_to_fit(lines, frame);
  EXPECT_THAT(lines[21], HasSubstr("and 11 more"));
}

TEST(WatchViewTest, TroubleTakesTheTitlesPlace) {
  auto frame = plain_frame();
  frame.trouble = "psmoved is shutting down; trying again";
  EXPECT_EQ(render_watch(model_of(1), frame).front(), " psmoved is shutting down; trying again");
}

TEST(WatchViewTest, OneThatIsAwayHasNoRate) {
  auto model = model_of(1);
  const auto id = model.controllers()[0].about.id;
  move(model, id);
  Message left;
  left.kind = Message::Kind::controller;
  left.controller_id = id;
  left.event = "left";
  model.apply(left);
  auto frame = plain_frame();
  frame.focus = id;
  const auto lines = render_watch(model, frame);
  EXPECT_THAT(lines[2], HasSubstr("away"));
  EXPECT_THAT(lines[3], HasSubstr("samples none"));
}

TEST(WatchViewTest, ColoursDoNotChangeTheLayout) {
  auto model = model_of(2);
  move(model, model.controllers()[0].about.id);
  for (const auto& focus :
       {std::optional<std::string>(), std::optional(model.controllers()[0].about.id)}) {
    auto frame = plain_frame();
    frame.focus = focus;
    const auto plain = render_watch(model, frame);
    frame.style.colors = Colors::full;
    const auto colored = render_watch(model, frame);
    ASSERT_EQ(plain.size(), colored.size());
    EXPECT_THAT(testing::PrintToString(colored), HasSubstr("48;2;255;0;64"));
  }
}

TEST(WatchViewTest, EverySizeOfTerminalIsFilledAndNotOverflowed) {
  auto model = model_of(3);
  for (const int columns : {1, 10, 40, 60, 72, 79, 81, 100, 200})
    for (const int rows : {1, 2, 3, 5, 10, 19, 20, 23, 30, 60})
      for (const auto& focus :
           {std::optional<std::string>(), std::optional(model.controllers()[0].about.id)}) {
        auto frame = plain_frame();
        frame.rows = rows;
        frame.style.columns = columns;
        frame.focus = focus;
        expect_to_fit(render_watch(model, frame), frame);
      }
}

TEST(WatchViewTest, NamesCannotSteerTheTerminal) {
  auto state = canned_left();
  state.name = "\x1b[2Jevil";
  WatchModel model;
  model.apply(
      parse_message(R"({"type":"snapshot","controllers":[)" + wire::controller_body(state) + "]}")
          .value());
  for (const auto& line : render_watch(model, plain_frame()))
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
}

TEST(WatchViewTest, SamplesHaveALineEach) {
  const auto model = model_of(1);
  EXPECT_EQ(sample_line(model.controllers()[0], plain_frame().style),
            "left hand: heading  90°  pitch    0°  roll    0°  accel   0.02  -0.11   9.79  gyro"
            "   0.50  -1.25   0.01  trigger 0.50  buttons cross move");
}

TEST(WatchViewTest, EventsHaveALineEach) {
  const auto model = model_of(1);
  const auto& id = model.controllers()[0].about.id;
  Message press;
  press.kind = Message::Kind::button;
  press.controller_id = id;
  press.button = "cross";
  press.pressed = true;
  EXPECT_EQ(event_line(model, press, plain_frame().style), "left hand: cross pressed");
}

}  // namespace
}  // namespace psmove::client
