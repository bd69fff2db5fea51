#include "bluez/input_conf.hpp"

#include <algorithm>
#include <fstream>
#include <glib.h>
#include <sstream>
#include <vector>

#include "types/text.hpp"

namespace psmove::bluez {
namespace {

constexpr std::string_view general_group = "[General]";
constexpr std::string_view bonded_only_key = "ClassicBondedOnly";
/// Over a line that we added. The package's purge looks for these words as well.
constexpr std::string_view our_mark =
    "# psmoved: controllers without a bond may connect (psmovectl unpair --all takes this back)";
/// Before a line of somebody else's that ours replaces.
constexpr std::string_view kept_mark = "#psmoved# ";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  return text;
}

/// The value of our key, if the line sets it.
std::optional<std::string_view> setting(std::string_view line) {
  line = trimmed(line, blanks_and_return);
  const auto equals = line.find('=');
  if (equals == std::string_view::npos ||
      trimmed(line.substr(0, equals), blanks_and_return) != bonded_only_key)
    return std::nullopt;
  return trimmed(line.substr(equals + 1), blanks_and_return);
}

}  // namespace

std::optional<bool> bonded_only(std::string_view text) {
  std::optional<bool> found;
  bool is_general = false;
  for (const auto& line : lines_of(text)) {
    if (trimmed(line, blanks_and_return).starts_with('['))
      is_general = trimmed(line, blanks_and_return) == general_group;
    if (!is_general) continue;
    if (const auto value = setting(line)) found = *value == "true" || *value == "1";
  }
  return found;
}

std::string with_unbonded_allowed(std::string_view text) {
  if (bonded_only(text) == false) return std::string(text);
  auto lines = lines_of(text);
  for (auto& line : lines)
    if (setting(line)) line.insert(0, kept_mark);
  const auto is_group = [](const std::string& line) {
    return trimmed(line, blanks_and_return) == general_group;
  };
  auto at = std::find_if(lines.begin(), lines.end(), is_group);
  if (at == lines.end()) at = lines.emplace(lines.end(), general_group);
  lines.insert(at + 1, {std::string(our_mark), std::string(bonded_only_key).append("=false")});
  return text_of(lines);
}

std::string with_our_change_undone(std::string_view text) {
  auto lines = lines_of(text);
  const auto mark = std::find(lines.begin(), lines.end(), our_mark);
  if (mark == lines.end()) return std::string(text);
  const bool has_value = mark + 1 != lines.end() && setting(mark[1]).has_value();
  lines.erase(mark, mark + (has_value ? 2 : 1));
  for (auto& line : lines)
    if (line.starts_with(kept_mark)) line.erase(0, kept_mark.size());
  return text_of(lines);
}

std::string InputConf::text() const {
  std::ifstream file(path_);
  std::ostringstream all;
  all << file.rdbuf();
  return all.str();
}

bool InputConf::allows_unbonded() const {
  return bonded_only(text()) == false;
}

bool InputConf::is_changed_by_us() const {
  const auto now = text();
  return with_our_change_undone(now) != now;
}

std::string InputConf::rewrite(std::string (*change)(std::string_view)) const {
  const auto before = text();
  const auto after = change(before);
  if (after == before) return {};
  GError* error = nullptr;
  if (g_file_set_contents_full(path_.c_str(), after.c_str(), static_cast<gssize>(after.size()),
                               G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error) == TRUE)
    return {};
  std::string sentence = error->message;
  g_error_free(error);
  return sentence;
}

}  // namespace psmove::bluez
