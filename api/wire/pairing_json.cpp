#include "api/wire/pairing_json.hpp"

#include "api/wire/json_members.hpp"

namespace psmove::wire {
namespace {

std::string next_step(const PairingStatus& status) {
  const std::string unplug = status.is_cabled ? "Unplug the cable and press" : "Press";
  switch (status.stage) {
    case PairingStage::plugged_in:
      return "Say whom it shall call: psmovectl pair, or POST /api/v1/pairing.";
    case PairingStage::writing:
      return "Leave it on the cable.";
    case PairingStage::host_written:
      return unplug + " the PS button; it will call " +
             (status.host ? to_string(*status.host) : "the other computer") + ".";
    case PairingStage::storing:
      return "Wait a moment: BlueZ is told of it.";
    case PairingStage::press_ps:
      return status.trouble.empty() ? unplug + " the PS button." : status.trouble;
    case PairingStage::connecting:
      return "Wait a moment: it is calling.";
    case PairingStage::connected:
      return "Nothing; it is connected.";
    case PairingStage::waiting:
    case PairingStage::failed:
      break;
  }
  return status.trouble;
}

void address_or_null(std::string& out, std::string_view name,
                     const std::optional<Address>& address) {
  text_or_null(out, name, address ? to_string(*address) : std::string());
}

}  // namespace

std::string_view to_string(PairingStage stage) {
  switch (stage) {
    case PairingStage::waiting:
      return "waiting";
    case PairingStage::writing:
      return "writing";
    case PairingStage::host_written:
      return "host_written";
    case PairingStage::storing:
      return "storing";
    case PairingStage::press_ps:
      return "press_ps";
    case PairingStage::connecting:
      return "connecting";
    case PairingStage::connected:
      return "connected";
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
  address_or_null(out, "host_address", status.host);
  address_or_null(out, "adapter", status.adapter);
  text_or_null(out, "code", status.code);
  text_member(out, "next", next_step(status));
  text_or_null(out, "command", status.command);
  out += '}';
  return out;
}

std::string unreadable_body(std::string_view path, std::string_view code, std::string_view next,
                            std::string_view command) {
  std::string out = "{";
  for (const std::string_view unknown : {"controller", "number", "name", "model"})
    raw_member(out, unknown, "null");
  text_member(out, "state", to_string(PairingStage::failed));
  for (const std::string_view unknown : {"host_address", "adapter"})
    raw_member(out, unknown, "null");
  text_member(out, "code", code);
  text_member(out, "next", next);
  text_or_null(out, "command", command);
  text_member(out, "path", path);
  out += '}';
  return out;
}

}  // namespace psmove::wire
