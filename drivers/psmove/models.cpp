// The list of models, one line each, and how to find one in it.

#include "drivers/psmove/model.hpp"

namespace psmove::drivers {

extern const ControllerModel zcm1;
extern const ControllerModel zcm2;
extern const ControllerModel navigation;

namespace {
constexpr std::array<const ControllerModel*, 3> all_models = {
    &zcm1,
    &zcm2,
    &navigation,
};
}  // namespace

std::span<const ControllerModel* const> models() {
  return all_models;
}

const ControllerModel* find_model(std::uint16_t vendor, std::uint16_t product) {
  for (const auto* model : all_models)
    if (model->vendor == vendor && model->product == product) return model;
  return nullptr;
}

const ControllerModel* find_model(std::string_view name) {
  for (const auto* model : all_models)
    if (model->name == name) return model;
  return nullptr;
}

}  // namespace psmove::drivers
