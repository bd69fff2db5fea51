#include "api/wire/cue_requests.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/wire/instant.hpp"
#include "api/wire/members.hpp"
#include "api/wire/output_requests.hpp"

namespace psmove::wire {
namespace {

using nlohmann::json;

constexpr std::size_t most_controllers = 256;

/// Of a whole number, which may be written 3.0.
std::optional<std::string> digits_of(const json& value) {
  if (value.is_number_integer()) return value.dump();
  if (!value.is_number_float()) return std::nullopt;
  const double number = value.get<double>();
  if (std::trunc(number) != number) return std::nullopt;
  std::array<char, 400> text{};  // the largest double has 309 digits
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed, 0);
  return std::string(text.data(), end.ptr);
}

/// Ids, numbers and names; "*" and "all" stand for everybody, and are then the only one.
Parsed<std::vector<std::string>> controllers_of(const json& list, const std::string& pointer) {
  std::vector<std::string> names;
  if (!list.is_array() || list.empty() || list.size() > most_controllers)
    return Fault{ErrorCode::wrong_type,
                 "\"controllers\" takes an array of ids, numbers or names, or [\"*\"].", pointer};
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& each = list[i];
    const auto place = pointer + "/" + std::to_string(i);
    if (const auto number = digits_of(each)) {
      names.push_back(*number);
    } else if (each.is_string()) {
      names.push_back(each.get<std::string>());
    } else {
      return Fault{ErrorCode::wrong_type, "A controller is named by its id, number or name.",
                   place};
    }
    const bool is_everybody = names.back() == "*" || names.back() == "all";
    if (is_everybody && list.size() > 1)
      return Fault{ErrorCode::conflicting_members, "\"*\" stands for every controller already.",
                   place};
    if (is_everybody) names.clear();
  }
  return names;
}

Parsed<CueRequest::Output> output_of(const json& object, const std::string& pointer) {
  Members members(object, pointer, {"controllers", "led", "rumble"});
  if (!members.failed() && !members.has("controllers"))
    members.fail(ErrorCode::missing_member, "controllers",
                 "Give \"controllers\": ids, numbers or names, or [\"*\"].");
  if (!members.failed() && !members.has("led") && !members.has("rumble"))
    members.fail(ErrorCode::missing_member, "", "Give \"led\", \"rumble\" or both.");
  if (members.failed()) return members.fault();
  CueRequest::Output output;
  auto controllers = controllers_of(members["controllers"], pointer + "/controllers");
  if (!controllers) return controllers.error();
  output.controllers = std::move(*controllers);
  if (members.has("led")) {
    const auto wish = led_wish(members["led"], pointer + "/led");
    if (!wish) return wish.error();
    output.led = *wish;
  }
  if (members.has("rumble")) {
    const auto wish = rumble_wish(members["rumble"], pointer + "/rumble");
    if (!wish) return wish.error();
    output.rumble = *wish;
  }
  return output;
}

}  // namespace

Parsed<CueRequest> cue_request(const json& body, std::int64_t now_us) {
  Members members(body, "", {"at_us", "in_ms", "outputs"});
  CueRequest request;
  const Instant instant = read_instant(members);
  if (!members.failed() && !members.has("outputs"))
    members.fail(ErrorCode::missing_member, "outputs", "\"outputs\" is missing.");
  if (members.failed()) return members.fault();
  const auto at_us = resolve(instant, now_us);
  if (!at_us) return at_us.error();
  request.at_us = *at_us;
  const json& outputs = members["outputs"];
  if (!outputs.is_array() || outputs.empty() || outputs.size() > most_cue_outputs)
    return Fault{
        ErrorCode::wrong_type,
        "\"outputs\" takes an array of 1 to " + std::to_string(most_cue_outputs) + " objects.",
        "/outputs"};
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    auto output = output_of(outputs[i], "/outputs/" + std::to_string(i));
    if (!output) return output.error();
    request.outputs.push_back(std::move(*output));
  }
  return request;
}

Fault too_many_cues(std::size_t waiting, bool are_own) {
  return {ErrorCode::too_many_requests,
          std::to_string(waiting) +
              (are_own ? " cues of yours are waiting, as many as one client's can."
                       : " cues are waiting, as many as can be."),
          {}};
}

bool is_cue_id(std::string_view id) {
  const auto is_allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_';
  };
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), is_allowed);
}

}  // namespace psmove::wire
