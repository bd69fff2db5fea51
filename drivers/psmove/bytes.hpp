#pragma once
// Little-endian words in report bytes. Offsets are template parameters and the bytes a span of
// fixed length, so a read or write past the end does not compile.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "types/units.hpp"

namespace psmove::drivers {

template <std::size_t Offset, std::size_t Size>
[[nodiscard]] constexpr std::uint8_t u8(std::span<const std::byte, Size> bytes) {
  static_assert(Size != std::dynamic_extent && Offset + 1 <= Size);
  return std::to_integer<std::uint8_t>(bytes[Offset]);
}

template <std::size_t Offset, std::size_t Size>
[[nodiscard]] constexpr std::uint16_t u16(std::span<const std::byte, Size> bytes) {
  return static_cast<std::uint16_t>(u8<Offset>(bytes) | u8<Offset + 1>(bytes) << 8);
}

/// Two's complement.
template <std::size_t Offset, std::size_t Size>
[[nodiscard]] constexpr int s16(std::span<const std::byte, Size> bytes) {
  return static_cast<std::int16_t>(u16<Offset>(bytes));
}

/// Unsigned on the wire with its zero at 0x8000.
template <std::size_t Offset, std::size_t Size>
[[nodiscard]] constexpr int offset16(std::span<const std::byte, Size> bytes) {
  return int{u16<Offset>(bytes)} - 0x8000;
}

template <std::size_t Offset, std::size_t Size>
[[nodiscard]] constexpr float f32(std::span<const std::byte, Size> bytes) {
  return std::bit_cast<float>(std::uint32_t{u16<Offset>(bytes)} |
                              std::uint32_t{u16<Offset + 2>(bytes)} << 16);
}

/// Three words in a row, X first.
template <std::size_t Offset, std::size_t Size>
[[nodiscard]] constexpr Vec3<Counts> s16_triple(std::span<const std::byte, Size> bytes) {
  return {static_cast<double>(s16<Offset>(bytes)), static_cast<double>(s16<Offset + 2>(bytes)),
          static_cast<double>(s16<Offset + 4>(bytes))};
}
template <std::size_t Offset, std::size_t Size>
[[nodiscard]] constexpr Vec3<Counts> offset16_triple(std::span<const std::byte, Size> bytes) {
  return {static_cast<double>(offset16<Offset>(bytes)),
          static_cast<double>(offset16<Offset + 2>(bytes)),
          static_cast<double>(offset16<Offset + 4>(bytes))};
}

/// Whether any component is at the end of the 16-bit range: the true value may lie beyond.
[[nodiscard]] constexpr bool is_saturated(const Vec3<Counts>& words) {
  const auto at_end = [](double word) { return word <= -32768 || word >= 32767; };
  return at_end(words.x) || at_end(words.y) || at_end(words.z);
}

template <std::size_t Offset, std::size_t Size>
constexpr void put_u8(std::span<std::byte, Size> bytes, std::uint8_t value) {
  static_assert(Size != std::dynamic_extent && Offset + 1 <= Size);
  bytes[Offset] = std::byte{value};
}

}  // namespace psmove::drivers
