// The CECH-ZCM2 (PS4 era): one sample per report, signed words, no magnetometer. Everything that is
// particular to it is here.

#include "drivers/psmove/zcm2.hpp"

#include "drivers/psmove/bytes.hpp"
#include "drivers/psmove/model.hpp"
#include "drivers/psmove/reports.hpp"

namespace psmove::drivers {
namespace {

/// What psmoveapi, PSMoveService, monado and rpcs3 define; the real report may be a byte or more
/// longer, which changes nothing for the bytes that are read here.
constexpr std::size_t report_size = 44;

/// The blob's gyro readings were taken at plus and minus this speed: its own words beside them say
/// 540, which is 90 rpm in degrees per second; psmoveapi and PSMoveService use 90 rpm.
constexpr double calibration_rpm = 90;

/// From the two published units, which differ by one per cent.
constexpr Vec3<Counts> typical_counts_per_g{4099, 4098, 4117};
constexpr Vec3<Counts> typical_accel_zero{35, 0, 5};
constexpr Vec3<Counts> typical_gyro_counts_per_degree_per_second{12.5, 12.6, 12.6};

constexpr Calibration nominal = nominal_calibration(typical_counts_per_g, typical_accel_zero,
                                                    typical_gyro_counts_per_degree_per_second);

/// Words at 0x13 and 0x1F repeat the first half, 0x06 is a low-pass filtered copy of the trigger,
/// and 0x27 and 0x28 repeat the ticks in an order that sources disagree about: none of them is
/// read.
Result<InputReport> parse_input(std::span<const std::byte> bytes) {
  if (const auto error = check_input_report(bytes, report_size)) return error;
  const auto report = bytes.first<report_size>();

  auto input = common_input(report);
  input.sample_count = 1;
  auto& sample = input.samples[0];
  sample.accel = s16_triple<0x0D>(report);
  sample.gyro = s16_triple<0x19>(report);
  sample.trigger = u8<0x05>(report);
  sample.buttons = common_buttons(report);
  // Either place counts: readings that drop out in one of them are a known complaint (psmoveapi
  // #380).
  sample.buttons.set(Button::move,
                     (u8<0x03>(report) & 0x08) != 0 || (u8<0x04>(report) & 0x40) != 0);
  sample.buttons.set(Button::t, (u8<0x03>(report) & 0x10) != 0 || (u8<0x04>(report) & 0x80) != 0);
  mark_saturated(input);
  return input;
}

Result<Calibration> parse_calibration(std::span<const std::byte> blob) {
  const auto data = parse_zcm2_factory_data(blob);
  if (!data) return data.error();
  const auto& up = data->accel_orientations;
  const auto& forward = data->gyro_turning_positive;
  const auto& backward = data->gyro_turning_negative;
  return calibration_from({.accel_low = {up[1].x, up[3].y, up[5].z},
                           .accel_high = {up[0].x, up[2].y, up[4].z},
                           .gyro_zero = data->gyro_bias,
                           .gyro_span = {forward[0].x - backward[0].x, forward[1].y - backward[1].y,
                                         forward[2].z - backward[2].z},
                           .gyro_span_rad_s = radians_per_second_from_rpm(2 * calibration_rpm)},
                          nominal);
}

}  // namespace

Result<Zcm2FactoryData> parse_zcm2_factory_data(std::span<const std::byte> bytes) {
  if (const auto error = check_blob(bytes, Zcm2FactoryData::blob_size)) return error;
  const auto blob = bytes.first<Zcm2FactoryData::blob_size>();

  Zcm2FactoryData data;
  data.accel_orientations = {s16_triple<0x02>(blob), s16_triple<0x08>(blob),
                             s16_triple<0x0E>(blob), s16_triple<0x14>(blob),
                             s16_triple<0x1A>(blob), s16_triple<0x20>(blob)};
  data.gyro_bias = s16_triple<0x26>(blob);
  data.gyro_turning_positive = {s16_triple<0x30>(blob), s16_triple<0x36>(blob),
                                s16_triple<0x3C>(blob)};
  data.gyro_turning_negative = {s16_triple<0x42>(blob), s16_triple<0x48>(blob),
                                s16_triple<0x4E>(blob)};
  data.turn_rate = {u16<0x54>(blob), u16<0x56>(blob)};
  return data;
}

extern const ControllerModel zcm2;
constinit const ControllerModel zcm2 = {
    .name = "zcm2",
    .vendor = 0x054C,
    .product = 0x0C5E,
    .capabilities = {.samples_per_report = 1,
                     .reports_per_s = 790,  // one controller; 280..580 were seen with two
                     .magnetometer = false,
                     .extension_port = false,
                     .input_over_usb = false,  // nobody has published whether it does
                     .accel_range_m_s2 = smallest_range(nominal.accel_gain),
                     .gyro_range_rad_s = smallest_range(nominal.gyro_gain)},
    .calibration_blocks = 2,
    .nominal = nominal,
    .output_refresh = output_refresh,
    .output_spacing = output_spacing,
    .parse_input = parse_input,
    .parse_calibration = parse_calibration,
    .encode_output = encode_output,
    .addresses = move_addresses,
};

}  // namespace psmove::drivers
