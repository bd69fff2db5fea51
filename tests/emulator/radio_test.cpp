// Devices on the air, with the test playing the host: its kernel's side of an adapter.

#include "emulator/radio.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include "emulator/move.hpp"

namespace psmove::emulator {
namespace {

using namespace std::chrono_literals;
using hci::Event;
using hci::Op;
using testing::HasSubstr;

constexpr Time start{};
constexpr Address adapter{{0x00, 0x1B, 0xDC, 0x00, 0x00, 0x01}};
constexpr Address other_adapter{{0x00, 0x1B, 0xDC, 0x00, 0x00, 0x02}};
constexpr Address own{{0xA4, 0x53, 0x85, 0x00, 0x00, 0x01}};

/// One packet from the adapter: an event, or data on a channel.
struct Packet {
  std::optional<Event> event;
  std::uint16_t channel = 0;
  Bytes body;
};

/// The host's side of one adapter.
class Host {
 public:
  FileDescriptor plug() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::system_error(errno, std::generic_category());
    mine_ = FileDescriptor(ends[0]);
    return FileDescriptor(ends[1]);
  }
  [[nodiscard]] bool is_unplugged() const {
    std::byte none;
    ssize_t got = 1;
    while (got > 0) got = ::recv(mine_.get(), &none, 1, 0);
    return got == 0;
  }

  void command(Op op, const Bytes& parameters) {
    say(Writer()
            .u8(1)
            .le16(static_cast<std::uint16_t>(op))
            .u8(parameters.size())
            .raw(parameters)
            .take());
  }
  void data(std::uint16_t channel, const Bytes& payload) {
    Writer packet;
    packet.u8(2).le16(handle_).le16(payload.size() + 4).le16(payload.size()).le16(channel);
    say(packet.raw(payload).take());
  }
  /// The same in two packets, cut after so many bytes of the frame.
  void data_in_two(std::uint16_t channel, const Bytes& payload, std::size_t cut) {
    const auto frame = Writer().le16(payload.size()).le16(channel).raw(payload).take();
    const auto [first, second] =
        std::pair(BytesView(frame).first(cut), BytesView(frame).subspan(cut));
    say(Writer().u8(2).le16(handle_).le16(first.size()).raw(first).take());
    say(Writer().u8(2).le16(handle_ | 0x1000).le16(second.size()).raw(second).take());
  }
  void signal(unsigned code, unsigned identifier, const Bytes& body) {
    data(1, Writer().u8(code).u8(identifier).le16(body.size()).raw(body).take());
  }
  void say(const Bytes& packet) {
    ASSERT_EQ(::write(mine_.get(), packet.data(), packet.size()),
              static_cast<ssize_t>(packet.size()));
  }

  std::optional<Packet> heard() {
    Bytes buffer(2048);
    const auto length = ::read(mine_.get(), buffer.data(), buffer.size());
    if (length <= 0) return std::nullopt;
    buffer.resize(static_cast<std::size_t>(length));
    Reader reader(buffer);
    Packet packet;
    const auto kind = reader.u8();
    if (kind == 4) {
      packet.event = static_cast<Event>(reader.u8());
      reader.u8();
    } else if (kind == 2) {
      reader.le16();
      reader.le16();
      reader.le16();
      packet.channel = reader.le16();
    }
    packet.body.assign(reader.rest().begin(), reader.rest().end());
    return packet;
  }
  /// The next event of this kind; others before it are passed over.
  Bytes event(Event wanted) {
    while (const auto packet = heard())
      if (packet->event == wanted) return packet->body;
    ADD_FAILURE() << "no event " << static_cast<int>(wanted);
    return Bytes(64);
  }
  /// The next data on this channel.
  Bytes on(std::uint16_t channel) {
    while (const auto packet = heard())
      if (!packet->event && packet->channel == channel) return packet->body;
    ADD_FAILURE() << "nothing on channel " << channel;
    return Bytes(64);
  }
  void set_handle(std::uint16_t handle) { handle_ = handle; }

 private:
  FileDescriptor mine_;
  std::uint16_t handle_ = 0;
};

/// One device in range of one adapter that listens.
struct OnAir {
  explicit OnAir(AirManners manners = {}, Model model = Model::zcm2)
      : device(
            std::make_unique<Move>(
                MoveOptions{.model = model, .address = own, .host = adapter, .reports_per_s = 100},
                start),
            0, log),
        door(device, air, std::move(manners)) {
    air.add({adapter, true}, [this] { return host.plug(); });
    radio().insert(start);
    host.heard();  // creates the adapter
    command(Op::write_scan_enable, Writer().u8(2).take());
    host.heard();
  }
  Radio& radio() { return air.radios().front(); }
  void serve() { radio().serve(start); }
  void command(Op op, const Bytes& parameters) {
    host.command(op, parameters);
    serve();
  }
  void command(Op op) { command(op, Writer().address(own).take()); }
  void signal(unsigned code, unsigned identifier, const Bytes& body) {
    host.signal(code, identifier, body);
    serve();
  }

  /// PS pressed, and the host lets it in.
  void link() {
    door.press(start);
    EXPECT_EQ(to_hex(host.event(Event::connection_request)), "0100008553a408250001");
    command(Op::accept_connection, Writer().address(own).u8(0).take());
    const auto completed = host.event(Event::connection_complete);
    Reader complete(completed);
    EXPECT_EQ(complete.u8(), 0);
    host.set_handle(complete.le16());
  }
  /// The host agrees to the channel that is asked for. -> its number on the device's side
  std::uint16_t agree(unsigned psm, std::uint16_t ours) {
    const auto asked = host.on(1);
    Reader request(asked);
    EXPECT_EQ(request.u8(), 2);
    const auto identifier = request.u8();
    request.le16();
    EXPECT_EQ(request.le16(), psm);
    const auto theirs = request.le16();
    signal(3, identifier, Writer().le16(ours).le16(theirs).le16(0).le16(0).take());
    const auto configured = host.on(1);
    Reader configuration(configured);
    EXPECT_EQ(configuration.u8(), 4);
    signal(5, configuration.u8(), Writer().le16(theirs).le16(0).le16(0).take());
    signal(4, 9, Writer().le16(theirs).le16(0).u8(1).u8(2).le16(672).take());
    EXPECT_EQ(host.on(1)[0], std::byte{5});
    return theirs;
  }
  void connect() {
    link();
    control = agree(0x11, 0x50);
    interrupt = agree(0x13, 0x51);
  }
  Bytes ask(const Bytes& message) {
    host.data(control, message);
    serve();
    return host.on(0x50);
  }

  EventLog log{start};
  Host host;
  Air air{log};
  HidDevice device;
  RadioDoor door;
  std::uint16_t control = 0, interrupt = 0;
};

Bytes bytes(std::initializer_list<unsigned> octets) {
  Writer writer;
  for (const auto octet : octets) writer.u8(octet);
  return writer.take();
}

TEST(Adapter, IntroducesItself) {
  OnAir t;
  t.command(Op::read_address, {});
  const auto answer = [&] { return to_hex(t.host.event(Event::command_complete)); };
  EXPECT_EQ(answer(), "01091000010000dc1b00");
  t.command(Op::read_local_features, {});
  EXPECT_EQ(answer(), "01031000ffff8ffe9bff5987");
  t.command(static_cast<Op>(0x0C52), Bytes(241));  // whatever else it is set to
  EXPECT_EQ(answer(), "01520c00");
}

TEST(Adapter, WithoutSimplePairingSaysSo) {
  EventLog log{start};
  Host host;
  Air air{log};
  air.add(parse_radio("00:1b:dc:00:00:01,no-ssp").value(), [&] { return host.plug(); });
  air.radios().front().insert(start);
  host.heard();
  host.command(Op::read_local_features, {});
  air.radios().front().serve(start);
  EXPECT_EQ(to_hex(host.event(Event::command_complete)), "01031000ffff8ffe9bff5187");
}

TEST(Adapter, SpecificationsReadAsMeant) {
  EXPECT_TRUE(parse_radio("00:1b:dc:00:00:01").value().has_ssp);
  EXPECT_FALSE(parse_radio("00:1b:dc:00:00:01,no-ssp").value().has_ssp);
  for (const auto* bad : {"", "hci0", "00:00:00:00:00:00", "00:1b:dc:00:00:01,ssp"})
    EXPECT_FALSE(parse_radio(bad)) << bad;
}

TEST(RadioDoor, PressOpensBothChannelsAndSends) {
  OnAir t;
  t.connect();
  EXPECT_TRUE(t.door.is_open());
  t.device.advance(start);
  const auto report = t.host.on(0x51);
  EXPECT_EQ(report.size(), 45U);
  EXPECT_EQ(report[0], std::byte{0xA1});
  EXPECT_EQ(report[1], std::byte{0x01});
}

TEST(RadioDoor, OutputShowsFromEitherChannel) {
  OnAir t;
  t.connect();
  t.host.data(t.interrupt, bytes({0xA2, 6, 0, 255, 0, 64, 0, 128, 0, 0}));
  t.serve();
  EXPECT_EQ(t.device.move()->shows(start), (Outputs{{255, 0, 64}, 128}));
  EXPECT_EQ(t.ask(bytes({0x52, 6, 0, 1, 2, 3, 0, 0, 0, 0})), bytes({0x00}));
  EXPECT_EQ(t.device.move()->shows(start).led, (Rgb{1, 2, 3}));
}

TEST(RadioDoor, FramesInPiecesArePutTogether) {
  OnAir t;
  t.connect();
  for (std::size_t cut = 1; cut < 14; ++cut) {
    const auto red = static_cast<unsigned>(cut);
    t.host.data_in_two(t.interrupt, bytes({0xA2, 6, 0, red, 0, 0, 0, 0, 0, 0}), cut);
    t.serve();
    EXPECT_EQ(t.device.move()->shows(start).led.red, cut);
  }
}

TEST(RadioDoor, FeaturesAreAnsweredOnTheControlChannel) {
  OnAir t;
  t.connect();
  EXPECT_EQ(to_hex(t.ask(bytes({0x43, 0x04}))),
            "a304"
            "0100008553a4"
            "082500"
            "010000dc1b00");
  EXPECT_EQ(t.ask(bytes({0x4B, 0x04, 7, 0})).size(), 8U);
  EXPECT_EQ(t.ask(bytes({0x43, 0xF9}))[1], std::byte{0xF9});  // with its id
  EXPECT_EQ(t.ask(bytes({0x43, 0x77})), bytes({0x02}));
  EXPECT_EQ(t.ask(bytes({0x53, 5, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0})), bytes({0x02}));  // by cable only
  EXPECT_EQ(t.device.peripheral().host(), adapter);
  EXPECT_EQ(t.ask(bytes({0x71})), bytes({0x00}));
}

TEST(RadioDoor, LateAnswerIsNotForTheNextLink) {
  OnAir t;
  t.connect();
  t.device.set_feature_fault({.delay = 300ms});
  t.host.data(t.control, bytes({0x43, 0x04}));
  t.serve();
  t.door.drop(start);
  t.connect();
  while (t.host.heard()) {
  }
  t.device.advance(start + 300ms);
  while (const auto packet = t.host.heard()) EXPECT_NE(packet->channel, 0x50);
}

TEST(RadioDoor, CallsNobodyButTheHostThatItHasStored) {
  OnAir t;
  for (const auto& host : {other_adapter, Address{}}) {
    t.device.peripheral().set_host(host);
    while (t.host.heard()) {
    }
    t.door.press(start);
    t.door.advance(start + 1s);
    EXPECT_FALSE(t.host.heard());
    t.door.advance(start + 1min);
    EXPECT_FALSE(t.door.state().calls);
    EXPECT_THAT(t.door.state().refused,
                HasSubstr(host.is_zero() ? "no host" : "nobody answers at"));
  }
}

TEST(RadioDoor, CallsUntilTheHostListens) {
  OnAir t;
  t.command(Op::write_scan_enable, bytes({0}));
  while (t.host.heard()) {
  }
  t.door.press(start);
  EXPECT_FALSE(t.host.heard());
  EXPECT_TRUE(t.door.state().calls);
  EXPECT_TRUE(t.door.next_wake().has_value());
  t.command(Op::write_scan_enable, bytes({2}));
  t.door.advance(start + 1s);
  t.host.event(Event::connection_request);
}

TEST(RadioDoor, RejectedCallSaysWhy) {
  OnAir t;
  t.door.press(start);
  t.command(Op::reject_connection, Writer().address(own).u8(0x0F).take());
  EXPECT_THAT(t.door.state().refused, HasSubstr("0x0f"));
  EXPECT_FALSE(t.door.is_linked());
}

TEST(RadioDoor, RefusedChannelSaysWhyAndAFragileOneHangsUp) {
  for (const bool fragile : {false, true}) {
    OnAir t({.is_fragile = fragile});
    t.link();
    const auto asked = t.host.on(1);
    Reader request(asked);
    request.u8();
    const auto identifier = request.u8();
    request.raw(4);
    const auto theirs = request.le16();
    t.signal(3, identifier, Writer().le16(0).le16(theirs).le16(1).le16(1).take());  // pending
    EXPECT_EQ(t.door.state().refused, "");
    t.signal(3, identifier, Writer().le16(0).le16(theirs).le16(3).le16(0).take());
    EXPECT_THAT(t.door.state().refused, HasSubstr("PSM 0x11, result 3 (security block)"));
    EXPECT_EQ(t.door.is_linked(), !fragile);
  }
}

TEST(RadioDoor, LinkLossAndSwitchingOffTellTheHostApart) {
  OnAir t;
  const auto reason_of = [&](void (RadioDoor::*act)(Time)) {
    t.connect();
    (t.door.*act)(start);
    return t.host.event(Event::disconnection_complete).back();
  };
  EXPECT_EQ(reason_of(&RadioDoor::drop), std::byte{0x08});
  EXPECT_FALSE(t.door.is_open());
  EXPECT_EQ(reason_of(&RadioDoor::switch_off), std::byte{0x13});
}

TEST(RadioDoor, VirtualUnplugIsSaidAndForgetsTheBond) {
  OnAir t({.key = LinkKey{}});
  t.connect();
  t.door.unplug_virtually(start);
  EXPECT_EQ(t.host.on(0x50), bytes({0x15}));
  EXPECT_FALSE(t.door.manners().key);
}

TEST(RadioDoor, HostsVirtualUnplugIsNoted) {
  OnAir t;
  t.connect();
  t.host.data(t.control, bytes({0x15}));
  t.serve();
  EXPECT_THAT(t.door.state().refused, HasSubstr("virtual cable"));
}

TEST(RadioDoor, BondsByPinWhenTheHostAsks) {
  OnAir t({.pairing = Pairing::pin});
  t.link();
  t.command(Op::authenticate, bytes({1, 0}));
  t.host.event(Event::link_key_request);
  t.command(Op::link_key_negative_reply);
  t.host.event(Event::pin_request);
  t.command(Op::pin_reply, Writer().address(own).u8(4).text("0000").zeros(12).take());
  const auto notification = t.host.event(Event::link_key_notification);
  EXPECT_EQ(t.host.event(Event::authentication_complete)[0], std::byte{0});
  ASSERT_TRUE(t.door.manners().key);
  EXPECT_EQ(to_hex(BytesView(notification).subspan(6, 16)), to_hex(*t.door.manners().key));
  t.command(Op::set_encryption, bytes({1, 0, 1}));
  EXPECT_EQ(to_hex(t.host.event(Event::encryption_change)), "00010001");
  EXPECT_TRUE(t.door.state().is_encrypted);
}

TEST(RadioDoor, WrongPinIsRefused) {
  OnAir t({.pairing = Pairing::pin});
  t.link();
  t.command(Op::link_key_negative_reply);
  t.command(Op::pin_reply, Writer().address(own).u8(4).text("1234").zeros(12).take());
  EXPECT_EQ(t.host.event(Event::authentication_complete)[0], std::byte{0x05});
  EXPECT_FALSE(t.door.manners().key);
  EXPECT_THAT(t.door.state().refused, HasSubstr("PIN"));
}

TEST(RadioDoor, DeviceThatMakesNoBondSaysSo) {
  OnAir t;
  t.link();
  t.command(Op::link_key_negative_reply);
  EXPECT_EQ(t.host.event(Event::authentication_complete)[0], std::byte{0x18});
}

TEST(RadioDoor, BondsBySimplePairingBeforeItOpensAChannel) {
  OnAir t({.pairing = Pairing::ssp});
  t.command(Op::write_ssp_mode, bytes({1}));
  t.link();
  t.host.event(Event::link_key_request);
  t.command(Op::link_key_negative_reply);
  t.host.event(Event::io_capability_response);
  t.host.event(Event::io_capability_request);
  t.command(Op::io_capability_reply, Writer().address(own).u8(3).u8(0).u8(0).take());
  t.host.event(Event::user_confirmation_request);
  t.command(Op::user_confirmation_reply);
  t.host.event(Event::simple_pairing_complete);
  t.host.event(Event::link_key_notification);
  t.host.event(Event::encryption_change);
  const auto key = t.door.manners().key;
  ASSERT_TRUE(key);
  t.control = t.agree(0x11, 0x50);

  t.door.drop(start);  // the next time the key is enough
  t.link();
  t.host.event(Event::link_key_request);
  t.command(Op::link_key_reply, Writer().address(own).raw(*key).take());
  t.host.event(Event::encryption_change);
  t.agree(0x11, 0x50);

  t.door.drop(start);  // but only the right one
  t.link();
  t.command(Op::link_key_reply, Writer().address(own).zeros(16).take());
  EXPECT_FALSE(t.door.is_linked());
  EXPECT_THAT(t.door.state().refused, HasSubstr("another link key"));
}

TEST(RadioDoor, SimplePairingDeclinedEndsTheLink) {
  OnAir t({.pairing = Pairing::ssp});
  t.command(Op::write_ssp_mode, bytes({1}));
  t.link();
  t.command(Op::link_key_negative_reply);
  t.command(Op::io_capability_negative_reply, Writer().address(own).u8(0x18).take());
  EXPECT_EQ(t.host.event(Event::simple_pairing_complete)[0], std::byte{0x18});
  EXPECT_FALSE(t.door.is_linked());
  EXPECT_FALSE(t.door.manners().key);
}

TEST(RadioDoor, SdpIsAnsweredOnAChannelOfTheHosts) {
  OnAir t;
  t.link();
  t.signal(2, 1, Writer().le16(0x01).le16(0x60).take());
  while (t.host.heard()) {
  }
  constexpr std::uint16_t theirs = 0x41;  // 0x40 is the control channel that it asked for
  t.signal(5, 1, Writer().le16(theirs).le16(0).le16(0).take());
  t.signal(4, 2, Writer().le16(theirs).le16(0).u8(1).u8(2).le16(128).take());
  t.host.data(theirs, bytes({6,    0,    1,    0, 15,   0x35, 3, 0x19, 0x11, 0x24,
                             0xFF, 0xFF, 0x35, 5, 0x0A, 0,    0, 0xFF, 0xFF, 0}));
  t.serve();
  const auto answer = t.host.on(0x60);
  EXPECT_EQ(answer[0], std::byte{7});
  EXPECT_LE(answer.size(), 128U);
}

TEST(RadioDoor, SilentOrUncallableDevicesOpenNothing) {
  OnAir t({.answers_sdp = false});
  t.link();
  t.host.on(1);
  for (const unsigned psm : {0x01U, 0x11U, 0x13U, 0x99U}) {
    t.signal(2, 1, Writer().le16(psm).le16(0x60).take());
    const auto response = t.host.on(1);
    EXPECT_EQ(response[4 + 4], std::byte{2}) << psm;
  }
}

TEST(Adapter, HostCanCallAndNameOnlyThoseThatAnswer) {
  for (const bool can_be_called : {false, true}) {
    OnAir t({.can_be_called = can_be_called});
    t.command(Op::create_connection, Writer().address(own).zeros(7).take());
    EXPECT_EQ(t.host.event(Event::connection_complete)[0],
              can_be_called ? std::byte{0} : std::byte{0x04});
    EXPECT_EQ(t.door.is_linked(), can_be_called);
    t.command(Op::remote_name);
    const auto name = t.host.event(Event::remote_name_complete);
    EXPECT_EQ(name.size(), 255U);
    EXPECT_EQ(name[7], std::byte{'M'});
  }
}

TEST(Adapter, RemovedAndInsertedItStartsAnew) {
  OnAir t;
  t.connect();
  t.radio().remove(start);
  EXPECT_TRUE(t.host.is_unplugged());
  EXPECT_FALSE(t.door.is_linked());
  EXPECT_EQ(t.radio().fd(), -1);
  t.door.press(start);
  EXPECT_TRUE(t.door.state().calls);
  t.radio().insert(start);
  t.host.heard();
  t.door.advance(start + 1s);
  EXPECT_TRUE(t.door.state().calls);  // nobody listens yet
  t.command(Op::write_scan_enable, bytes({2}));
  t.door.advance(start + 2s);
  t.host.event(Event::connection_request);
}

TEST(Adapter, ResetEndsEveryLink) {
  OnAir t;
  t.connect();
  t.command(Op::reset, {});
  EXPECT_FALSE(t.door.is_linked());
  EXPECT_FALSE(t.radio().answers_calls());
}

TEST(Adapter, EighthDeviceFindsNoPlace) {
  OnAir t;
  std::deque<HidDevice> devices;
  std::deque<RadioDoor> doors;
  for (std::uint8_t i = 2; i <= 8; ++i) {
    devices.emplace_back(
        std::make_unique<Move>(MoveOptions{.address = {{0, 6, 0xF7, 0, 0, i}}, .host = adapter},
                               start),
        0, t.log);
    doors.emplace_back(devices.back(), t.air, AirManners{});
    doors.back().press(start);
  }
  t.door.press(start);
  EXPECT_THAT(t.door.state().refused, HasSubstr("no place"));
  doors.front().switch_off(start);
  t.door.press(start);
  EXPECT_EQ(t.door.state().refused, "");
}

TEST(Adapter, GarbageFromTheHostIsPassedOver) {
  OnAir t;
  t.connect();
  for (const auto& packet :
       {Bytes(1), bytes({1, 5}), bytes({1, 5, 4, 99}), bytes({2, 1, 0, 9, 0}), bytes({9, 9, 9}),
        bytes({2, 0x77, 0, 4, 0, 0, 0, 1, 0}), bytes({2, 1, 0, 8, 0, 4, 0, 1, 0, 2, 1, 9, 9})})
    t.host.say(packet);
  for (const unsigned op : {0x0405U, 0x0406U, 0x0409U, 0x040AU, 0x040BU, 0x040DU, 0x0411U, 0x0413U,
                            0x0419U, 0x041BU, 0x042BU, 0x0C1AU, 0x1004U})
    t.host.command(static_cast<Op>(op), {});
  t.serve();
  EXPECT_TRUE(t.radio().is_present());
}

}  // namespace
}  // namespace psmove::emulator
