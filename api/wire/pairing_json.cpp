#include "api/wire/pairing_json.hpp"

#include "api/wire/json_members.hpp"

namespace psmove::wire {
namespace {

std::string next_step(const PairingStatus& status) {
  switch (status.stage) {
    case PairingStage::plugged_in:
      return "Choose a host for it: POST /api/v1/pairing, or psmovectl pair.";
    case PairingStage::writing:
      return "Leave it on the cable.";
    case PairingStage::host_written:
      return "Unplug the cable and press the PS button; it will call " + to_string(*status.host) +
             ".";
    case PairingStage::failed:
      break;
  }
  return status.trouble;
}

}  // namespace

std::string_view to_string(PairingStage stage) {
  switch (stage) {
    case PairingStage::writing:
      return "writing";
    case PairingStage::host_written:
      return "host_written";
    case PairingStage::failed:
      return "failed";
    case PairingStage::plugged_in:
      break;
  }
  return "plugged_in";
}

std::string pairing_body(const ControllerState& controller, const PairingStatus& status) {
  std::string out = "{";
  text_member(out, "controller", to_string(controller.address));
  integer_member(out, "number", controller.number);
  text_or_null(out, "name", controller.name);
  text_member(out, "model", controller.model);
  text_member(out, "state", to_string(status.stage));
  text_or_null(out, "host_address", status.host ? to_string(*status.host) : std::string());
  text_member(out, "next", next_step(status));
  out += '}';
  return out;
}

}  // namespace psmove::wire
