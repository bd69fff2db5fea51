// Walks any JSON object and prints it as an indented list.

#include "clients/psmovectl/json_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace psmove::client {
namespace {

using Json = nlohmann::ordered_json;  // as the daemon wrote it

constexpr int deepest = 4;

std::string scalar_text(const Json& value, const Style& style) {
  if (value.is_string()) return printable(value.get<std::string>(), style);
  if (value.is_null()) return "-";
  return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), style);
}

/// A list of plain values on one line.
std::string list_text(const Json& list, const Style& style) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + scalar_text(item, style);
  return out.empty() ? "none" : out;
}

bool is_small(const Json& object) {
  return object.size() <= 4 &&
         std::all_of(object.begin(), object.end(), [](const Json& v) { return v.is_primitive(); });
}

/// "red 255, green 0, blue 128"
std::string small_object_text(const Json& object, const Style& style) {
  std::string out;
  for (const auto& [key, value] : object.items())
    out += (out.empty() ? "" : ", ") + printable(key, style) + " " + scalar_text(value, style);
  return out;
}

void add_object(std::string& out, const Json& object, int depth, const Style& style) {
  const auto indent = repeated("  ", depth);
  int width = 0;
  for (const auto& [key, value] : object.items())
    width = std::max(width, display_width(printable(key, style)));
  for (const auto& [key, value] : object.items()) {
    const auto label = printable(key, style);
    if (value.is_object() && !is_small(value) && depth < deepest) {
      out += indent + dim(label, style) + "\n";
      add_object(out, value, depth + 1, style);
      continue;
    }
    out += indent + dim(fitted(label, width, style), style) + "  " +
           (value.is_array()    ? list_text(value, style)
            : value.is_object() ? small_object_text(value, style)
                                : scalar_text(value, style)) +
           "\n";
  }
}

}  // namespace

std::string json_as_lines(std::string_view json, const Style& style) {
  const auto parsed = Json::parse(json, nullptr, false);
  std::string out;
  if (parsed.is_object())
    add_object(out, parsed, 0, style);
  else
    out = printable(json, style) + "\n";
  return out;
}

}  // namespace psmove::client
