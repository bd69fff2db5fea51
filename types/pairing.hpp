#pragma once
// A controller on its way to a host.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "types/address.hpp"

namespace psmove {

/// What a controller on the cable stores, and how the last exchange about it went.
struct CableState {
  std::optional<Address> host{};  ///< whom it calls; none while it could not be asked
  std::string trouble{};          ///< one sentence with what to try; empty: it went well
  bool is_writing = false;        ///< another address is on its way into it
};

enum class PairingStage : std::uint8_t {
  plugged_in,    ///< on the cable; nobody asked for anything
  waiting,       ///< something is in the way: `code` and `trouble`. Goes on by itself without it
  writing,       ///< the host's address is on its way into the controller
  host_written,  ///< it calls another computer from now on; there is nothing more to do here
  storing,       ///< BlueZ is told of it
  press_ps,      ///< everything is in place: unplug, press PS
  connecting,    ///< it called, and BlueZ takes its call
  connected,     ///< its reports come by Bluetooth
  failed,        ///< `code` and `trouble` say why
};

struct PairingStatus {
  PairingStage stage = PairingStage::plugged_in;
  std::optional<Address> host{};     ///< whom it calls; none while it could not be asked
  std::optional<Address> adapter{};  ///< of this computer, once one was chosen
  bool is_cabled = true;
  std::string_view code{};  ///< why it is waiting or failed, one of those in docs/pairing.md
  std::string trouble{};    ///< the same in one sentence, with what to try
  std::string command{};    ///< what to type, where that would mend it
};

/// What somebody wants of a pairing.
struct PairingWish {
  std::optional<Address> host{};     ///< another computer: it is written, and that is all
  std::optional<Address> adapter{};  ///< of this computer; none: psmoved chooses
  bool allow_unbonded = false;       ///< let BlueZ take devices without a bond, whoever made them
  bool may_disconnect = false;       ///< other devices may be disconnected for it
  /// BlueZ learns of it from its call, by asking it, instead of from a file and a restart. A
  /// controller that hangs up meanwhile crashes the Bluetooth of Linux 6.1 (list_del corruption in
  /// hci_chan_del).
  bool without_restart = false;
  friend bool operator==(const PairingWish&, const PairingWish&) = default;
};

}  // namespace psmove
