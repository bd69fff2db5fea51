// Any text as a recording: refused in one sentence, or read so that writing and reading it again
// gives the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "drivers/replay/recording.hpp"

namespace {

using namespace psmove::drivers;

void require(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = parse_recording(text);
  if (!read.error.empty()) {
    require(read.error.find('\n') == std::string::npos && read.error.back() == '.');
    return 0;
  }
  const auto written = to_text(read.recording);
  const auto again = parse_recording(written);
  require(again.error.empty());
  require(to_text(again.recording) == written);
  require(again.recording.size() == read.recording.size());
  require(again.recording.features == read.recording.features);
  return 0;
}
