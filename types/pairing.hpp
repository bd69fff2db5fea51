#pragma once
// A controller on the cable, on its way to a host.

#include <cstdint>
#include <optional>
#include <string>

#include "types/address.hpp"

namespace psmove {

enum class PairingStage : std::uint8_t {
  plugged_in,    ///< on the cable; nothing was written
  writing,       ///< the host's address is on its way into it
  host_written,  ///< and was read back: unplug, press PS
  failed,        ///< it could not be written; `trouble` says why
};

struct PairingStatus {
  PairingStage stage = PairingStage::plugged_in;
  std::optional<Address> host;  ///< whom it calls; none while it could not be asked
  std::string trouble;          ///< one sentence with what to try
};

}  // namespace psmove
