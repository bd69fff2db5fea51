#pragma once
// A line of the log as an entry of systemd's journal.

#include <string>
#include <string_view>
#include <vector>

namespace psmove::daemon {

/// Where a line was written, if that is known.
struct CodePlace {
  const char* file = nullptr;
  const char* function = nullptr;
  int line = 0;
};

/// The fields of the entry, each as "NAME=value": MESSAGE is the whole line, PSMOVED_EVENT its
/// words, and every key=value in it is a field PSMOVED_KEY.
/// @param priority  as syslog(3) has them: 3 error, 4 warning, 6 info, 7 debug
[[nodiscard]] std::vector<std::string> journal_fields(int priority, std::string_view line,
                                                      const CodePlace& place = {});

}  // namespace psmove::daemon
