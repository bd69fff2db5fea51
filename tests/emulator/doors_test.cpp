// The emulated controllers behind uhid, with the test playing kernel on a socket that keeps message
// boundaries as the device node does.

#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "emulator/fleet.hpp"
#include "emulator/wire.hpp"

namespace psmove::emulator {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Time start{};

/// The kernel's end of a door.
class Kernel {
 public:
  Kernel() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::system_error(errno, std::generic_category());
    mine_ = FileDescriptor(ends[0]);
    theirs_ = FileDescriptor(ends[1]);
  }
  Uhid door() { return Uhid(std::move(theirs_)); }

  void say(std::uint32_t type) {
    uhid_event event{};
    event.type = type;
    put(event);
  }
  void output(const std::vector<std::uint8_t>& report) {
    uhid_event event{};
    event.type = UHID_OUTPUT;
    std::memcpy(event.u.output.data, report.data(), report.size());
    event.u.output.size = static_cast<__u16>(report.size());
    event.u.output.rtype = UHID_OUTPUT_REPORT;
    put(event);
  }
  void ask_for(std::uint8_t id, std::uint32_t request, std::uint8_t type = UHID_FEATURE_REPORT) {
    uhid_event event{};
    event.type = UHID_GET_REPORT;
    event.u.get_report.id = request;
    event.u.get_report.rnum = id;
    event.u.get_report.rtype = type;
    put(event);
  }
  void set(const std::vector<std::uint8_t>& report, std::uint32_t request,
           std::uint8_t type = UHID_FEATURE_REPORT) {
    uhid_event event{};
    event.type = UHID_SET_REPORT;
    event.u.set_report.id = request;
    event.u.set_report.rnum = report.at(0);
    event.u.set_report.rtype = type;
    event.u.set_report.size = static_cast<__u16>(report.size());
    std::memcpy(event.u.set_report.data, report.data(), report.size());
    put(event);
  }

  /// The next thing the device wrote, if any.
  std::optional<uhid_event> heard() {
    uhid_event event{};
    if (::read(mine_.get(), &event, sizeof event) <= 0) return std::nullopt;
    return event;
  }
  /// The next input reports; anything else fails the test.
  std::vector<std::vector<std::uint8_t>> reports() {
    std::vector<std::vector<std::uint8_t>> result;
    while (const auto event = heard()) {
      EXPECT_EQ(event->type, std::uint32_t{UHID_INPUT2});
      const auto& input = event->u.input2;
      result.emplace_back(input.data, input.data + input.size);
    }
    return result;
  }

 private:
  void put(const uhid_event& event) {
    ASSERT_EQ(::write(mine_.get(), &event, sizeof event), static_cast<ssize_t>(sizeof event));
  }
  FileDescriptor mine_, theirs_;
};

DeviceSpec spec(std::string_view item) {
  auto list = parse_device_list(item, DeviceKeys::emulated);
  EXPECT_EQ(list.error, "");
  return list.devices.at(0);
}

/// One plugged-in controller whose creation the kernel has seen.
struct Plugged {
  explicit Plugged(std::string_view item, double phase = 0)
      : device(spec(item), {kernel.door(), {}, nullptr}, phase, log, start) {
    device.plug(start);
    created = kernel.heard();
  }
  json state(Time now) { return json::parse(device.state_json(now, 1)); }

  EventLog log{start};
  Kernel kernel;
  Device device;
  std::optional<uhid_event> created;
};

std::string text(const __u8* field) {
  return reinterpret_cast<const char*>(field);
}

TEST(UhidDevice, IntroducesItselfAsABluetoothControllerDoes) {
  Plugged p("zcm1:address=00-06-f7-16-2a-3b:host=aa-bb-cc-dd-ee-ff");
  ASSERT_TRUE(p.created);
  const auto& create = p.created->u.create2;
  EXPECT_EQ(p.created->type, std::uint32_t{UHID_CREATE2});
  EXPECT_EQ(text(create.name), "Motion Controller");
  EXPECT_EQ(text(create.phys), "aa:bb:cc:dd:ee:ff");
  EXPECT_EQ(text(create.uniq), "00:06:f7:16:2a:3b");
  EXPECT_EQ(create.bus, BUS_BLUETOOTH);
  EXPECT_EQ(create.vendor, 0x054CU);
  EXPECT_EQ(create.product, 0x03D5U);
  EXPECT_EQ(create.rd_size, p.device.move().hid_descriptor().size());
}

TEST(UhidDevice, HasNoSerialNumberOnTheCable) {
  Plugged p("zcm2:bus=usb");
  const auto& create = p.created.value().u.create2;
  EXPECT_EQ(text(create.uniq), "");
  EXPECT_EQ(create.bus, BUS_USB);
  EXPECT_EQ(create.product, 0x0C5EU);
}

TEST(UhidDevice, SendsFromOpenToCloseOnAnAbsoluteSchedule) {
  Plugged p("zcm1:rate=100");
  p.device.advance(start + 1s);
  EXPECT_TRUE(p.kernel.reports().empty());
  p.kernel.say(UHID_OPEN);
  p.device.serve(start + 1s);
  EXPECT_EQ(p.device.next_wake(start + 1s), start + 1s);
  p.device.advance(start + 1s);
  EXPECT_EQ(p.kernel.reports().size(), 1U);
  EXPECT_EQ(p.device.next_wake(start + 1s), start + 1010ms);
  p.device.advance(start + 1035ms);  // woken late: what is due comes at once, nothing is shifted
  const auto reports = p.kernel.reports();
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[2].size(), 49U);
  EXPECT_EQ(reports[2][4], 3);
  EXPECT_EQ(p.device.next_wake(start + 1035ms), start + 1040ms);
  p.kernel.say(UHID_CLOSE);
  p.device.serve(start + 1038ms);
  EXPECT_EQ(p.device.next_wake(start + 1038ms), std::nullopt);
  p.device.advance(start + 2s);
  EXPECT_TRUE(p.kernel.reports().empty());
}

TEST(UhidDevice, PhaseDelaysTheFirstReport) {
  Plugged p("zcm1:rate=100", 0.25);
  p.kernel.say(UHID_OPEN);
  p.device.serve(start);
  EXPECT_EQ(p.device.next_wake(start), start + 2500us);
}

TEST(UhidDevice, LongStallIsNotMadeUpFor) {
  Plugged p("zcm2");
  p.kernel.say(UHID_OPEN);
  p.device.serve(start);
  p.device.advance(start + 10s);
  EXPECT_EQ(p.kernel.reports().size(), 1U);
  EXPECT_GT(p.state(start + 10s)["skipped"], 7000);
}

TEST(UhidDevice, SendsNothingOnTheCable) {
  Plugged p("zcm1:bus=usb");
  p.kernel.say(UHID_OPEN);
  p.device.serve(start);
  p.device.advance(start + 1s);
  EXPECT_EQ(p.device.next_wake(start), std::nullopt);
  EXPECT_TRUE(p.kernel.reports().empty());
}

TEST(UhidDevice, LostReportsAreCountedAndNotSent) {
  Plugged p("zcm1:rate=100:loss=1");
  p.kernel.say(UHID_OPEN);
  p.device.serve(start);
  p.device.advance(start + 95ms);
  EXPECT_TRUE(p.kernel.reports().empty());
  EXPECT_EQ(p.state(start)["lost"], 10);
  EXPECT_EQ(p.state(start)["sent"], 0);
}

TEST(UhidDevice, AnswersEveryRequest) {
  Plugged p("zcm1:bus=usb");
  const auto get = [&](std::uint8_t id, std::uint8_t type = UHID_FEATURE_REPORT) {
    static std::uint32_t request = 70;
    p.kernel.ask_for(id, ++request, type);
    p.device.serve(start);
    const auto event = p.kernel.heard().value();
    EXPECT_EQ(event.type, std::uint32_t{UHID_GET_REPORT_REPLY});
    EXPECT_EQ(event.u.get_report_reply.id, request);
    return event.u.get_report_reply;
  };
  EXPECT_EQ(get(0x04).err, 0);
  EXPECT_EQ(get(0x04).size, 16);
  EXPECT_EQ(get(0x10).size, 49);
  EXPECT_EQ(get(0x77).err, EIO);
  EXPECT_EQ(get(0x04, UHID_INPUT_REPORT).err, EIO);

  const auto set = [&](const std::vector<std::uint8_t>& report,
                       std::uint8_t type = UHID_FEATURE_REPORT) {
    p.kernel.set(report, 99, type);
    p.device.serve(start);
    const auto event = p.kernel.heard().value();
    EXPECT_EQ(event.type, std::uint32_t{UHID_SET_REPORT_REPLY});
    EXPECT_EQ(event.u.set_report_reply.id, 99U);
    return event.u.set_report_reply.err;
  };
  std::vector<std::uint8_t> host(23, 0);
  host[0] = 0x05;
  host[1] = 0x0A;
  EXPECT_EQ(set(host), 0);
  EXPECT_EQ(to_string(p.device.move().host()), "00:00:00:00:00:0a");
  EXPECT_EQ(set({0xF2, 0x42}), EIO);
  EXPECT_EQ(p.state(start)["forbidden_writes"], 1);
  EXPECT_EQ(set({6, 0, 1, 2, 3, 0, 0, 0, 0}, UHID_OUTPUT_REPORT), 0);
  EXPECT_EQ(set({9, 0}, UHID_OUTPUT_REPORT), EIO);
  EXPECT_EQ(p.device.move().shows(start).led, (Rgb{1, 2, 3}));
}

TEST(UhidDevice, StateShowsTheLightUntilItBlanks) {
  Plugged p("zcm2");
  p.kernel.output({6, 0, 255, 0, 64, 0, 128, 0, 0});
  p.device.serve(start + 2s);
  const json lit = {{"red", 255}, {"green", 0}, {"blue", 64}, {"rumble", 128}};
  const json dark = {{"red", 0}, {"green", 0}, {"blue", 0}, {"rumble", 0}};
  EXPECT_EQ(p.state(start + 6999ms)["shows"], lit);
  EXPECT_EQ(p.device.next_wake(start + 3s), start + 7s);
  EXPECT_EQ(p.state(start + 7s)["shows"], dark);
  const auto outputs = p.state(start + 7s)["outputs"];
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0]["bytes"], "0600ff004000800000");
  EXPECT_EQ(outputs[0]["time_s"], 2.0);
  EXPECT_EQ(outputs[0]["taken"], true);
}

TEST(UhidDevice, UnpluggedOneIsDestroyedAndComesBackDark) {
  Plugged p("zcm1");
  p.kernel.say(UHID_OPEN);
  p.kernel.output({6, 0, 1, 1, 1, 0, 0, 0, 0});
  p.device.serve(start);
  EXPECT_EQ(p.device.command("unplug", "", start + 1s), "ok");
  EXPECT_EQ(p.kernel.heard().value().type, std::uint32_t{UHID_DESTROY});
  EXPECT_EQ(p.device.next_wake(start + 1s), std::nullopt);
  EXPECT_EQ(p.device.command("unplug", "", start + 1s), "ok");
  EXPECT_FALSE(p.kernel.heard());
  EXPECT_EQ(p.device.command("plug", "", start + 2s), "ok");
  EXPECT_EQ(p.kernel.heard().value().type, std::uint32_t{UHID_CREATE2});
  EXPECT_TRUE(p.device.move().shows(start + 2s).is_dark());
  EXPECT_EQ(p.state(start + 2s)["open"], false);  // until the kernel opens it again
}

TEST(UhidDevice, CommandsDoWhatTheySay) {
  Plugged p("zcm1");
  const auto obey = [&](const char* verb, const char* argument) {
    EXPECT_EQ(p.device.command(verb, argument, start), "ok") << verb;
  };
  obey("hold", "cross,move");
  obey("trigger", "0.5");
  obey("battery", "ee");
  obey("motion", "wave");
  obey("loss", "0.02");
  obey("mag", "absent");
  const auto state = p.state(start);
  EXPECT_EQ(state["buttons"], json({"cross", "move"}));
  EXPECT_EQ(state["trigger"], 0.5);
  EXPECT_EQ(state["battery"], 0xEE);
  EXPECT_EQ(state["motion"], "wave");
  EXPECT_EQ(state["loss"], 0.02);
  EXPECT_EQ(state["magnetometer"], "absent");
  obey("hold", "");
  obey("battery", "3");
  EXPECT_EQ(p.state(start)["buttons"], json::array());
  EXPECT_EQ(p.state(start)["battery"], 3);
}

TEST(UhidDevice, RawAndTapReachTheNextReport) {
  Plugged p("zcm1:rate=100");
  p.kernel.say(UHID_OPEN);
  p.device.serve(start);
  p.device.command("raw", "0102ff", start);
  p.device.command("tap", "t", start);
  p.device.advance(start + 10ms);
  const auto reports = p.kernel.reports();
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0], (std::vector<std::uint8_t>{0x01, 0x02, 0xFF}));
  EXPECT_EQ(reports[1][3], 0x10);
}

TEST(UhidDevice, BadCommandsSayWhatWouldBeAccepted) {
  Plugged p("zcm1");
  const std::pair<const char*, const char*> bad[] = {{"hold", "dance"},
                                                     {"tap", "cross,,t"},
                                                     {"trigger", "2"},
                                                     {"trigger", ""},
                                                     {"loss", "nan"},
                                                     {"battery", "100"},
                                                     {"battery", "x"},
                                                     {"motion", "dance"},
                                                     {"mag", "weak"},
                                                     {"raw", "0"},
                                                     {"length", "0"},
                                                     {"zero-address", "1"},
                                                     {"host", "me"},
                                                     {"feature-delay", "soon"},
                                                     {"feature-length", "12 xyz"},
                                                     {"feature-delay", "5 5 5"},
                                                     {"raw", ""},
                                                     {"raw", "zz"},
                                                     {"jump", ""},
                                                     {"", ""}};
  for (const auto& [verb, argument] : bad) {
    const auto answer = p.device.command(verb, argument, start);
    EXPECT_THAT(answer, StartsWith("error: ")) << verb << ' ' << argument;
    EXPECT_TRUE(answer.find("takes") != std::string::npos ||
                answer.find("accepted") != std::string::npos)
        << answer;
  }
}

std::filesystem::path temporary(const std::string& name) {
  return std::filesystem::temp_directory_path() / (name + "-" + std::to_string(::getpid()));
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  std::filesystem::remove(path);
  return lines;
}

TEST(EventLog, TellsWhatHappenedAndWhatShows) {
  const auto path = temporary("psmove-events");
  Plugged p("zcm1:address=00-06-f7-00-00-09");
  ASSERT_TRUE(p.log.write_events_to(path));
  p.kernel.say(UHID_OPEN);
  p.kernel.output({6, 0, 255, 0, 64, 0, 128, 0, 0});
  p.kernel.output({1, 2});
  p.kernel.set({0xF1, 0}, 1);
  p.device.serve(start + 1500ms);
  p.device.advance(start + 6500ms);
  const auto lines = lines_of(path);
  const std::string at = "1.500000 00:06:f7:00:00:09 ";
  ASSERT_GE(lines.size(), 6U);
  EXPECT_EQ(lines[0], at + "OPEN");
  EXPECT_EQ(lines[1], at + "OUT 0600ff004000800000");
  EXPECT_EQ(lines[2], at + "SHOWS 255 0 64 rumble 128");
  EXPECT_EQ(lines[3], at + "OUT 0102 ignored");
  EXPECT_EQ(lines[4], at + "SET f100 FORBIDDEN");
  EXPECT_EQ(lines[5], "6.500000 00:06:f7:00:00:09 SHOWS 0 0 0 rumble 0");
}

TEST(EventLog, TruthBelongsToTheReportBesideIt) {
  const auto path = temporary("psmove-truth");
  std::vector<std::vector<std::uint8_t>> reports;
  {
    Plugged p("zcm1:rate=100:motion=wave");
    ASSERT_TRUE(p.log.write_truth_to(path));
    p.kernel.say(UHID_OPEN);
    p.device.serve(start);
    p.device.command("hold", "square", start);
    p.device.advance(start + 20ms);
    reports = p.kernel.reports();
  }
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  const auto truth = json::parse(lines[2]);
  EXPECT_EQ(truth["sequence"], 2);
  EXPECT_EQ(truth["time_s"], 0.02);
  EXPECT_EQ(truth["report"], to_hex(std::as_bytes(std::span(reports.at(2)))));
  ASSERT_EQ(truth["samples"].size(), 2U);
  EXPECT_EQ(truth["samples"][1]["buttons"], json({"square"}));
  const auto expected = make_motion("wave").motion->at(0.02);
  EXPECT_DOUBLE_EQ(truth["samples"][1]["gyro_rad_s"][2], expected.gyro.z);
  EXPECT_DOUBLE_EQ(truth["samples"][1]["orientation"][0], expected.world_from_body.w);
}

TEST(Hex, ReadsWholeOctetsOnly) {
  EXPECT_EQ(to_hex(from_hex("00ff7A").value()), "00ff7a");
  EXPECT_EQ(from_hex("").value().size(), 0U);
  for (const char* bad : {"0", "0g", "-1", "+1", " 1", "0x"}) EXPECT_FALSE(from_hex(bad)) << bad;
}

/// A fleet whose kernels are all played by the test.
struct TestFleet {
  explicit TestFleet(std::string_view list)
      : fleet(parse_device_list(list, DeviceKeys::emulated).devices,
              {[this] {
                 kernels.emplace_back();
                 return kernels.back().door();
               },
               {},
               {},
               {}},
              log) {}
  EventLog log{std::chrono::steady_clock::now()};
  std::deque<Kernel> kernels;
  Fleet fleet;
};

TEST(Fleet, CommandsChooseDevicesByPlaceOrAddress) {
  TestFleet t("2xzcm1,zcm2");
  const auto held = [&](std::size_t i) { return t.fleet.devices().at(i).move().held(); };
  EXPECT_EQ(t.fleet.command("1 hold cross"), "ok");
  EXPECT_EQ(t.fleet.command("  A4:53:85:00:00:03   hold  ps \r"), "ok");
  EXPECT_EQ(held(0), Buttons{Button::cross});
  EXPECT_EQ(held(1), Buttons{});
  EXPECT_EQ(held(2), Buttons{Button::ps});
  EXPECT_EQ(t.fleet.command("hold move"), "ok");
  EXPECT_EQ(held(1), Buttons{Button::move});
  EXPECT_EQ(t.fleet.command("all hold"), "ok");
  EXPECT_EQ(held(2), Buttons{});
}

TEST(Fleet, PlugUnplugAndStateTakeTheirDeviceAfterTheVerbToo) {
  TestFleet t("2xzcm1");
  EXPECT_EQ(t.fleet.command("unplug 2"), "ok");
  EXPECT_EQ(json::parse(t.fleet.command("state 2"))["plugged"], false);
  EXPECT_EQ(json::parse(t.fleet.command("1 state"))["plugged"], true);
  EXPECT_EQ(t.fleet.command("2 plug"), "ok");
  const auto all = json::parse(t.fleet.command("state"));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1]["plugged"], true);
  EXPECT_EQ(all[1]["index"], 2);
}

TEST(Fleet, UnknownDevicesAndCommandsAreNamed) {
  TestFleet t("2xzcm1");
  EXPECT_THAT(t.fleet.command("3 hold cross"), HasSubstr("'3'; accepted are 1 to 2"));
  EXPECT_THAT(t.fleet.command("0 hold"), StartsWith("error: "));
  EXPECT_THAT(t.fleet.command("unplug left"), HasSubstr("'left'"));
  EXPECT_THAT(t.fleet.command("00:06:f7:00:00:77 hold"), StartsWith("error: "));
  EXPECT_THAT(t.fleet.command("dance"), HasSubstr("accepted are hold, tap"));
  EXPECT_THAT(t.fleet.command(""), StartsWith("error: "));
}

TEST(Fleet, ServesKernelsAndCommandsUntilToldToQuit) {
  const auto path = temporary("psmove-control").string();
  TestFleet t("zcm1:rate=1000,zcm2:rate=1000");
  t.fleet.listen(path);
  for (auto& kernel : t.kernels) {
    EXPECT_EQ(kernel.heard().value().type, std::uint32_t{UHID_CREATE2});
    kernel.say(UHID_OPEN);
  }
  std::vector<std::string> answers;
  std::thread client([&] {
    // Asks until both have sent something: the condition is the answer, not the time.
    for (bool sending = false; !sending;) {
      const auto states = json::parse(ask(path, {"state"}, 5s).at(0));
      sending = states[0]["sent"] > 0 && states[1]["sent"] > 0;
    }
    answers = ask(path, {"1 hold cross", "nonsense", "quit"}, 5s);
  });
  t.fleet.run(std::nullopt, -1);
  client.join();
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0], "ok");
  EXPECT_THAT(answers[1], StartsWith("error: "));
  EXPECT_EQ(answers[2], "ok");
  EXPECT_EQ(t.fleet.devices()[0].move().held(), Buttons{Button::cross});
  const auto first = t.kernels[0].heard().value();
  EXPECT_EQ(first.type, std::uint32_t{UHID_INPUT2});
}

/// A fleet with cables and two adapters, whose other ends are the test's.
struct TestRoom {
  static FileDescriptor keep_one_end(std::deque<FileDescriptor>& kept, int type) {
    int ends[2];
    if (::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
      throw std::system_error(errno, std::generic_category());
    kept.emplace_back(ends[0]);
    return FileDescriptor(ends[1]);
  }
  explicit TestRoom(std::string_view list, bool has_radios = true)
      : fleet(parse_device_list(list, DeviceKeys::emulated).devices,
              {{},
               [this] { return keep_one_end(ports, SOCK_STREAM); },
               has_radios ? std::vector{parse_radio("00:1b:dc:00:00:01").value(),
                                        parse_radio("00:1b:dc:00:00:02,no-ssp").value()}
                          : std::vector<RadioSpec>{},
               [this] { return keep_one_end(adapters, SOCK_SEQPACKET); }},
              log) {}
  json state(const char* which) {
    return json::parse(fleet.command("state " + std::string(which)));
  }
  /// The host of that adapter starts or stops to listen for calls.
  void listen(std::size_t adapter, bool on) {
    const std::array<std::uint8_t, 5> command = {1, 0x1A, 0x0C, 1, std::uint8_t(on ? 2 : 0)};
    ASSERT_EQ(::write(adapters.at(adapter).get(), command.data(), command.size()), 5);
    fleet.step(std::chrono::steady_clock::now());
  }
  /// The addresses that rang at that adapter's host.
  std::vector<std::string> rang_at(std::size_t adapter) {
    std::vector<std::string> callers;
    std::array<std::byte, 300> packet;
    for (ssize_t length = 0;
         (length = ::read(adapters.at(adapter).get(), packet.data(), packet.size())) > 0;) {
      Reader reader{BytesView(packet).first(static_cast<std::size_t>(length))};
      if (reader.le16() != 0x0404) continue;  // event, connection request
      reader.u8();
      callers.push_back(to_string(reader.address()));
    }
    return callers;
  }

  EventLog log{std::chrono::steady_clock::now()};
  std::deque<FileDescriptor> ports, adapters;
  Fleet fleet;
};

TEST(Fleet, WithCablesAloneEverythingIsPluggedIn) {
  TestRoom room("zcm1,zcm2", false);
  EXPECT_EQ(room.ports.size(), 2U);
  EXPECT_EQ(room.state("2")["plugged"], true);
  EXPECT_FALSE(room.state("2").contains("radio"));
  EXPECT_EQ(room.fleet.command("press 1"), "ok");  // somebody may press PS on the cable
  EXPECT_THAT(room.fleet.command("drop 1"), HasSubstr("--radio"));
}

TEST(Fleet, CallsTheHostThatTheCableStored) {
  TestRoom room("zcm1");
  EXPECT_TRUE(room.ports.empty());  // it lies there
  EXPECT_EQ(room.fleet.command("plug"), "ok");
  Writer transfer;  // SET feature 5 through the control endpoint, as USB/IP has it
  transfer.be32(1).be32(1).zeros(12).be32(0).be32(23).zeros(12);
  transfer.u8(0x21).u8(9).le16(0x305).le16(0).le16(23);
  transfer.u8(5).address(*parse_address("00:1b:dc:00:00:02")).zeros(16);
  const auto message = transfer.take();
  ASSERT_EQ(::write(room.ports.at(0).get(), message.data(), message.size()),
            static_cast<ssize_t>(message.size()));
  room.fleet.step(std::chrono::steady_clock::now());
  EXPECT_EQ(room.state("1")["host"], "00:1b:dc:00:00:02");
  EXPECT_EQ(room.fleet.command("unplug 1"), "ok");
  EXPECT_EQ(room.state("1")["plugged"], false);

  room.listen(0, true);
  EXPECT_EQ(room.fleet.command("1 press"), "ok");
  EXPECT_EQ(room.state("1")["radio"]["calling"], true);
  room.listen(1, true);
  room.fleet.step(std::chrono::steady_clock::now());
  EXPECT_THAT(room.rang_at(0), testing::IsEmpty());
  EXPECT_THAT(room.rang_at(1), testing::ElementsAre("00:06:f7:00:00:01"));
}

TEST(Fleet, AdaptersComeAndGo) {
  TestRoom room("zcm1");
  const auto first = [&] { return json::parse(room.fleet.command("radio state"))[0]; };
  EXPECT_EQ(first()["present"], true);
  EXPECT_EQ(room.fleet.command("radio remove 00:1b:dc:00:00:01"), "ok");
  EXPECT_EQ(first()["present"], false);
  EXPECT_EQ(room.fleet.command("radio insert 00:1b:dc:00:00:01"), "ok");
  EXPECT_EQ(first()["address"], "00:1b:dc:00:00:01");
  EXPECT_EQ(first()["present"], true);
  EXPECT_EQ(room.adapters.size(), 3U);
  EXPECT_THAT(room.fleet.command("radio remove"), HasSubstr("there is no adapter ''"));
  EXPECT_THAT(room.fleet.command("radio explode"), HasSubstr("state, remove or insert"));
}

TEST(Fleet, MannersOnTheAirAreCommands) {
  TestRoom room("zcm1,zcm2:pair=pin:record=vendor-43:fragile=yes,navigation,keyboard");
  const auto radio = [&](const char* which) { return room.state(which)["radio"]; };
  EXPECT_EQ(radio("1")["pairing"], "none");
  EXPECT_EQ(radio("2")["pairing"], "pin");
  EXPECT_EQ(radio("2")["record"], "vendor-43");
  EXPECT_EQ(radio("2")["fragile"], true);
  EXPECT_EQ(radio("4")["pairing"], "ssp");
  for (const char* line :
       {"1 pair ssp", "1 record ds3-43", "1 fragile on", "1 pin 1234", "1 length 45",
        "1 key 000102030405060708090a0b0c0d0e0f", "1 host aa:bb:cc:dd:ee:ff", "1 zero-address on",
        "1 feature-delay never 04", "1 feature-length right", "3 hold l1,up", "3 stick 0.5 -0.5",
        "3 pressure l1 0.5", "3 battery 0", "4 type abc", "1 off", "1 drop", "1 virtual-unplug"})
    EXPECT_EQ(room.fleet.command(line), "ok") << line;
  const auto state = room.state("1");
  EXPECT_EQ(state["radio"]["pairing"], "ssp");
  EXPECT_EQ(state["radio"]["record"], "ds3-43");
  EXPECT_EQ(state["radio"]["fragile"], true);
  EXPECT_EQ(state["radio"]["bonded"], false);  // the virtual cable was unplugged
  EXPECT_EQ(state["host"], "aa:bb:cc:dd:ee:ff");
  EXPECT_EQ(state["length"], 45);
  for (const char* line : {"1 pair maybe", "1 pin", "1 key 00", "1 record ps4", "1 fragile 1",
                           "3 stick 2 0", "3 hold move", "3 pressure cross 1", "3 pressure l1 2",
                           "3 pressure l1", "4 type 1", "4 trigger 1"})
    EXPECT_THAT(room.fleet.command(line), StartsWith("error: ")) << line;
  EXPECT_EQ(room.state("3")["model"], "navigation");
}

TEST(ControlSocket, ReplacesWhatADeadProcessLeftAndNothingElse) {
  const auto path = temporary("psmove-stale").string();
  const auto echo = [](std::string_view line) { return std::string(line); };
  {
    ControlSocket first(path, echo);
    EXPECT_THROW(ControlSocket(path, echo), std::system_error);
    // A killed process leaves its socket behind: keep the file while the listener goes.
    std::filesystem::create_hard_link(path, path + ".kept");
  }
  std::filesystem::rename(path + ".kept", path);
  { ControlSocket second(path, echo); }
  std::ofstream(path) << "precious";
  EXPECT_THROW(ControlSocket(path, echo), std::system_error);
  EXPECT_TRUE(std::filesystem::exists(path));
  std::filesystem::remove(path);
}

TEST(ControlSocket, NobodyThereIsAnError) {
  EXPECT_THROW(ask(temporary("psmove-nobody").string(), {"state"}, 0ms), std::system_error);
}

TEST(UhidDoor, MissingNodeIsAnErrorThatNamesIt) {
  try {
    Uhid::open("/no/such/door");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/no/such/door"));
  }
}

}  // namespace
}  // namespace psmove::emulator
