// Bodies of every kind through every reader: nothing crashes, and what is taken is within its
// range.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "api/token_wish.hpp"
#include "api/tokens.hpp"
#include "api/wire/controller_json.hpp"
#include "api/wire/controller_requests.hpp"
#include "api/wire/cue_requests.hpp"
#include "api/wire/instant.hpp"
#include "api/wire/legacy_write.hpp"
#include "api/wire/output_requests.hpp"
#include "api/wire/simulation_requests.hpp"
#include "api/wire/strict_json.hpp"
#include "api/wire/text.hpp"

namespace {

using namespace psmove;

void require(bool claim) {
  if (!claim) std::abort();
}

/// A fault can always be told: its text goes into a JSON body.
template <class Result>
bool is_taken(const Result& result) {
  if (result) return true;
  std::string quoted;
  wire::append_quoted(quoted, result.error().detail);
  wire::append_quoted(quoted, result.error().pointer);
  require(wire::is_utf8(quoted) && !result.error().detail.empty());
  return false;
}

void read(const nlohmann::json& body) {
  constexpr std::int64_t now_us = 1'795'334'400'000'000;
  if (const auto led = wire::led_wish(body, "/led"); is_taken(led))
    require(led->fade.count() <= 60'000 && led->period.count() >= 100);
  (void)is_taken(wire::rumble_wish(body));
  if (const auto patch = wire::controller_patch(body); is_taken(patch) && patch->number)
    require(*patch->number >= 1);
  auto planned = body;
  if (const auto instant = wire::take_instant(planned); is_taken(instant))
    if (const auto at_us = wire::resolve(*instant, now_us); is_taken(at_us) && *at_us)
      require(**at_us >= now_us - 10'000'000 && **at_us <= now_us + 24 * 3600 * 1'000'000LL);
  if (const auto patch = wire::simulation_patch(body); is_taken(patch) && patch->trigger)
    require(*patch->trigger >= 0 && *patch->trigger <= 1);
  if (const auto cue = wire::cue_request(body, now_us); is_taken(cue)) {
    require(!cue->outputs.empty() && cue->outputs.size() <= wire::most_cue_outputs);
    require(!cue->at_us || *cue->at_us >= now_us - 10'000'000);
  }
  (void)is_taken(wire::wheel_wish(body));
  if (const auto frequency = wire::led_pwm_wish(body, 733, 24'000'000); is_taken(frequency))
    require(*frequency >= 733 && *frequency <= 24'000'000);
  (void)is_taken(wire::model_of(body));
  (void)is_taken(wire::pairing_request(body));
  if (const auto patch = wire::calibration_patch(body); is_taken(patch) && patch->magnetometer_fit)
    require(patch->magnetometer_fit->field_ut > 0);
  if (const auto action = wire::calibration_action(body); is_taken(action))
    require(*action <= wire::CalibrationAction::forget);
  if (const auto token = api::token_wish(body); is_taken(token))
    require(api::is_token_name(token->name) && token->scope != api::Scope::open);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)wire::parse_color(text);
  (void)wire::percent_decode(text, true);
  std::string quoted;
  wire::append_quoted(quoted, text);
  const auto back = wire::parse_json(quoted);
  require(back.has_value());
  require(!wire::is_utf8(text) || back->get_ref<const std::string&>() == text);
  for (const bool is_json : {false, true})
    (void)is_taken(wire::parse_legacy_write(std::string(text), is_json));
  if (const auto body = wire::parse_json(text); is_taken(body)) read(*body);
  if (const auto body = wire::parse_form(text); is_taken(body)) read(*body);
  return 0;
}
