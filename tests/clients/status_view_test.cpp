// A daemon on one screen.
#include "clients/psmovectl/status_view.hpp"

#include <gtest/gtest.h>

#include "canned.hpp"
#include "golden.hpp"

namespace psmove::client {
namespace {

StatusPicture busy() {
  StatusPicture picture;
  picture.server = "http://localhost:6683";
  picture.daemon = *parse_daemon(
      R"({"version":"0.1.0","host":"stage","uptime_s":190000,"limits":{"connections":1024},)"
      R"("clients":{"connections":5,"websockets":2,"event_streams":1,"subscriptions":7,)"
      R"("dropped_samples":120},"log":{"errors":1,"warnings":2}})");
  picture.controllers = *parse_controllers(canned_list());
  picture.adapters = {
      {{.address = "aa:bb:cc:dd:ee:ff", .name = "hci0", .powered = true, .controllers = 1},
       {.address = "aa:bb:cc:dd:ee:00", .name = "hci1"}}};
  picture.pairings = *parse_pairings(
      R"([{"controller":"00:06:f7:00:00:03","number":3,"name":null,"state":"press_ps",)"
      R"("next":"Unplug it, then press its PS button."}])");
  return picture;
}

TEST(StatusView, ShowsAllThereIs) {
  expect_golden(render_status(busy(), {Colors::none, true, 80}), "status_busy");
}

TEST(StatusView, SaysWhatIsMissing) {
  StatusPicture picture;
  picture.server = "http://stage:80";
  picture.daemon = {.version = "0.1.0", .host = {}, .uptime_s = 0.2};
  picture.waits_for = "psmoved is stopping.";
  picture.why_no_adapters = "bluetoothd does not run.";
  expect_golden(render_status(picture, {Colors::none, false, 80}), "status_empty");
}

TEST(StatusView, NoLineIsWiderThanTheTerminalAndNothingFromElsewhereMovesTheCursor) {
  auto picture = busy();
  picture.controllers[0].name = "\x1b[2Jleft \xe5\xb7\xa6\xe6\x89\x8b and a very long name indeed";
  picture.waits_for = std::string(200, 'x');
  for (const int columns : {40, 60, 80, 200})
    for (const auto& line : render_status(picture, {Colors::none, true, columns})) {
      EXPECT_LE(display_width(line), std::max(columns, 40)) << line;
      EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
    }
}

TEST(StatusView, DurationsAreRounded) {
  EXPECT_EQ(duration_text(0.9), "0 s");
  EXPECT_EQ(duration_text(185), "3 min 5 s");
  EXPECT_EQ(duration_text(11'530), "3 h 12 min");
  EXPECT_EQ(duration_text(190'000), "2 d 4 h");
  EXPECT_EQ(duration_text(-1), "0 s");
}

}  // namespace
}  // namespace psmove::client
