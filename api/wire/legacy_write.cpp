#include "api/wire/legacy_write.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/wire/strict_json.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

std::optional<std::int64_t> whole_number(const json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > 255) return std::nullopt;
  if (value.is_number_integer()) return value.get<std::int64_t>();
  // JSON knows one kind of number: 255.0 is as whole as 255.
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (!(number >= 0 && number <= 255) || std::trunc(number) != number) return std::nullopt;
    return static_cast<std::int64_t>(number);
  }
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t number_in_text = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number_in_text);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number_in_text;
}

std::optional<Fault> read_level(const json& body, const char* name,
                                std::optional<std::uint8_t>& level) {
  const auto found = body.find(name);
  if (found == body.end()) return std::nullopt;
  const auto value = whole_number(*found);
  if (!value || *value < 0 || *value > 255)
    return Fault{ErrorCode::out_of_range, std::string(name) + " takes a whole number from 0 to 255",
                 std::string("/") + name};
  level = static_cast<std::uint8_t>(*value);
  return std::nullopt;
}

}  // namespace

Parsed<LegacyWrite> parse_legacy_write(const std::string& text, bool is_json) {
  const auto body = is_json ? parse_json(text) : parse_form(text);
  if (!body) return body.error();
  if (!body->is_object()) return Fault{ErrorCode::wrong_type, "A JSON object is expected", {}};
  LegacyWrite write;
  for (const auto& [name, level] :
       {std::pair{"red", &write.red}, std::pair{"green", &write.green},
        std::pair{"blue", &write.blue}, std::pair{"rumble", &write.rumble}})
    if (const auto fault = read_level(*body, name, *level)) return *fault;
  return write;
}

}  // namespace psmove::wire
