#pragma once
// The controllers that BlueZ can be told of, as it has to see them.

#include <cstdint>
#include <span>
#include <string_view>

namespace psmove::bluez {

/// A model of ours, as BlueZ has to see it.
struct StoredModel {
  std::string_view name;           ///< "zcm1"
  std::string_view shown_as;       ///< its Bluetooth name
  int product = 0;                 ///< of vendor 0x054C
  std::uint8_t input_payload = 0;  ///< bytes of input report 1 after its id, the least that is sent
  bool is_joystick = false;  ///< its descriptor declares a stick and buttons, not vendor's bytes
  bool bonds = false;        ///< it makes a bond with its host, and with that a link key
};
std::span<const StoredModel> stored_models();
/// @return nullptr where there is none of this name
const StoredModel* find_stored_model(std::string_view name);

}  // namespace psmove::bluez
