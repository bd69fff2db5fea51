// The CECH-ZCM1 (PS3 era): two samples per report, offset-binary words, a magnetometer (except in
// late units), an extension port. Everything that is particular to it is here.

#include "drivers/psmove/zcm1.hpp"

#include "drivers/psmove/bytes.hpp"
#include "drivers/psmove/model.hpp"
#include "drivers/psmove/reports.hpp"

namespace psmove::drivers {
namespace {

constexpr std::size_t report_size = 49;

/// The gyro readings of the blob were taken at this speed. The blob's own words beside them say
/// 480, which is 80 rpm in degrees per second; psmoveapi, PSMoveService and monado all use 80 rpm.
constexpr double calibration_rpm = 80;

/// Whether the blob's gyro bias is taken off the words of an input report. Sources disagree:
/// psmoveapi, PSMoveService and rpcs3 take off none, one bluepad32 fork takes off the first bias.
/// Published reports of controllers lying still read within ten counts of zero while the biases of
/// published blobs are tens to hundreds: reports look compensated already, so nothing is taken off.
/// What remains is left to the orientation filter, which finds it at rest.
constexpr bool subtract_blob_gyro_bias = false;

/// Means over the eight published blobs; units differ by about one per cent in the accelerometer's
/// gain and by ten in the gyro's.
constexpr Vec3<Counts> typical_counts_per_g{4364, 4342, 4357};
constexpr Vec3<Counts> typical_accel_zero{-111, -153, -211};
constexpr Vec3<Counts> typical_gyro_counts_per_degree_per_second{11.376, 8.634, 10.932};

constexpr Calibration nominal = nominal_calibration(typical_counts_per_g, typical_accel_zero,
                                                    typical_gyro_counts_per_degree_per_second);

bool has_extension(std::span<const std::byte, report_size> report) {
  return (u8<0x04>(report) & 0x10) != 0;
}

/// Bits that only a device on the extension port sets.
void add_extension_buttons(Buttons& buttons, std::span<const std::byte, report_size> report) {
  buttons.set(Button::l3, (u8<0x01>(report) & 0x02) != 0);
  buttons.set(Button::r3, (u8<0x01>(report) & 0x04) != 0);
  buttons.set(Button::up, (u8<0x01>(report) & 0x10) != 0);
  buttons.set(Button::right, (u8<0x01>(report) & 0x20) != 0);
  buttons.set(Button::down, (u8<0x01>(report) & 0x40) != 0);
  buttons.set(Button::left, (u8<0x01>(report) & 0x80) != 0);
  buttons.set(Button::l2, (u8<0x02>(report) & 0x01) != 0);
  buttons.set(Button::r2, (u8<0x02>(report) & 0x02) != 0);
  buttons.set(Button::l1, (u8<0x02>(report) & 0x04) != 0);
  buttons.set(Button::r1, (u8<0x02>(report) & 0x08) != 0);
}

Buttons buttons_at(std::span<const std::byte, report_size> report, bool move, bool trigger) {
  auto buttons = common_buttons(report);
  if (has_extension(report)) add_extension_buttons(buttons, report);
  buttons.set(Button::move, move);
  buttons.set(Button::t, trigger);
  return buttons;
}

int sign_extended_12(int word) {
  return word >= 0x800 ? word - 0x1000 : word;
}

/// 12 bits each, most significant first, from the low nibble of 0x26 on. The sensor's Y axis points
/// against the body's.
Vec3<Counts> magnetometer(std::span<const std::byte, report_size> report) {
  const int x = sign_extended_12((u8<0x26>(report) & 0x0F) << 8 | u8<0x27>(report));
  const int y = sign_extended_12(u8<0x28>(report) << 4 | u8<0x29>(report) >> 4);
  const int z = sign_extended_12((u8<0x29>(report) & 0x0F) << 8 | u8<0x2A>(report));
  return {static_cast<double>(x), static_cast<double>(-y), static_cast<double>(z)};
}

/// The older half-frame, then the newer. Move and the trigger's click are reported for each, so
/// that a tap shorter than a report shows in one of them; the other buttons are reported once.
Result<InputReport> parse_input(std::span<const std::byte> bytes) {
  if (const auto error = check_input_report(bytes, report_size)) return error;
  const auto report = bytes.first<report_size>();

  auto input = common_input(report);
  input.extension_connected = has_extension(report);
  input.extension = {u8<0x2C>(report), u8<0x2D>(report), u8<0x2E>(report), u8<0x2F>(report),
                     u8<0x30>(report)};
  input.sample_count = 2;

  auto& older = input.samples[0];
  older.accel = offset16_triple<0x0D>(report);
  older.gyro = offset16_triple<0x19>(report);
  older.trigger = u8<0x05>(report);
  older.buttons =
      buttons_at(report, (u8<0x03>(report) & 0x08) != 0, (u8<0x03>(report) & 0x10) != 0);

  auto& newer = input.samples[1];
  newer.accel = offset16_triple<0x13>(report);
  newer.gyro = offset16_triple<0x1F>(report);
  newer.trigger = u8<0x06>(report);
  newer.buttons =
      buttons_at(report, (u8<0x04>(report) & 0x40) != 0, (u8<0x04>(report) & 0x80) != 0);
  newer.mag = magnetometer(report);

  mark_saturated(input);
  return input;
}

Result<Calibration> parse_calibration(std::span<const std::byte> blob) {
  const auto data = parse_zcm1_factory_data(blob);
  if (!data) return data.error();
  const auto& bias = data->gyro_bias[0];
  const auto& turning = data->gyro_turning;
  return calibration_from(
      {.accel_low = data->accel_low,
       .accel_high = data->accel_high,
       .gyro_zero = subtract_blob_gyro_bias ? bias : Vec3<Counts>{},
       .gyro_span = Vec3<Counts>{turning[0].x, turning[1].y, turning[2].z} - bias,
       .gyro_span_rad_s = radians_per_second_from_rpm(calibration_rpm)},
      nominal);
}

}  // namespace

Result<Zcm1FactoryData> parse_zcm1_factory_data(std::span<const std::byte> bytes) {
  if (const auto error = check_blob(bytes, Zcm1FactoryData::blob_size)) return error;
  const auto blob = bytes.first<Zcm1FactoryData::blob_size>();

  Zcm1FactoryData data;
  data.accel_orientations = {offset16_triple<0x04>(blob), offset16_triple<0x0A>(blob),
                             offset16_triple<0x10>(blob), offset16_triple<0x16>(blob),
                             offset16_triple<0x1C>(blob), offset16_triple<0x22>(blob)};
  const auto& up = data.accel_orientations;
  data.accel_low = {up[1].x, up[5].y, up[2].z};
  data.accel_high = {up[3].x, up[4].y, up[0].z};
  data.gyro_bias = {offset16_triple<0x2A>(blob), offset16_triple<0x32>(blob)};
  data.gyro_turning = {offset16_triple<0x46>(blob), offset16_triple<0x4E>(blob),
                       offset16_triple<0x56>(blob)};
  data.turn_rate = {u16<0x44>(blob), u16<0x4C>(blob), u16<0x54>(blob)};
  data.accel_temperature = u16<0x02>(blob);
  data.gyro_bias_temperature = {u16<0x28>(blob), u16<0x30>(blob)};
  data.gyro_turning_temperature = u16<0x42>(blob);
  data.last_temperature = u16<0x5C>(blob);
  data.gyro_bias_factor = {f32<0x6A>(blob), f32<0x6E>(blob), f32<0x72>(blob)};
  return data;
}

extern const ControllerModel zcm1;
constinit const ControllerModel zcm1 = {
    .name = "zcm1",
    .vendor = 0x054C,
    .product = 0x03D5,
    .capabilities = {.samples_per_report = 2,
                     .reports_per_s = 88,  // measured by JoustMania's users
                     .magnetometer = true,
                     .extension_port = true,
                     .input_over_usb = false,
                     .led_pwm = true,
                     .accel_range_m_s2 = smallest_range(nominal.accel_gain),
                     .gyro_range_rad_s = smallest_range(nominal.gyro_gain)},
    .calibration_blocks = 3,
    .nominal = nominal,
    .output_refresh = output_refresh,
    .output_spacing = output_spacing,
    .parse_input = parse_input,
    .parse_calibration = parse_calibration,
    .encode_output = encode_output,
    .addresses = move_addresses,
};

}  // namespace psmove::drivers
