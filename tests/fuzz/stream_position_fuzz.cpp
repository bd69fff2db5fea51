// Any text as Last-Event-ID: refused, or a position that is written as it was read.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "api/wire/stream_position.hpp"

namespace {

using namespace psmove::wire;

void require(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto position = parse_stream_position(std::string(data, data + size));
  if (!position) return 0;
  std::string text;
  position->append_to(text);
  const auto again = parse_stream_position(text);
  require(again && again->entries() == position->entries());
  require(position->entries().size() <= 64);
  return 0;
}
