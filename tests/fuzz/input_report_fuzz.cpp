// Any bytes as reports of every model: refused, or decoded within the documented ranges; and any
// counters into the device clock, which keeps its promises.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "drivers/device_clock.hpp"
#include "drivers/psmove/extension.hpp"
#include "drivers/psmove/model.hpp"

namespace {

using namespace psmove;
using namespace psmove::drivers;

void require(bool claim) {
  if (!claim) std::abort();
}

void check(const ControllerModel& model, const InputReport& report) {
  require(report.sequence < 16 && report.temperature_raw < 0x1000);
  const auto samples = report.all_samples();
  require(samples.size() == static_cast<std::size_t>(model.capabilities.samples_per_report));
  for (const auto& sample : samples) {
    for (const double word : {sample.accel.x, sample.accel.y, sample.accel.z, sample.gyro.x,
                              sample.gyro.y, sample.gyro.z})
      require(word >= -32768 && word <= 32767);
    if (sample.mag)
      for (const double word : {sample.mag->x, sample.mag->y, sample.mag->z})
        require(std::abs(word) <= 2048);
    require(is_finite(model.nominal.accel(sample.accel)));
    require(is_finite(model.nominal.gyro(sample.gyro)));
  }
  for (const auto device : {ExtensionDevice::sharp_shooter, ExtensionDevice::racing_wheel}) {
    const auto controls = decode_controls(device, report.extension, samples.back());
    if (const auto* gun = std::get_if<SharpShooter>(&controls)) require(gun->weapon <= 3);
    if (const auto* wheel = std::get_if<RacingWheel>(&controls))
      for (const double value : {wheel->throttle, wheel->l2, wheel->r2})
        require(value >= 0 && value <= 1);
  }
  if (report.pressures)
    for (const auto& [button, value] : pressure_members)
      require(*report.pressures.*value >= 0 && *report.pressures.*value <= 1);
  if (report.stick)
    for (const double value : {report.stick->x, report.stick->y})
      require(value >= -1 && value <= 1);
  const double celsius = temperature_from_raw(report.temperature_raw);
  require(celsius >= -10 && celsius <= 70);
  const auto battery = battery_from_code(report.battery_code);
  require(!battery.percent || (*battery.percent >= 0 && *battery.percent <= 100));
}

/// Five bytes a report: sequence, ticks, and the time since the last one.
void run_clock(std::span<const std::byte> bytes) {
  DeviceClock clock(std::chrono::microseconds(11'364));
  auto arrived = SteadyTime{std::chrono::hours(1)};
  auto last = arrived - std::chrono::seconds(1);
  std::uint64_t report = 0;
  const auto at = [&bytes](std::size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  for (; bytes.size() >= 5; bytes = bytes.subspan(5)) {
    // The time's exponent comes first: from nanoseconds to weeks.
    arrived += std::chrono::nanoseconds(std::int64_t{at(4)} << (at(3) % 44));
    const auto stamp = clock.on_report(static_cast<std::uint8_t>(at(0)),
                                       static_cast<std::uint16_t>(at(1) << 8 | at(2)), arrived);
    require(stamp.taken > last);
    require(stamp.taken <= arrived || stamp.taken == last + std::chrono::nanoseconds(1));
    require(stamp.interval.count() > 0 && stamp.lost >= 0 && stamp.report >= report);
    last = stamp.taken;
    report = stamp.report;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  for (const auto* model : models())
    if (const auto report = model->parse_input(bytes)) check(*model, *report);
  if (const auto firmware = parse_firmware(bytes)) require(firmware->size() < 32);
  if (const auto addresses = parse_addresses(bytes)) require(!addresses->controller.is_zero());
  if (const auto extension = parse_identification(bytes)) require(extension->id.has_value());
  for (const auto* model : models()) {
    const auto own = model->addresses.parse_own(bytes);
    require(!own || !own->is_zero());
    const auto host = model->addresses.parse_host(bytes);
    if (host) require(model->addresses.encode_host(*host).size() >= 8);
  }
  if (const auto power = parse_power(bytes)) require(!to_string(power->charger).empty());
  run_clock(bytes);
  return 0;
}
