#pragma once
// Arrivals of hidraw nodes, and of USB devices that have none, by udev.

#include <memory>
#include <string>

#include "types/awaitable.hpp"

namespace psmove::drivers {

class Roster;

/// Finds controllers that are there and those that come, and serves each until it leaves.
class HotplugMonitor {
 public:
  /// @param io, pool, roster  outlive the monitor and every link it started
  /// @param udev_control  is there while udev runs
  HotplugMonitor(boost::asio::io_context& io, boost::asio::thread_pool& pool, Roster& roster,
                 std::string udev_control = "/run/udev/control");
  ~HotplugMonitor();
  HotplugMonitor(const HotplugMonitor&) = delete;
  HotplugMonitor& operator=(const HotplugMonitor&) = delete;

  /// Begins to listen, then looks at what is there already. Where udev does not run yet, or the
  /// connection to it breaks, that is done again as soon as it can be.
  /// @throws boost::system::system_error where udev cannot be reached
  void start();
  void stop();
  /// Why controllers that come are not noticed, one sentence; empty while they are.
  [[nodiscard]] std::string why_not() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace psmove::drivers
