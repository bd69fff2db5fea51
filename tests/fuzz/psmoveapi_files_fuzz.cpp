// The files of another program: whatever they hold, they are read or refused.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "clients/psmovectl/psmoveapi_files.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto name = psmove::client::psmoveapi_file(text);
  if (name && name->controller.is_zero()) std::abort();
  const auto factory = psmove::client::read_factory_file(text);
  if (factory && factory->blob.size() % 2 != 0) std::abort();
  const auto fit = psmove::client::read_magnetometer_file(text);
  if (!fit) return 0;
  for (const double each : fit->soft_iron)
    if (!std::isfinite(each)) std::abort();
  if (!(fit->field_ut > 0)) std::abort();
  return 0;
}
