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
#include "emulator/uhid_move.hpp"

namespace psmove::emulator {

class Fleet {
 public:
  using OpenDoor = std::function<Uhid()>;

  /// Makes and plugs in every device of the list. Throws std::system_error where the door is shut.
  /// @param log  outlives the fleet
  Fleet(const std::vector<DeviceSpec>& specs, const OpenDoor& open_door, EventLog& log);

  /// Takes commands at this path from now on.
  void listen(const std::string& path);
  /// Waits until something is due or happens, at most until `deadline`, and does it.
  void step(Time deadline);
  /// Steps until told to quit, until `deadline`, or until `stop_fd` (-1: none) can be read.
  void run(std::optional<Time> deadline, int stop_fd);

  /// One command line: `[WHICH] VERB [ARGUMENT]`, or `VERB WHICH` for plug, unplug and state. WHICH
  /// is a place in the list from 1, an address or `all`; without it all are meant.
  std::string command(std::string_view line);

  [[nodiscard]] const std::deque<UhidMove>& devices() const { return devices_; }
  /// How many reports were sent and how late the latest was, for people.
  [[nodiscard]] std::string summary() const;

 private:
  [[nodiscard]] std::optional<std::vector<std::size_t>> find(std::string_view which) const;
  [[nodiscard]] std::string states(const std::vector<std::size_t>& which, bool as_list) const;

  std::deque<UhidMove> devices_;
  std::unique_ptr<ControlSocket> control_;
  bool quit_ = false;
  int stop_fd_ = -1;
};

}  // namespace psmove::emulator
