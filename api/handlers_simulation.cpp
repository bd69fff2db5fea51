// Driving a simulated controller, so that other people's tests can press its buttons.
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "api/handlers.hpp"
#include "api/handlers_body.hpp"
#include "api/problem.hpp"
#include "api/wire/controller_json.hpp"
#include "api/wire/output_requests.hpp"
#include "api/wire/text.hpp"
#include "drivers/roster.hpp"
#include "drivers/simulation.hpp"
#include "emulator/motion.hpp"

namespace psmove::api {
namespace {

using wire::ErrorCode;
using wire::Fault;

wire::Parsed<drivers::Simulation*> simulation_of(Service& service, const Request& request) {
  const auto controller = controller_of(service, request);
  if (!controller) return controller.error();
  auto* simulation = (*controller)->simulation();
  if (simulation == nullptr)
    return Fault{ErrorCode::not_simulated, "This controller is not a simulated one.", {}};
  return simulation;
}

std::string shows_object(const Outputs& shows) {
  const auto number = [](int value) { return std::to_string(value); };
  return R"({"led":{"red":)" + number(shows.led.red) + R"(,"green":)" + number(shows.led.green) +
         R"(,"blue":)" + number(shows.led.blue) + R"(,"color":")" + wire::hex_color(shows.led) +
         R"("},"rumble":{"value":)" + number(shows.rumble) + "}}";
}

std::string simulation_body(const drivers::Simulation& simulation) {
  const emulator::Move& move = simulation.move();
  std::string body = "{\"motion\":";
  wire::append_quoted(body, move.motion_name());
  body += ",\"buttons\":[";
  move.held().for_each([&body](Button button) {
    if (body.back() != '[') body += ',';
    wire::append_quoted(body, psmove::to_string(button));
  });
  body += "],\"trigger\":";
  wire::append_number(body, move.trigger(), 3);
  const auto battery = drivers::battery_from_code(move.battery_code());
  body += ",\"battery_percent\":" + (battery.percent ? std::to_string(*battery.percent) : "null");
  body += simulation.link_is_up() ? R"(,"link":"up")" : R"(,"link":"down")";
  body += ",\"loss\":";
  wire::append_number(body, move.loss(), 4);
  body += ",\"magnetometer\":";
  wire::append_quoted(body, to_string(move.magnetometer()));
  body += ",\"shows\":" + shows_object(move.shows(drivers::SteadyClock::now()));
  return body + '}';
}

void apply(drivers::Simulation& simulation, const wire::SimulationPatch& patch,
           std::unique_ptr<emulator::Motion> motion) {
  emulator::Move& move = simulation.move();
  if (motion) move.set_motion(std::move(motion), drivers::SteadyClock::now());
  if (patch.buttons) move.hold(*patch.buttons);
  if (patch.trigger) move.set_trigger(*patch.trigger);
  // The wire knows six steps, 0 to 5.
  if (patch.battery_percent)
    move.set_battery_code(static_cast<std::uint8_t>(*patch.battery_percent / 20));
  if (patch.loss) move.set_loss(*patch.loss);
  if (patch.magnetometer) move.set_magnetometer(*emulator::parse_magnetometer(*patch.magnetometer));
  if (patch.link_up) simulation.set_link(*patch.link_up);
}

}  // namespace

std::optional<Response> get_simulation(Service& service, const Request& request) {
  const auto simulation = simulation_of(service, request);
  if (!simulation) return problem(simulation.error(), request.path);
  return json_response(simulation_body(**simulation));
}

std::optional<Response> patch_simulation(Service& service, const Request& request) {
  const auto simulation = simulation_of(service, request);
  if (!simulation) return problem(simulation.error(), request.path);
  const auto body = body_of(request, Media::merge_patch);
  if (!body) return problem(body.error(), request.path);
  const auto patch = wire::simulation_patch(*body);
  if (!patch) return problem(patch.error(), request.path);
  emulator::MotionOrError made;
  if (patch->motion) made = emulator::make_motion(*patch->motion);
  if (!made.error.empty())
    return problem({ErrorCode::invalid_value, made.error, "/motion"}, request.path);
  apply(**simulation, *patch, std::move(made.motion));
  return json_response(simulation_body(**simulation));
}

}  // namespace psmove::api
