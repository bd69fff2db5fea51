// Writing request bodies; text that is not UTF-8 has its bad bytes replaced.

#include "clients/cpp/request_bodies.hpp"

#include <nlohmann/json.hpp>

#include "api/wire/controller_json.hpp"

namespace psmove::client {
namespace {

using Json = nlohmann::json;

std::string written(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Wish>
void add_common(Json& body, const Wish& wish) {
  if (wish.duration) body["for_ms"] = wish.duration->count();
  if (wish.lease) body["lease_ms"] = wish.lease->count();
  if (wish.priority != 0) body["priority"] = wish.priority;
}

/// A member that is left out stays as it is.
template <class T>
void add(Json& object, const char* key, const std::optional<T>& value) {
  if (value) object[key] = *value;
}

Json controls_object(const wire::SimulationPatch::Controls& controls) {
  Json object = Json::object();
  add(object, "weapon", controls.weapon);
  add(object, "trigger", controls.trigger);
  add(object, "reload", controls.reload);
  add(object, "pump", controls.pump);
  add(object, "throttle", controls.throttle);
  add(object, "l2", controls.l2);
  add(object, "r2", controls.r2);
  add(object, "left_paddle", controls.left_paddle);
  add(object, "right_paddle", controls.right_paddle);
  return object;
}

Json pressures_object(const wire::SimulationPatch::Pressures& pressures) {
  Json object = Json::object();
  add(object, "l1", pressures.l1);
  add(object, "up", pressures.up);
  add(object, "right", pressures.right);
  add(object, "down", pressures.down);
  add(object, "left", pressures.left);
  return object;
}

void add_instant(Json& body, const Instant& when) {
  if (when.at_us) body["at_us"] = *when.at_us;
  if (when.delay) body["in_ms"] = when.delay->count();
}

Json led_object(const LedWish& wish) {
  Json body{{"red", wish.color.red}, {"green", wish.color.green}, {"blue", wish.color.blue}};
  if (wish.effect != Effect::none) {
    body["effect"] = wire::to_string(wish.effect);
    body["period_ms"] = wish.period.count();
  }
  if (wish.fade.count() != 0) body["fade_ms"] = wish.fade.count();
  add_common(body, wish);
  return body;
}

Json rumble_object(const RumbleWish& wish) {
  Json body{{"value", wish.value}};
  add_common(body, wish);
  return body;
}

}  // namespace

std::string led_request(const LedWish& wish, const Instant& when) {
  Json body = led_object(wish);
  add_instant(body, when);
  return written(body);
}

std::string rumble_request(const RumbleWish& wish, const Instant& when) {
  Json body = rumble_object(wish);
  add_instant(body, when);
  return written(body);
}

std::string cue_request(const CueWish& wish) {
  Json body = {{"outputs", Json::array()}};
  add_instant(body, wish.when);
  for (const auto& output : wish.outputs) {
    Json object = {{"controllers", Json::array({output.which == "all" ? "*" : output.which})}};
    if (output.led) object["led"] = led_object(*output.led);
    if (output.rumble) object["rumble"] = rumble_object(*output.rumble);
    body["outputs"].push_back(std::move(object));
  }
  return written(body);
}

std::string rumble_limit_request(std::optional<double> duty,
                                 std::optional<std::chrono::seconds> window) {
  Json limit;
  if (duty) limit["duty"] = *duty;
  if (window) limit["window_s"] = window->count();
  return written(Json{{"rumble_limit", limit}});
}

std::string name_request(std::string_view name) {
  return written(Json{{"name", name.empty() ? Json() : Json(std::string(name))}});
}

std::string companion_request(std::string_view other) {
  return written(Json{{"companion", other.empty() ? Json() : Json(std::string(other))}});
}

std::string led_pwm_request(std::uint32_t frequency_hz) {
  return written(Json{{"frequency_hz", frequency_hz}});
}

std::string wheel_request(const wire::WheelWish& wish) {
  Json body{{"left", wish.rumble.left}, {"right", wish.rumble.right}};
  if (wish.duration) body["for_ms"] = wish.duration->count();
  return written(body);
}

std::string action_request(std::string_view action) {
  return written(Json{{"action", std::string(action)}});
}

std::string token_request(std::string_view name, std::string_view scope) {
  Json body = {{"name", std::string(name)}};
  if (!scope.empty()) body["scopes"] = Json::array({std::string(scope)});
  return written(body);
}

std::string pairing_request(std::string_view which, const PairingWish& wish) {
  Json body = Json::object();
  if (!which.empty()) body["controller"] = std::string(which);
  if (!wish.host_address.empty()) body["host_address"] = wish.host_address;
  if (!wish.adapter.empty()) body["adapter"] = wish.adapter;
  if (wish.allow_unbonded) body["allow_unbonded"] = true;
  if (wish.disconnect_others) body["disconnect_others"] = true;
  if (wish.without_restart) body["without_restart"] = true;
  return written(body);
}

std::string simulation_request(const wire::SimulationPatch& patch) {
  Json body = Json::object();
  if (patch.motion) body["motion"] = *patch.motion;
  if (patch.buttons) {
    body["buttons"] = Json::array();
    patch.buttons->for_each(
        [&body](Button button) { body["buttons"].push_back(to_string(button)); });
  }
  if (patch.trigger) body["trigger"] = *patch.trigger;
  if (patch.battery_percent) body["battery_percent"] = *patch.battery_percent;
  if (patch.link_up) body["link"] = *patch.link_up ? "up" : "down";
  if (patch.loss) body["loss"] = *patch.loss;
  if (patch.magnetometer) body["magnetometer"] = *patch.magnetometer;
  if (patch.extension)
    body["extension"] = *patch.extension ? Json(to_string(**patch.extension)) : Json();
  if (!patch.controls.is_empty()) body["controls"] = controls_object(patch.controls);
  if (!patch.pressures.is_empty()) body["pressures"] = pressures_object(patch.pressures);
  if (patch.stick) body["stick"] = {{"x", patch.stick->x}, {"y", patch.stick->y}};
  return written(body);
}

std::string subscribe_request(const SubscribeRequest& request) {
  Json body{{"type", "subscribe"}, {"id", request.id}, {"controllers", request.controllers}};
  if (!request.topics.empty()) body["topics"] = request.topics;
  if (!request.fields.empty()) body["fields"] = request.fields;
  if (!request.policy.empty()) body["policy"] = request.policy;
  if (request.max_rate_hz) body["max_rate_hz"] = *request.max_rate_hz;
  return written(body);
}

}  // namespace psmove::client
