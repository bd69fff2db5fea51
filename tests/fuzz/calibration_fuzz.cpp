// Any bytes as a calibration blob, and as the blocks it comes in: refused, or a calibration close
// to the nominal one.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "drivers/psmove/model.hpp"

namespace {

using namespace psmove;
using namespace psmove::drivers;

void require(bool claim) {
  if (!claim) std::abort();
}

void parse(const ControllerModel& model, std::span<const std::byte> blob) {
  const auto calibration = model.parse_calibration(blob);
  if (!calibration) return;
  require(calibration->is_factory);
  // The largest words there are stay finite and within twice the model's range and an offset.
  const Vec3<Counts> largest{32767, -32768, 32767};
  require(norm(calibration->accel(largest)) < 5 * model.capabilities.accel_range_m_s2);
  require(is_finite(calibration->gyro(largest)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  for (const auto* model : models()) {
    parse(*model, bytes);
    if (model->calibration_blocks == 0) continue;
    CalibrationAssembler assembler(model->calibration_blocks);
    for (auto rest = bytes; !rest.empty();
         rest = rest.subspan(std::min<std::size_t>(rest.size(), 49))) {
      const auto complete = assembler.add(rest.first(std::min<std::size_t>(rest.size(), 49)));
      require(!complete || *complete == assembler.is_complete());
    }
    require(assembler.is_complete() != assembler.blob().empty());
    if (assembler.is_complete()) {
      require(assembler.blob().size() == 49 + 47 * (model->calibration_blocks - 1));
      parse(*model, assembler.blob());
    }
  }
  return 0;
}
