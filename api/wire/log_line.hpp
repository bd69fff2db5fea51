#pragma once
// A line of the daemon's log, taken apart: a short message, and its key=value fields.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace psmove::wire {

struct LogLine {
  std::string message;                                      ///< the words that are no fields
  std::vector<std::pair<std::string, std::string>> fields;  ///< in their order, each key once
};

/// A key is of small letters, digits and underscores. A value ends at the next space, or, where it
/// begins with a quotation mark, at one that stands before a space or the end. Nothing is an error:
/// what is no field is part of the message.
[[nodiscard]] LogLine parse_log_line(std::string_view line);

}  // namespace psmove::wire
