#pragma once
// A controller that is not there: report bytes out, light and rumble in. Shares no code with
// drivers/psmove, so that each is a check on the other.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/motion.hpp"
#include "emulator/peripheral.hpp"
#include "types/address.hpp"
#include "types/buttons.hpp"
#include "types/extension.hpp"
#include "types/outputs.hpp"

namespace psmove::emulator {

enum class Model : std::uint8_t { zcm1, zcm2 };
[[nodiscard]] constexpr std::string_view to_string(Model model) {
  return model == Model::zcm1 ? "zcm1" : "zcm2";
}

enum class Magnetometer : std::uint8_t {
  normal,
  absent,     ///< all zeros, as late ZCM1 units send
  disturbed,  ///< the earth's field under a strong one that wanders, as beside a loudspeaker
};
inline constexpr std::array<std::string_view, 3> magnetometer_names = {"normal", "absent",
                                                                       "disturbed"};
[[nodiscard]] constexpr std::string_view to_string(Magnetometer state) {
  return magnetometer_names[static_cast<std::size_t>(state)];
}
[[nodiscard]] std::optional<Magnetometer> parse_magnetometer(std::string_view name);

/// Order of the second timestamp in bytes 0x27 and 0x28 of a ZCM2 report. The sources disagree:
/// psmoveapi and PSMoveService read the high byte first, monado the low one.
enum class TimestampCopy : std::uint8_t { high_first, low_first };

/// Shape of the HID descriptor.
enum class Descriptor : std::uint8_t {
  joystick,  ///< the DualShock 3's, which pairing tools store for every Move: an evdev joystick too
  vendor,    ///< one block of vendor bytes per report: hid-generic makes the hidraw node alone
};

/// How an emulated controller is made. Everything a real one could differ in is a parameter.
struct MoveOptions {
  Model model = Model::zcm1;
  Address address{};
  Address host{};                 ///< the address in its second half of feature 0x04
  bool hides_address = false;     ///< feature 0x04 has zeros for its own address
  bool on_cable = false;          ///< USB: no input, battery says charging, 0x05 is taken
  double reports_per_s = 0;       ///< 0: what the model does (ZCM1 87.5, ZCM2 790)
  std::size_t report_length = 0;  ///< of input report 1 with its id; 0: 49 and 44
  std::size_t declared_payload =
      0;  ///< of report 1 in the HID descriptor, without its id; 0: 48 and 43
  Descriptor descriptor = Descriptor::joystick;
  std::size_t first_calibration_block = 0;
  std::size_t calibration_blob = 1;       ///< which published blob a ZCM1 hands out, 0..7
  std::chrono::nanoseconds tick{10'000};  ///< unit of the 16-bit timestamp (not documented)
  TimestampCopy timestamp_copy = TimestampCopy::high_first;
  std::chrono::milliseconds blank_after{
      5000};  ///< light and motor go off this long after an output
  std::uint8_t weakest_rumble =
      1;  ///< motor values below do not turn it; one source says 64 on ZCM1
  std::uint16_t temperature_raw = 0x7D1;  ///< 12-bit thermistor word; 0x7D1 is 28 degrees Celsius
  std::uint32_t seed = 1;                 ///< of sensor noise and loss
  double accel_noise_m_s2 = 0.02, gyro_noise_rad_s = 0.003,
         mag_noise_ut = 0.3;           ///< standard deviations
  Vec3<RadiansPerSecond> gyro_bias{};  ///< what a body at rest reads; real ones show a few counts
};

/// What went into one input report.
struct ReportTruth {
  std::uint64_t number =
      0;  ///< reports since the start, lost ones too; the low 4 bits are on the wire
  std::uint16_t ticks = 0;  ///< timestamp on the wire
  std::size_t sample_count =
      0;  ///< half-frames: 2 on ZCM1, 1 on ZCM2; 0: a raw report, or none yet
  std::array<MotionState, 2> samples{};  ///< oldest first, free of noise; disturbed field included
  std::array<Buttons, 2> buttons{};      ///< at each half-frame
  bool lost = false;
};

/// One emulated controller. Time is given with every call, so tests own it.
class Move final : public Peripheral {
 public:
  Move(MoveOptions options, Time start);

  [[nodiscard]] const MoveOptions& options() const { return options_; }
  [[nodiscard]] Identity identity() const override;
  [[nodiscard]] const Address& address() const override { return options_.address; }
  /// As stored by cable, or by whoever writes it there.
  [[nodiscard]] const Address& host() const override { return options_.host; }
  void set_host(const Address& host) override { options_.host = host; }
  void set_on_cable(bool on_cable) override;

  // ---- device to host
  [[nodiscard]] bool is_talkative(Link via) const override { return via == Link::radio; }
  [[nodiscard]] std::chrono::nanoseconds report_interval() const override { return interval_; }
  /// Makes the next input report for the instant `now`; a ZCM1's first half-frame is half an
  /// interval older.
  /// @param report  cut to its size where it is too small; 64 bytes hold every usual report
  /// @return its length; 0 when the radio lost it (its sequence number is used up all the same)
  std::size_t input_report(std::span<std::byte> report, Time now) override;
  /// What the last call of input_report put in.
  [[nodiscard]] const ReportTruth& truth() const { return truth_; }
  std::optional<std::vector<std::byte>> get_feature(std::uint8_t id, Link via) override;
  /// Over the link that it is on by its options.
  std::optional<std::vector<std::byte>> get_feature(std::uint8_t id) {
    return get_feature(id, options_.on_cable ? Link::cable : Link::radio);
  }
  /// @param now  decides whether the light is on (0x03)
  bool set_feature(std::span<const std::byte> report, Link via, Time now) override;
  /// Over the link that it is on by its options; without a time, at the newest ever given.
  bool set_feature(std::span<const std::byte> report, std::optional<Time> now = std::nullopt) {
    return set_feature(report, options_.on_cable ? Link::cable : Link::radio,
                       now.value_or(newest_));
  }
  /// Takes an output report (0x06 of 9..49 bytes; 0x02 of 49 on ZCM1). false: ignored.
  bool output(std::span<const std::byte> report, Time now) override;
  /// Comes back after its link was away: dark, with the default light frequency, counting reports
  /// from 0. What it was told to do goes on.
  void reconnect() override;

  // ---- what a person, or a script, does with it
  void set_motion(std::unique_ptr<Motion> motion, Time now);
  [[nodiscard]] std::string motion_name() const { return motion_->name(); }
  void hold(Buttons buttons) { held_ = buttons; }  ///< held from now on, and nothing else
  [[nodiscard]] Buttons held() const { return held_; }
  /// Down for the first half-frame of the next report only. Only Move and T have a bit for each
  /// half-frame; the others are down for that whole report, as is everything on a ZCM2.
  void tap(Buttons buttons);
  /// 0..1. `t`, the trigger as a button, is held and tapped for itself.
  void set_trigger(double fraction);
  [[nodiscard]] double trigger() const { return trigger_; }
  void set_battery_code(std::uint8_t code) {
    battery_code_ = code;
  }  ///< as on the wire: 0..5, 0xEE, 0xEF
  [[nodiscard]] std::uint8_t battery_code() const { return battery_code_; }
  void set_magnetometer(Magnetometer state) { magnetometer_ = state; }
  [[nodiscard]] Magnetometer magnetometer() const { return magnetometer_; }
  void set_loss(double fraction);  ///< of reports lost on the radio, 0..1
  [[nodiscard]] double loss() const { return loss_; }
  /// Sent once in place of the next input report; several are sent in order.
  void send_raw(std::vector<std::byte> report);
  /// Of input report 1 with its id, from now on.
  void set_report_length(std::size_t length) { options_.report_length = length; }
  /// Plugs a device into the extension port of a ZCM1, or pulls it. Its controls are at rest.
  void set_extension(std::optional<ExtensionDevice> device);
  [[nodiscard]] const std::optional<ExtensionDevice>& extension() const { return extension_; }
  /// What a hand does with it; controls of another device are passed over.
  void set_extension_controls(const ExtensionControls& controls);
  [[nodiscard]] const ExtensionControls& extension_controls() const { return controls_; }
  /// Feature 0x04 shows zeros in place of its own address.
  void set_hides_address(bool hides) { options_.hides_address = hides; }

  // ---- what can be seen on it
  /// Dark once `blank_after` has passed.
  [[nodiscard]] Outputs shows(Time now) const override;
  [[nodiscard]] std::optional<Time> goes_dark_at(Time now) const override;
  /// What the wheel's motors do; still once nobody has told them for a second.
  [[nodiscard]] WheelRumble wheel_shows(Time now) const;
  /// Set with feature 0x03 since it connected; 0: never.
  [[nodiscard]] std::uint32_t led_pwm_hz() const { return led_pwm_hz_; }
  [[nodiscard]] unsigned forbidden_writes() const {
    return forbidden_writes_;
  }  ///< attempts at 0xF1 and 0xF2
  [[nodiscard]] std::vector<std::byte> hid_descriptor() const override;
  /// The same as another one would have it.
  /// @param declared  payload of input report 1, without its id
  [[nodiscard]] static std::vector<std::byte> hid_descriptor(Descriptor shape,
                                                             std::size_t declared);

 private:
  /// counts = offset + per_unit * value
  struct Scale {
    double offset = 0, per_unit = 1;
  };
  /// Random numbers that cost a few nanoseconds and are the same on every machine.
  class Noise {
   public:
    explicit Noise(std::uint64_t seed) : state_(seed) {}
    std::uint64_t bits();
    double normal();   ///< mean 0, standard deviation 1, never beyond 3.5
    double uniform();  ///< 0 <= x < 1

   private:
    std::uint64_t state_;
  };
  using Wire = std::array<std::uint8_t, 49>;

  [[nodiscard]] bool is_zcm1() const { return options_.model == Model::zcm1; }
  [[nodiscard]] std::span<const std::uint8_t> calibration() const;
  void read_scales();
  [[nodiscard]] MotionState motion_at(Time now);
  void encode_buttons(Wire& wire);
  void encode_trigger(Wire& wire);
  void encode_imu(Wire& wire, std::size_t half);
  void encode_zcm1_tail(Wire& wire);
  void encode_extension(Wire& wire) const;
  [[nodiscard]] std::vector<std::byte> extension_answer() const;
  bool take_extension_request(std::span<const std::byte> report, Time now);
  void encode_zcm2_tail(Wire& wire) const;
  std::size_t deliver(std::span<const std::uint8_t> bytes, std::size_t length,
                      std::span<std::byte> report) const;

  MoveOptions options_;
  std::chrono::nanoseconds interval_{};
  Time start_, newest_;
  std::array<Scale, 3> accel_scale_, gyro_scale_;
  Noise noise_, loss_noise_;

  std::unique_ptr<Motion> motion_;
  Time motion_start_;
  Buttons held_, tapped_;
  double trigger_ = 0, slow_trigger_ = 0;
  std::uint8_t battery_code_ = 5, battery_code_off_cable_ = 5;
  Magnetometer magnetometer_ = Magnetometer::normal;
  double loss_ = 0;
  std::deque<std::vector<std::byte>> raw_;

  std::uint64_t next_number_ = 0;
  ReportTruth truth_;
  std::size_t next_block_ = 0;
  std::optional<Outputs> outputs_;
  Time output_time_;
  bool light_is_stuck_dark_ = false;
  std::uint32_t led_pwm_hz_ = 0;
  std::optional<ExtensionDevice> extension_;
  ExtensionControls controls_;
  std::array<std::uint8_t, 3> extension_read_{};  ///< slave, place and length that a SET asked for
  bool extension_read_is_armed_ = false;
  WheelRumble wheel_rumble_;
  Time wheel_rumble_time_;
  unsigned forbidden_writes_ = 0;
};

}  // namespace psmove::emulator
