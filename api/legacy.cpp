// The API of the 2013 talk, so that a client written then works with nothing changed but the port.
#include <charconv>
#include <chrono>
#include <cmath>
#include <vector>

#include "api/handlers.hpp"
#include "api/wire/legacy_write.hpp"
#include "api/wire/text.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using wire::LegacyWrite;
using namespace std::chrono_literals;

constexpr auto rumble_lease = 10s;

Response message(int status, std::string_view text) {
  std::string body = "{\"message\":";
  wire::append_quoted(body, text);
  return json_response(body + '}', status);
}

// ---- reading

void number(std::string& body, std::string_view name, double value, int decimals) {
  body += body.back() == '{' ? "\"" : ",\"";
  body += name;
  body += "\":";
  wire::append_number(body, value, decimals);
}

void flag(std::string& body, std::string_view name, bool value) {
  body += ",\"";
  body += name;
  body += value ? "\":true" : "\":false";
}

void append_sensors(std::string& body, const std::optional<Sample>& newest) {
  // The newest sample is the second half-frame of the newest report.
  const Sample sample = newest.value_or(Sample{});
  constexpr double g = standard_gravity;
  number(body, "ax", sample.accel.x / g, 4);
  number(body, "ay", sample.accel.y / g, 4);
  number(body, "az", sample.accel.z / g, 4);
  number(body, "gx", sample.gyro.x, 4);
  number(body, "gy", sample.gyro.y, 4);
  number(body, "gz", sample.gyro.z, 4);
  for (std::size_t i = 0; i < move_button_count; ++i)
    flag(body, "btn_" + std::string(button_names[i]),
         sample.buttons.contains(static_cast<Button>(i)));
  number(body, "trigger", std::round(sample.trigger * 255), 0);
}

void append_state(std::string& body, const Controller& controller) {
  const ControllerState& state = controller.state();
  body += '{';
  append_sensors(body, state.newest);
  number(body, "battery", state.battery.code, 0);
  number(body, "red", state.led.shown.red, 0);
  number(body, "green", state.led.shown.green, 0);
  number(body, "blue", state.led.shown.blue, 0);
  number(body, "rumble", state.rumble.shown, 0);
  body += '}';
}

/// In 2013 there were Moves only; a Navigation controller would shift their indexes.
bool is_listed(const Controller& controller) {
  return controller.is_connected() && controller.model().capabilities.motion_sensors;
}

/// The n-th connected controller, from 0 in the order of their numbers; nullptr where there is
/// none.
Controller* controller_at(Service& service, std::string_view text) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size()) return nullptr;
  for (const auto& controller : service.roster.all())
    if (is_listed(*controller) && index-- == 0) return controller.get();
  return nullptr;
}

Response no_such_index() {
  return message(404, "There is no controller of this index.");
}

// ---- writing

template <class Value>
const OutputLayer<Value>* layer_of(const OutputStatus<Value>& status, const std::string& owner) {
  for (const auto& layer : status.layers)
    if (layer.owner == owner) return &layer;
  return nullptr;
}

void write_led(Controller& controller, const std::string& owner, const LegacyWrite& write) {
  if (!write.red && !write.green && !write.blue) return;
  const LedStatus& led = controller.state().led;
  const auto* layer = layer_of(led, owner);
  LedWish wish;
  wish.color = layer != nullptr ? layer->value : led.shown;
  wish.color.red = write.red.value_or(wish.color.red);
  wish.color.green = write.green.value_or(wish.color.green);
  wish.color.blue = write.blue.value_or(wish.color.blue);
  controller.set_led(owner, wish);
}

void write_rumble(Service& service, Controller& controller, const std::string& owner,
                  std::uint8_t value) {
  RumbleWish wish;
  wish.value = value;
  wish.lease = rumble_lease;
  controller.set_rumble(owner, wish);
  const auto* layer = layer_of(controller.state().rumble, owner);
  if (layer != nullptr && layer->until_us)
    service.legacy_rumbles[controller.address()] = *layer->until_us;
  else
    service.legacy_rumbles.erase(controller.address());
}

/// Every request for a controller gives its rumble another ten seconds, if this API began it and
/// nothing else has replaced it since.
void renew_rumble(Service& service, Controller& controller, const std::string& owner) {
  const auto known = service.legacy_rumbles.find(controller.address());
  if (known == service.legacy_rumbles.end()) return;
  const auto* layer = layer_of(controller.state().rumble, owner);
  if (layer != nullptr && layer->until_us == known->second)
    write_rumble(service, controller, owner, layer->value);
  else
    service.legacy_rumbles.erase(known);
}

}  // namespace

std::optional<Response> legacy_list(Service& service, const Request&) {
  std::string body = "[";
  for (const auto& controller : service.roster.all()) {
    if (!is_listed(*controller)) continue;
    if (body.size() > 1) body += ',';
    append_state(body, *controller);
  }
  body += ']';
  return json_response(std::move(body));
}

std::optional<Response> legacy_get(Service& service, const Request& request) {
  auto* controller = controller_at(service, request.id);
  if (controller == nullptr) return no_such_index();
  renew_rumble(service, *controller, request.client.owner());
  std::string body;
  append_state(body, *controller);
  return json_response(std::move(body));
}

std::optional<Response> legacy_put(Service& service, const Request& request) {
  auto* controller = controller_at(service, request.id);
  if (controller == nullptr) return no_such_index();
  const bool is_json = request.media == Media::json ||
                       (request.media != Media::form && request.body.starts_with('{'));
  const auto write = wire::parse_legacy_write(request.body, is_json);
  if (!write) return message(400, write.error().detail);
  write_led(*controller, request.client.owner(), *write);
  if (write->rumble)
    write_rumble(service, *controller, request.client.owner(), *write->rumble);
  else
    renew_rumble(service, *controller, request.client.owner());
  return json_response("\"Updated\"", 201);
}

}  // namespace psmove::api
