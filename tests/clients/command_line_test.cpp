// Whole commands: what is asked of the daemon, what is printed, and the exit status.

#include "clients/psmovectl/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "canned.hpp"
#include "test_server.hpp"

namespace psmove::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Run {
  ExitCode code;
  std::string out, err;
};

Run run(const ServerUrl& url, std::vector<std::string> arguments) {
  std::ostringstream out, err;
  Context context(out, err, {Colors::none, true, 80});
  arguments.insert(arguments.begin(), {"--url", url.text()});
  const auto code = run_command_line(std::move(arguments), context);
  return {code, out.str(), err.str()};
}

std::map<std::string, CannedAnswer> two_controllers() {
  return {{"GET /api/v1/controllers", {200, canned_list()}},
          {"GET /api/v1/controllers/1", {200, wire::controller_body(canned_left())}}};
}

TEST(CommandLineTest, ListPrintsATable) {
  CannedDaemon daemon(two_controllers());
  const auto result = run(daemon.url(), {"list"});
  EXPECT_EQ(result.code, ExitCode::ok);
  EXPECT_THAT(result.out, HasSubstr("left hand"));
}

TEST(CommandLineTest, JsonIsWhatTheDaemonSaid) {
  CannedDaemon daemon(two_controllers());
  EXPECT_EQ(run(daemon.url(), {"list", "--json"}).out, canned_list() + "\n");
  EXPECT_EQ(run(daemon.url(), {"--json", "show", "1"}).out,
            wire::controller_body(canned_left()) + "\n");
}

TEST(CommandLineTest, LedTakesEveryColourAndTime) {
  CannedDaemon daemon(
      {{"PUT /api/v1/controllers/left%20hand/led", {200, wire::led_body(canned_left().led)}}});
  const auto result = run(daemon.url(), {"led", "left hand", "255", "0", "64", "--fade", "500ms",
                                         "--for", "2s", "--effect", "pulse", "--period", "1s"});
  EXPECT_EQ(result.code, ExitCode::ok);
  EXPECT_EQ(result.out, "left hand: #ff0040, applied\n");
  EXPECT_THAT(daemon.requests(),
              ElementsAre(HasSubstr(R"({"blue":64,"effect":"pulse","fade_ms":500,"for_ms":2000,)"
                                    R"("green":0,"period_ms":1000,"red":255})")));
}

TEST(CommandLineTest, ClearGivesTheLightBack) {
  CannedDaemon daemon({{"DELETE /api/v1/controllers/1/led", {200, wire::led_body({})}}});
  EXPECT_EQ(run(daemon.url(), {"led", "1", "clear"}).code, ExitCode::ok);
}

TEST(CommandLineTest, AllNamesEachController) {
  CannedDaemon daemon(
      {{"PUT /api/v1/controllers/all/rumble",
        {200, "[" + wire::rumble_result(canned_left().address, canned_left().rumble) + "]"}},
       {"GET /api/v1/controllers", {200, canned_list()}}});
  const auto result = run(daemon.url(), {"rumble", "all", "120", "--for", "500ms"});
  EXPECT_EQ(result.out, "left hand: rumble 120, queued: it is on its way to the controller\n");
}

TEST(CommandLineTest, AllWithNobodyConnectedSaysSo) {
  CannedDaemon daemon(
      {{"PUT /api/v1/controllers/all/led", {200, "[]"}}, {"GET /api/v1/controllers", {200, "[]"}}});
  EXPECT_EQ(run(daemon.url(), {"led", "all", "red"}).out, "no controller is connected\n");
}

TEST(CommandLineTest, CompanionNamesBothAndNonePartsThem) {
  auto left = canned_left();
  left.companion = canned_away().address;
  CannedDaemon daemon({{"PATCH /api/v1/controllers/1", {200, wire::controller_body(left)}},
                       {"GET /api/v1/controllers", {200, canned_list()}}});
  EXPECT_EQ(run(daemon.url(), {"companion", "1", "2"}).out,
            "left hand and controller 2 belong together now\n");
  EXPECT_EQ(run(daemon.url(), {"companion", "1", "none"}).out, "left hand has no companion now\n");
  EXPECT_THAT(daemon.requests(), ElementsAre(HasSubstr(R"({"companion":"2"})"), testing::_,
                                             HasSubstr(R"({"companion":null})")));
}

TEST(CommandLineTest, PwmShowsAndSetsTheFrequency) {
  CannedDaemon daemon(
      {{"GET /api/v1/controllers/1/led/pwm", {200, R"({"frequency_hz":188000,"set":false})"}},
       {"PUT /api/v1/controllers/1/led/pwm", {200, R"({"frequency_hz":20000,"set":true})"}}});
  EXPECT_EQ(run(daemon.url(), {"pwm", "1"}).out, "1: about 188000 Hz, as it is until it is set\n");
  EXPECT_EQ(run(daemon.url(), {"pwm", "1", "20000"}).out, "1: 20000 Hz\n");
  EXPECT_THAT(daemon.requests(), ElementsAre(testing::_, HasSubstr(R"({"frequency_hz":20000})")));
}

TEST(CommandLineTest, PwmOfAllLeavesOutThoseThatCannot) {
  auto left = canned_left();
  left.capabilities.led_pwm = true;
  CannedDaemon daemon({{"GET /api/v1/controllers",
                        {200, "[" + wire::controller_body(left) + "," +
                                  wire::controller_body(canned_away()) + "]"}},
                       {"GET /api/v1/controllers/00:06:f7:16:2a:3b/led/pwm",
                        {200, R"({"frequency_hz":20000,"set":true})"}}});
  EXPECT_EQ(run(daemon.url(), {"pwm", "all"}).out, "left hand: 20000 Hz\n");
}

TEST(CommandLineTest, ExtensionShowsDeviceAndControls) {
  auto left = canned_left();
  left.extension = Extension{ExtensionDevice::sharp_shooter, std::uint16_t{0x8081}};
  left.newest->extension = SharpShooter{2, false, true, false};
  CannedDaemon daemon({{"GET /api/v1/controllers/1", {200, wire::controller_body(left)}}});
  EXPECT_EQ(run(daemon.url(), {"extension", "1"}).out,
            "left hand\n"
            "  extension       sharp_shooter\n"
            "  controls        weapon 2, trigger no, reload yes, pump no\n");
  CannedDaemon bare({{"GET /api/v1/controllers/1", {200, wire::controller_body(canned_left())}}});
  EXPECT_EQ(run(bare.url(), {"extension", "1"}).out, "left hand\n  extension       nothing\n");
}

TEST(CommandLineTest, ExtensionRumbleRunsTheWheelsMotors) {
  const auto wheel = R"({"left":80,"right":200,"state":"applied","until_us":1})";
  CannedDaemon daemon({{"PUT /api/v1/controllers/1/extension/rumble", {200, wheel}},
                       {"DELETE /api/v1/controllers/1/extension/rumble",
                        {200, R"({"left":0,"right":0,"state":"off","until_us":null})"}}});
  EXPECT_EQ(run(daemon.url(), {"extension", "1", "rumble", "80", "200", "--for", "500ms"}).out,
            "1: wheel left 80, right 200, applied\n");
  EXPECT_EQ(run(daemon.url(), {"extension", "1", "rumble", "off"}).out,
            "1: wheel left 0, right 0, off\n");
  EXPECT_THAT(daemon.requests(),
              ElementsAre(HasSubstr(R"({"for_ms":500,"left":80,"right":200})"), testing::_));
}

TEST(CommandLineTest, DiagnosticsAreInWords) {
  CannedDaemon daemon(
      {{"GET /api/v1/controllers/1/diagnostics",
        {200, R"({"read_us":1,"firmware":{"version":"2.20","revision":1829,"bluetooth_version":3},)"
              R"("power":null,"host_address":"00:1b:dc:00:00:01"})"}}});
  EXPECT_EQ(run(daemon.url(), {"diagnostics", "1"}).out,
            "1\n"
            "  firmware        2.20 rev 1829, Bluetooth module version 3\n"
            "  power           did not answer\n"
            "  calls           00:1b:dc:00:00:01\n");
}

TEST(CommandLineTest, SimSendsWhatIsPluggedIn) {
  CannedDaemon daemon({{"PATCH /api/v1/controllers/1/simulation", {200, "{}"}}});
  run(daemon.url(), {"sim", "1", "extension=sharp_shooter", "controls=weapon:2,reload:yes"});
  run(daemon.url(), {"sim", "1", "extension=none", "stick=0.5,-1", "pressures=l1:0.5"});
  EXPECT_THAT(
      daemon.requests(),
      ElementsAre(
          HasSubstr(R"({"controls":{"reload":true,"weapon":2},)"
                    R"("extension":"sharp_shooter"})"),
          HasSubstr(R"({"extension":null,"pressures":{"l1":0.5},"stick":{"x":0.5,"y":-1.0}})")));
}

TEST(CommandLineTest, UnknownControllerListsThoseThereAre) {
  CannedDaemon daemon(two_controllers());
  const auto result = run(daemon.url(), {"show", "9"});
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.err, HasSubstr("psmovectl: There is no controller 9 (unknown_controller)\n"));
  EXPECT_THAT(result.err, HasSubstr("there are 1 (left hand), 2 (00:06:f7:00:00:02)\n"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(CommandLineTest, RefusalInJsonIsTheProblemItself) {
  CannedDaemon daemon(two_controllers());
  const auto result = run(daemon.url(), {"show", "9", "--json"});
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.out, HasSubstr(R"("code":"unknown_controller")"));
}

TEST(CommandLineTest, TheLastUrlIsTaken) {
  CannedDaemon daemon(two_controllers());
  EXPECT_EQ(run(nobody(), {"list", "--url", daemon.url().text()}).code, ExitCode::ok);
}

TEST(CommandLineTest, NobodyThereEndsWithThree) {
  const auto url = nobody();
  const std::vector<std::vector<std::string>> commands = {{"list"},
                                                          {"show", "1"},
                                                          {"watch"},
                                                          {"led", "1", "red"},
                                                          {"rumble", "1", "0"},
                                                          {"sim", "1"},
                                                          {"name", "1", "x"},
                                                          {"forget", "1"},
                                                          {"reset", "1"},
                                                          {"status"},
                                                          {"pwm", "1"},
                                                          {"companion", "1", "2"},
                                                          {"extension", "1"},
                                                          {"diagnostics", "1"}};
  for (const auto& command : commands) {
    const auto result = run(url, command);
    EXPECT_EQ(result.code, ExitCode::unreachable) << command.front();
    EXPECT_THAT(result.err, HasSubstr("psmoved is not running at")) << command.front();
  }
}

TEST(CommandLineTest, UsageErrorsEndWithTwoAndAskNobody) {
  CannedDaemon daemon({});
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{"lsit"}, "there is no verb 'lsit': use one of list, show"},
      {{"led"}, "WHICH"},
      {{"led", "1"}, "a colour is missing"},
      {{"led", "1", "reddish"}, "'reddish' is not a colour"},
      {{"led", "1", "red", "--fade", "500"}, "like 500ms"},
      {{"led", "1", "red", "--effect", "glow"}, "use one of none, blink, pulse"},
      {{"led", "1", "red", "--period", "1s"}, "--period belongs to an --effect"},
      {{"led", "1", "red", "--fad", "1s"}, "--fad"},
      {{"rumble", "1"}, "VALUE"},
      {{"rumble", "1", "300"}, "use 0 to 255"},
      {{"sim", "1", "wave"}, "KEY=VALUE"},
      {{"name", "all", "x"}, "one controller"},
      {{"companion", "1"}, "OTHER"},
      {{"companion", "all", "2"}, "name both"},
      {{"companion", "1", ""}, "or none"},
      {{"pwm", "1", "fast"}, "733 to 24000000"},
      {{"extension", "1", "buzz"}, "rumble LEFT [RIGHT]"},
      {{"extension", "1", "rumble"}, "0 to 255"},
      {{"extension", "1", "rumble", "300"}, "use 0 to 255"},
      {{"extension", "1", "--for", "1s"}, "--for belongs to rumble"},
      {{"sim", "1", "stick=up"}, "stick=0.5,-1"},
      {{"forget", "all"}, "one by one"},
      {{"show", ""}, "WHICH"},
      {{"watch", "--rate", "0"}, "--rate"},
      {{"list", "--url", "ftp://x"}, "http:// or https://"},
      {{"list", "--fingerprint", "AB:CD"}, "64 hexadecimal"},
  };
  for (const auto& [arguments, expected] : mistakes) {
    const auto result = run(daemon.url(), arguments);
    EXPECT_EQ(result.code, ExitCode::usage) << arguments.front();
    EXPECT_THAT(result.err, HasSubstr(expected));
  }
  EXPECT_THAT(daemon.requests(), IsEmpty());
}

TEST(CommandLineTest, HelpAndVersionAreNoErrors) {
  for (const auto* argument : {"--help", "--version"})
    EXPECT_EQ(run({}, {argument}).code, ExitCode::ok);
  EXPECT_THAT(run({}, {"led", "--help"}).out, HasSubstr("psmovectl led left hotpink"));
}

TEST(CommandLineTest, AllIsExpandedWhereTheDaemonTakesOne) {
  CannedDaemon daemon(
      {{"GET /api/v1/controllers", {200, canned_list()}},
       {"POST /api/v1/controllers/00:06:f7:16:2a:3b/orientation/reset", {200, "{}"}}});
  const auto result = run(daemon.url(), {"reset", "all"});
  EXPECT_EQ(result.code, ExitCode::ok);
  EXPECT_THAT(result.out, HasSubstr("forward is where it points now"));
}

std::map<std::string, CannedAnswer> status_answers() {
  return {
      {"GET /api/v1",
       {200, R"({"version":"0.1.0","host":"stage","uptime_s":3725.5,"limits":{"connections":1024},)"
             R"("clients":{"connections":5,"websockets":2,"event_streams":1,"subscriptions":7,)"
             R"("dropped_samples":0},"log":{"errors":0,"warnings":0}})"}},
      {"GET /readyz", {200, R"({"status":"ready"})"}},
      {"GET /api/v1/controllers", {200, canned_list()}},
      {"GET /api/v1/adapters",
       {503, R"({"code":"no_bluetooth","detail":"psmoved was started without hardware."})"}},
      {"GET /api/v1/pairing", {200, "[]"}}};
}

TEST(CommandLineTest, StatusIsOneScreenAndEndsWithZeroWhereItIsReady) {
  CannedDaemon daemon(status_answers());
  const auto result = run(daemon.url(), {"status"});
  EXPECT_EQ(result.code, ExitCode::ok) << result.err;
  EXPECT_THAT(result.out, HasSubstr("psmoved 0.1.0 at " + daemon.url().text() + "\n"));
  EXPECT_THAT(result.out, HasSubstr("  ready, up 1 h 2 min, on stage\n"));
  EXPECT_THAT(result.out, HasSubstr("left hand"));
  EXPECT_THAT(result.out, HasSubstr("  psmoved was started without hardware\n"));
  EXPECT_THAT(result.out,
              HasSubstr("  5 connections of 1024: 2 WebSockets, 1 reader of events; 7"));
}

TEST(CommandLineTest, StatusEndsWithFourWhereItIsNotReady) {
  auto answers = status_answers();
  answers["GET /readyz"] = {503, R"({"status":"not ready","reason":"psmoved is stopping."})"};
  CannedDaemon daemon(answers);
  const auto result = run(daemon.url(), {"status"});
  EXPECT_EQ(result.code, ExitCode::not_ready) << result.err;
  EXPECT_THAT(result.out, HasSubstr("  not ready: psmoved is stopping.\n"));
  const auto in_json = run(daemon.url(), {"status", "--json"});
  EXPECT_EQ(in_json.code, ExitCode::not_ready);
  EXPECT_THAT(in_json.out, HasSubstr(R"("readiness":{"status":"not ready")"));
}

TEST(CommandLineTest, StatusInJsonIsOneObjectOfWhatWasSaid) {
  auto answers = status_answers();
  CannedDaemon daemon(answers);
  EXPECT_EQ(run(daemon.url(), {"status", "--json"}).out,
            R"({"daemon":)" + answers["GET /api/v1"].body +
                R"(,"readiness":{"status":"ready"},"controllers":)" + canned_list() +
                R"(,"adapters":null,"pairing":[]})" + "\n");
}

TEST(CommandLineTest, StatusOfSomethingElseSaysSo) {
  CannedDaemon daemon({{"GET /api/v1", {200, "[]"}}});
  EXPECT_EQ(run(daemon.url(), {"status"}).code, ExitCode::unreachable);
}

/// One WebSocket conversation in lines, until the daemon goes away and is not there any more.
TEST(CommandLineTest, WatchInJsonPrintsOneMessagePerLine) {
  const TestServer server([](TestConnection& connection) {
    connection.upgrade();
    const auto request = connection.receive_frame().payload;
    connection.send_frame(stream::Opcode::text, R"({"type":"hello"})");
    connection.send_frame(stream::Opcode::text,
                          R"({"type":"error","to":"watch","code":"unknown_controller",)"
                          R"("detail":"There is no controller 9."})");
    while (!connection.receive().empty()) continue;
  });
  const auto result = run(server.url(), {"watch", "9", "--json"});
  EXPECT_EQ(result.code, ExitCode::refused);
  EXPECT_THAT(result.out, HasSubstr("{\"type\":\"hello\"}\n{\"type\":\"error\""));
  EXPECT_THAT(result.err, HasSubstr("There is no controller 9"));
  EXPECT_THAT(result.out, Not(HasSubstr("hand")));
}

}  // namespace
}  // namespace psmove::client
