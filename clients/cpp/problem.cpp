// Reading problem documents.

#include "clients/cpp/problem.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace psmove::client {
namespace {

std::string text_member(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<Error> problem_from(int status, std::string_view body) {
  const auto problem = nlohmann::json::parse(body, nullptr, false);
  if (!problem.is_object()) return std::nullopt;
  Error error{
      ErrorKind::refused, text_member(problem, "detail"), status, text_member(problem, "code"), {},
      std::string(body)};
  if (error.message.empty()) error.message = text_member(problem, "title");
  if (error.code.empty() || error.message.empty()) return std::nullopt;
  if (const auto list = problem.find("errors");
      list != problem.end() && list->is_array() && !list->empty() && list->front().is_object())
    error.pointer = text_member(list->front(), "pointer");
  if (error.message.ends_with('.')) error.message.pop_back();
  return error;
}

}  // namespace psmove::client
