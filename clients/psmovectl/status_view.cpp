#include "clients/psmovectl/status_view.hpp"

#include <algorithm>

#include "clients/psmovectl/describe.hpp"

namespace psmove::client {
namespace {

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

/// Part of the reports that did not come, in percent.
std::string loss_text(const RadioStatistics& radio) {
  const auto sent = radio.reports + radio.lost;
  const double percent =
      sent == 0 ? 0 : 100.0 * static_cast<double>(radio.lost) / static_cast<double>(sent);
  return number(percent, 1) + " % lost";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : "+") + word;
  return text;
}

class Screen {
 public:
  explicit Screen(const Style& style) : style_(style) {}

  void title(std::string_view text) { lines_.push_back(bold(text, style_)); }
  /// Cut where the terminal ends, before it is given any colour.
  void line(std::string_view text, bool is_faint = false) {
    auto cut = fitted("  " + printable(text, style_), style_.columns, style_);
    cut.erase(cut.find_last_not_of(' ') + 1);
    lines_.push_back(is_faint ? dim(cut, style_) : cut);
  }
  void remark(std::string_view text) {
    auto cut = fitted("  " + printable(text, style_), style_.columns, style_);
    cut.erase(cut.find_last_not_of(' ') + 1);
    lines_.push_back(warning(cut, style_));
  }
  std::vector<std::string> lines() { return std::move(lines_); }

 private:
  const Style& style_;
  std::vector<std::string> lines_;
};

void add_controllers(Screen& screen, const std::vector<Controller>& controllers,
                     const Style& style) {
  screen.title("Controllers");
  if (controllers.empty()) screen.line("none yet", true);
  int name_width = 1;
  for (const auto& each : controllers)
    name_width = std::max(name_width, display_width(printable(each.name, style)));
  name_width = std::min(name_width, std::max(8, style.columns - 70));
  for (const auto& each : controllers) {
    std::string text = right_aligned(std::to_string(each.number), 3) + "  " +
                       fitted(each.name.empty() ? "-" : each.name, name_width, style) + "  " +
                       fitted(each.model, 10, style) + "  " +
                       fitted(presence_text(each), 10, style);
    if (each.connected)
      text += "  " + fitted(joined(each.transports), 9, style) + "  " +
              number(each.radio.reports_per_s, 1, 6) + "/s  " +
              right_aligned(loss_text(each.radio), 12) + "  " + battery_text(each.battery);
    screen.line(text, !each.connected);
    if (!each.hint.empty()) screen.remark("     " + each.hint);
  }
}

void add_adapters(Screen& screen, const StatusPicture& picture) {
  screen.title("Bluetooth");
  if (!picture.adapters) return screen.line(picture.why_no_adapters, true);
  for (const auto& each : *picture.adapters)
    screen.line(each.name + "  " + each.address + "  " + (each.powered ? "on   " : "off  ") +
                    counted(each.controllers, "controller", "controllers"),
                !each.powered);
  if (picture.adapters->empty()) screen.line("This computer has no Bluetooth adapter.", true);
}

void add_pairings(Screen& screen, const std::vector<Pairing>& pairings) {
  if (pairings.empty()) return;
  screen.title("On the cable");
  for (const auto& each : pairings) {
    const auto name = !each.name.empty() ? each.name
                      : each.number > 0  ? "controller " + std::to_string(each.number)
                                         : "an unreadable controller";
    screen.line(name + ": " + each.next);
    if (!each.command.empty()) screen.line("  " + each.command);
  }
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr std::int64_t minute = 60;
  constexpr std::int64_t hour = 60 * minute;
  constexpr std::int64_t day = 24 * hour;
  const auto whole = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e12));
  const auto two = [&](std::int64_t unit, const char* name, std::int64_t smaller,
                       const char* smaller_name) {
    return std::to_string(whole / unit) + " " + name + " " +
           std::to_string(whole % unit / smaller) + " " + smaller_name;
  };
  if (whole >= day) return two(day, "d", hour, "h");
  if (whole >= hour) return two(hour, "h", minute, "min");
  if (whole >= minute) return two(minute, "min", 1, "s");
  return std::to_string(whole) + " s";
}

std::vector<std::string> render_status(const StatusPicture& picture, const Style& style) {
  const auto& daemon = picture.daemon;
  Screen screen(style);
  screen.title("psmoved " + printable(daemon.version, style) + " at " + picture.server);
  const std::string since =
      "up " + duration_text(daemon.uptime_s) + (daemon.host.empty() ? "" : ", on " + daemon.host);
  if (picture.waits_for.empty()) {
    screen.line("ready, " + since);
  } else {
    screen.line(since);
    screen.remark("not ready: " + picture.waits_for);
  }
  add_controllers(screen, picture.controllers, style);
  add_adapters(screen, picture);
  add_pairings(screen, picture.pairings);
  if (const auto& clients = daemon.clients) {
    screen.title("Clients");
    screen.line(counted(clients->connections, "connection", "connections") + " of " +
                std::to_string(clients->most_connections) + ": " +
                counted(clients->websockets, "WebSocket", "WebSockets") + ", " +
                counted(clients->event_streams, "reader of events", "readers of events") + "; " +
                counted(clients->subscriptions, "subscription", "subscriptions"));
    if (clients->dropped_samples > 0)
      screen.remark(counted(clients->dropped_samples, "sample was", "samples were") +
                    " dropped for clients that were too slow");
  }
  if (const auto& log = daemon.log; log && log->errors + log->warnings > 0) {
    screen.title("Log");
    screen.remark(counted(log->errors, "error", "errors") + ", " +
                  counted(log->warnings, "warning", "warnings") +
                  " since it started (journalctl -u psmoved -p warning)");
  }
  return screen.lines();
}

}  // namespace psmove::client
