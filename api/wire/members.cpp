#include "api/wire/members.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "api/wire/strict_json.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

std::string list(std::initializer_list<std::string_view> words) {
  std::string text;
  for (const auto word : words) {
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text;
}

}  // namespace

Members::Members(const json& object, std::string_view pointer,
                 std::initializer_list<std::string_view> accepted)
    : object_(object), pointer_(pointer) {
  if (!object.is_object()) {
    fail(ErrorCode::wrong_type, "", "A JSON object is expected.");
    return;
  }
  for (const auto& [name, value] : object.items())
    if (std::find(accepted.begin(), accepted.end(), name) == accepted.end())
      fail(ErrorCode::unknown_member, name,
           "There is no member \"" + name + "\" here; accepted are " + list(accepted) + ".");
}

bool Members::has(std::string_view name) const {
  return !fault_ && object_.contains(name);
}

void Members::fail(ErrorCode code, std::string_view member, std::string detail) {
  if (fault_) return;
  std::string pointer = pointer_;
  if (!member.empty()) pointer += "/" + escaped(member);
  fault_ = Fault{code, std::move(detail), std::move(pointer)};
}

std::optional<std::int64_t> Members::integer(std::string_view name, std::int64_t low,
                                             std::int64_t high) {
  if (!has(name)) return std::nullopt;
  const json& value = *object_.find(name);
  const auto wanted = "\"" + std::string(name) + "\" takes a whole number from " +
                      std::to_string(low) + " to " + std::to_string(high) + ".";
  // JSON knows one kind of number: 255.0 is as whole as 255.
  if (!value.is_number() ||
      (value.is_number_float() && std::trunc(value.get<double>()) != value.get<double>())) {
    fail(ErrorCode::wrong_type, name, wanted);
    return std::nullopt;
  }
  const double number = value.get<double>();
  if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high))) {
    fail(ErrorCode::out_of_range, name, wanted);
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

std::optional<double> Members::number(std::string_view name, int low, int high) {
  if (!has(name)) return std::nullopt;
  const json& value = *object_.find(name);
  const auto wanted = "\"" + std::string(name) + "\" takes a number from " + std::to_string(low) +
                      " to " + std::to_string(high) + ".";
  if (!value.is_number()) {
    fail(ErrorCode::wrong_type, name, wanted);
    return std::nullopt;
  }
  const double number = value.get<double>();
  if (!(number >= low && number <= high)) {
    fail(ErrorCode::out_of_range, name, wanted);
    return std::nullopt;
  }
  return number;
}

std::optional<double> Members::fraction(std::string_view name, int low) {
  return number(name, low, 1);
}

std::optional<bool> Members::truth(std::string_view name) {
  if (!has(name)) return std::nullopt;
  const json& value = *object_.find(name);
  if (!value.is_boolean()) {
    fail(ErrorCode::wrong_type, name, "\"" + std::string(name) + "\" takes true or false.");
    return std::nullopt;
  }
  return value.get<bool>();
}

std::optional<std::string> Members::text(std::string_view name) {
  if (!has(name)) return std::nullopt;
  const json& value = *object_.find(name);
  if (!value.is_string()) {
    fail(ErrorCode::wrong_type, name, "\"" + std::string(name) + "\" takes a string.");
    return std::nullopt;
  }
  return value.get_ref<const std::string&>();
}

std::optional<std::size_t> Members::choice(std::string_view name,
                                           std::initializer_list<std::string_view> choices) {
  const auto chosen = text(name);
  if (!chosen) return std::nullopt;
  const auto* found = std::find(choices.begin(), choices.end(), *chosen);
  if (found == choices.end()) {
    fail(ErrorCode::invalid_value, name,
         "\"" + std::string(name) + "\" takes one of " + list(choices) + ".");
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - choices.begin());
}

std::optional<milliseconds> Members::duration(std::string_view name, std::int64_t low,
                                              std::int64_t high) {
  const auto count = integer(name, low, high);
  if (!count) return std::nullopt;
  return milliseconds(*count);
}

const json& Members::operator[](std::string_view name) const {
  return *object_.find(name);
}

}  // namespace psmove::wire
