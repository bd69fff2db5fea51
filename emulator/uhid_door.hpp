#pragma once
// A device behind /dev/uhid: the kernel's HID core meets it without a bus in between.

#include <cstdint>

#include "emulator/hid_device.hpp"
#include "emulator/uhid.hpp"

namespace psmove::emulator {

class UhidDoor final : public Door {
 public:
  /// @param bus     what the kernel is told that the device is on
  /// @param device  outlives the door
  UhidDoor(HidDevice& device, Uhid uhid, Link bus);

  [[nodiscard]] int fd() const { return uhid_.fd(); }
  [[nodiscard]] bool is_plugged() const { return plugged_; }
  /// Makes the device, or takes it away as an unplugged cable or a lost link does.
  void plug(Time now);
  void unplug(Time now);
  /// Answers everything the kernel asks.
  void serve(Time now);

  [[nodiscard]] Link link() const override { return bus_; }
  [[nodiscard]] bool is_open() const override { return plugged_ && open_; }
  void send_input(std::span<const std::byte> report, Time now) override;

 private:
  void serve(const UhidEvent& event, Time now);
  [[nodiscard]] UhidIdentity identity() const;

  HidDevice& device_;
  Uhid uhid_;
  Link bus_;
  bool plugged_ = false, open_ = false;
  unsigned plugged_times_ = 0;  ///< a late answer is only for the device that was asked
};

}  // namespace psmove::emulator
