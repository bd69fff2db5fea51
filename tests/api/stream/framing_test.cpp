// The framing against RFC 6455. The cases follow the areas of the Autobahn test suite (1 framing, 2
// pings, 3 reserved bits, 4 opcodes, 5 fragmentation, 6 UTF-8, 7 closing, 10 odd chops), each fed
// whole and cut into single bytes.

#include "api/stream/framing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace psmove::stream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = Message::Kind;

struct Heard {
  Kind kind;
  std::uint16_t code = 0;
  std::string payload;
  friend bool operator==(const Heard&, const Heard&) = default;
};

void PrintTo(const Heard& heard, std::ostream* out) {
  *out << "kind " << static_cast<int>(heard.kind) << " code " << heard.code << " payload \""
       << heard.payload.substr(0, 60) << "\" (" << heard.payload.size() << ")";
}

Heard text(std::string payload) {
  return {Kind::text, 0, std::move(payload)};
}
Heard binary(std::string payload) {
  return {Kind::binary, 0, std::move(payload)};
}
Heard ping(std::string payload) {
  return {Kind::ping, 0, std::move(payload)};
}
Heard pong(std::string payload) {
  return {Kind::pong, 0, std::move(payload)};
}
Heard close(std::uint16_t code, std::string reason = {}) {
  return {Kind::close, code, std::move(reason)};
}
/// Any violation with this code; its wording is not part of the claim.
Heard violation(std::uint16_t code) {
  return {Kind::violation, code, {}};
}

std::vector<Heard> heard_in_pieces(std::string_view bytes, std::size_t piece, Role role,
                                   Receiver::Bounds bounds) {
  Receiver receiver(role, bounds);
  std::vector<Heard> all;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    while (const auto message = receiver.next(input)) {
      const bool is_violation = message->kind == Kind::violation;
      all.push_back({message->kind, message->code,
                     is_violation ? std::string() : std::string(message->payload)});
    }
    EXPECT_TRUE(input.empty());
  }
  return all;
}

/// What the receiver makes of these bytes, the same however they are cut.
std::vector<Heard> heard(std::string_view bytes, Role role = Role::server,
                         Receiver::Bounds bounds = {.message_bytes = 1 << 20, .fragments = 64}) {
  const auto whole = heard_in_pieces(bytes, bytes.size(), role, bounds);
  for (const std::size_t piece : {1U, 7U, 997U})
    EXPECT_EQ(heard_in_pieces(bytes, piece, role, bounds), whole) << "cut into " << piece;
  return whole;
}

constexpr Mask mask = {0x37, 0xFA, 0x21, 0x3D};

std::string from_client(Opcode opcode, std::string_view payload, bool final = true) {
  std::string bytes;
  append_frame(bytes, opcode, payload, mask, final);
  return bytes;
}

std::string from_server(Opcode opcode, std::string_view payload, bool final = true) {
  std::string bytes;
  append_frame(bytes, opcode, payload, std::nullopt, final);
  return bytes;
}

/// A masked frame with these two first octets as they are (length at most 125).
std::string raw_frame(unsigned first, std::string_view payload) {
  std::string bytes = from_client(Opcode::text, payload);
  bytes[0] = static_cast<char>(first);
  return bytes;
}

std::string octets(std::initializer_list<unsigned> values) {
  std::string bytes;
  for (const unsigned value : values) bytes += static_cast<char>(value);
  return bytes;
}

// ---- 1: framing

class Length : public testing::TestWithParam<std::size_t> {};

TEST_P(Length, ComesThroughAsTextAndAsBinary) {
  const std::string payload(GetParam(), '*');
  EXPECT_THAT(heard(from_client(Opcode::text, payload)), ElementsAre(text(payload)));
  const std::string zeros(GetParam(), '\0');
  EXPECT_THAT(heard(from_client(Opcode::binary, zeros)), ElementsAre(binary(zeros)));
  EXPECT_THAT(heard(from_server(Opcode::text, payload), Role::client), ElementsAre(text(payload)));
}

TEST_P(Length, HeadIsTheShortestAndItsSizeIsKnownBefore) {
  std::string head;
  head.resize(head_size(GetParam()));
  write_head(head.data(), Opcode::text, GetParam());
  EXPECT_EQ(head.size(), head_size(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Framing, Length,
                         testing::Values(0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 100'000));

TEST(Framing, TheExampleOfTheRfcIsRead) {
  // RFC 6455 section 5.7: "Hello", unmasked and masked.
  EXPECT_THAT(heard(octets({0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}), Role::client),
              ElementsAre(text("Hello")));
  EXPECT_THAT(heard(octets({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58})),
              ElementsAre(text("Hello")));
}

TEST(Framing, SeveralFramesInOneReadAreSeveralMessages) {
  EXPECT_THAT(heard(from_client(Opcode::text, "a") + from_client(Opcode::binary, "b") +
                    from_client(Opcode::ping, "c")),
              ElementsAre(text("a"), binary("b"), ping("c")));
}

TEST(Framing, AClientMustMaskAndAServerMustNot) {
  EXPECT_THAT(heard(from_server(Opcode::text, "x")), ElementsAre(violation(1002)));
  EXPECT_THAT(heard(from_client(Opcode::text, "x"), Role::client), ElementsAre(violation(1002)));
}

TEST(Framing, AnUnmaskedFrameIsRefusedBeforeItsLengthAndPayloadAreThere) {
  EXPECT_THAT(heard(octets({0x81, 0x7F})), ElementsAre(violation(1002)));
}

TEST(Framing, LengthsNotInTheirShortestFormAreRefused) {
  EXPECT_THAT(heard(octets({0x82, 0xFE, 0, 125, 1, 2, 3, 4})), ElementsAre(violation(1002)));
  EXPECT_THAT(heard(octets({0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 1, 2, 3, 4})),
              ElementsAre(violation(1002)));
}

TEST(Framing, ALengthWithItsTopBitSetIsRefused) {
  EXPECT_THAT(heard(octets({0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4})),
              ElementsAre(violation(1002)));
}

TEST(Framing, AMessageAtTheBoundPassesAndOneOctetMoreIsTooBig) {
  const Receiver::Bounds bounds{.message_bytes = 300, .fragments = 64};
  EXPECT_THAT(heard(from_client(Opcode::binary, std::string(300, 'x')), Role::server, bounds),
              ElementsAre(binary(std::string(300, 'x'))));
  EXPECT_THAT(heard(from_client(Opcode::binary, std::string(301, 'x')), Role::server, bounds),
              ElementsAre(violation(1009)));
}

TEST(Framing, FragmentsAreBoundedTogether) {
  const Receiver::Bounds bounds{.message_bytes = 300, .fragments = 64};
  EXPECT_THAT(heard(from_client(Opcode::binary, std::string(200, 'x'), false) +
                        from_client(Opcode::continuation, std::string(101, 'x')),
                    Role::server, bounds),
              ElementsAre(violation(1009)));
}

TEST(Framing, AHugeLengthIsRefusedFromTheHeadAlone) {
  EXPECT_THAT(
      heard(octets({0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4})),
      ElementsAre(violation(1009)));
}

TEST(Framing, TheBoundIsForEachMessageNotForAllOfThem) {
  const Receiver::Bounds bounds{.message_bytes = 100, .fragments = 2};
  std::string bytes;
  for (int i = 0; i < 10; ++i)
    bytes += from_client(Opcode::binary, std::string(60, 'x'), false) +
             from_client(Opcode::continuation, std::string(40, 'y'));
  EXPECT_EQ(heard(bytes, Role::server, bounds).size(), 10U);
}

// ---- 2: pings and pongs

TEST(Control, PingsAndPongsCarryUpTo125Octets) {
  const std::string longest(125, '\xFE');
  EXPECT_THAT(heard(from_client(Opcode::ping, "")), ElementsAre(ping("")));
  EXPECT_THAT(heard(from_client(Opcode::ping, octets({0x00, 0xFF, 0xFE}))),
              ElementsAre(ping(octets({0x00, 0xFF, 0xFE}))));
  EXPECT_THAT(heard(from_client(Opcode::ping, longest)), ElementsAre(ping(longest)));
  EXPECT_THAT(heard(from_client(Opcode::pong, "unasked")), ElementsAre(pong("unasked")));
}

TEST(Control, LongerThan125OctetsIsRefused) {
  for (const auto opcode : {Opcode::ping, Opcode::pong, Opcode::close})
    EXPECT_THAT(heard(from_client(opcode, std::string(126, 'x'))), ElementsAre(violation(1002)));
}

TEST(Control, TenPingsInARowAreTenPings) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += from_client(Opcode::ping, std::to_string(i));
  const auto all = heard(bytes);
  ASSERT_EQ(all.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(all[i], ping(std::to_string(i)));
}

// ---- 3: reserved bits

TEST(ReservedBits, AnyOfThemIsRefusedOnAnyFrame) {
  for (unsigned bits = 0x10; bits <= 0x70; bits += 0x10)
    for (const unsigned opcode : {0x1U, 0x2U, 0x8U, 0x9U, 0xAU})
      EXPECT_THAT(heard(raw_frame(0x80 | bits | opcode, "x")), ElementsAre(violation(1002)));
}

TEST(ReservedBits, AMessageBeforeThemIsStillHeard) {
  EXPECT_THAT(heard(from_client(Opcode::text, "before") + raw_frame(0xC1, "x") +
                    from_client(Opcode::text, "after")),
              ElementsAre(text("before"), violation(1002)));
}

// ---- 4: opcodes

TEST(Opcodes, ReservedOnesAreRefusedWithAndWithoutPayload) {
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    EXPECT_THAT(heard(raw_frame(0x80 | opcode, "")), ElementsAre(violation(1002)));
    EXPECT_THAT(heard(raw_frame(0x80 | opcode, "reserved")), ElementsAre(violation(1002)));
  }
}

// ---- 5: fragments

TEST(Fragments, JoinIntoOneMessage) {
  EXPECT_THAT(heard(from_client(Opcode::text, "one ", false) +
                    from_client(Opcode::continuation, "two ", false) +
                    from_client(Opcode::continuation, "three")),
              ElementsAre(text("one two three")));
}

TEST(Fragments, MayBeEmpty) {
  EXPECT_THAT(
      heard(from_client(Opcode::text, "", false) + from_client(Opcode::continuation, "", false) +
            from_client(Opcode::continuation, "")),
      ElementsAre(text("")));
  EXPECT_THAT(
      heard(from_client(Opcode::text, "", false) + from_client(Opcode::continuation, "mid", false) +
            from_client(Opcode::continuation, "")),
      ElementsAre(text("mid")));
}

TEST(Fragments, ControlFramesMayComeBetweenThemAndAreHeardAtOnce) {
  EXPECT_THAT(heard(from_client(Opcode::text, "one ", false) + from_client(Opcode::ping, "p1") +
                    from_client(Opcode::continuation, "two ", false) +
                    from_client(Opcode::pong, "p2") + from_client(Opcode::continuation, "three")),
              ElementsAre(ping("p1"), pong("p2"), text("one two three")));
}

TEST(Fragments, OfControlFramesAreRefused) {
  EXPECT_THAT(heard(from_client(Opcode::ping, "a", false) + from_client(Opcode::continuation, "b")),
              ElementsAre(violation(1002)));
  EXPECT_THAT(heard(from_client(Opcode::pong, "a", false)), ElementsAre(violation(1002)));
  EXPECT_THAT(heard(from_client(Opcode::close, "", false)), ElementsAre(violation(1002)));
}

TEST(Fragments, NothingToContinueIsRefused) {
  EXPECT_THAT(heard(from_client(Opcode::continuation, "x")), ElementsAre(violation(1002)));
  EXPECT_THAT(heard(from_client(Opcode::continuation, "x", false)), ElementsAre(violation(1002)));
  EXPECT_THAT(
      heard(from_client(Opcode::text, "whole") + from_client(Opcode::continuation, "more", false)),
      ElementsAre(text("whole"), violation(1002)));
}

TEST(Fragments, ANewMessageInsideOneIsRefused) {
  EXPECT_THAT(heard(from_client(Opcode::text, "one", false) + from_client(Opcode::text, "another")),
              ElementsAre(violation(1002)));
  EXPECT_THAT(
      heard(from_client(Opcode::text, "one", false) + from_client(Opcode::binary, "", false)),
      ElementsAre(violation(1002)));
}

TEST(Fragments, SixtyFourPassAndOneMoreIsRefused) {
  const auto message_of = [](int fragments) {
    std::string bytes = from_client(Opcode::text, "x", fragments == 1);
    for (int i = 2; i <= fragments; ++i)
      bytes += from_client(Opcode::continuation, "x", i == fragments);
    return bytes;
  };
  EXPECT_THAT(heard(message_of(64)), ElementsAre(text(std::string(64, 'x'))));
  EXPECT_THAT(heard(message_of(65)), ElementsAre(violation(1009)));
}

// ---- 6: UTF-8

const std::string kosme = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5";

class ValidText : public testing::TestWithParam<std::string> {};

TEST_P(ValidText, PassesWholeAndCutBetweenAnyTwoOctets) {
  const std::string& payload = GetParam();
  EXPECT_THAT(heard(from_client(Opcode::text, payload)), ElementsAre(text(payload)));
  for (std::size_t cut = 0; cut <= payload.size(); ++cut)
    EXPECT_THAT(heard(from_client(Opcode::text, payload.substr(0, cut), false) +
                      from_client(Opcode::continuation, payload.substr(cut))),
                ElementsAre(text(payload)));
}

INSTANTIATE_TEST_SUITE_P(
    Utf8, ValidText,
    testing::Values("plain", kosme, std::string("\0", 1), "\x7F", "\xC2\x80", "\xDF\xBF",
                    "\xE0\xA0\x80", "\xEF\xBF\xBF", "\xEF\xBF\xBD", "\xED\x9F\xBF", "\xEE\x80\x80",
                    "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBE",
                    "eight by eight, and then \xF0\x9F\x8E\xAE in the middle of long text"));

class InvalidText : public testing::TestWithParam<std::string> {};

TEST_P(InvalidText, IsRefusedWholeAndCutBetweenAnyTwoOctets) {
  const std::string payload = kosme + GetParam() + " tail";
  EXPECT_THAT(heard(from_client(Opcode::text, payload)), ElementsAre(violation(1007)));
  for (std::size_t cut = 0; cut <= payload.size(); ++cut)
    EXPECT_THAT(heard(from_client(Opcode::text, payload.substr(0, cut), false) +
                      from_client(Opcode::continuation, payload.substr(cut))),
                ElementsAre(violation(1007)));
}

TEST_P(InvalidText, IsFineAsBinary) {
  EXPECT_THAT(heard(from_client(Opcode::binary, GetParam())), ElementsAre(binary(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Utf8, InvalidText,
                         testing::Values("\x80", "\xBF", "\xC0\xAF", "\xC1\xBF", "\xC3",
                                         "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80",
                                         "\xED\xBF\xBF", "\xED\xAF\xBF\xED\xBF\xBF",
                                         "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x8E",
                                         "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                                         "\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80", "\xFE",
                                         "\xFF"));

TEST(Utf8, TextThatEndsInsideACharacterIsRefused) {
  for (const std::string end : {"\xCE", "\xE1\xBD", "\xF0\x9F\x8E"})
    EXPECT_THAT(heard(from_client(Opcode::text, "text" + end)), ElementsAre(violation(1007)));
}

TEST(Utf8, FailsAtTheFirstOctetThatCannotBeRight) {
  Receiver receiver(Role::server, {});
  // 0xF4 0x90 is beyond U+10FFFF; the frame claims 100 octets and they are not needed.
  std::string bytes = from_client(Opcode::text, "abc\xF4\x90" + std::string(95, 'x'));
  std::string_view before = std::string_view(bytes).substr(0, 6 + 4);
  EXPECT_FALSE(receiver.next(before).has_value());
  std::string_view broken = std::string_view(bytes).substr(6 + 4, 1);
  const auto message = receiver.next(broken);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, Kind::violation);
  EXPECT_EQ(message->code, 1007);
}

TEST(Utf8, FailsInAnEarlyFragmentWithoutWaitingForTheLast) {
  EXPECT_THAT(heard(from_client(Opcode::text, kosme + "\xED\xA0\x80", false)),
              ElementsAre(violation(1007)));
}

TEST(Utf8, AMessageStartsAfresh) {
  EXPECT_THAT(heard(from_client(Opcode::text, kosme) + from_client(Opcode::binary, "\xE2\x82") +
                    from_client(Opcode::text, kosme)),
              ElementsAre(text(kosme), binary("\xE2\x82"), text(kosme)));
}

// ---- 7: closing

TEST(Closing, NothingIsHeardAfterAClose) {
  EXPECT_THAT(heard(from_client(Opcode::close, close_payload(1000)) +
                    from_client(Opcode::text, "late") + from_client(Opcode::ping, "late")),
              ElementsAre(close(1000)));
}

TEST(Closing, MayBeEmptyOrCarryAReasonOfUpTo123Octets) {
  EXPECT_THAT(heard(from_client(Opcode::close, "")), ElementsAre(close(close_code::no_status)));
  const std::string longest(123, 'r');
  EXPECT_THAT(heard(from_client(Opcode::close, close_payload(1000, "bye"))),
              ElementsAre(close(1000, "bye")));
  EXPECT_THAT(heard(from_client(Opcode::close, close_payload(1000, longest))),
              ElementsAre(close(1000, longest)));
}

TEST(Closing, HalfACodeIsRefused) {
  EXPECT_THAT(heard(from_client(Opcode::close, "\x03")), ElementsAre(violation(1002)));
}

TEST(Closing, AReasonThatIsNotUtf8IsRefused) {
  EXPECT_THAT(heard(from_client(Opcode::close, octets({0x03, 0xE8, 0xCE, 0xBA, 0xED, 0xA0, 0x80}))),
              ElementsAre(violation(1007)));
  EXPECT_THAT(heard(from_client(Opcode::close, octets({0x03, 0xE8, 0xCE}))),
              ElementsAre(violation(1007)));
}

TEST(Closing, ValidCodesAreHeard) {
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U,
                              1013U, 1014U, 3000U, 3999U, 4000U, 4001U, 4999U})
    EXPECT_THAT(
        heard(from_client(Opcode::close, close_payload(static_cast<std::uint16_t>(code), "why"))),
        ElementsAre(close(static_cast<std::uint16_t>(code), "why")));
}

TEST(Closing, InvalidCodesAreRefused) {
  for (const unsigned code :
       {0U, 1U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U})
    EXPECT_THAT(heard(from_client(Opcode::close, octets({code >> 8, code & 0xFF}))),
                ElementsAre(violation(1002)))
        << code;
}

TEST(Closing, ACloseBetweenFragmentsEndsIt) {
  EXPECT_THAT(heard(from_client(Opcode::text, "half", false) +
                    from_client(Opcode::close, close_payload(1001)) +
                    from_client(Opcode::continuation, "other half")),
              ElementsAre(close(1001)));
}

TEST(Closing, AReasonIsCutAtTheEdgeOfACharacter) {
  const std::string reason = std::string(122, 'x') + kosme;
  const std::string payload = close_payload(4001, reason);
  EXPECT_EQ(payload.size(), 2U + 122U);
  EXPECT_EQ(payload.substr(0, 2), octets({4001 >> 8, 4001 & 0xFF}));
  EXPECT_EQ(close_payload(1000, std::string(200, 'x')).size(), 125U);
  EXPECT_THAT(close_payload(close_code::no_status, "no room"), IsEmpty());
}

// ---- memory

TEST(Receiver, SwallowsWhatComesAfterAViolation) {
  Receiver receiver(Role::server, {});
  const std::string bytes = raw_frame(0x83, "x") + std::string(5000, 'z');
  std::string_view input = bytes;
  const auto message = receiver.next(input);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, Kind::violation);
  EXPECT_THAT(std::string(message->payload), HasSubstr("reserved"));
  EXPECT_TRUE(receiver.is_finished());
  EXPECT_FALSE(receiver.next(input).has_value());
  EXPECT_TRUE(input.empty());
}

TEST(Receiver, IsSmall) {
  EXPECT_LE(sizeof(Receiver), 160U);
}

// ---- the opening handshake

TEST(Handshake, AnswersTheKeyOfTheRfc) {
  // RFC 6455 section 1.3
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, KeysAreSixteenOctetsInBase64) {
  EXPECT_EQ(
      make_key({'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'}),
      "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_TRUE(is_valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
  EXPECT_TRUE(is_valid_key(make_key({})));
  EXPECT_FALSE(is_valid_key(""));
  EXPECT_FALSE(is_valid_key("dGhlIHNhbXBsZSBub25jZQ="));
  EXPECT_FALSE(is_valid_key("dGhlIHNhbXBsZSBub25jZR=="));  // bits behind the sixteenth octet
  EXPECT_FALSE(is_valid_key("dGhlIHNhbXBsZSBub25j Q=="));
  EXPECT_FALSE(is_valid_key("dGhlIHNhbXBsZSBub25jZQ==="));
  EXPECT_FALSE(is_valid_key("dGhlIHNhbXBsZSBub25jZWFh"));
}

TEST(Handshake, TheClientKnowsAGrantFromAnythingElse) {
  const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
  const std::string granted =
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
      "Sec-WebSocket-Protocol: psmoved.v1+json\r\n\r\n";
  EXPECT_TRUE(grants_upgrade(granted, key, "psmoved.v1+json"));
  EXPECT_FALSE(grants_upgrade(granted, key, ""));
  EXPECT_FALSE(grants_upgrade(granted, make_key({}), "psmoved.v1+json"));
  EXPECT_FALSE(grants_upgrade("HTTP/1.1 403 Forbidden\r\n\r\n", key, ""));
  EXPECT_FALSE(grants_upgrade("", key, ""));
}

TEST(Handshake, TheClientAsksForVersion13WithHostAndProtocol) {
  const auto request =
      upgrade_request("localhost:6683", "/api/v1/stream?fields=mag_ut", "KEY", "psmoved.v1+json");
  EXPECT_TRUE(request.starts_with("GET /api/v1/stream?fields=mag_ut HTTP/1.1\r\n"));
  EXPECT_TRUE(request.ends_with("\r\n\r\n"));
  for (const auto* line :
       {"\r\nHost: localhost:6683\r\n", "\r\nUpgrade: websocket\r\n", "\r\nConnection: Upgrade\r\n",
        "\r\nSec-WebSocket-Version: 13\r\n", "\r\nSec-WebSocket-Key: KEY\r\n",
        "\r\nSec-WebSocket-Protocol: psmoved.v1+json\r\n"})
    EXPECT_THAT(request, HasSubstr(line));
}

}  // namespace
}  // namespace psmove::stream
