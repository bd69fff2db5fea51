#pragma once
// What a controller looks like now: the nouns that drivers publish and every wire carries.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/address.hpp"
#include "types/buttons.hpp"
#include "types/extension.hpp"
#include "types/outputs.hpp"
#include "types/quaternion.hpp"
#include "types/units.hpp"

namespace psmove {

/// A thumb stick.
struct Stick {
  double x = 0, y = 0;  ///< -1..1, right and down positive
  friend bool operator==(const Stick&, const Stick&) = default;
};

/// How far each button of a Navigation controller that measures it is pressed, 0..1.
struct Pressures {
  double l1 = 0, l2 = 0;
  double up = 0, right = 0, down = 0, left = 0;
  friend bool operator==(const Pressures&, const Pressures&) = default;
};
struct PressureMember {
  Button button;
  double Pressures::*value;
};
/// In the order in which every wire has them.
inline constexpr std::array<PressureMember, 6> pressure_members = {
    {{Button::l1, &Pressures::l1},
     {Button::l2, &Pressures::l2},
     {Button::up, &Pressures::up},
     {Button::right, &Pressures::right},
     {Button::down, &Pressures::down},
     {Button::left, &Pressures::left}}};

/// One calibrated, fused reading: the body of `/sensors`, and a member of a motion message.
struct Sample {
  std::uint64_t sequence =
      0;  ///< counts this controller's samples since it connected; lost ones skip
  std::int64_t time_us =
      0;  ///< Unix time, microseconds, when the sample was taken; never goes back
  Vec3<MetersPerSecondSquared> accel;         ///< body frame, specific force
  Vec3<RadiansPerSecond> gyro;                ///< body frame
  std::optional<Vec3<Microtesla>> mag;        ///< body frame; the newest reading, or none at all
  Quaternion orientation;                     ///< world_from_body
  Vec3<MetersPerSecondSquared> linear_accel;  ///< world frame, gravity removed
  double temperature_c = 0;  ///< inside the controller, a few degrees above the room
  double trigger = 0;        ///< 0..1; a Navigation controller's L2
  Buttons buttons;
  ExtensionControls extension{};
  std::optional<Stick> stick{};
  std::optional<Pressures> pressures{};
  /// false: this controller has no motion sensors. accel, gyro, orientation, linear_accel and
  /// temperature_c are then nobody's readings; every wire says null in their place.
  bool has_motion = true;
};

enum class BatteryState : std::uint8_t { unknown, discharging, charging, full };

struct Battery {
  std::optional<int> percent{};  ///< in steps of 20; none where the controller does not say
  BatteryState state = BatteryState::unknown;
  std::uint8_t code = 0;  ///< the byte on the wire: 0..5, 0xEE charging, 0xEF full on the cable
  friend bool operator==(const Battery&, const Battery&) = default;
};

/// Where a controller's reports come from.
enum class Source : std::uint8_t { hidraw, usb, simulated, recording };

enum class Transport : std::uint8_t { bluetooth, usb };

struct LinkInfo {
  Transport transport = Transport::bluetooth;
  std::optional<Address> adapter{};  ///< the host's radio, on Bluetooth
  friend bool operator==(const LinkInfo&, const LinkInfo&) = default;
};

/// What its input is doing; `connected` is true for all but `offline` and `silent`.
enum class InputStatus : std::uint8_t {
  offline,            ///< no link
  waiting,            ///< a link just came up; no report yet
  streaming,          ///< reports arrive
  silent,             ///< the node is there and nothing comes out of it: out of range, or mute
  no_input_over_usb,  ///< on the cable alone, where this model sends none
};

struct RadioStatistics {
  double reports_per_s = 0;    ///< over about the last second
  std::uint64_t reports = 0;   ///< accepted since it connected
  std::uint64_t lost = 0;      ///< reports missing by sequence number since it connected
  std::uint64_t rejected = 0;  ///< short, long or foreign reports, skipped
  double longest_gap_ms = 0;   ///< between two arrivals since it connected
};

enum class MagnetometerStatus : std::uint8_t {
  none,    ///< this model has none, or this unit sends zeros
  raw,     ///< present, not fitted
  fitted,  ///< hard and soft iron known
};

struct CalibrationInfo {
  bool factory = false;  ///< the controller's own calibration was read; otherwise nominal scales
  MagnetometerStatus magnetometer = MagnetometerStatus::none;
  friend bool operator==(const CalibrationInfo&, const CalibrationInfo&) = default;
};

/// What a model can do, with the units and ranges a client needs to scale a display.
struct Capabilities {
  int samples_per_report = 1;
  double reports_per_s = 0;  ///< nominal, on Bluetooth
  bool magnetometer = false;
  bool extension_port = false;
  bool input_over_usb = false;
  bool motion_sensors = true;  ///< accelerometer, gyroscope, and the orientation made of them
  bool light = true;           ///< a sphere to light
  bool rumble = true;          ///< a motor
  bool led_pwm = false;        ///< the frequency of its light can be set
  bool stick = false;
  bool pressures = false;          ///< buttons that say how far they are pressed
  Buttons buttons = move_buttons;  ///< its own; an extension device may bring more
  double accel_range_m_s2 = 0;     ///< full scale of the number format, +-
  double gyro_range_rad_s = 0;
};

/// One controller, connected or remembered: the body of `/controllers/{id}`.
struct ControllerState {
  Address address;         ///< its id
  int number = 0;          ///< 1, 2, 3... in the order first seen; people may change it
  std::string name;        ///< empty until somebody gives one
  std::string_view model;  ///< "zcm1", "zcm2", "navigation"
  Source source = Source::hidraw;
  InputStatus input = InputStatus::offline;
  std::string hint;  ///< one sentence for people when `input` is not what they hope for; or empty
  std::vector<LinkInfo> links;
  Battery battery;
  std::string firmware;  ///< "2.20 rev 1829"; empty while unknown
  Capabilities capabilities;
  CalibrationInfo calibration;
  RadioStatistics radio;
  LedStatus led;
  RumbleStatus rumble;
  RumbleLimit rumble_limit;            ///< that holds for it, its own or everybody's
  std::optional<Sample> newest;        ///< none before the first report
  std::optional<Extension> extension;  ///< what is on its extension port
  /// The Navigation controller of a Move, or the Move of a Navigation controller.
  std::optional<Address> companion;

  [[nodiscard]] bool is_connected() const {
    return input != InputStatus::offline && input != InputStatus::silent;
  }
};

}  // namespace psmove
