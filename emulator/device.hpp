#pragma once
// One emulated device and the doors it stands behind: uhid alone, or a USB port, the air, or both.
// What was stored over the cable is what it calls on the air.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/device_list.hpp"
#include "emulator/hid_device.hpp"
#include "emulator/radio_door.hpp"
#include "emulator/script.hpp"
#include "emulator/uhid_door.hpp"
#include "emulator/usb_door.hpp"

struct pollfd;

namespace psmove::emulator {

class Air;

/// Where a device can be. With uhid it is nowhere else.
struct DeviceDoors {
  std::optional<Uhid> uhid;
  UsbPort usb_port;    ///< null: it has no cable
  Air* air = nullptr;  ///< null: it has no radio
};

class Device {
 public:
  /// @param phase  where in its report interval it sends, 0..1, so that many do not all send at
  /// once
  /// @param log    outlives it
  Device(const DeviceSpec& spec, DeviceDoors doors, double phase, EventLog& log, Time now);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  [[nodiscard]] const HidDevice& hid() const { return hid_; }
  [[nodiscard]] const Peripheral& peripheral() const { return hid_.peripheral(); }
  /// The controller behind it; there must be one.
  [[nodiscard]] const Move& move() const { return *hid_.move(); }
  [[nodiscard]] std::string_view model() const { return model_; }

  /// Behind uhid: makes the device, or takes it away as an unplugged cable or a lost link does.
  /// Else: puts its cable into a USB port, or pulls it.
  void plug(Time now);
  void unplug(Time now);
  /// Away from every host, for good.
  void leave(Time now);

  void add_to(std::vector<pollfd>& waiting) const;
  /// Answers everything the kernel asks through the doors with a descriptor of their own.
  void serve(Time now);
  /// Sends the reports that are due, each as of its own time, calls hosts, and notes a light that
  /// has gone out.
  void advance(Time now);
  /// When advance() is wanted next; nullopt: not before something happens.
  [[nodiscard]] std::optional<Time> next_wake(Time now) const;

  /// Carries out one command of a person or a test: a verb and its argument.
  /// @return the answer, one line; an error begins with "error: "
  std::string command(std::string_view verb, std::string_view argument, Time now);
  /// The answer to `state`: one JSON object.
  [[nodiscard]] std::string state_json(Time now, std::size_t index) const;

 private:
  Complaint obey(std::string_view verb, std::string_view argument, Time now);
  std::optional<Complaint> obey_cable(std::string_view verb, Time now);
  std::optional<Complaint> obey_radio(std::string_view verb, std::string_view argument, Time now);
  [[nodiscard]] bool is_plugged() const;

  std::string model_;
  HidDevice hid_;
  std::optional<UhidDoor> uhid_;
  std::optional<UsbDoor> usb_;
  std::optional<RadioDoor> radio_;
};

}  // namespace psmove::emulator
