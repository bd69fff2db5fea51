#pragma once
// Every emulated controller of one process, and the loop that keeps them all in time.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/control_socket.hpp"
#include "emulator/device.hpp"
#include "emulator/radio.hpp"

namespace psmove::emulator {

/// Where the devices stand: each behind uhid, or else each at a USB port, in range of the radios,
/// or both.
struct Doors {
  std::function<Uhid()> open_uhid;  ///< null: not behind uhid
  UsbPort usb_port;                 ///< null: no cables
  std::vector<RadioSpec> radios;
  OpenVhci open_vhci;
};

class Fleet {
 public:
  /// Makes every device of the list, and every radio. Where there are no radios the devices are
  /// plugged in; else they lie there, switched off. Throws std::system_error where a door is shut.
  /// @param log  outlives the fleet
  Fleet(const std::vector<DeviceSpec>& specs, const Doors& doors, EventLog& log);

  /// Takes commands at this path from now on.
  void listen(const std::string& path);
  /// Waits until something is due or happens, at most until `deadline`, and does it.
  void step(Time deadline);
  /// Steps until told to quit, until `deadline`, or until `stop_fd` (-1: none) can be read.
  void run(std::optional<Time> deadline, int stop_fd);

  /// One command line: `[WHICH] VERB [ARGUMENT]`, or `VERB WHICH` for verbs without an argument.
  /// WHICH is a place in the list from 1, an address or `all`; without it all are meant. And
  /// `radio state|remove|insert [ADDRESS]` for the adapters.
  std::string command(std::string_view line);

  [[nodiscard]] const std::deque<Device>& devices() const { return devices_; }
  /// How many reports were sent and how late the latest was, for people.
  [[nodiscard]] std::string summary() const;

 private:
  std::string radio_command(std::string_view argument);
  [[nodiscard]] std::string radio_states() const;
  void serve(const std::vector<pollfd>& waiting);
  [[nodiscard]] std::optional<std::vector<std::size_t>> find(std::string_view which) const;
  [[nodiscard]] std::string states(const std::vector<std::size_t>& which, bool as_list) const;

  Air air_;
  std::deque<Device> devices_;
  std::unique_ptr<ControlSocket> control_;
  bool quit_ = false;
  int stop_fd_ = -1;
};

}  // namespace psmove::emulator
