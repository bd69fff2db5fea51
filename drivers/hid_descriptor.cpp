#include "drivers/hid_descriptor.hpp"

#include <vector>

namespace psmove::drivers {
namespace {

constexpr std::uint8_t long_item = 0xFE;
constexpr std::size_t max_report_bits = 4096 * 8;  // HID_MAX_BUFFER_SIZE of the 6.1 kernel is 16384

/// Item tags with their size bits cleared (HID 1.11, 6.2.2.4 and 6.2.2.7).
enum class Item : std::uint8_t {
  input = 0x80,
  report_size = 0x74,
  report_id = 0x84,
  report_count = 0x94,
  push = 0xA4,
  pop = 0xB4,
};

struct Globals {
  std::uint32_t size = 0, count = 0, id = 0;
};

}  // namespace

std::size_t declared_input_bytes(std::span<const std::uint8_t> descriptor, std::uint8_t report_id) {
  Globals now;
  std::vector<Globals> stack;
  std::size_t bits = 0;
  for (std::size_t at = 0; at < descriptor.size();) {
    const std::uint8_t prefix = descriptor[at++];
    if (prefix == long_item) {
      if (at + 2 > descriptor.size()) return 0;
      at += 2U + descriptor[at];
      continue;
    }
    const std::size_t length = (prefix & 3U) == 3U ? 4U : prefix & 3U;
    if (at + length > descriptor.size()) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < length; ++i)
      value |= static_cast<std::uint32_t>(descriptor[at + i]) << (8 * i);
    at += length;
    switch (static_cast<Item>(prefix & 0xFCU)) {
      case Item::report_size:
        now.size = value;
        break;
      case Item::report_id:
        now.id = value;
        break;
      case Item::report_count:
        now.count = value;
        break;
      case Item::push:
        if (stack.size() < 16) stack.push_back(now);
        break;
      case Item::pop:
        if (!stack.empty()) {
          now = stack.back();
          stack.pop_back();
        }
        break;
      case Item::input:
        if (now.id == report_id) bits += static_cast<std::size_t>(now.size) * now.count;
        if (bits > max_report_bits) return 0;
        break;
    }
  }
  return (bits + 7) / 8;
}

}  // namespace psmove::drivers
