// Any text as a line of the log: taken apart without losing a field's name, and a message of it is
// JSON.

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "api/wire/stream_messages.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace psmove::wire;
  const LogLine line = parse_log_line(std::string(data, data + size));
  std::set<std::string> names;
  for (const auto& [name, value] : line.fields)
    if (name.empty() || !names.insert(name).second) std::abort();
  const auto message = event_head(Topic::log, "a") + log_event(1, "info", line, 0);
  if (!nlohmann::json::accept(message)) std::abort();
  return 0;
}
