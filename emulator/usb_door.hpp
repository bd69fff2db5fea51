#pragma once
// A device in a USB port: the kernel's virtual host controller (vhci_hcd) meets it as usbcore,
// usbhid and libusb meet a real one. Its transfers travel as USB/IP over a socket of which the
// kernel owns the other end.

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "emulator/file_descriptor.hpp"
#include "emulator/hid_device.hpp"
#include "emulator/usbip.hpp"

namespace psmove::emulator {

/// Puts a device into a free port and returns the device's end of the cable. Throws
/// std::system_error.
using UsbPort = std::function<FileDescriptor()>;

/// A port of the kernel's. It wants root and 'modprobe vhci-hcd'.
FileDescriptor plug_into_vhci(const std::string& controller = "/sys/devices/platform/vhci_hcd.0");

class UsbDoor final : public Door {
 public:
  /// @param device  outlives the door
  UsbDoor(HidDevice& device, UsbPort port);

  /// -1 while it is unplugged.
  [[nodiscard]] int fd() const { return cable_.get(); }
  [[nodiscard]] bool is_plugged() const { return cable_.is_open(); }
  void plug(Time now);
  void unplug(Time now);
  /// Does the transfers that the host wants.
  void serve(Time now);

  [[nodiscard]] Link link() const override { return Link::cable; }
  [[nodiscard]] bool is_open() const override { return open_; }
  void send_input(std::span<const std::byte> report, Time now) override;

 private:
  struct Waiting {
    std::uint32_t number, length;
  };

  void submit(const usbip::Submit& transfer, Time now);
  void unlink(const usbip::Unlink& wish, Time now);
  void control(const usbip::Submit& transfer, Time now);
  void hid_request(const usbip::Submit& transfer, Time now);
  [[nodiscard]] std::optional<Bytes> descriptor(const usbip::Setup& setup) const;
  void answer(const usbip::Submit& transfer, const std::optional<Bytes>& data);
  void send(const Bytes& message);

  HidDevice& device_;
  UsbPort port_;
  FileDescriptor cable_;
  usbip::Stream stream_;
  bool open_ = false;                           ///< the host polls for input
  std::deque<Waiting> waiting_for_input_;       ///< transfers from the interrupt endpoint
  std::set<std::uint32_t> waiting_for_answer_;  ///< control transfers that are answered late
};

}  // namespace psmove::emulator
