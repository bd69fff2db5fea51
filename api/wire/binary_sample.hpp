#pragma once
// Motion as fixed records, for programs that read them with one struct: little-endian, and laid out
// in docs/stream.md.

#include <cstddef>
#include <cstdint>
#include <string>

#include "types/address.hpp"
#include "types/controller_state.hpp"

namespace psmove::wire {

inline constexpr std::uint8_t binary_version = 1;
inline constexpr std::size_t binary_header_bytes = 24, binary_sample_bytes = 96;
/// Where the header says what was dropped, four bytes.
inline constexpr std::size_t binary_dropped_offset = 12;

struct BinaryHeader {
  Address controller{};
  std::uint16_t count = 0;
  std::uint32_t dropped = 0;
  std::int64_t received_us = 0;
};
void append_binary_header(std::string& out, const BinaryHeader& header);
void append_binary_u32(std::string& out, std::uint32_t value);

/// One record. What the controller does not have is NaN; what is not finite is 0.
void append_binary_sample(std::string& out, const Sample& sample);

}  // namespace psmove::wire
