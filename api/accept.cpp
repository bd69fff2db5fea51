#include "api/accept.hpp"

#include <algorithm>

#include "api/request_head.hpp"

namespace psmove::api {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Cuts off what stands before the next `separator`, and that with it.
std::string_view next(std::string_view& rest, char separator) {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return trimmed(part);
}

/// 0: does not fit, then */*, type/*, and the type itself.
int specificity(std::string_view range, std::string_view type) {
  if (range == "*/*") return 1;
  const auto slash = type.find('/');
  if (range.size() == slash + 2 && range.ends_with("/*") &&
      equals_ignoring_case(range.substr(0, slash), type.substr(0, slash)))
    return 2;
  return equals_ignoring_case(range, type) ? 3 : 0;
}

/// Whether the parameters of a range have a weight of nothing: "q=0", "q=0.000".
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const auto parameter = next(parameters, ';');
    if (parameter.size() < 3 || !equals_ignoring_case(parameter.substr(0, 2), "q=")) continue;
    return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool accepts(std::string_view list, std::string_view type) {
  if (trimmed(list).empty()) return true;
  int best = 0;
  bool is_accepted = false;
  while (!list.empty()) {
    auto element = next(list, ',');
    const int fit = specificity(next(element, ';'), type);
    if (fit <= best) continue;
    best = fit;
    is_accepted = !is_refused(element);
  }
  return is_accepted;
}

}  // namespace psmove::api
