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
/// The same of a controller that could not even be asked who it is.
/// @param path  of its node, "/dev/hidraw3"
[[nodiscard]] std::string unreadable_body(std::string_view path, std::string_view code,
                                          std::string_view next, std::string_view command);
/// "plugged_in", "press_ps"
[[nodiscard]] std::string_view to_string(PairingStage stage);

}  // namespace psmove::wire
