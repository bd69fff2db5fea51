#pragma once
// What psmoved says, as values: the bodies of REST and the messages of the stream. Members that a
// newer daemon adds are passed over; those that are missing keep their defaults.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/calibration_report.hpp"
#include "types/controller_state.hpp"

namespace psmove::client {

struct Layer {
  std::string owner;  ///< "rest", "websocket 17"
  int priority = 0;
};

/// The light as it shows now.
struct Light {
  Rgb color;
  std::string state;          ///< "off", "queued", "applied", "overridden", "superseded"
  std::optional<Rgb> target;  ///< where a fade is going
  std::vector<Layer> layers;  ///< who wants a light, highest first
};

/// The motor as it runs now.
struct Motor {
  int value = 0;  ///< 0..255
  std::string state;
  std::vector<Layer> layers;
  bool is_limited = false;  ///< it runs weaker than wanted, see Controller::rumble_limit
};

/// One controller, connected or remembered.
struct Controller {
  std::string id;  ///< its Bluetooth address, lower case with colons
  int number = 0;
  std::string name;    ///< empty where it has none
  std::string model;   ///< "zcm1", "zcm2", "navigation"
  std::string source;  ///< "hidraw", "usb", "simulated", "recording"
  bool connected = false;
  std::string status;  ///< "streaming", "waiting", "silent", "offline", "no_input_over_usb"
  std::string hint;    ///< one sentence for people when the status is not what they hope for
  std::vector<std::string> transports;  ///< "bluetooth", "usb"
  Battery battery;
  std::string firmware;
  bool factory_calibration = false;
  std::string magnetometer;  ///< "none", "raw", "fitted"
  RadioStatistics radio;
  Light led;
  Motor rumble;
  std::optional<RumbleLimit> rumble_limit;  ///< none where there is no motor
  bool has_light = true;                    ///< a sphere to light
  bool has_led_pwm = false;                 ///< the frequency of its light can be set
  bool has_motion_sensors = true;
  std::string extension;  ///< "sharp_shooter", "racing_wheel", "unknown"; empty: nothing there
  std::string companion;  ///< its id; empty: none
  std::optional<Sample> newest;

  /// "left hand", or "controller 2" where it has no name.
  [[nodiscard]] std::string display_name() const;
};

/// One message of the stream. Which members are filled follows from `kind`.
struct Message {
  enum class Kind : std::uint8_t {
    hello,
    subscribed,
    unsubscribed,
    snapshot,    ///< controllers
    motion,      ///< controller_id, samples, received_us, dropped
    button,      ///< controller_id, time_us, button, pressed
    trigger,     ///< controller_id, time_us, trigger
    battery,     ///< controller_id, battery
    controller,  ///< controller_id, event, controllers (one, or none when it left)
    output,      ///< controller_id, led, rumble
    reply,       ///< to
    error,       ///< to, code, detail
    pong,
    other,  ///< of a newer daemon; pass over it
  };
  Kind kind = Kind::other;
  std::string subscription;
  std::string controller_id;
  std::vector<Controller> controllers;
  std::vector<Sample> samples;   ///< oldest first
  std::int64_t received_us = 0;  ///< Unix time the report reached the daemon
  std::uint64_t dropped = 0;     ///< samples this subscription lost to slowness before these
  std::int64_t time_us = 0;
  std::string button;
  bool pressed = false;
  double trigger = 0;
  Battery battery;
  std::optional<Light> led;
  std::optional<Motor> rumble;
  std::string event;  ///< "arrived", "changed", "left", "forgotten"
  std::string to, code, detail;
};

/// @return nullopt where the text is not JSON of the right shape at all
[[nodiscard]] std::optional<Message> parse_message(std::string_view json);
[[nodiscard]] std::optional<Controller> parse_controller(std::string_view json);
[[nodiscard]] std::optional<std::vector<Controller>> parse_controllers(std::string_view json);

/// What POST /pairing takes; what is empty or false is left to the daemon.
struct PairingWish {
  std::string host_address;  ///< another computer, which it shall call
  std::string adapter;       ///< of this computer: address or name
  bool allow_unbonded = false;
  bool disconnect_others = false;
  bool without_restart = false;
  [[nodiscard]] bool has_permissions() const { return allow_unbonded || disconnect_others; }
};

/// GET /api/v1: the daemon itself.
struct DaemonInfo {
  struct Clients {
    std::uint64_t connections = 0;  ///< those of the stream among them
    std::uint64_t most_connections = 0;
    std::uint64_t websockets = 0, event_streams = 0;
    std::uint64_t subscriptions = 0;
    std::uint64_t dropped_samples = 0;  ///< since it started, for clients that were too slow
  };
  struct Log {
    std::uint64_t errors = 0, warnings = 0;  ///< since it started
  };
  std::string version, host;
  double uptime_s = 0;
  std::optional<Clients> clients{};
  std::optional<Log> log{};
};
[[nodiscard]] std::optional<DaemonInfo> parse_daemon(std::string_view json);
/// What /readyz says that it waits for; empty where it says nothing.
[[nodiscard]] std::string parse_not_ready(std::string_view json);

/// An item of GET /adapters: a Bluetooth radio.
struct Adapter {
  std::string address, name;
  bool powered = false;
  std::size_t controllers = 0;  ///< linked through it now
};
[[nodiscard]] std::optional<std::vector<Adapter>> parse_adapters(std::string_view json);

/// A cue: what GET /cues/{id} says, and PUT …/led with an instant.
struct Cue {
  /// What became of an output.
  struct Outcome {
    std::string state;          ///< empty where the cue has none for it
    std::string overridden_by;  ///< the owner of what lies on top; may be empty
  };
  struct Result {
    std::string controller_id;
    Outcome led, rumble;
  };
  std::string id;
  std::string state;                    ///< "waiting", "writing", "done"
  std::optional<std::int64_t> at_us;    ///< Unix time; none: it was at once
  std::optional<std::int64_t> skew_us;  ///< from the first write to the last
  std::vector<Result> results;
};
/// One, or an array of them.
[[nodiscard]] std::optional<std::vector<Cue>> parse_cues(std::string_view json);

/// An item of GET /token-requests, and what POST answers.
struct TokenRequest {
  std::string id, name;
  std::string state;    ///< "waiting", "granted", "expired", "canceled", "failed"
  std::string address;  ///< of who asks
  std::int64_t expires_us = 0;
  std::string secret;  ///< the token, once it is granted
  std::string detail;  ///< why it failed
};
[[nodiscard]] std::optional<TokenRequest> parse_token_request(std::string_view json);
[[nodiscard]] std::optional<std::vector<TokenRequest>> parse_token_requests(std::string_view json);

/// An item of GET /tokens, and what POST answers.
struct AccessToken {
  std::string id, name;
  std::vector<std::string> scopes;
  std::string source;  ///< "file", "credential"
  bool was_used = false;
  std::string secret;  ///< the token itself, where it was just made
};
[[nodiscard]] std::optional<AccessToken> parse_token(std::string_view json);
[[nodiscard]] std::optional<std::vector<AccessToken>> parse_tokens(std::string_view json);

/// An item of GET /pairing: a controller on its way to a host. One that could not be asked who it
/// is has neither id nor number.
struct Pairing {
  std::string id;
  int number = 0;
  std::string name;          ///< empty where it has none
  std::string state;         ///< "plugged_in", "press_ps", "connected"; docs/pairing.md has all
  std::string host_address;  ///< whom it calls; empty where it could not be asked
  std::string code;          ///< why it waits or failed; empty otherwise
  std::string next;          ///< one sentence on what to do
  std::string command;       ///< what to type, where that would help
};
[[nodiscard]] std::optional<std::vector<Pairing>> parse_pairings(std::string_view json);

/// GET …/calibration.
[[nodiscard]] std::optional<CalibrationReport> parse_calibration(std::string_view json);

/// GET …/led/pwm.
struct LedPwm {
  std::int64_t frequency_hz = 0;
  bool is_set = false;  ///< else it is the usual one, about
};
[[nodiscard]] std::optional<LedPwm> parse_led_pwm(std::string_view json);

/// …/extension/rumble: a wheel's motors.
struct WheelMotors {
  int left = 0, right = 0;  ///< 0..255
  std::string state;
};
[[nodiscard]] std::optional<WheelMotors> parse_wheel(std::string_view json);

/// GET …/diagnostics. What the controller did not answer for is left out.
struct DiagnosticsReport {
  struct Firmware {
    std::string version;
    int revision = 0, bluetooth_version = 0;
  };
  struct Power {
    int battery_code = 0, battery_raw = 0, temperature_raw = 0;
    bool charging_enabled = false;
    std::string charger;
  };
  std::optional<Firmware> firmware;
  std::optional<Power> power;
  std::string host_address;  ///< whom it calls; empty: not told
};
[[nodiscard]] std::optional<DiagnosticsReport> parse_diagnostics(std::string_view json);

/// What a write to an output came to, for one controller. The id is empty where the answer is about
/// the one that was asked for; `error` is empty unless this one could not be written.
struct LightResult {
  std::string id;
  Light light;
  std::string error;
};
struct MotorResult {
  std::string id;
  Motor motor;
  std::string error;
};
/// The answer to a write: one object, or an array of them for `all`.
[[nodiscard]] std::optional<std::vector<LightResult>> parse_light_results(std::string_view json);
[[nodiscard]] std::optional<std::vector<MotorResult>> parse_motor_results(std::string_view json);

}  // namespace psmove::client
