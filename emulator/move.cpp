#include "emulator/move.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "emulator/calibration_blobs.hpp"

// Layouts of every report: psmoveapi, the moveonpc wiki, PSMoveService and monado agree unless a
// comment says otherwise.

namespace psmove::emulator {
namespace {

constexpr double mag_counts_per_ut = 3.2;  // USB_Host_Shield's measurement
constexpr std::size_t block_payload = 47;  // of one answer to feature 0x10
constexpr std::uint8_t charging = 0xEE;    // battery code
/// How long the wheel's motors run unless they are told again: "a short period" (psmoveapi); the
/// length is a guess.
constexpr std::chrono::milliseconds wheel_rumble_lasts{1000};

/// Version 2.20, revision 1829, Bluetooth 0x61 (one user's printout), then 7 bytes nobody knows.
constexpr std::array<std::uint8_t, 13> firmware = {0x02, 0x20, 0x07, 0x25, 0x00, 0x61};

unsigned word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return bytes[at] | static_cast<unsigned>(bytes[at + 1]) << 8;
}
/// A ZCM1's words are unsigned around 0x8000, a ZCM2's are two's complement.
int offset_word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<int>(word(bytes, at)) - 0x8000;
}
int signed_word(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::int16_t>(word(bytes, at));
}

/// The nearest whole number within the limits; the lower limit for what is not a number.
int nearest(double value, int lowest, int highest) {
  if (!(value > lowest)) return lowest;
  if (value > highest) return highest;
  return static_cast<int>(std::lrint(value));
}

std::uint8_t low_byte(unsigned value) {
  return static_cast<std::uint8_t>(value & 0xFF);
}

void append_reversed(std::vector<std::byte>& report, const Address& address) {
  for (auto octet = address.octets.rbegin(); octet != address.octets.rend(); ++octet)
    report.push_back(std::byte{*octet});
}

void append(std::vector<std::byte>& bytes, std::initializer_list<unsigned> more) {
  for (const auto byte : more) bytes.push_back(static_cast<std::byte>(byte));
}

/// The first and the third part of the 256 bytes that a device on the extension port shows of
/// itself: who it is, and which registers go where in the input report (moveonpc wiki).
struct IdentificationBlock {
  std::array<std::uint8_t, 8> identity;
  std::array<std::uint8_t, 35> inputs;
};
constexpr IdentificationBlock sharp_shooter_block = {
    {0x80, 0x81, 0, 0, 0, 0, 0, 0x01},
    {0xA0, 0x02, 0x01, 0x01, 0x02, 0xA0, 0x03, 0x01, 0x01, 0x04, 0xA0, 0x04, 0x01, 0x01, 0x03,
     0xA0, 0x05, 0x01, 0x01, 0x05, 0xA0, 0x06, 0x01, 0x01, 0x01, 0xA0, 0x07, 0x01, 0x04, 0x2B}};
constexpr IdentificationBlock racing_wheel_block = {
    {0x81, 0x01, 0, 0, 0, 0, 0, 0x3C},
    {0xA0, 0x02, 0x01, 0x01, 0x00, 0xA0, 0x03, 0x01, 0x01, 0x01, 0xA0, 0x04,
     0x01, 0x04, 0x2B, 0xA0, 0x05, 0x01, 0x04, 0x2C, 0xA0, 0x06, 0x01, 0x04,
     0x2D, 0xA0, 0x07, 0x01, 0x04, 0x2E, 0xA0, 0x08, 0x01, 0x04, 0x2F}};
constexpr IdentificationBlock stranger_block = {{0x12, 0x34, 0, 0, 0, 0, 0, 0}, {}};

const IdentificationBlock& block_of(ExtensionDevice device) {
  if (device == ExtensionDevice::sharp_shooter) return sharp_shooter_block;
  if (device == ExtensionDevice::racing_wheel) return racing_wheel_block;
  return stranger_block;
}

/// A loudspeaker's worth of field that wanders within a minute or so, ENU.
Vec3<Microtesla> disturbance(double seconds) {
  constexpr double two_pi = 2 * std::numbers::pi;
  return {70 * std::sin(two_pi * seconds / 23), 50 * std::sin(two_pi * seconds / 31 + 1),
          60 * std::cos(two_pi * seconds / 41)};
}

}  // namespace

std::optional<Magnetometer> parse_magnetometer(std::string_view name) {
  for (std::size_t i = 0; i < magnetometer_names.size(); ++i)
    if (magnetometer_names[i] == name) return static_cast<Magnetometer>(i);
  return std::nullopt;
}

std::uint64_t Move::Noise::bits() {
  // SplitMix64 (Steele, Lea, Flood 2014).
  state_ += 0x9E3779B97F4A7C15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

double Move::Noise::normal() {
  // The sum of four uniform numbers is as good as a bell for sensor noise; its variance is 4/12.
  const std::uint64_t b = bits();
  const auto sum =
      static_cast<double>((b & 0xFFFF) + (b >> 16 & 0xFFFF) + (b >> 32 & 0xFFFF) + (b >> 48));
  return (sum / 65536 - 2 * (65535.0 / 65536)) * std::numbers::sqrt3;
}

double Move::Noise::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1p-53;
}

Move::Move(MoveOptions options, Time start)
    : options_(options),
      start_(start),
      newest_(start),
      noise_(options_.seed),
      loss_noise_(~std::uint64_t{options_.seed}),
      motion_(make_motion("still").motion),
      motion_start_(start),
      next_block_(options_.first_calibration_block) {
  // Measured on real ones: about 88 and 790 (JoustMania #261).
  const double usual_rate = is_zcm1() ? 87.5 : 790;
  const double rate = options_.reports_per_s > 0 ? options_.reports_per_s : usual_rate;
  interval_ = std::chrono::nanoseconds(std::max(1LL, std::llround(1e9 / rate)));
  if (options_.report_length == 0) options_.report_length = is_zcm1() ? 49 : 44;
  if (options_.declared_payload == 0) options_.declared_payload = is_zcm1() ? 48 : 43;
  if (options_.tick.count() <= 0) options_.tick = std::chrono::microseconds(10);
  options_.calibration_blob %= zcm1_blobs.size();
  if (options_.on_cable) battery_code_ = charging;
  read_scales();
}

Identity Move::identity() const {
  Identity identity;
  identity.maker = "Sony Computer Entertainment";
  identity.name = "Motion Controller";
  identity.vendor = 0x054C;
  identity.product = is_zcm1() ? 0x03D5 : 0x0C5E;
  identity.usb_version = 0x0220;
  identity.class_of_device = 0x002508;
  return identity;
}

void Move::set_on_cable(bool on_cable) {
  if (on_cable == options_.on_cable) return;
  options_.on_cable = on_cable;
  if (on_cable) battery_code_off_cable_ = battery_code_;
  battery_code_ = on_cable ? charging : battery_code_off_cable_;
}

std::span<const std::uint8_t> Move::calibration() const {
  if (is_zcm1()) return zcm1_blobs[options_.calibration_blob];
  return zcm2_blob;
}

/// How this controller's own calibration says that physical values become counts.
void Move::read_scales() {
  const auto blob = calibration();
  const auto accel = [](int low, int high) {  // readings at -1 g and +1 g
    return Scale{(high + low) / 2.0, (high - low) / 2.0 / standard_gravity};
  };
  if (is_zcm1()) {
    constexpr std::array<std::size_t, 3> accel_low = {0x0A, 0x24, 0x14};
    constexpr std::array<std::size_t, 3> accel_high = {0x16, 0x1E, 0x08};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      accel_scale_[axis] =
          accel(offset_word(blob, accel_low[axis]), offset_word(blob, accel_high[axis]));
      // Reports are free of the bias that these two readings share: published readings at rest are
      // single counts where the blobs' biases are hundreds.
      const int at_80_rpm = offset_word(blob, 0x46 + 10 * axis);
      const int at_rest = offset_word(blob, 0x2A + 2 * axis);
      gyro_scale_[axis] = {0, (at_80_rpm - at_rest) / radians_per_second_from_rpm(80)};
    }
    return;
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    accel_scale_[axis] =
        accel(signed_word(blob, 0x08 + 14 * axis), signed_word(blob, 0x02 + 14 * axis));
    const int forward = signed_word(blob, 0x30 + 8 * axis);
    const int backward = signed_word(blob, 0x42 + 8 * axis);
    gyro_scale_[axis] = {static_cast<double>(signed_word(blob, 0x26 + 2 * axis)),
                         (forward - backward) / radians_per_second_from_rpm(180)};
  }
}

MotionState Move::motion_at(Time now) {
  const std::chrono::duration<double> running = now - motion_start_;
  MotionState state = motion_->at(std::max(0.0, running.count()));
  if (magnetometer_ == Magnetometer::disturbed) {
    const std::chrono::duration<double> alive = now - start_;
    state.mag = state.mag + conjugate(state.world_from_body) * disturbance(alive.count());
  }
  return state;
}

std::size_t Move::input_report(std::span<std::byte> report, Time now) {
  newest_ = std::max(newest_, now);
  truth_.number = next_number_++;
  truth_.ticks = static_cast<std::uint16_t>((now - start_) / options_.tick);
  truth_.lost = loss_ > 0 && loss_noise_.uniform() < loss_;
  if (!raw_.empty()) {
    const auto bytes = std::move(raw_.front());
    raw_.pop_front();
    truth_.sample_count = 0;
    truth_.lost = false;
    std::copy_n(bytes.begin(), std::min(bytes.size(), report.size()), report.begin());
    return std::min(bytes.size(), report.size());
  }

  Wire wire{};
  wire[0x00] = 0x01;
  encode_buttons(wire);
  encode_trigger(wire);
  encode_extension(wire);
  std::fill_n(wire.begin() + 0x07, 4, std::uint8_t{0x7F});  // sticks it does not have
  wire[0x0B] = low_byte(truth_.ticks >> 8);
  wire[0x0C] = battery_code_;
  wire[0x25] = low_byte(options_.temperature_raw >> 4);
  wire[0x26] = low_byte((options_.temperature_raw & 0xFU) << 4);
  wire[0x2B] = low_byte(truth_.ticks);
  if (is_zcm1()) {
    truth_.sample_count = 2;
    truth_.samples = {motion_at(now - interval_ / 2), motion_at(now)};
    encode_imu(wire, 0);
    encode_imu(wire, 1);
    encode_zcm1_tail(wire);
  } else {
    truth_.sample_count = 1;
    truth_.samples[0] = motion_at(now);
    encode_imu(wire, 0);
    encode_zcm2_tail(wire);
  }
  if (truth_.lost) return 0;
  const std::size_t usual = is_zcm1() ? 49 : 44;
  return deliver(std::span(wire).first(usual), options_.report_length, report);
}

/// Cuts or fills the bytes to the length that this controller sends.
std::size_t Move::deliver(std::span<const std::uint8_t> bytes, std::size_t length,
                          std::span<std::byte> report) const {
  length = std::min(length, report.size());
  const std::size_t copied = std::min(bytes.size(), length);
  std::transform(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(copied), report.begin(),
                 [](std::uint8_t byte) { return std::byte{byte}; });
  std::fill(report.begin() + static_cast<std::ptrdiff_t>(copied),
            report.begin() + static_cast<std::ptrdiff_t>(length), std::byte{0});
  return length;
}

void Move::encode_buttons(Wire& wire) {
  struct Place {
    std::size_t byte;
    std::uint8_t mask;
  };
  // By Button; Move and T have their second half-frame here and their first below.
  static constexpr std::array<Place, button_count> places = {{{1, 0x01},
                                                              {1, 0x08},
                                                              {2, 0x10},
                                                              {2, 0x20},
                                                              {2, 0x40},
                                                              {2, 0x80},
                                                              {3, 0x01},
                                                              {4, 0x40},
                                                              {4, 0x80},
                                                              {2, 0x04},
                                                              {2, 0x08},
                                                              {2, 0x01},
                                                              {2, 0x02},
                                                              {1, 0x02},
                                                              {1, 0x04},
                                                              {1, 0x10},
                                                              {1, 0x20},
                                                              {1, 0x40},
                                                              {1, 0x80}}};
  Buttons first = held_, second = held_;
  tapped_.for_each([&](Button button) {
    first.insert(button);
    const bool has_half_frames = is_zcm1() && (button == Button::move || button == Button::t);
    if (!has_half_frames) second.insert(button);
  });
  tapped_ = {};
  truth_.buttons = {first, second};

  wire[4] = static_cast<std::uint8_t>(truth_.number & 15);
  second.for_each([&](Button button) {
    // The later ones are on the device at the extension port.
    if (static_cast<std::size_t>(button) >= move_button_count && !extension_) return;
    const Place& place = places[static_cast<std::size_t>(button)];
    wire[place.byte] = static_cast<std::uint8_t>(wire[place.byte] | place.mask);
  });
  if (first.contains(Button::move)) wire[3] = static_cast<std::uint8_t>(wire[3] | 0x08);
  if (first.contains(Button::t)) wire[3] = static_cast<std::uint8_t>(wire[3] | 0x10);
}

void Move::encode_trigger(Wire& wire) {
  const auto byte = static_cast<std::uint8_t>(nearest(trigger_ * 255, 0, 255));
  wire[0x05] = byte;
  wire[0x06] = byte;
  if (is_zcm1()) return;
  // A ZCM2 has a strongly smoothed copy there (psmoveapi PR#361); how strongly is not published.
  constexpr double smoothing = 1.0 / 50;
  slow_trigger_ += smoothing * (byte - slow_trigger_);
  wire[0x06] = static_cast<std::uint8_t>(nearest(slow_trigger_, 0, 255));
}

/// The device on the extension port: that it is there, its own bytes, and what it merges into the
/// controller's.
void Move::encode_extension(Wire& wire) const {
  if (!extension_) return;
  const auto set = [&wire](std::size_t at, unsigned bits) { wire[at] = low_byte(wire[at] | bits); };
  const auto byte = [](double fraction) {
    return static_cast<std::uint8_t>(nearest(fraction * 255, 0, 255));
  };
  set(0x04, 0x10);
  if (const auto* gun = std::get_if<SharpShooter>(&controls_)) {
    constexpr std::array<std::uint8_t, 4> weapons = {0, 0x01, 0x02, 0x04};
    wire[0x2C] = low_byte(weapons[gun->weapon % weapons.size()] | (gun->trigger ? 0x40U : 0U) |
                          (gun->reload ? 0x80U : 0U));
    if (gun->trigger) wire[0x05] = wire[0x06] = 0xFF;
    if (gun->trigger || gun->pump) {
      set(0x03, 0x10);
      set(0x04, 0x80);
    }
  }
  if (const auto* wheel = std::get_if<RacingWheel>(&controls_)) {
    wire[0x2C] = byte(wheel->throttle);
    wire[0x2D] = byte(wheel->l2);
    wire[0x2E] = byte(wheel->r2);
    wire[0x2F] =
        low_byte(0x3C | (wheel->left_paddle ? 0x01U : 0U) | (wheel->right_paddle ? 0x02U : 0U));
  }
}

/// Writes accelerometer and gyroscope of one half-frame; both, where there is one sample only.
void Move::encode_imu(Wire& wire, std::size_t half) {
  const auto put = [&](std::size_t at, int counts) {
    const auto bits = static_cast<unsigned>(is_zcm1() ? counts + 0x8000 : counts);
    wire[at] = low_byte(bits);
    wire[at + 1] = low_byte(bits >> 8);
    if (is_zcm1()) return;
    wire[at + 6] = wire[at];
    wire[at + 7] = wire[at + 1];
  };
  const auto encode = [&](std::size_t at, const Scale& scale, double value, double noise) {
    const double counts = scale.offset + scale.per_unit * (value + noise * noise_.normal());
    put(at, nearest(counts, -32768, 32767));
  };
  const auto& accel = truth_.samples[half].accel;
  const auto gyro = truth_.samples[half].gyro + options_.gyro_bias;
  const std::size_t accel_at = 0x0D + 6 * half, gyro_at = 0x19 + 6 * half;
  encode(accel_at, accel_scale_[0], accel.x, options_.accel_noise_m_s2);
  encode(accel_at + 2, accel_scale_[1], accel.y, options_.accel_noise_m_s2);
  encode(accel_at + 4, accel_scale_[2], accel.z, options_.accel_noise_m_s2);
  encode(gyro_at, gyro_scale_[0], gyro.x, options_.gyro_noise_rad_s);
  encode(gyro_at + 2, gyro_scale_[1], gyro.y, options_.gyro_noise_rad_s);
  encode(gyro_at + 4, gyro_scale_[2], gyro.z, options_.gyro_noise_rad_s);
}

/// The magnetometer. Its Y axis points the other way than the body's.
void Move::encode_zcm1_tail(Wire& wire) {
  if (magnetometer_ == Magnetometer::absent) return;
  const auto counts = [&](double microtesla) {
    const double noisy = microtesla + options_.mag_noise_ut * noise_.normal();
    return static_cast<unsigned>(nearest(noisy * mag_counts_per_ut, -2048, 2047)) & 0xFFF;
  };
  const auto& mag = truth_.samples[1].mag;
  const unsigned x = counts(mag.x), y = counts(-mag.y), z = counts(mag.z);
  wire[0x26] = low_byte(wire[0x26] | x >> 8);
  wire[0x27] = low_byte(x);
  wire[0x28] = low_byte(y >> 4);
  wire[0x29] = low_byte((y & 0xF) << 4 | z >> 8);
  wire[0x2A] = low_byte(z);
}

void Move::encode_zcm2_tail(Wire& wire) const {
  const bool high_first = options_.timestamp_copy == TimestampCopy::high_first;
  wire[0x27] = low_byte(high_first ? truth_.ticks >> 8 : truth_.ticks);
  wire[0x28] = low_byte(high_first ? truth_.ticks : truth_.ticks >> 8);
}

std::optional<std::vector<std::byte>> Move::get_feature(std::uint8_t id, Link via) {
  std::vector<std::byte> report;
  switch (id) {
    case 0x04:  // both addresses, last octet first, around the class of device
      append(report, {0x04});
      append_reversed(report, options_.hides_address ? Address{} : options_.address);
      append(report, {0x08, 0x25, 0x00});
      append_reversed(report, options_.host);
      return report;
    case 0x10: {  // one block of the calibration, the next one each time
      const std::size_t blocks = is_zcm1() ? 3 : 2;
      const std::size_t block = next_block_++ % blocks;
      const unsigned is_last = block + 1 == blocks ? 0x80 : 0;
      append(report, {0x10, static_cast<unsigned>(block) | is_last});
      for (const auto byte : calibration().subspan(2 + block_payload * block, block_payload))
        report.push_back(std::byte{byte});
      return report;
    }
    case 0xE0:
      if (!is_zcm1()) return std::nullopt;
      return extension_answer();
    case 0xF7:  // battery and temperature as they are measured; on the radio alone (moveonpc wiki)
      if (via != Link::radio) return std::nullopt;
      append(report, {0xF7, battery_code_, 0x08, 0x03, low_byte(options_.temperature_raw),
                      low_byte(options_.temperature_raw >> 8), battery_code_ == charging ? 1U : 0U,
                      battery_code_ == charging ? 2U : 1U, 0, 0, 0, 0});
      return report;
    case 0xF9:  // firmware; over the cable its id is missing (psmoveapi)
      if (via == Link::radio) append(report, {0xF9});
      for (const auto byte : firmware) report.push_back(std::byte{byte});
      return report;
    default:
      return std::nullopt;
  }
}

bool Move::set_feature(std::span<const std::byte> report, Link via, Time now) {
  newest_ = std::max(newest_, now);
  if (report.empty()) return false;
  switch (std::to_integer<std::uint8_t>(report[0])) {
    case 0x03:  // light frequency; lit lights do not survive the change (moveonpc wiki)
      if (report.size() < 7) return false;
      if (shows(newest_).led != Rgb{}) light_is_stuck_dark_ = true;
      led_pwm_hz_ = 0;
      for (std::size_t i = 0; i < 4; ++i)
        led_pwm_hz_ |= std::to_integer<std::uint32_t>(report[3 + i]) << 8 * i;
      return true;
    case 0x05:  // whom to call; only the cable may say so
      if (via != Link::cable || report.size() < 11) return false;
      for (std::size_t i = 0; i < 6; ++i)
        options_.host.octets[5 - i] = std::to_integer<std::uint8_t>(report[1 + i]);
      return true;
    case 0xA0:  // authentication challenge
      return is_zcm1();
    case 0xE0:
      return is_zcm1() && take_extension_request(report, now);
    case 0xF1:  // flash
    case 0xF2:  // firmware mode
      ++forbidden_writes_;
      return false;
    default:
      return false;
  }
}

/// Reads the device's 256 bytes, or writes into its output.
bool Move::take_extension_request(std::span<const std::byte> report, Time now) {
  if (report.size() < 49) return false;
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint8_t>(report[at]); };
  extension_read_is_armed_ = byte(1) != 0;
  if (extension_read_is_armed_) {
    extension_read_ = {byte(2), byte(3), byte(4)};
    return true;
  }
  const bool is_for_wheel = byte(2) == 0xA0 && byte(3) == 0x20 && byte(4) >= 2;
  if (is_for_wheel && extension_ == ExtensionDevice::racing_wheel) {
    wheel_rumble_ = {.left = byte(10), .right = byte(9)};
    wheel_rumble_time_ = now;
  }
  return true;
}

std::vector<std::byte> Move::extension_answer() const {
  std::vector<std::byte> report(49);
  const auto [slave, place, length] = extension_read_;
  report[0] = std::byte{0xE0};
  if (!extension_read_is_armed_ || !extension_ || slave != 0xA0) {
    report[1] = std::byte{0x01};  // an error; which number it has is a guess
    return report;
  }
  report[2] = std::byte{slave};
  report[3] = std::byte{place};
  report[4] = std::byte{length};
  const IdentificationBlock& block = block_of(*extension_);
  for (std::size_t i = 0; i < std::min<std::size_t>(length, 40); ++i) {
    const std::size_t at = place + i;
    std::uint8_t value = 0;
    if (at < block.identity.size()) value = block.identity[at];
    if (at >= 0xA0 && at - 0xA0 < block.inputs.size()) value = block.inputs[at - 0xA0];
    report[9 + i] = std::byte{value};
  }
  return report;
}

bool Move::output(std::span<const std::byte> report, Time now) {
  newest_ = std::max(newest_, now);
  if (report.empty()) return false;
  const auto id = std::to_integer<std::uint8_t>(report[0]);
  const bool is_short_form = id == 0x06 && report.size() >= 9 && report.size() <= 49;
  const bool is_long_form = id == 0x02 && report.size() == 49 && is_zcm1();
  if (!is_short_form && !is_long_form) return false;
  const auto value = [&](std::size_t at) { return std::to_integer<std::uint8_t>(report[at]); };
  outputs_ = Outputs{{value(2), value(3), value(4)}, value(6)};
  output_time_ = now;
  return true;
}

void Move::reconnect() {
  outputs_.reset();
  light_is_stuck_dark_ = false;
  led_pwm_hz_ = 0;
  extension_read_is_armed_ = false;
  wheel_rumble_ = {};
  next_number_ = 0;
  tapped_ = {};
  slow_trigger_ = trigger_ * 255;
}

void Move::set_motion(std::unique_ptr<Motion> motion, Time now) {
  motion_ = std::move(motion);
  motion_start_ = now;
}

void Move::tap(Buttons buttons) {
  buttons.for_each([&](Button button) { tapped_.insert(button); });
}

void Move::set_trigger(double fraction) {
  trigger_ = std::clamp(fraction, 0.0, 1.0);
}

void Move::set_extension(std::optional<ExtensionDevice> device) {
  extension_ = is_zcm1() ? device : std::nullopt;
  extension_read_is_armed_ = false;
  wheel_rumble_ = {};
  controls_ = std::monostate{};
  if (extension_ == ExtensionDevice::sharp_shooter) controls_ = SharpShooter{.weapon = 1};
  if (extension_ == ExtensionDevice::racing_wheel) controls_ = RacingWheel{};
}

void Move::set_extension_controls(const ExtensionControls& controls) {
  if (controls.index() == controls_.index()) controls_ = controls;
}

WheelRumble Move::wheel_shows(Time now) const {
  return now - wheel_rumble_time_ < wheel_rumble_lasts ? wheel_rumble_ : WheelRumble{};
}

void Move::set_loss(double fraction) {
  loss_ = std::clamp(fraction, 0.0, 1.0);
}

void Move::send_raw(std::vector<std::byte> report) {
  raw_.push_back(std::move(report));
}

Outputs Move::shows(Time now) const {
  if (!outputs_ || now - output_time_ >= options_.blank_after) return {};
  Outputs shown = *outputs_;
  if (light_is_stuck_dark_) shown.led = {};
  if (shown.rumble < options_.weakest_rumble) shown.rumble = 0;
  return shown;
}

std::optional<Time> Move::goes_dark_at(Time now) const {
  if (shows(now).is_dark()) return std::nullopt;
  return output_time_ + options_.blank_after;
}

std::vector<std::byte> Move::hid_descriptor() const {
  return hid_descriptor(options_.descriptor, options_.declared_payload);
}

std::vector<std::byte> Move::hid_descriptor(Descriptor shape, std::size_t declared_payload) {
  std::vector<std::byte> d;
  const auto declared = static_cast<unsigned>(std::min<std::size_t>(declared_payload, 255));
  if (shape == Descriptor::vendor) {
    append(d, {0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01});  // vendor page, application
    const auto block = [&](unsigned id, unsigned payload, unsigned item) {
      append(d, {0x85, id, 0x09, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x75, 0x08, 0x95, payload,
                 item, 0x02});
    };
    constexpr unsigned input = 0x81, output = 0x91, feature = 0xB1;
    block(0x01, declared, input);
    block(0x02, 48, output);
    block(0x06, 8, output);
    block(0x03, 8, feature);
    block(0x04, 15, feature);
    block(0x05, 22, feature);
    block(0x10, 48, feature);
    block(0xF9, 13, feature);
    append(d, {0xC0});
    return d;
  }
  // The DualShock 3's: 1 + 19 buttons and padding + 4 axes are 9 bytes; the rest is a block.
  constexpr unsigned before_block = 9;
  append(d, {0x05, 0x01, 0x09, 0x04, 0xA1, 0x01, 0xA1, 0x02,  // joystick, report 1
             0x85, 0x01, 0x75, 0x08, 0x95, 0x01, 0x15, 0x00, 0x26, 0xFF, 0x00, 0x81, 0x03, 0x75,
             0x01, 0x95, 0x13, 0x15, 0x00, 0x25, 0x01, 0x35, 0x00, 0x45, 0x01, 0x05, 0x09, 0x19,
             0x01, 0x29, 0x13, 0x81, 0x02,  // buttons
             0x75, 0x01, 0x95, 0x0D, 0x06, 0x00, 0xFF, 0x81, 0x03, 0x15, 0x00, 0x26, 0xFF, 0x00,
             0x05, 0x01, 0x09, 0x01, 0xA1, 0x00, 0x75, 0x08, 0x95, 0x04, 0x35, 0x00, 0x46, 0xFF,
             0x00, 0x09, 0x30, 0x09, 0x31, 0x09, 0x32, 0x09, 0x35, 0x81, 0x02, 0xC0});  // axes
  if (declared > before_block)
    append(d, {0x05, 0x01, 0x75, 0x08, 0x95, declared - before_block, 0x09, 0x01, 0x81, 0x02});
  append(d, {0x75, 0x08, 0x95, 0x30, 0x09, 0x01, 0x91, 0x02, 0x75, 0x08, 0x95, 0x30, 0x09, 0x01,
             0xB1, 0x02, 0xC0});
  for (const unsigned id : {0x02U, 0xEEU, 0xEFU})
    append(d, {0xA1, 0x02, 0x85, id, 0x75, 0x08, 0x95, 0x30, 0x09, 0x01, 0xB1, 0x02, 0xC0});
  append(d, {0xC0});
  return d;
}

}  // namespace psmove::emulator
