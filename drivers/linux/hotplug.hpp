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
  HotplugMonitor(boost::asio::io_context& io, boost::asio::thread_pool& pool, Roster& roster);
  ~HotplugMonitor();
  HotplugMonitor(const HotplugMonitor&) = delete;
  HotplugMonitor& operator=(const HotplugMonitor&) = delete;

  /// Begins to listen, then looks at what is there already.
  /// @throws boost::system::system_error where udev cannot be reached
  void start();
  void stop();
  [[nodiscard]] bool is_running() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace psmove::drivers
