#pragma once
// A controller that is not there: report bytes out, light and rumble in. Shares no code with
// drivers/psmove, so that each is a check on the other.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "emulator/motion.hpp"
#include "types/address.hpp"
#include "types/buttons.hpp"
#include "types/outputs.hpp"

namespace psmove::emulator {

using Time = std::chrono::steady_clock::time_point;

enum class Model : std::uint8_t { zcm1, zcm2 };
enum class Magnetometer : std::uint8_t { normal, absent, disturbed };

/// How an emulated controller is made. Everything a real one could differ in is a parameter.
struct MoveOptions {
  Model model = Model::zcm1;
  Address address;
  Address host;                 ///< the address in its second half of feature 0x04
  bool on_cable = false;        ///< USB: no input, battery says charging, 0x05 is taken
  double reports_per_s = 0;     ///< 0: what the model does (ZCM1 87.5, ZCM2 790)
  std::size_t report_length = 0;      ///< of input report 1 with its id; 0: 49 and 44
  std::size_t first_calibration_block = 0;
  std::size_t calibration_blob = 1;   ///< which published blob a ZCM1 hands out, 0..7
  std::chrono::nanoseconds tick{10'000};       ///< unit of the 16-bit timestamp (not documented)
  std::chrono::milliseconds blank_after{5000}; ///< light and motor go off this long after an output
  std::uint32_t seed = 1;             ///< of sensor noise and loss
  double accel_noise_m_s2 = 0.02, gyro_noise_rad_s = 0.003, mag_noise_ut = 0.3;
};

/// One emulated controller. Time is given with every call, so tests own it.
class Move {
 public:
  Move(MoveOptions options, Time start);

  [[nodiscard]] const MoveOptions& options() const { return options_; }

  // ---- device to host
  [[nodiscard]] std::chrono::nanoseconds report_interval() const;
  /// Makes the next input report for the instant `now`.
  /// @return its length; 0 when the radio lost it (its sequence number is used up all the same)
  std::size_t input_report(std::span<std::byte> report, Time now);
  /// Answers GET feature. nullopt: the device stalls (unknown id).
  std::optional<std::vector<std::byte>> get_feature(std::uint8_t id);
  /// Takes SET feature. false: refused.
  bool set_feature(std::span<const std::byte> report);
  /// Takes an output report (0x06 of 9..49 bytes; 0x02 of 49 on ZCM1). false: ignored.
  bool output(std::span<const std::byte> report, Time now);

  // ---- what a person, or a script, does with it
  void set_motion(std::unique_ptr<Motion> motion, Time now);
  [[nodiscard]] std::string motion_name() const;
  void hold(Buttons buttons);                 ///< held from now on
  [[nodiscard]] Buttons held() const;
  void tap(Buttons buttons);                  ///< down for the first half-frame of the next report only
  void set_trigger(double fraction);          ///< 0..1
  [[nodiscard]] double trigger() const;
  void set_battery_code(std::uint8_t code);   ///< as on the wire: 0..5, 0xEE, 0xEF
  [[nodiscard]] std::uint8_t battery_code() const;
  void set_magnetometer(Magnetometer state);
  [[nodiscard]] Magnetometer magnetometer() const;
  void set_loss(double fraction);             ///< of reports lost on the radio, 0..1
  [[nodiscard]] double loss() const;
  void send_raw(std::vector<std::byte> report);  ///< sent once in place of the next input report

  // ---- what can be seen on it
  [[nodiscard]] Outputs shows(Time now) const;     ///< dark once `blank_after` has passed
  [[nodiscard]] const Address& host() const;       ///< stored host address
  [[nodiscard]] unsigned forbidden_writes() const; ///< attempts at 0xF1 and 0xF2
  [[nodiscard]] std::vector<std::byte> hid_descriptor() const;

 private:
  // (the owner of move.cpp fills this in)
  MoveOptions options_;
};

}  // namespace psmove::emulator
