#include "api/wire/log_line.hpp"

#include <algorithm>

namespace psmove::wire {
namespace {

bool is_key(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Where the value that `rest` begins with ends, its quotation marks included.
std::size_t end_of_value(std::string_view rest) {
  if (rest.starts_with('"'))
    for (auto mark = rest.find('"', 1); mark != std::string_view::npos;
         mark = rest.find('"', mark + 1))
      if (mark + 1 == rest.size() || rest[mark + 1] == ' ') return mark + 1;
  return std::min(rest.find(' '), rest.size());
}

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
    return value.substr(1, value.size() - 2);
  return value;
}

}  // namespace

LogLine parse_log_line(std::string_view line) {
  LogLine parsed;
  while (!line.empty()) {
    const auto word = line.substr(0, line.find(' '));
    const auto equals = word.find('=');
    const auto key = word.substr(0, std::min(equals, word.size()));
    std::size_t used = word.size();
    const bool is_known = std::any_of(parsed.fields.begin(), parsed.fields.end(),
                                      [key](const auto& field) { return field.first == key; });
    if (equals != std::string_view::npos && is_key(key) && !is_known) {
      const auto length = end_of_value(line.substr(equals + 1));
      parsed.fields.emplace_back(key, unquoted(line.substr(equals + 1, length)));
      used = equals + 1 + length;
    } else if (!word.empty()) {
      if (!parsed.message.empty()) parsed.message += ' ';
      parsed.message += word;
    }
    line.remove_prefix(std::min(used + 1, line.size()));
  }
  return parsed;
}

}  // namespace psmove::wire
