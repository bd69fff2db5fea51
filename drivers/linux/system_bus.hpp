#pragma once
// D-Bus's system bus on the loop: no thread of its own, and nothing blocks but connecting.

#include <functional>
#include <memory>
#include <string>

#include "types/awaitable.hpp"

namespace sdbus {
class IConnection;
}

namespace psmove::drivers {

/// All calls, and all that it calls, on the loop's thread.
class SystemBus {
 public:
  /// @param on_loss  called when the bus has hung up, with D-Bus's words for it; whoever made
  ///                 something with the connection lets go of it and calls close()
  SystemBus(boost::asio::io_context& io, std::function<void(const std::string&)> on_loss);
  ~SystemBus();
  SystemBus(const SystemBus&) = delete;
  SystemBus& operator=(const SystemBus&) = delete;

  /// Connects, and delivers what comes from the next turn of the loop on.
  /// @throws sdbus::Error where there is no system bus, or no descriptor left; close() then, too
  void open();
  /// Proxies, objects and matches of the connection must be gone.
  void close();
  [[nodiscard]] bool is_open() const;
  /// @pre is_open()
  [[nodiscard]] sdbus::IConnection& connection();

  /// Calls back with whoever owns this name from now on, with nothing when nobody does; until
  /// close().
  /// @throws sdbus::Error
  void watch_owner(const std::string& name, std::function<void(const std::string& owner)> callback);

  /// Delivers what has come already.
  void process();

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace psmove::drivers
