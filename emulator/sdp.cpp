#include "emulator/sdp.hpp"

#include <algorithm>
#include <set>

namespace psmove::emulator::sdp {
namespace {

// Heads of data elements: what follows is a length, or a value of a fixed size.
enum Head : std::uint8_t {
  head_u8 = 0x08,
  head_u16 = 0x09,
  head_u32 = 0x0A,
  head_uuid16 = 0x19,
  head_uuid32 = 0x1A,
  head_uuid128 = 0x1C,
  head_text8 = 0x25,
  head_text16 = 0x26,
  head_boolean = 0x28,
  head_sequence8 = 0x35,
  head_sequence16 = 0x36,
};

enum Pdu : std::uint8_t {
  error_response = 1,
  search_request = 2,
  search_response = 3,
  attribute_request = 4,
  attribute_response = 5,
  search_attribute_request = 6,
  search_attribute_response = 7,
};
constexpr unsigned invalid_handle = 2, invalid_syntax = 3;

constexpr unsigned hid_service = 0x1124, pnp_service = 0x1200, public_browse_root = 0x1002,
                   l2cap_protocol = 0x0100, hidp_protocol = 0x0011;
constexpr std::uint32_t hid_handle = 0x00010000, pnp_handle = 0x00010001;

Element sized(Head short_head, Head long_head, BytesView bytes) {
  Writer element;
  if (bytes.size() < 0x100)
    element.u8(short_head).u8(bytes.size());
  else
    element.u8(long_head).be16(bytes.size());
  return element.raw(bytes).take();
}

Element text(std::string_view words) {
  return sdp::text(std::as_bytes(std::span(words)));
}

/// The content of the element at the front, which is taken off.
struct Piece {
  std::uint8_t head = 0;
  BytesView content;
};
Piece take_element(Reader& reader) {
  Piece piece;
  piece.head = reader.u8();
  switch (piece.head & 7) {  // the low bits say how long it is
    case 5:
      piece.content = reader.raw(reader.u8());
      break;
    case 6:
      piece.content = reader.raw(reader.be16());
      break;
    case 7:
      piece.content = reader.raw(reader.be32());
      break;
    default:
      piece.content = reader.raw(std::size_t{1} << (piece.head & 7));
  }
  return piece;
}

bool is_sequence(const Piece& piece) {
  return piece.head >> 3 == 6;
}
bool is_uuid(const Piece& piece) {
  return piece.head >> 3 == 3;
}

/// The short form of a UUID, which all of ours have: of a long one that is its first four bytes.
std::uint32_t short_uuid(const Piece& piece) {
  Reader reader(piece.content);
  return piece.content.size() == 2 ? reader.be16() : reader.be32();
}

void collect_uuids(BytesView elements, std::set<std::uint32_t>& found) {
  Reader reader(elements);
  while (!reader.rest().empty() && reader.is_whole()) {
    const auto piece = take_element(reader);
    if (is_uuid(piece)) found.insert(short_uuid(piece));
    if (is_sequence(piece)) collect_uuids(piece.content, found);
  }
}

/// Only the attributes that a request's list of ids and ranges names.
Bytes chosen(const Record& record, BytesView wanted) {
  Record some;
  Reader reader(wanted);
  while (!reader.rest().empty() && reader.is_whole()) {
    const auto piece = take_element(reader);
    Reader range(piece.content);
    const std::uint16_t first = range.be16();
    const std::uint16_t last = piece.head == head_u32 ? range.be16() : first;
    for (const auto& attribute : record)
      if (attribute.id >= first && attribute.id <= last) some.push_back(attribute);
  }
  return encode(some);
}

std::uint32_t handle_of(const Record& record) {
  Reader value(BytesView(record.front().value).subspan(1));
  return value.be32();
}

Bytes response(unsigned pdu, unsigned transaction, BytesView body) {
  return Writer().u8(pdu).be16(transaction).be16(body.size()).raw(body).take();
}

/// Where an answer that came in parts goes on; the host sends it back to us.
std::size_t continuation(Reader& reader) {
  return reader.u8() == 2 ? reader.be16() : std::size_t{0};
}

/// The part of an answer that begins at `from`, with how to ask for the rest.
Bytes part(BytesView all, std::size_t from, std::size_t longest) {
  from = std::min(from, all.size());
  const auto size = std::min(longest, all.size() - from);
  Writer body;
  body.be16(size).raw(all.subspan(from, size));
  if (from + size == all.size()) return body.u8(0).take();
  return body.u8(2).be16(from + size).take();
}

}  // namespace

Element u8(unsigned value) {
  return Writer().u8(head_u8).u8(value).take();
}
Element u16(unsigned value) {
  return Writer().u8(head_u16).be16(value).take();
}
Element u32(std::uint32_t value) {
  return Writer().u8(head_u32).be32(value).take();
}
Element uuid(std::uint16_t value) {
  return Writer().u8(head_uuid16).be16(value).take();
}
Element boolean(bool value) {
  return Writer().u8(head_boolean).u8(value ? 1 : 0).take();
}
Element text(BytesView bytes) {
  return sized(head_text8, head_text16, bytes);
}
Element sequence(const std::vector<Element>& elements) {
  Writer content;
  for (const auto& element : elements) content.raw(element);
  return sized(head_sequence8, head_sequence16, content.take());
}

Bytes encode(const Record& record) {
  std::vector<Element> elements;
  for (const auto& attribute : record) {
    elements.push_back(u16(attribute.id));
    elements.push_back(attribute.value);
  }
  return sequence(elements);
}

Record hid_record(const HidService& service) {
  const auto hidp_over = [](unsigned psm) {
    return sequence({sequence({uuid(l2cap_protocol), u16(psm)}), sequence({uuid(hidp_protocol)})});
  };
  const bool ds3 = service.is_the_ds3s;
  Record record = {
      {0x0000, u32(hid_handle)},
      {0x0001, sequence({uuid(hid_service)})},
      {0x0004, hidp_over(0x11)},
      {0x0006, sequence({u16(0x656E), u16(0x006A), u16(0x0100)})},
      {0x0009, sequence({sequence({uuid(hid_service), u16(0x0100)})})},
      {0x000D, sequence({hidp_over(0x13)})},
      {0x0100, text(ds3 ? "Wireless Controller" : service.name)},
      {0x0101, text(ds3 ? "Wireless Controller" : service.name)},
      {0x0102, text("Sony Computer Entertainment")},
      {0x0200, u16(0x0100)},
      {0x0201, u16(ds3 ? 0x0100 : 0x0111)},
      {0x0202, u8(ds3 ? 0x00 : service.subclass)},
      {0x0203, u8(0x21)},
      {0x0204, boolean(true)},  // virtual cable
      {0x0205, boolean(true)},  // it calls the host
      {0x0206, sequence({sequence({u8(0x22), sdp::text(service.descriptor)})})},
      {0x0207, sequence({sequence({u16(0x0409), u16(0x0100)})})},
      {0x0208, boolean(false)},
      {0x0209, boolean(true)},
      {0x020A, boolean(true)},
      {0x020B, u16(0x0100)},
      {0x020C, u16(0x3E80)},
      {0x020D, boolean(false)},
      {0x020E, boolean(false)},
  };
  // What the DualShock 3's record lacks: being found by somebody who browses.
  if (!ds3) record.insert(record.begin() + 3, {0x0005, sequence({uuid(public_browse_root)})});
  return record;
}

Record device_id_record(std::uint16_t vendor, std::uint16_t product) {
  return {{0x0000, u32(pnp_handle)},
          {0x0001, sequence({uuid(pnp_service)})},
          {0x0005, sequence({uuid(public_browse_root)})},
          {0x0200, u16(0x0103)},
          {0x0201, u16(vendor)},
          {0x0202, u16(product)},
          {0x0203, u16(0x0001)},
          {0x0204, boolean(true)},
          {0x0205, u16(0x0001)}};  // numbers are the Bluetooth SIG's
}

std::vector<const Record*> Server::matching(BytesView pattern) const {
  std::set<std::uint32_t> wanted;
  collect_uuids(pattern, wanted);
  std::vector<const Record*> found;
  for (const auto& record : records_) {
    std::set<std::uint32_t> has;
    for (const auto& attribute : record) collect_uuids(attribute.value, has);
    if (!wanted.empty() && std::includes(has.begin(), has.end(), wanted.begin(), wanted.end()))
      found.push_back(&record);
  }
  return found;
}

Bytes Server::answer(BytesView request, std::size_t longest) const {
  constexpr std::size_t around = 5 + 2 + 3;  // head, size of the part, continuation
  constexpr std::size_t smallest_part = 7;   // by the specification
  longest = longest > around + smallest_part ? longest - around : smallest_part;
  Reader reader(request);
  const auto pdu = reader.u8();
  const auto transaction = reader.be16();
  reader.be16();  // length, which the frame gives as well
  const auto refuse = [&](unsigned reason) {
    return response(error_response, transaction, Writer().be16(reason).take());
  };
  if (pdu == search_request) {
    const auto found = matching(take_element(reader).content);
    const auto count = std::min<std::size_t>(found.size(), reader.be16());
    if (!reader.is_whole()) return refuse(invalid_syntax);
    Writer body;
    body.be16(found.size()).be16(count);
    for (std::size_t i = 0; i < count; ++i) body.be32(handle_of(*found[i]));
    return response(search_response, transaction, body.u8(0).take());
  }
  Bytes all;
  std::size_t room = 0;
  unsigned kind = 0;
  if (pdu == attribute_request) {
    kind = attribute_response;
    const auto handle = reader.be32();
    room = reader.be16();
    const auto wanted = take_element(reader).content;
    const auto record = std::find_if(records_.begin(), records_.end(),
                                     [&](const Record& r) { return handle_of(r) == handle; });
    if (record == records_.end()) return refuse(invalid_handle);
    all = chosen(*record, wanted);
  } else if (pdu == search_attribute_request) {
    kind = search_attribute_response;
    const auto found = matching(take_element(reader).content);
    room = reader.be16();
    const auto wanted = take_element(reader).content;
    std::vector<Element> lists;
    lists.reserve(found.size());
    for (const auto* record : found) lists.push_back(chosen(*record, wanted));
    all = sequence(lists);
  } else {
    return refuse(invalid_syntax);
  }
  const auto from = continuation(reader);
  if (!reader.is_whole()) return refuse(invalid_syntax);
  return response(kind, transaction,
                  part(all, from, std::min(longest, std::max(room, smallest_part))));
}

}  // namespace psmove::emulator::sdp
