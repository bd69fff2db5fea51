#pragma once
// Service records, and the little server that hands them out: how a Bluetooth host learns that
// something is a HID device, and what its reports look like. Layouts: Bluetooth Core
// Specification, volume 3 part B; attributes: HID profile 1.1 and Device ID profile 1.3.

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/wire.hpp"

namespace psmove::emulator::sdp {

/// One value of a record, already encoded.
using Element = Bytes;
Element u8(unsigned value);
Element u16(unsigned value);
Element u32(std::uint32_t value);
Element uuid(std::uint16_t value);
Element boolean(bool value);
Element text(BytesView bytes);
Element sequence(const std::vector<Element>& elements);

struct Attribute {
  std::uint16_t id = 0;
  Element value;
};
/// Attributes in rising order of their id, the handle (id 0) first.
using Record = std::vector<Attribute>;

/// The record as one data element, which is also how BlueZ stores it.
Bytes encode(const Record& record);

/// A HID service around a descriptor.
struct HidService {
  std::string name = "Motion Controller";
  unsigned subclass = 0x08;  ///< 0x40: keyboard
  bool is_the_ds3s = false;  ///< the values of the DualShock 3's record, byte for byte
  Bytes descriptor;
};
Record hid_record(const HidService& service);
/// Who made it (PnP information).
Record device_id_record(std::uint16_t vendor, std::uint16_t product);

/// Answers one request. Answers that are longer than the host takes are handed out in parts.
class Server {
 public:
  explicit Server(std::vector<Record> records) : records_(std::move(records)) {}
  /// @param longest  of an answer, as the channel allows
  [[nodiscard]] Bytes answer(BytesView request, std::size_t longest) const;

 private:
  [[nodiscard]] std::vector<const Record*> matching(BytesView pattern) const;

  std::vector<Record> records_;
};

}  // namespace psmove::emulator::sdp
