#pragma once
// Bytes in the order that a wire wants them, in and out. USB and Bluetooth's lower layers are
// little endian; USB/IP and SDP are big endian.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "types/address.hpp"

namespace psmove::emulator {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;

/// Puts values one after the other. Each is cut to the width that its function is named for.
class Writer {
 public:
  Writer& u8(std::uint64_t value) { return little(value, 1); }
  Writer& le16(std::uint64_t value) { return little(value, 2); }
  Writer& le24(std::uint64_t value) { return little(value, 3); }
  Writer& le32(std::uint64_t value) { return little(value, 4); }
  Writer& be16(std::uint64_t value) { return big(value, 2); }
  Writer& be32(std::uint64_t value) { return big(value, 4); }
  Writer& raw(BytesView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Writer& text(std::string_view text) { return raw(std::as_bytes(std::span(text))); }
  Writer& zeros(std::size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  /// As Bluetooth has it: the last octet first.
  Writer& address(const Address& address) {
    for (auto octet = address.octets.rbegin(); octet != address.octets.rend(); ++octet) u8(*octet);
    return *this;
  }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] Bytes take() { return std::exchange(bytes_, {}); }

 private:
  Writer& little(std::uint64_t value, unsigned width) {
    for (unsigned i = 0; i < width; ++i) bytes_.push_back(std::byte(value >> 8 * i & 0xFF));
    return *this;
  }
  Writer& big(std::uint64_t value, unsigned width) {
    for (unsigned i = width; i-- > 0;) bytes_.push_back(std::byte(value >> 8 * i & 0xFF));
    return *this;
  }

  Bytes bytes_;
};

/// Takes values off the front. Past the end everything reads as zero, and is_whole() says so.
class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes) {}
  explicit Reader(Bytes&&) = delete;  // it would read what is gone

  std::uint8_t u8() { return static_cast<std::uint8_t>(little(1)); }
  std::uint16_t le16() { return static_cast<std::uint16_t>(little(2)); }
  std::uint32_t le32() { return little(4); }
  std::uint16_t be16() { return static_cast<std::uint16_t>(big(2)); }
  std::uint32_t be32() { return big(4); }
  BytesView raw(std::size_t count) {
    if (count > rest_.size()) {
      whole_ = false;
      count = rest_.size();
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  Address address() {
    Address address;
    for (auto octet = address.octets.rbegin(); octet != address.octets.rend(); ++octet)
      *octet = u8();
    return address;
  }

  [[nodiscard]] BytesView rest() const { return rest_; }
  /// Nothing was asked for that was not there.
  [[nodiscard]] bool is_whole() const { return whole_; }

 private:
  std::uint32_t little(unsigned width) {
    std::uint32_t value = 0;
    const auto bytes = raw(width);
    for (std::size_t i = bytes.size(); i-- > 0;)
      value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
    return value;
  }
  std::uint32_t big(unsigned width) {
    std::uint32_t value = 0;
    for (const auto byte : raw(width)) value = value << 8 | std::to_integer<std::uint32_t>(byte);
    return value;
  }

  BytesView rest_;
  bool whole_ = true;
};

}  // namespace psmove::emulator
