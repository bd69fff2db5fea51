#pragma once
// HidChannel over libusb: for a controller on the cable that has no hidraw node one may open, as on
// a kernel without hidraw, in a container, or where another tool's udev rule opens USB alone.

#include <memory>
#include <string>

#include "drivers/hid_channel.hpp"

namespace psmove::drivers {

/// libusb and its events. It is asked for its context when the first device wants one.
class LibusbHost {
 public:
  /// @param io, pool  outlive the host and every channel it opened
  LibusbHost(boost::asio::io_context& io, boost::asio::thread_pool& pool);
  ~LibusbHost();
  LibusbHost(const LibusbHost&) = delete;
  LibusbHost& operator=(const LibusbHost&) = delete;

  /// Opens a usbfs node and takes its HID interface from the kernel's driver, which gets it back
  /// when the channel ends.
  /// @param node  "/dev/bus/usb/001/004"
  /// @return permission_denied for a node that may not be opened, device_or_resource_busy where
  ///   another program has claimed the interface, no_such_device where it has none
  Awaitable<Result<std::unique_ptr<HidChannel>>> open(std::string node);

 private:
  struct Events;
  boost::asio::io_context& io_;
  boost::asio::thread_pool& pool_;
  std::unique_ptr<Events> events_;
};

}  // namespace psmove::drivers
