// Service records and the server that hands them out.

#include "emulator/sdp.hpp"

#include <gtest/gtest.h>

#include "emulator/air_manners.hpp"
#include "emulator/event_log.hpp"
#include "emulator/move.hpp"

namespace psmove::emulator::sdp {
namespace {

/// As psmoveapi stores it for a Move, and BlueZ for a DualShock 3: 405 bytes.
constexpr std::string_view published_record =
    "3601920900000a000100000900013503191124090004350d35061901000900113503190011090006350909656e0900"
    "6a"
    "0901000900093508350619112409010009000d350f350d350619010009001335031900110901002513576972656c65"
    "73"
    "7320436f6e74726f6c6c65720901012513576972656c65737320436f6e74726f6c6c6572090102251b536f6e792043"
    "6f"
    "6d707574657220456e7465727461696e6d656e74090200090100090201090100090202080009020308210902042801"
    "09"
    "02052801090206359a35980822259405010904a101a102850175089501150026ff0081037501951315002501350045"
    "01"
    "05091901291381027501950d0600ff8103150026ff0005010901a10075089504350046ff0009300931093209358102"
    "c0"
    "050175089527090181027508953009019102750895300901b102c0a1028502750895300901b102c0a10285ee750895"
    "30"
    "0901b102c0a10285ef750895300901b102c0c0090207350835060904090901000902082800090209280109020a2801"
    "09"
    "020b09010009020c093e8009020d280009020e2800";

Record ds3(std::size_t declared) {
  HidService service;
  service.is_the_ds3s = true;
  service.descriptor = Move::hid_descriptor(Descriptor::joystick, declared);
  return hid_record(service);
}

Server server() {
  HidService service;
  service.descriptor = Move::hid_descriptor(Descriptor::joystick, 48);
  return Server({hid_record(service), device_id_record(0x054C, 0x03D5)});
}

constexpr std::uint16_t public_browse = 0x1002, pnp = 0x1200, l2cap = 0x0100, nobody = 0x1111;

/// "Which services have this, and all of their attributes."
Bytes search(std::uint16_t wanted, unsigned room = 0xFFFF, const Bytes& continuation = Bytes(1),
             std::uint32_t attributes = 0x0000FFFF) {
  Writer body;
  body.raw(sequence({uuid(wanted)})).be16(room).raw(sequence({u32(attributes)})).raw(continuation);
  const auto parameters = body.take();
  return Writer().u8(6).be16(0x0102).be16(parameters.size()).raw(parameters).take();
}

struct Part {
  unsigned pdu = 0, transaction = 0;
  Bytes lists, continuation;
};
Part parse(const Bytes& answer) {
  Reader reader(answer);
  Part part;
  part.pdu = reader.u8();
  part.transaction = reader.be16();
  EXPECT_EQ(reader.be16(), answer.size() - 5);
  const auto lists = reader.raw(reader.be16());
  part.lists.assign(lists.begin(), lists.end());
  part.continuation.assign(reader.rest().begin(), reader.rest().end());
  EXPECT_TRUE(reader.is_whole());
  return part;
}

TEST(SdpRecord, Ds3RecordIsThePublishedOne) {
  EXPECT_EQ(to_hex(encode(ds3(48))), published_record);
}

TEST(SdpRecord, DeclaringLessChangesOneByte) {
  const auto usual = encode(ds3(48)), patched = encode(ds3(43));
  ASSERT_EQ(usual.size(), patched.size());
  for (std::size_t i = 0; i < usual.size(); ++i) EXPECT_EQ(usual[i] == patched[i], i != 293) << i;
  EXPECT_EQ(patched[293], std::byte{0x22});
}

TEST(SdpRecord, KindsReadAsTheyAreWritten) {
  for (const auto* text : {"own", "ds3", "ds3-43", "vendor-43", "own-48"})
    EXPECT_EQ(to_string(parse_record_kind(text).value()), text);
  for (const auto* text : {"", "ps4", "ds3-", "ds3-x", "ds3-8", "ds3-256", "ds3-43x"})
    EXPECT_FALSE(parse_record_kind(text)) << text;
}

TEST(SdpServer, BrowsingFindsBothServicesAndAskingForOneFindsOne) {
  const auto both = parse(server().answer(search(public_browse), 2000));
  EXPECT_EQ(both.pdu, 7U);
  EXPECT_EQ(both.transaction, 0x0102U);
  EXPECT_EQ(both.continuation, Bytes(1));
  const auto identity = encode(device_id_record(0x054C, 0x03D5));
  EXPECT_EQ(parse(server().answer(search(pnp), 2000)).lists, sequence({identity}));
  EXPECT_EQ(both.lists.size(),
            parse(server().answer(search(l2cap), 2000)).lists.size() + identity.size());
  EXPECT_EQ(parse(server().answer(search(nobody), 2000)).lists, sequence({}));
}

TEST(SdpServer, LongAnswerComesInPartsThatFit) {
  const auto whole = parse(server().answer(search(public_browse), 2000)).lists;
  Bytes together, continuation(1);
  int parts = 0;
  do {
    const auto answer = server().answer(search(public_browse, 0xFFFF, continuation), 48);
    EXPECT_LE(answer.size(), 48U);
    const auto part = parse(answer);
    together.insert(together.end(), part.lists.begin(), part.lists.end());
    continuation = part.continuation;
  } while (continuation.size() > 1 && ++parts < 100);
  EXPECT_EQ(together, whole);
  EXPECT_GT(parts, 5);
}

TEST(SdpServer, HostsRoomIsKept) {
  EXPECT_EQ(parse(server().answer(search(public_browse, 20), 2000)).lists.size(), 20U);
}

TEST(SdpServer, AttributesAreThoseAskedFor) {
  const auto answer = parse(server().answer(search(pnp, 0xFFFF, Bytes(1), 0x02010202), 2000));
  EXPECT_EQ(answer.lists, sequence({encode({{0x0201, u16(0x054C)}, {0x0202, u16(0x03D5)}})}));
}

TEST(SdpServer, HandlesFirstAndThenTheAttributesOfOne) {
  Writer body;
  body.raw(sequence({uuid(public_browse)})).be16(10).u8(0);
  const auto parameters = body.take();
  const auto found =
      server().answer(Writer().u8(2).be16(1).be16(parameters.size()).raw(parameters).take(), 672);
  EXPECT_EQ(to_hex(found), "030001000d00020002000100000001000100");
  Writer one;
  one.be32(0x00010001).be16(0xFFFF).raw(sequence({u16(0x0202)})).u8(0);
  const auto wanted = one.take();
  const auto attributes =
      server().answer(Writer().u8(4).be16(2).be16(wanted.size()).raw(wanted).take(), 672);
  EXPECT_EQ(parse(attributes).lists, encode({{0x0202, u16(0x03D5)}}));
}

TEST(SdpServer, NonsenseIsRefused) {
  for (const auto& request : {Bytes{}, Bytes(3), Writer().u8(9).zeros(8).take(),
                              Writer().u8(4).be16(1).be16(4).be32(0x777).take(),
                              Writer().u8(6).be16(1).be16(1).u8(0x35).take()}) {
    const auto answer = server().answer(request, 672);
    ASSERT_EQ(answer.size(), 7U) << to_hex(request);
    EXPECT_EQ(answer[0], std::byte{1});
  }
}

}  // namespace
}  // namespace psmove::emulator::sdp
