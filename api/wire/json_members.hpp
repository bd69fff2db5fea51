#pragma once
// Appends members to a JSON object, or items to an array, minding the commas.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/wire/text.hpp"
#include "types/units.hpp"

namespace psmove::wire {

inline void key(std::string& out, std::string_view name) {
  if (out.back() != '{' && out.back() != '[') out += ',';
  out += '"';
  out += name;
  out += "\":";
}
inline void text_member(std::string& out, std::string_view name, std::string_view value) {
  key(out, name);
  append_quoted(out, value);
}
inline void text_or_null(std::string& out, std::string_view name, std::string_view value) {
  key(out, name);
  if (value.empty())
    out += "null";
  else
    append_quoted(out, value);
}
inline void integer_member(std::string& out, std::string_view name, std::int64_t value) {
  key(out, name);
  append_integer(out, value);
}
inline void integer_or_null(std::string& out, std::string_view name,
                            std::optional<std::int64_t> value) {
  key(out, name);
  if (value)
    append_integer(out, *value);
  else
    out += "null";
}
inline void number_member(std::string& out, std::string_view name, double value, int decimals) {
  key(out, name);
  append_number(out, value, decimals);
}
inline void bool_member(std::string& out, std::string_view name, bool value) {
  key(out, name);
  out += value ? "true" : "false";
}
inline void raw_member(std::string& out, std::string_view name, std::string_view json) {
  key(out, name);
  out += json;
}
template <class Unit>
void vector_member(std::string& out, std::string_view name, const Vec3<Unit>& v, int decimals) {
  key(out, name);
  out += '{';
  number_member(out, "x", v.x, decimals);
  number_member(out, "y", v.y, decimals);
  number_member(out, "z", v.z, decimals);
  out += '}';
}

}  // namespace psmove::wire
