#include "bluez/stored_model.hpp"

#include <algorithm>
#include <array>

namespace psmove::bluez {
namespace {

/// Payloads: 49-byte reports of a ZCM1 and of a Navigation controller, and 44 bytes of a ZCM2, the
/// least that any source has for it; longer ones arrive whole.
constexpr std::array<StoredModel, 3> models = {{
    {.name = "zcm1", .shown_as = "Motion Controller", .product = 0x03D5, .input_payload = 48},
    {.name = "zcm2",
     .shown_as = "Motion Controller",
     .product = 0x0C5E,
     .input_payload = 43,
     .bonds = true},
    {.name = "navigation",
     .shown_as = "Navigation Controller",
     .product = 0x042F,
     .input_payload = 48,
     .is_joystick = true},
}};

}  // namespace

std::span<const StoredModel> stored_models() {
  return models;
}

const StoredModel* find_stored_model(std::string_view name) {
  const auto* found = std::find_if(models.begin(), models.end(),
                                   [&](const StoredModel& model) { return model.name == name; });
  return found == models.end() ? nullptr : found;
}

}  // namespace psmove::bluez
