#pragma once
// One function per route. They read the request, ask the roster, and say what they found; none of
// them knows a socket.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/routes.hpp"
#include "api/server.hpp"
#include "api/tickets.hpp"
#include "api/wire/fault.hpp"
#include "drivers/clock.hpp"
#include "types/address.hpp"

namespace psmove::drivers {
class Controller;
class Cues;
}  // namespace psmove::drivers

namespace psmove::stream {
class Hub;
}

namespace psmove::api {

class Metrics;
class TokenRequests;
struct Traffic;
class Waiters;

/// What handlers work on; lives as long as the server.
struct Service {
  drivers::Roster& roster;
  const ServerConfig& config;
  std::shared_ptr<Waiters> waiters;
  std::shared_ptr<drivers::Cues> cues;
  Metrics& metrics;
  const stream::Hub& hub;
  const Traffic& traffic;
  drivers::SteadyTime started;
  bool is_stopping = false;
  /// When the rumbles that the talk's API asked for end, as their layers say (Unix microseconds).
  std::map<Address, std::int64_t> legacy_rumbles{};
  /// GET …/sensors of each controller, for as long as its newest sample is the newest.
  struct SensorsBody {
    std::uint64_t sequence = 0;
    std::int64_t time_us = 0;
    std::string body{};
  };
  std::map<Address, SensorsBody> sensor_bodies{};
  Tickets tickets{};
  std::unique_ptr<TokenRequests> token_requests{};
};

// ---- handlers_bluetooth.cpp: radios, and switching off
std::optional<Response> get_adapters(Service& service, const Request& request);
Awaitable<Response> post_disconnect(Service& service, Request request);

// ---- handlers_pairing.cpp: controllers on their way from the cable to a host
std::optional<Response> get_pairing(Service& service, const Request& request);
Awaitable<Response> post_pairing(Service& service, Request request);
Awaitable<Response> delete_pairing(Service& service, Request request);
std::optional<Response> get_controller_pairing(Service& service, const Request& request);
Awaitable<Response> delete_controller_pairing(Service& service, Request request);

// ---- handlers_tokens.cpp: who may ask
std::optional<Response> get_tokens(Service& service, const Request& request);
std::optional<Response> post_tokens(Service& service, const Request& request);
std::optional<Response> delete_token(Service& service, const Request& request);
std::optional<Response> get_token_requests(Service& service, const Request& request);
std::optional<Response> post_token_requests(Service& service, const Request& request);
std::optional<Response> get_token_request(Service& service, const Request& request);
std::optional<Response> delete_token_request(Service& service, const Request& request);
std::optional<Response> post_tickets(Service& service, const Request& request);

// ---- handlers.cpp: what there is
std::optional<Response> get_root(Service& service, const Request& request);
std::optional<Response> get_controllers(Service& service, const Request& request);
std::optional<Response> get_controller(Service& service, const Request& request);
std::optional<Response> put_controller(Service& service, const Request& request);
std::optional<Response> patch_controller(Service& service, const Request& request);
std::optional<Response> delete_controller(Service& service, const Request& request);
std::optional<Response> get_sensors(Service& service, const Request& request);
Awaitable<Response> get_next_sensors(Service& service, Request request);
std::optional<Response> post_orientation_reset(Service& service, const Request& request);
std::optional<Response> delete_orientation_reset(Service& service, const Request& request);
std::optional<Response> get_calibration(Service& service, const Request& request);
std::optional<Response> post_calibration(Service& service, const Request& request);
std::optional<Response> patch_calibration(Service& service, const Request& request);
std::optional<Response> get_livez(Service& service, const Request& request);
std::optional<Response> get_readyz(Service& service, const Request& request);

// ---- handlers_metrics.cpp: for monitoring systems
std::optional<Response> get_metrics(Service& service, const Request& request);

// ---- handlers_outputs.cpp: lights and rumble
std::optional<Response> get_led(Service& service, const Request& request);
Awaitable<Response> put_led(Service& service, Request request);
Awaitable<Response> delete_led(Service& service, Request request);
std::optional<Response> get_rumble(Service& service, const Request& request);
Awaitable<Response> put_rumble(Service& service, Request request);
Awaitable<Response> delete_rumble(Service& service, Request request);

// ---- handlers_cues.cpp: lights and rumble of many controllers at one instant
std::optional<Response> get_cues(Service& service, const Request& request);
std::optional<Response> get_cue(Service& service, const Request& request);
Awaitable<Response> put_cue(Service& service, Request request);
std::optional<Response> delete_cue(Service& service, const Request& request);

// ---- handlers_devices.cpp: what takes feature reports
std::optional<Response> get_led_pwm(Service& service, const Request& request);
Awaitable<Response> put_led_pwm(Service& service, Request request);
std::optional<Response> get_extension_rumble(Service& service, const Request& request);
Awaitable<Response> put_extension_rumble(Service& service, Request request);
Awaitable<Response> delete_extension_rumble(Service& service, Request request);
Awaitable<Response> get_diagnostics(Service& service, Request request);

// ---- handlers_simulation.cpp
std::optional<Response> get_simulation(Service& service, const Request& request);
std::optional<Response> patch_simulation(Service& service, const Request& request);

// ---- legacy.cpp: the talk's API
std::optional<Response> legacy_list(Service& service, const Request& request);
std::optional<Response> legacy_get(Service& service, const Request& request);
std::optional<Response> legacy_put(Service& service, const Request& request);

// ---- handlers_contract.cpp: what does not move
std::optional<Response> get_openapi(Service& service, const Request& request);
std::optional<Response> get_asyncapi(Service& service, const Request& request);
std::optional<Response> get_api_catalog(Service& service, const Request& request);
std::optional<Response> get_docs_page(Service& service, const Request& request);

// ---- handlers_pages.cpp: for people
std::optional<Response> get_front_page(Service& service, const Request& request);
std::optional<Response> get_error_page(Service& service, const Request& request);

/// For routes that always wait.
inline std::optional<Response> pass_on(Service&, const Request&) {
  return std::nullopt;
}

// ---- what handlers share (handlers_common.cpp)

/// Where the contract is (RFC 8631), for answers that a newcomer meets first.
inline constexpr const char* contract_link =
    "Link: </api/v1/openapi.json>; rel=\"service-desc\", </docs>; rel=\"service-doc\"\r\n";

/// A write takes two report periods at most; what is not out by then is said to be queued.
inline constexpr std::chrono::milliseconds longest_write_wait{100};
/// A motor that nobody takes care of stops by itself.
inline constexpr std::chrono::seconds rumble_default_lease{10};

Response json_response(std::string body, int status = 200);
Response no_content();

/// The controller a request names, or 404.
wire::Parsed<drivers::Controller*> controller_of(Service& service, const Request& request);
/// The same for a write, or 409 where it is away.
wire::Parsed<drivers::Controller*> connected_controller_of(Service& service,
                                                           const Request& request);

/// What can be said of a cue after it was planned; one that is under way is waited for a moment
/// (handlers_cues.cpp).
/// @param path  of the request, for a problem
Awaitable<Response> planned_response(Service& service, std::string id, std::string path);

/// POST takes JSON or nothing at all; an action has no members.
std::optional<wire::Fault> refuse_action_body(const Request& request);

}  // namespace psmove::api
