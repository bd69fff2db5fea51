#include "daemon/service.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <spdlog/spdlog.h>
#include <string>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <utility>

namespace psmove::daemon {

namespace asio = boost::asio;

/// A signal to stop that comes later than this after the first one is meant: no goodbyes then.
constexpr auto impatience = std::chrono::milliseconds(300);

struct Service::Parts {
  Parts(asio::io_context& io, std::function<void()> stop_callback,
        std::function<void()> reload_callback)
      : signals(io, SIGTERM, SIGINT, SIGHUP),
        watchdog(io),
        stop(std::move(stop_callback)),
        reload(std::move(reload_callback)) {}

  void wait_for_signal();
  void tell_and_reload();
  void feed_watchdog();

  asio::signal_set signals;
  asio::steady_timer watchdog;
  std::chrono::microseconds watchdog_interval{0};
  std::function<void()> stop, reload;
  std::optional<std::chrono::steady_clock::time_point> stopping_since;
};

void Service::Parts::wait_for_signal() {
  signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      if (!stopping_since) tell_and_reload();
    } else if (stopping_since) {
      // One Ctrl-C may come twice, from the terminal and from what started psmoved.
      if (std::chrono::steady_clock::now() - *stopping_since > impatience) std::_Exit(1);
    } else {
      stopping_since = std::chrono::steady_clock::now();
      spdlog::info("stopping signal={}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
      ::sd_notify(0, "STOPPING=1");
      stop();
    }
    wait_for_signal();
  });
}

/// systemd takes the first for the beginning of a reload by its time, the second for its end.
void Service::Parts::tell_and_reload() {
  const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us.count())).c_str());
  reload();
  ::sd_notify(0, "READY=1");
}

void Service::Parts::feed_watchdog() {
  ::sd_notify(0, "WATCHDOG=1");
  watchdog.expires_after(watchdog_interval / 2);
  watchdog.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed_watchdog();
  });
}

Service::Service(asio::io_context& io, std::function<void()> stop, std::function<void()> reload)
    : parts_(std::make_unique<Parts>(io, std::move(stop), std::move(reload))) {
  std::signal(SIGPIPE, SIG_IGN);
  parts_->wait_for_signal();
}

Service::~Service() = default;

void Service::ready(std::string_view status) {
  ::sd_notify(0, ("READY=1\nSTATUS=" + std::string(status)).c_str());
  std::uint64_t interval_us = 0;
  if (::sd_watchdog_enabled(0, &interval_us) <= 0) return;
  parts_->watchdog_interval = std::chrono::microseconds(interval_us);
  parts_->feed_watchdog();
}

void Service::finish() {
  parts_->signals.cancel();
  parts_->watchdog.cancel();
}

void raise_file_limit() {
  constexpr rlim_t plenty = 65536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min(limit.rlim_max, std::max(limit.rlim_cur, plenty));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace psmove::daemon
