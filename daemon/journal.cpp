#include "daemon/journal.hpp"

#include "api/wire/log_line.hpp"

namespace psmove::daemon {
namespace {

/// The journal drops fields with longer names, and with them the reason to write them.
constexpr std::size_t longest_name = 64;

std::string upper(std::string_view key) {
  std::string name(key);
  for (char& c : name)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return name;
}

}  // namespace

std::vector<std::string> journal_fields(int priority, std::string_view line,
                                        const CodePlace& place) {
  const auto parsed = wire::parse_log_line(line);
  std::vector<std::string> fields = {"MESSAGE=" + std::string(line),
                                     "PRIORITY=" + std::to_string(priority),
                                     "SYSLOG_IDENTIFIER=psmoved"};
  if (!parsed.message.empty()) fields.push_back("PSMOVED_EVENT=" + parsed.message);
  for (const auto& [key, value] : parsed.fields)
    if (std::string name = "PSMOVED_" + upper(key);
        name.size() <= longest_name && name != "PSMOVED_EVENT")
      fields.push_back(name + '=' + value);
  if (place.file != nullptr) {
    fields.push_back(std::string("CODE_FILE=") + place.file);
    fields.push_back("CODE_LINE=" + std::to_string(place.line));
    if (place.function != nullptr) fields.push_back(std::string("CODE_FUNC=") + place.function);
  }
  return fields;
}

}  // namespace psmove::daemon
