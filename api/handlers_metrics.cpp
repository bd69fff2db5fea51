// GET /metrics. docs/operations.md says what each of them means; tests compare the two.
#include <array>
#include <functional>
#include <string>

#include "api/accept.hpp"
#include "api/handlers.hpp"
#include "api/metrics.hpp"
#include "api/process_usage.hpp"
#include "api/server.hpp"
#include "api/stream/counts.hpp"
#include "api/stream/hub.hpp"
#include "api/stream/publisher.hpp"
#include "api/traffic.hpp"
#include "drivers/cues.hpp"
#include "drivers/linux/bluez.hpp"
#include "drivers/pairings.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {
namespace {

using drivers::Controller;
using wire::MetricsText;
using wire::MetricType;

constexpr std::string_view prometheus_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view openmetrics_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";
constexpr double radians_per_degree = 0.017453292519943295;

std::uint64_t yes(bool value) {
  return value ? 1 : 0;
}

/// One controller, with all that is asked of it more than once.
struct Known {
  const Controller* controller;
  const ControllerState* state;
  const Metrics::ForController* counts;
  std::string id;
};

std::vector<Known> known_controllers(Service& service) {
  std::vector<Known> all;
  for (const auto& controller : service.roster.all())
    all.push_back({controller.get(), &controller->state(), &service.metrics.of(*controller),
                   to_string(controller->address())});
  return all;
}

void append_reports(MetricsText& text, const std::vector<Known>& all) {
  text.begin("psmoved_controller_reports", MetricType::counter,
             "Input reports taken from a controller.");
  for (const auto& each : all) {
    text.add({{"controller", each.id}, {"transport", "bluetooth"}},
             each.counts->reports_over_bluetooth);
    text.add({{"controller", each.id}, {"transport", "usb"}}, each.counts->reports_over_usb);
  }
  const auto counter = [&](std::string_view name, std::string_view help,
                           std::uint64_t Metrics::ForController::*member) {
    text.begin(name, MetricType::counter, help);
    for (const auto& each : all) text.add({{"controller", each.id}}, each.counts->*member);
  };
  counter("psmoved_reports_lost", "Input reports that are missing by their sequence numbers.",
          &Metrics::ForController::lost);
  counter("psmoved_reports_rejected", "Input reports that were short, long or foreign.",
          &Metrics::ForController::rejected);
  counter("psmoved_controller_arrivals", "How often a controller came.",
          &Metrics::ForController::arrivals);
  text.begin("psmoved_report_interval_seconds", MetricType::histogram,
             "Time between the arrivals of two reports of a connection.");
  for (const auto& each : all) text.add({{"controller", each.id}}, each.counts->interval);
  text.begin("psmoved_output_latency_seconds", MetricType::histogram,
             "Time from a wish for light or rumble to the write that fulfilled it.");
  for (const auto& each : all) text.add({{"controller", each.id}}, each.counts->output_latency);
}

void append_states(MetricsText& text, const std::vector<Known>& all) {
  text.begin("psmoved_controller", MetricType::info, "A controller that is known, and what it is.");
  for (const auto& each : all)
    text.add({{"controller", each.id},
              {"number", std::to_string(each.state->number)},
              {"name", each.state->name},
              {"model", each.state->model},
              {"firmware", each.state->firmware}},
             std::uint64_t{1});
  text.begin("psmoved_controller_connected", MetricType::gauge, "Whether a controller is there.");
  for (const auto& each : all) text.add({{"controller", each.id}}, yes(each.state->is_connected()));
  text.begin("psmoved_controller_streaming", MetricType::gauge,
             "Whether reports of a controller arrive.");
  for (const auto& each : all)
    text.add({{"controller", each.id}}, yes(each.state->input == InputStatus::streaming));
  text.begin("psmoved_controller_battery_ratio", MetricType::gauge,
             "Charge of the battery, in steps of 0.2; absent where the controller does not say.");
  for (const auto& each : all)
    if (each.state->battery.percent)
      text.add({{"controller", each.id}}, *each.state->battery.percent / 100.0);
  text.begin("psmoved_controller_charging", MetricType::gauge,
             "Whether the battery is being charged.");
  for (const auto& each : all)
    text.add({{"controller", each.id}}, yes(each.state->battery.state == BatteryState::charging));
  text.begin("psmoved_controller_temperature_celsius", MetricType::gauge,
             "Temperature inside a controller.");
  for (const auto& each : all)
    if (each.state->newest && each.state->newest->has_motion && each.state->is_connected())
      text.add({{"controller", each.id}}, each.state->newest->temperature_c);
}

void append_fusion(MetricsText& text, const std::vector<Known>& all) {
  std::vector<std::pair<std::string_view, FilterStatus>> filters;
  for (const auto& each : all)
    if (const auto filter = each.controller->calibration_report().filter)
      filters.emplace_back(each.id, *filter);
  text.begin("psmoved_fusion_heading_uncertainty_radians", MetricType::gauge,
             "Standard deviation of the heading.");
  for (const auto& [id, filter] : filters)
    text.add({{"controller", id}}, filter.heading_uncertainty_deg * radians_per_degree);
  text.begin("psmoved_fusion_inclination_uncertainty_radians", MetricType::gauge,
             "Standard deviation of the inclination.");
  for (const auto& [id, filter] : filters)
    text.add({{"controller", id}}, filter.inclination_uncertainty_deg * radians_per_degree);
  text.begin("psmoved_fusion_heading_referenced", MetricType::gauge,
             "Whether the magnetometer steers the heading.");
  for (const auto& [id, filter] : filters)
    text.add({{"controller", id}}, yes(filter.has_heading_reference));
  text.begin("psmoved_fusion_magnetically_disturbed", MetricType::gauge,
             "Whether the magnetic field is not believed.");
  for (const auto& [id, filter] : filters)
    text.add({{"controller", id}}, yes(filter.is_magnetically_disturbed));
}

void append_stream(MetricsText& text, const stream::Hub& hub) {
  const auto& counts = hub.counts();
  const auto& publisher = hub.publisher();
  const auto for_each_door = [&](const auto& member) {
    text.add({{"transport", "websocket"}}, std::uint64_t{counts.websockets.*member});
    text.add({{"transport", "sse"}}, std::uint64_t{counts.event_streams.*member});
  };
  using Door = stream::Counts::Door;
  text.begin("psmoved_stream_connections", MetricType::gauge, "Clients of the stream.");
  for_each_door(&Door::open);
  text.begin("psmoved_stream_connections_opened", MetricType::counter,
             "Clients of the stream that came.");
  for_each_door(&Door::opened);
  text.begin("psmoved_stream_sent_bytes", MetricType::counter, "Sent to clients of the stream.");
  for_each_door(&Door::sent_bytes);
  text.begin("psmoved_stream_connections_closed", MetricType::counter,
             "Clients of the stream that the daemon closed, by the code it gave.");
  for (const auto& [code, count] : counts.closed) text.add({{"code", std::to_string(code)}}, count);
  text.begin("psmoved_stream_subscriptions", MetricType::gauge, "Subscriptions of all clients.");
  text.add({}, std::uint64_t{publisher.subscriptions()});
  text.begin("psmoved_stream_groups", MetricType::gauge,
             "Distinct subscriptions: each is encoded once, however many clients share it.");
  text.add({}, std::uint64_t{publisher.groups()});
  text.begin("psmoved_stream_samples_encoded", MetricType::counter,
             "Samples encoded, once for each distinct format and choice of fields.");
  text.add({}, publisher.samples_encoded());
  text.begin("psmoved_stream_dropped_samples", MetricType::counter,
             "Samples that clients were too slow for, by the policy of their subscription.");
  for (const auto policy : {wire::Policy::all, wire::Policy::latest, wire::Policy::window}) {
    const auto overflowed = policy == wire::Policy::window ? publisher.overflowed() : 0;
    text.add({{"policy", wire::to_string(policy)}},
             counts.dropped_samples[static_cast<std::size_t>(policy)] + overflowed);
  }
}

void append_http(MetricsText& text, const Traffic& traffic, const Limits& limits) {
  static constexpr std::array<std::string_view, Traffic::verbs> verbs = {
      "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "other"};
  static constexpr std::array<std::string_view, Traffic::classes> classes = {"1xx", "2xx", "3xx",
                                                                             "4xx", "5xx"};
  text.begin("psmoved_http_requests", MetricType::counter,
             "Requests answered, by method and class of the status; an upgrade is 1xx.");
  for (std::size_t verb = 0; verb < verbs.size(); ++verb)
    for (std::size_t each = 0; each < classes.size(); ++each)
      if (const auto count = traffic.requests[verb][each]; count > 0)
        text.add({{"method", verbs[verb]}, {"code", classes[each]}}, count);
  text.begin("psmoved_connections", MetricType::gauge,
             "Connections, those of the stream among them.");
  text.add({}, std::uint64_t{traffic.connections});
  text.begin("psmoved_connections_limit", MetricType::gauge, "As many connections are admitted.");
  text.add({}, std::uint64_t{limits.connections});
  text.begin("psmoved_connections_accepted", MetricType::counter, "Connections admitted.");
  text.add({}, traffic.accepted);
  text.begin("psmoved_connections_refused", MetricType::counter,
             "Connections refused: too many in all, too many from one address, or no file "
             "descriptor left.");
  text.add({{"reason", "limit"}}, traffic.refused_limit);
  text.add({{"reason", "address"}}, traffic.refused_address);
  text.add({{"reason", "descriptors"}}, traffic.refused_resource);
  text.begin("psmoved_tokens_refused", MetricType::counter,
             "Requests with a token or ticket that is wrong.");
  text.add({}, traffic.refused_tokens);
}

void append_bluetooth(MetricsText& text, const ServerConfig& config) {
  const bool is_running = config.bluez != nullptr && config.bluez->is_running();
  text.begin("psmoved_bluetoothd_up", MetricType::gauge, "Whether bluetoothd answers.");
  text.add({}, yes(is_running));
  text.begin("psmoved_adapter_powered", MetricType::gauge,
             "Whether a Bluetooth radio of this machine is switched on.");
  if (is_running)
    for (const auto& radio : config.bluez->adapters())
      text.add({{"adapter", to_string(radio.address)}}, yes(radio.powered));
  const auto results =
      config.pairings == nullptr ? drivers::PairingResults() : config.pairings->results();
  text.begin("psmoved_pairings", MetricType::counter, "Pairings that came to an end.");
  text.add({{"result", "connected"}}, results.connected);
  text.add({{"result", "host_written"}}, results.host_written);
  text.add({{"result", "failed"}}, results.failed);
  text.add({{"result", "cancelled"}}, results.cancelled);
}

void append_log(MetricsText& text, const LogCounts& log) {
  text.begin("psmoved_log_lines", MetricType::counter, "Lines logged.");
  text.add({{"level", "error"}}, log.errors);
  text.add({{"level", "warning"}}, log.warnings);
  text.add({{"level", "info"}}, log.infos);
  text.add({{"level", "debug"}}, log.debugs);
  text.begin("psmoved_log_lines_left_out", MetricType::counter, "Lines that came too often.");
  text.add({}, log.left_out);
}

void append_process(MetricsText& text) {
  const auto usage = process_usage();
  text.begin("process_cpu_seconds", MetricType::counter, "Processor time used.");
  text.add({}, usage.cpu_s);
  text.begin("process_resident_memory_bytes", MetricType::gauge, "Memory that is in use.");
  text.add({}, usage.resident_bytes);
  text.begin("process_virtual_memory_bytes", MetricType::gauge, "Address space in use.");
  text.add({}, usage.virtual_bytes);
  text.begin("process_open_fds", MetricType::gauge, "Open file descriptors.");
  text.add({}, usage.open_files);
  text.begin("process_max_fds", MetricType::gauge, "Most file descriptors that may be open.");
  text.add({}, usage.most_open_files);
  text.begin("process_threads", MetricType::gauge, "Threads.");
  text.add({}, usage.threads);
  text.begin("process_start_time_seconds", MetricType::gauge, "Unix time of the start.");
  text.add({}, usage.started_s);
}

}  // namespace

std::optional<Response> get_metrics(Service& service, const Request& request) {
  const bool is_open = prefers_openmetrics(request.accept);
  MetricsText text(is_open ? wire::MetricsFormat::openmetrics : wire::MetricsFormat::prometheus);
  const auto controllers = known_controllers(service);
  append_reports(text, controllers);
  append_states(text, controllers);
  append_fusion(text, controllers);
  append_stream(text, service.hub);
  text.begin("psmoved_cues", MetricType::counter, "Cues that are done.");
  text.add({}, service.metrics.cues());
  text.begin("psmoved_cue_skew_seconds", MetricType::histogram,
             "Time between the first and the last write of a cue.");
  text.add({}, service.metrics.cue_skew());
  append_http(text, service.traffic, service.config.limits);
  append_bluetooth(text, service.config);
  append_log(text, service.config.log == nullptr ? LogCounts() : *service.config.log);
  text.begin("psmoved_build", MetricType::info, "What runs here.");
  text.add({{"version", PSMOVED_VERSION}}, std::uint64_t{1});
  append_process(text);
  Response response;
  response.content_type = is_open ? openmetrics_type : prometheus_type;
  response.fields = "Vary: Accept\r\n";
  response.body = text.text();
  return response;
}

}  // namespace psmove::api
