#include "bluez/request.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bluez/stored_model.hpp"

namespace psmove::bluez {
namespace {

constexpr std::array<std::pair<std::string_view, Action>, 5> actions = {{
    {"inspect", Action::inspect},
    {"store", Action::store},
    {"forget", Action::forget},
    {"allow-unbonded", Action::allow_unbonded},
    {"only-bonded", Action::only_bonded},
}};

/// The next word, taken off the front.
std::string_view take_word(std::string_view& line) {
  const auto end = std::min(line.find(' '), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

std::pair<std::string_view, std::string_view> key_and_value(std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return {word, {}};
  return {word.substr(0, equals), word.substr(equals + 1)};
}

bool is_one_plain_line(std::string_view line) {
  return std::none_of(line.begin(), line.end(), [](unsigned char c) { return c < ' '; });
}

/// @return what is wrong
std::string take_over(Request& request, std::string_view key, std::string_view value) {
  if (key == "adapter" || key == "device") {
    const auto address = parse_address(value);
    if (!address || address->is_zero())
      return std::string(key) + " takes a Bluetooth address, as 00:06:f7:00:00:01";
    (key == "adapter" ? request.adapter : request.device) = address;
  } else if (key == "model") {
    if (find_stored_model(value) == nullptr) return "model takes zcm1, zcm2 or navigation";
    request.model = value;
  } else if (key == "unbonded") {
    if (value != "allow") return "unbonded takes allow";
    request.allow_unbonded = true;
  } else {
    return "there is no \"" + std::string(key) + "\" here";
  }
  return {};
}

}  // namespace

std::optional<Request> parse_request(std::string_view line, std::string& trouble) {
  if (!is_one_plain_line(line)) {
    trouble = "a request is one line of plain text";
    return std::nullopt;
  }
  Request request;
  const auto verb = take_word(line);
  const auto* action = std::find_if(actions.begin(), actions.end(),
                                    [&](const auto& each) { return each.first == verb; });
  if (action == actions.end()) {
    trouble = "a request begins with inspect, store, forget, allow-unbonded or only-bonded";
    return std::nullopt;
  }
  request.action = action->second;
  while (!line.empty()) {
    const auto [key, value] = key_and_value(take_word(line));
    trouble = take_over(request, key, value);
    if (!trouble.empty()) return std::nullopt;
  }
  const bool is_about_one =
      request.action != Action::allow_unbonded && request.action != Action::only_bonded;
  const bool names_one = request.adapter && request.device && !request.model.empty();
  const bool names_any = request.adapter || request.device || !request.model.empty();
  if (is_about_one ? !names_one : names_any) {
    trouble = std::string(verb) +
              (is_about_one ? " takes adapter=, device= and model=" : " takes nothing more");
    return std::nullopt;
  }
  if (request.allow_unbonded && request.action != Action::store) {
    trouble = "unbonded= goes with store";
    return std::nullopt;
  }
  return request;
}

std::string to_line(const Request& request) {
  std::string line;
  for (const auto& [name, action] : actions)
    if (action == request.action) line = name;
  if (request.adapter) line += " adapter=" + to_string(*request.adapter);
  if (request.device) line += " device=" + to_string(*request.device);
  if (!request.model.empty()) line += " model=" + request.model;
  if (request.allow_unbonded) line += " unbonded=allow";
  return line;
}

std::optional<Answer> parse_answer(std::string_view line) {
  if (!is_one_plain_line(line)) return std::nullopt;
  Answer answer;
  const auto verb = take_word(line);
  if (verb == "error" && !line.empty()) {
    answer.error = line;
    return answer;
  }
  if (verb != "ok") return std::nullopt;
  const std::array<std::pair<std::string_view, bool*>, 6> claims = {{
      {"cable_pairing", &answer.cable_pairing},
      {"unbonded", &answer.unbonded_allowed},
      {"stored", &answer.is_stored},
      {"known", &answer.is_known},
      {"bonded", &answer.is_bonded},
      {"changed", &answer.changed},
  }};
  while (!line.empty()) {
    const auto [key, value] = key_and_value(take_word(line));
    if (key == "version") answer.version = value;
    for (const auto& [name, claim] : claims)
      if (name == key) *claim = value == "yes";
  }
  return answer;
}

std::string to_line(const Answer& answer) {
  if (!answer.error.empty()) {
    // One line, whatever was said.
    std::string line = "error " + answer.error;
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return line.substr(0, longest_line - 1);
  }
  const auto claim = [](std::string_view name, bool holds) {
    return " " + std::string(name) + (holds ? "=yes" : "=no");
  };
  return "ok" + (answer.version.empty() ? std::string() : " version=" + answer.version) +
         claim("cable_pairing", answer.cable_pairing) + claim("unbonded", answer.unbonded_allowed) +
         claim("stored", answer.is_stored) + claim("known", answer.is_known) +
         claim("bonded", answer.is_bonded) + claim("changed", answer.changed);
}

}  // namespace psmove::bluez
