#pragma once
// The daemon as a service: signals, systemd's notifications and watchdog, orderly shutdown.

#include <functional>
#include <memory>
#include <string_view>

#include "types/awaitable.hpp"

namespace psmove::daemon {

class Service {
 public:
  /// @param stop  called once, on the loop, by the first SIGTERM or SIGINT; a second one ends the
  ///              process at once, unless it follows so closely that it is the first one doubled
  /// @param reload  called on the loop by SIGHUP
  Service(boost::asio::io_context& io, std::function<void()> stop, std::function<void()> reload);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Everything is up: tells systemd, and feeds its watchdog from the loop from now on.
  void ready(std::string_view status);
  /// Ends what keeps the loop alive from here.
  void finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Lets the process open as many files as the system allows it; a daemon with a thousand clients
/// needs more than the usual 1024.
void raise_file_limit();

}  // namespace psmove::daemon
