#include "api/accept.hpp"

#include <algorithm>

#include "api/request_head.hpp"
#include "types/text.hpp"

namespace psmove::api {
namespace {

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

/// What stands behind "name=" among the parameters of a range; empty where it has none of that
/// name.
std::string_view parameter_of(std::string_view parameters, std::string_view name) {
  while (!parameters.empty()) {
    const auto parameter = next(parameters, ';');
    const auto equals = std::min(parameter.find('='), parameter.size());
    if (equals + 1 < parameter.size() && equals_ignoring_case(parameter.substr(0, equals), name))
      return parameter.substr(equals + 1);
  }
  return {};
}

/// Whether the parameters of a range have a weight of nothing: "q=0", "q=0.000".
bool is_refused(std::string_view parameters) {
  const auto weight = parameter_of(parameters, "q");
  return !weight.empty() && weight.find_first_not_of("0.") == std::string_view::npos;
}

/// 0..1000: "q=0.5" is 500 (RFC 9110 12.4.2); 1000 where it says nothing, or nothing sensible.
int weight_of(std::string_view parameters) {
  auto weight = parameter_of(parameters, "q");
  if (weight.empty() || weight.front() != '0') return 1000;
  weight.remove_prefix(std::min<std::size_t>(2, weight.size()));  // "0."
  int thousandths = 0;
  for (int i = 0, digit = 100; i < 3; ++i, digit /= 10) {
    if (weight.empty()) break;
    if (weight.front() < '0' || weight.front() > '9') return 1000;
    thousandths += (weight.front() - '0') * digit;
    weight.remove_prefix(1);
  }
  return thousandths;
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

bool prefers_openmetrics(std::string_view list) {
  int openmetrics = 0;
  int text = 0;
  int text_fit = 0;
  while (!list.empty()) {
    auto element = next(list, ',');
    const auto range = next(element, ';');
    const int weight = weight_of(element);
    if (equals_ignoring_case(range, "application/openmetrics-text")) {
      const auto version = parameter_of(element, "version");
      if (version.empty() || version == "1.0.0" || version == "\"1.0.0\"")
        openmetrics = std::max(openmetrics, weight);
    } else if (const int fit = specificity(range, "text/plain"); fit >= text_fit && fit > 0) {
      text = fit > text_fit ? weight : std::max(text, weight);
      text_fit = fit;
    }
  }
  return openmetrics > 0 && openmetrics >= text;
}

}  // namespace psmove::api
