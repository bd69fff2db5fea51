// REST over cpp-httplib, which is seen in this file only.

#include "clients/cpp/client.hpp"

#include <httplib.h>
#include <optional>
#include <sys/socket.h>
#include <utility>

#include "clients/cpp/channel.hpp"
#include "clients/cpp/problem.hpp"
#include "clients/cpp/request_bodies.hpp"
#include "clients/cpp/tcp.hpp"

namespace psmove::client {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view api_root = "/api/v1";

std::string media_type(const httplib::Response& response) {
  const auto value = response.get_header_value("Content-Type");
  return value.substr(0, value.find(';'));
}

bool is_json(const httplib::Response& response) {
  const auto type = media_type(response);
  return type == "application/json" || type.ends_with("+json");
}

Answer<std::string> body_or_error(const ServerUrl& url, const httplib::Response& response) {
  if (response.status == 204) return std::string();
  if (response.status >= 400) {
    if (auto error = problem_from(response.status, response.body)) return *std::move(error);
    // /readyz has a body of its own for it.
    if (auto reason = parse_not_ready(response.body); !reason.empty())
      return Error{ErrorKind::refused, std::move(reason), response.status, {}, {}, response.body};
  }
  if (response.status < 200 || response.status >= 300 || !is_json(response)) {
    const auto type = media_type(response);
    return not_psmoved(url, "it answered HTTP " + std::to_string(response.status) + " with " +
                                (type.empty() ? "no body" : type));
  }
  return response.body;
}

/// httplib's own judgement of certificates knows no fingerprints.
std::unique_ptr<httplib::ClientImpl> make_connection(const ServerUrl& url) {
  const auto& host = url.socket.empty() ? url.host : url.socket;
  if (!url.is_tls) return std::make_unique<httplib::ClientImpl>(host, url.port);
  auto encrypted = std::make_unique<httplib::SSLClient>(host, url.port);
  encrypted->enable_server_certificate_verification(false);
  // Where its files cannot be used, nobody is believed, and what is wrong with them is said then.
  if (encrypted->ssl_context() != nullptr) static_cast<void>(trust(*encrypted->ssl_context(), url));
  return encrypted;
}

}  // namespace

struct Client::Parts {
  ServerUrl url;
  Timeouts timeouts;
  std::unique_ptr<httplib::ClientImpl> connection;
  httplib::ClientImpl& http;

  Parts(ServerUrl where, Timeouts limits)
      : url(std::move(where)),
        timeouts(limits),
        connection(make_connection(url)),
        http(*connection) {
    if (!url.socket.empty()) http.set_address_family(AF_UNIX);
    http.set_connection_timeout(timeouts.connect);
    http.set_read_timeout(timeouts.answer);
    http.set_write_timeout(timeouts.answer);
    http.set_keep_alive(true);
    http.set_url_encode(false);
  }

  /// httplib says only that there was no connection. This finds out why, or finds the address it
  /// did not try and has it used.
  std::optional<Error> diagnose_connection() {
    auto found = connect_to(url, timeouts.connect);
    if (!found) return found.error();
    if (auto encrypted =
            Channel::open(url, std::move(found->socket), SteadyClock::now() + timeouts.connect);
        !encrypted)
      return encrypted.error();
    if (url.socket.empty()) http.set_hostname_addr_map({{url.host, found->address}});
    return std::nullopt;
  }

  Answer<std::string> send(const httplib::Request& request) {
    auto started = SteadyClock::now();
    auto result = http.send(request);
    if (!result && (result.error() == httplib::Error::Connection ||
                    result.error() == httplib::Error::ConnectionTimeout ||
                    result.error() == httplib::Error::SSLConnection)) {
      if (auto error = diagnose_connection()) return *std::move(error);
      started = SteadyClock::now();
      result = http.send(request);
    }
    if (result) return body_or_error(url, *result);
    // A read that ran into its limit and a reply that is not HTTP are the same error to httplib.
    if (SteadyClock::now() - started >= timeouts.answer) return no_answer(url, timeouts.answer);
    return not_psmoved(url, "it does not answer as an HTTP server does");
  }
};

Client::Client(ServerUrl url, Timeouts timeouts)
    : parts_(std::make_unique<Parts>(std::move(url), timeouts)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

const ServerUrl& Client::url() const {
  return parts_->url;
}

Answer<std::string> Client::request(std::string_view method, std::string_view path,
                                    std::string_view body) {
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.set_header("Host", url().authority());
  request.set_header("Accept", "application/json");
  request.set_header("User-Agent", "psmove-client/" PSMOVED_VERSION);
  if (!url().token.empty()) request.set_header("Authorization", "Bearer " + url().token);
  if (!body.empty()) {
    request.set_header("Content-Type", "application/json");
    request.body = body;
  }
  return parts_->send(request);
}

Answer<std::vector<Controller>> Client::controllers() {
  auto body = request("GET", std::string(api_root) + "/controllers");
  if (!body) return body.error();
  auto list = parse_controllers(*body);
  if (!list) return not_psmoved(url(), "its list of controllers is none");
  return *std::move(list);
}

Answer<Controller> Client::controller(std::string_view which) {
  auto body = request("GET", controller_path(which));
  if (!body) return body.error();
  auto one = parse_controller(*body);
  if (!one) return not_psmoved(url(), "its controller is none");
  return *std::move(one);
}

Answer<std::string> Client::set_led(std::string_view which, const LedWish& wish,
                                    const Instant& when) {
  return request("PUT", controller_path(which, "led"), led_request(wish, when));
}
Answer<std::string> Client::set_rumble(std::string_view which, const RumbleWish& wish,
                                       const Instant& when) {
  return request("PUT", controller_path(which, "rumble"), rumble_request(wish, when));
}
Answer<std::string> Client::set_rumble_limit(std::string_view which, std::optional<double> duty,
                                             std::optional<std::chrono::seconds> window) {
  return request("PATCH", controller_path(which), rumble_limit_request(duty, window));
}
Answer<std::string> Client::clear_led(std::string_view which) {
  return request("DELETE", controller_path(which, "led"));
}
Answer<std::string> Client::clear_rumble(std::string_view which) {
  return request("DELETE", controller_path(which, "rumble"));
}
Answer<std::string> Client::reset_orientation(std::string_view which) {
  return request("POST", controller_path(which, "orientation/reset"), "{}");
}
Answer<std::string> Client::undo_orientation_reset(std::string_view which) {
  return request("DELETE", controller_path(which, "orientation/reset"));
}
Answer<std::string> Client::calibrate(std::string_view which, std::string_view action) {
  return request("POST", controller_path(which, "calibration"), action_request(action));
}
Answer<std::string> Client::pair(std::string_view which, const PairingWish& wish) {
  return request("POST", std::string(api_root) + "/pairing", pairing_request(which, wish));
}
Answer<std::string> Client::unpair(std::string_view which) {
  return request("DELETE", which.empty() ? std::string(api_root) + "/pairing"
                                         : controller_path(which, "pairing"));
}
Answer<std::string> Client::set_name(std::string_view which, std::string_view name) {
  return request("PATCH", controller_path(which), name_request(name));
}
Answer<std::string> Client::set_companion(std::string_view which, std::string_view other) {
  return request("PATCH", controller_path(which), companion_request(other));
}
Answer<std::string> Client::led_pwm(std::string_view which) {
  return request("GET", controller_path(which, "led/pwm"));
}
Answer<std::string> Client::set_led_pwm(std::string_view which, std::uint32_t frequency_hz) {
  return request("PUT", controller_path(which, "led/pwm"), led_pwm_request(frequency_hz));
}
Answer<std::string> Client::set_wheel_rumble(std::string_view which, const wire::WheelWish& wish) {
  return request("PUT", controller_path(which, "extension/rumble"), wheel_request(wish));
}
Answer<std::string> Client::stop_wheel_rumble(std::string_view which) {
  return request("DELETE", controller_path(which, "extension/rumble"));
}
Answer<std::string> Client::diagnostics(std::string_view which) {
  return request("GET", controller_path(which, "diagnostics"));
}
Answer<std::string> Client::forget(std::string_view which) {
  return request("DELETE", controller_path(which));
}
Answer<std::string> Client::simulation(std::string_view which) {
  return request("GET", controller_path(which, "simulation"));
}
Answer<std::string> Client::set_simulation(std::string_view which,
                                           const wire::SimulationPatch& patch) {
  return request("PATCH", controller_path(which, "simulation"), simulation_request(patch));
}

std::string controller_path(std::string_view which, std::string_view part) {
  auto path = std::string(api_root) + "/controllers/" + encode_path_segment(which);
  if (!part.empty()) path.append("/").append(part);
  return path;
}

}  // namespace psmove::client
