#include "api/wire/strict_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "api/wire/text.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

constexpr std::size_t max_nesting = 16;

/// Builds the document while it is parsed, because the library's own builder lets the last of two
/// equal members win and has no bound on nesting.
class StrictBuilder final : public nlohmann::json_sax<json> {
 public:
  json document;
  Fault fault;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (open_.back()->contains(name)) {
      fault = {ErrorCode::duplicate_member, "The member \"" + name + "\" is given twice.", {}};
      return false;
    }
    member_ = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    fault = {ErrorCode::invalid_json,
             "This is not valid JSON; it goes wrong at byte " + std::to_string(position) + ".",
             {}};
    return false;
  }

 private:
  json* place(json value) {
    if (open_.empty()) {
      document = std::move(value);
      return &document;
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[member_] = std::move(value));
  }
  bool put(json value) {
    place(std::move(value));
    return true;
  }
  bool open(json value) {
    if (open_.size() == max_nesting) {
      fault = {ErrorCode::invalid_json, "Arrays and objects may be nested 16 deep at most.", {}};
      return false;
    }
    open_.push_back(place(std::move(value)));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  // A container is only moved (by push_back on its parent) before anything is opened inside it,
  // so these pointers stay good.
  std::vector<json*> open_;
  std::string member_;
};

/// "12", "-3.5" as numbers, "true" and "false" as booleans; all else stays text.
json form_value(std::string text) {
  if (text == "true") return true;
  if (text == "false") return false;
  const std::string_view digits = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  const bool looks_like_number =
      !digits.empty() && digits.front() >= '0' && digits.front() <= '9' &&
      !(digits.size() > 1 && digits[0] == '0' && digits[1] != '.') && !digits.ends_with('.') &&
      digits.find_first_not_of("0123456789.") == std::string_view::npos &&
      std::count(digits.begin(), digits.end(), '.') <= 1;
  if (!looks_like_number) return text;
  const char* end = text.data() + text.size();
  if (digits.find('.') == std::string_view::npos) {
    std::int64_t integer = 0;
    if (std::from_chars(text.data(), end, integer).ec == std::errc{}) return integer;
  }
  double number = 0;
  if (std::from_chars(text.data(), end, number).ec == std::errc{}) return number;
  return text;
}

}  // namespace

std::string escaped(std::string_view member) {
  std::string pointer;
  for (const char c : member) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

Parsed<json> parse_json(std::string_view text) {
  if (!is_utf8(text)) return Fault{ErrorCode::invalid_utf8, "The JSON text is not UTF-8.", {}};
  StrictBuilder builder;
  if (!json::sax_parse(text, &builder)) return builder.fault;
  return Parsed<json>(boost::system::in_place_value, std::move(builder.document));
}

Parsed<json> parse_form(std::string_view text) {
  json object = json::object();
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return Fault{ErrorCode::invalid_form, "A form is name=value pairs joined by &.", {}};
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(equals + 1), true);
    if (!name || !value)
      return Fault{ErrorCode::invalid_form, "A % in a form is followed by two hex digits.", {}};
    if (!is_utf8(*name) || !is_utf8(*value))
      return Fault{ErrorCode::invalid_utf8, "The form is not UTF-8.", {}};
    if (object.contains(*name))
      return Fault{ErrorCode::duplicate_member, "The field \"" + *name + "\" is given twice.", {}};
    object[*name] = form_value(std::move(*value));
  }
  return Parsed<json>(boost::system::in_place_value, std::move(object));
}

std::optional<Fault> refuse_parameters(std::string_view query) {
  const auto begin = query.find_first_not_of('&');
  if (begin == std::string_view::npos) return std::nullopt;
  query.remove_prefix(begin);
  const auto raw = query.substr(0, query.find_first_of("=&"));
  const auto decoded = percent_decode(raw, true);
  const std::string name = decoded && is_utf8(*decoded) ? *decoded : std::string(raw);
  return Fault{ErrorCode::unknown_member,
               "There is no parameter \"" + name + "\" here; this path takes none in its query.",
               "/" + escaped(name)};
}

}  // namespace psmove::wire
