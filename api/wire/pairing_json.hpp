#pragma once
// Pairing as JSON.

#include <string>
#include <string_view>

#include "types/controller_state.hpp"
#include "types/pairing.hpp"

namespace psmove::wire {

/// An item of GET /pairing, and the answer to POST: who, how far, whom it calls, what to do next.
[[nodiscard]] std::string pairing_body(const ControllerState& controller,
                                       const PairingStatus& status);
/// "plugged_in", "writing", "host_written", "failed"
[[nodiscard]] std::string_view to_string(PairingStage stage);

}  // namespace psmove::wire
