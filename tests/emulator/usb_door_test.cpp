// A device in a USB port, with the test playing the kernel's virtual host controller.

#include "emulator/usb_door.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <set>
#include <sys/socket.h>

#include "emulator/event_log.hpp"
#include "emulator/keyboard.hpp"
#include "emulator/move.hpp"
#include "emulator/navigation.hpp"

namespace psmove::emulator {
namespace {

using namespace std::chrono_literals;

constexpr Time start{};
constexpr Address own{{0x00, 0x06, 0xF7, 0x16, 0x2A, 0x3B}};
constexpr Address host{{0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}};

Bytes bytes(std::initializer_list<unsigned> octets) {
  Writer writer;
  for (const auto octet : octets) writer.u8(octet);
  return writer.take();
}

/// What came back for one transfer.
struct Answer {
  std::uint32_t kind = 0, number = 0;
  std::int32_t status = 0;
  std::uint32_t length = 0;
  Bytes data;
};

/// The host's end of the cable.
class Host {
 public:
  FileDescriptor plug() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::system_error(errno, std::generic_category());
    mine_ = FileDescriptor(ends[0]);
    return FileDescriptor(ends[1]);
  }
  void unplug() { mine_ = FileDescriptor(); }

  std::uint32_t submit(std::uint32_t endpoint, bool in, std::uint32_t length,
                       const Bytes& setup = {}, const Bytes& data = {}) {
    Writer message;
    message.be32(1).be32(++number_).be32(0x10001).be32(in ? 1 : 0).be32(endpoint);
    message.be32(0).be32(length).zeros(12).raw(setup).zeros(8 - setup.size()).raw(data);
    say(message.take());
    return number_;
  }
  std::uint32_t get(unsigned request_type, unsigned request, unsigned value, unsigned length) {
    return submit(0, true, length,
                  Writer().u8(request_type).u8(request).le16(value).le16(0).le16(length).take());
  }
  std::uint32_t set_report(unsigned value, const Bytes& data) {
    return submit(0, false, static_cast<std::uint32_t>(data.size()),
                  Writer().u8(0x21).u8(9).le16(value).le16(0).le16(data.size()).take(), data);
  }
  void unlink(std::uint32_t victim) {
    Writer message;
    say(message.be32(2)
            .be32(++number_)
            .be32(0x10001)
            .be32(0)
            .be32(0)
            .be32(victim)
            .zeros(24)
            .take());
  }
  void say(const Bytes& message) {
    ASSERT_EQ(::send(mine_.get(), message.data(), message.size(), 0),
              static_cast<ssize_t>(message.size()));
  }

  /// The next answer; nullopt: none has come.
  std::optional<Answer> heard() {
    Bytes head(48);
    if (::recv(mine_.get(), head.data(), head.size(), MSG_PEEK) <= 0) return std::nullopt;
    EXPECT_EQ(::recv(mine_.get(), head.data(), head.size(), 0), 48);
    Reader reader(head);
    Answer answer;
    answer.kind = reader.be32();
    answer.number = reader.be32();
    reader.raw(12);
    answer.status = static_cast<std::int32_t>(reader.be32());
    answer.length = reader.be32();
    const bool carries_data = answer.kind == 3 && wants_data_.contains(answer.number);
    answer.data.resize(carries_data ? answer.length : 0);
    if (!answer.data.empty()) {
      EXPECT_EQ(::recv(mine_.get(), answer.data.data(), answer.data.size(), 0),
                static_cast<ssize_t>(answer.data.size()));
    }
    return answer;
  }
  void expects_data(std::uint32_t number) { wants_data_.insert(number); }

 private:
  FileDescriptor mine_;
  std::uint32_t number_ = 0;
  std::set<std::uint32_t> wants_data_;
};

/// One device whose cable is in.
struct Plugged {
  explicit Plugged(std::unique_ptr<Peripheral> peripheral) : device(std::move(peripheral), 0, log) {
    door.plug(start);
  }
  /// A ZCM1.
  Plugged() : Plugged(std::make_unique<Move>(MoveOptions{.address = own, .host = host}, start)) {}

  /// A control transfer from the device.
  Answer get(unsigned request_type, unsigned request, unsigned value, unsigned length = 255) {
    const auto number = usb.get(request_type, request, value, length);
    usb.expects_data(number);
    door.serve(start);
    auto answer = usb.heard().value();
    EXPECT_EQ(answer.number, number);
    return answer;
  }
  Answer get_feature(unsigned id, unsigned length = 64) { return get(0xA1, 1, 0x300 | id, length); }
  int set_report(unsigned value, const Bytes& data) {
    usb.set_report(value, data);
    door.serve(start);
    return usb.heard().value().status;
  }
  /// The host polls for input.
  std::uint32_t poll() {
    const auto number = usb.submit(1, true, 64);
    usb.expects_data(number);
    door.serve(start);
    return number;
  }

  EventLog log{start};
  Host usb;
  HidDevice device;
  UsbDoor door{device, [this] { return usb.plug(); }};
};

TEST(UsbStream, MessagesAreWholeHoweverTheyAreChopped) {
  Writer message;
  message.be32(1).be32(7).be32(1).be32(0).be32(2).be32(0).be32(3).zeros(20);
  message.raw(bytes({6, 0, 255}));
  const auto all = message.take();
  usbip::Stream stream;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    stream.add(BytesView(all).subspan(i, 1));
    EXPECT_FALSE(stream.next()) << i;
  }
  stream.add(BytesView(all).last(1));
  const auto submit = std::get<usbip::Submit>(stream.next().value());
  EXPECT_EQ(submit.number, 7U);
  EXPECT_EQ(submit.endpoint, 2U);
  EXPECT_FALSE(submit.is_in);
  EXPECT_EQ(submit.data, bytes({6, 0, 255}));
  EXPECT_FALSE(stream.next());
}

TEST(UsbStream, GarbageBreaksItForGood) {
  usbip::Stream stream;
  stream.add(Bytes(48, std::byte{0x55}));
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.is_broken());
}

TEST(UsbDoor, IntroducesItselfAsPublished) {
  Plugged p;
  const auto device = p.get(0x80, 6, 0x0100);
  EXPECT_EQ(device.data,
            bytes({18, 1, 0, 2, 0, 0, 0, 64, 0x4C, 0x05, 0xD5, 0x03, 0x20, 0x02, 1, 2, 0, 1}));
  const auto configuration = p.get(0x80, 6, 0x0200).data;
  ASSERT_EQ(configuration.size(), 41U);
  EXPECT_EQ(configuration[2], std::byte{41});
  const auto report_descriptor = p.get(0x81, 6, 0x2200).data;
  EXPECT_EQ(report_descriptor, p.device.peripheral().hid_descriptor());
  EXPECT_EQ(std::to_integer<std::size_t>(configuration[9 + 9 + 7]), report_descriptor.size());
  const auto name = p.get(0x80, 6, 0x0302).data;
  EXPECT_EQ(name.size(), 2 + 2 * std::string("Motion Controller").size());
  EXPECT_EQ(p.get(0x80, 6, 0x0303).status, -EPIPE);      // no serial number
  EXPECT_EQ(p.get(0x80, 6, 0x0100, 8).data.size(), 8U);  // the host has room for no more
}

TEST(UsbDoor, FeaturesGoBothWaysAndTheHostIsStored) {
  Plugged p;
  const auto addresses = [&] { return p.get_feature(0x04).data; };
  EXPECT_EQ(addresses(), bytes({4, 0x3B, 0x2A, 0x16, 0xF7, 6, 0, 8, 0x25, 0, 0xFF, 0xEE, 0xDD, 0xCC,
                                0xBB, 0xAA}));
  EXPECT_EQ(p.get_feature(0xF9).data.size(), 13U);  // without its id
  EXPECT_EQ(p.get_feature(0x77).status, -EPIPE);
  EXPECT_EQ(p.set_report(0x305, Writer().u8(5).address(own).zeros(16).take()), 0);
  EXPECT_EQ(p.device.peripheral().host(), own);
  EXPECT_EQ(BytesView(addresses()).size(), 16U);
  EXPECT_EQ(p.set_report(0x3F2, bytes({0xF2, 0x42})), -EPIPE);
  EXPECT_EQ(p.device.move()->forbidden_writes(), 1U);
}

TEST(UsbDoor, ReportsWithoutTheirIdAreUnderstood) {
  Plugged p;
  EXPECT_EQ(p.set_report(0x305, Writer().address(own).zeros(16).take()), 0);
  EXPECT_EQ(p.device.peripheral().host(), own);
}

TEST(UsbDoor, OutputComesByEitherEndpoint) {
  Plugged p;
  EXPECT_EQ(p.set_report(0x206, bytes({6, 0, 1, 2, 3, 0, 0, 0, 0})), 0);
  EXPECT_EQ(p.device.move()->shows(start).led, (Rgb{1, 2, 3}));
  p.usb.submit(2, false, 9, {}, bytes({6, 0, 4, 5, 6, 0, 7, 0, 0}));
  p.door.serve(start);
  EXPECT_EQ(p.usb.heard().value().status, 0);
  EXPECT_EQ(p.device.move()->shows(start), (Outputs{{4, 5, 6}, 7}));
}

TEST(UsbDoor, MoveSaysNothingOverTheCable) {
  Plugged p;
  p.poll();
  p.device.advance(start + 1s);
  EXPECT_FALSE(p.usb.heard());
}

TEST(UsbDoor, BatteryChargesWhileTheCableIsIn) {
  Plugged p;
  EXPECT_EQ(p.device.move()->battery_code(), 0xEE);
  p.door.unplug(start);
  EXPECT_EQ(p.device.move()->battery_code(), 5);
}

TEST(UsbDoor, KeyboardAnswersPolls) {
  auto keyboard = std::make_unique<Keyboard>(own, host);
  auto& keys = *keyboard;
  Plugged p(std::move(keyboard));
  const auto first = p.poll();
  p.device.advance(start);
  EXPECT_FALSE(p.usb.heard());
  EXPECT_FALSE(keys.type("A"));
  ASSERT_TRUE(keys.type("a"));
  p.device.advance(start);
  const auto down = p.usb.heard().value();
  EXPECT_EQ(down.number, first);
  EXPECT_EQ(down.data, bytes({1, 0, 0, 4, 0, 0, 0, 0, 0}));
  const auto second = p.poll();
  p.device.advance(start + 10ms);
  const auto up = p.usb.heard().value();
  EXPECT_EQ(up.number, second);
  EXPECT_EQ(up.data, bytes({1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(UsbDoor, UnlinkedPollIsNeverAnswered) {
  auto keyboard = std::make_unique<Keyboard>(own, host);
  auto& keys = *keyboard;
  Plugged p(std::move(keyboard));
  const auto poll = p.poll();
  EXPECT_TRUE(p.door.is_open());
  p.usb.unlink(poll);
  p.door.serve(start);
  const auto answer = p.usb.heard().value();
  EXPECT_EQ(answer.kind, 4U);
  EXPECT_EQ(answer.status, -ECONNRESET);
  EXPECT_FALSE(p.door.is_open());
  keys.type("a");
  p.device.advance(start);
  EXPECT_FALSE(p.usb.heard());
}

TEST(UsbDoor, LateAnswerComesWhenItIsDueAndNotAfterAnUnlink) {
  Plugged p;
  p.device.set_feature_fault({.delay = 300ms});
  const auto first = p.usb.get(0xA1, 1, 0x304, 64);
  p.usb.expects_data(first);
  p.door.serve(start);
  EXPECT_EQ(p.device.next_wake(start), start + 300ms);
  p.device.advance(start + 299ms);
  EXPECT_FALSE(p.usb.heard());
  p.device.advance(start + 300ms);
  EXPECT_EQ(p.usb.heard().value().data.size(), 16U);

  const auto second = p.usb.get(0xA1, 1, 0x304, 64);
  p.door.serve(start + 1s);
  p.usb.unlink(second);
  p.door.serve(start + 1s);
  EXPECT_EQ(p.usb.heard().value().status, -ECONNRESET);
  p.device.advance(start + 2s);
  EXPECT_FALSE(p.usb.heard());
}

TEST(UsbDoor, FaultsCanBeOfOneReport) {
  Plugged p;
  p.device.set_feature_fault({.length = 12, .only = std::uint8_t{0x04}});
  EXPECT_EQ(p.get_feature(0x04).data.size(), 12U);
  EXPECT_EQ(p.get_feature(0x10).data.size(), 49U);
  p.device.set_feature_fault({.never = true, .only = std::uint8_t{0x10}});
  EXPECT_EQ(p.get_feature(0x04).data.size(), 16U);
  p.usb.get(0xA1, 1, 0x310, 64);
  p.door.serve(start);
  p.device.advance(start + 1h);
  EXPECT_FALSE(p.usb.heard());
}

TEST(UsbDoor, HostThatGoesAwayPullsTheCable) {
  Plugged p;
  p.usb.unplug();
  p.door.serve(start);
  EXPECT_FALSE(p.door.is_plugged());
  EXPECT_EQ(p.door.fd(), -1);
}

TEST(UsbDoor, NavigationSpeaksAfterItWasAskedAndPsPressed) {
  NavigationOptions options;
  options.address = own;
  options.host = host;
  auto navigation = std::make_unique<Navigation>(options);
  auto& controller = *navigation;
  Plugged p(std::move(navigation));
  p.poll();
  controller.press_ps();
  p.device.advance(start);
  EXPECT_FALSE(p.usb.heard());
  EXPECT_EQ(p.get_feature(0xF2, 17).data,
            bytes({0xF2, 0xFF, 0xFF, 0, 0x00, 0x06, 0xF7, 0x16, 0x2A, 0x3B, 0, 0, 0, 0, 0, 0, 0}));
  p.device.advance(start);
  EXPECT_EQ(p.usb.heard().value().length, 49U);
  EXPECT_EQ(p.get_feature(0xF5, 8).data, bytes({1, 0, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}));
  for (const auto& way : {bytes({0xF5, 1, 0, 6, 0xF7, 0x16, 0x2A, 0x3B}),
                          bytes({0x01, 0, 0, 6, 0xF7, 0x16, 0x2A, 0x3B})}) {
    controller.set_host(host);
    EXPECT_EQ(p.set_report(0x3F5, way), 0);
    EXPECT_EQ(controller.host(), own);
  }
}

TEST(Navigation, HeldButtonsAndStickAreWhereTheWikiHasThem) {
  Navigation navigation({own, host, 0});
  navigation.hold(1U << static_cast<unsigned>(NavigationButton::up) |
                  1U << static_cast<unsigned>(NavigationButton::l2));
  navigation.set_stick(-1, 1);
  EXPECT_TRUE(navigation.set_pressure(NavigationButton::l1, 0.2));
  EXPECT_FALSE(navigation.set_pressure(NavigationButton::circle, 0.2)) << "it is on or off";
  std::array<std::byte, 64> report{};
  ASSERT_EQ(navigation.input_report(report, start), 49U);
  const auto at = [&](std::size_t i) { return std::to_integer<int>(report.at(i)); };
  EXPECT_EQ(at(0x02), 0x10);
  EXPECT_EQ(at(0x14), 51) << "L1, pressed a little, and no button yet";
  EXPECT_EQ(at(0x03), 0x01);
  EXPECT_EQ(at(0x0E), 0xFF);
  EXPECT_EQ(at(0x12), 0xFF);
  EXPECT_EQ(at(0x06), 1);
  EXPECT_EQ(at(0x07), 255);
  EXPECT_EQ(at(0x1E), 5);
}

}  // namespace
}  // namespace psmove::emulator
