#pragma once
// One controller, for as long as it is remembered: who it is, what it reads, what it shows. The
// links that come and go are in link.hpp.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "drivers/clock.hpp"
#include "drivers/device_clock.hpp"
#include "drivers/errands.hpp"
#include "drivers/listener.hpp"
#include "drivers/magnetometer.hpp"
#include "drivers/output_layers.hpp"
#include "drivers/psmove/model.hpp"
#include "fusion/orientation_filter.hpp"
#include "types/controller_state.hpp"
#include "types/pairing.hpp"

namespace psmove::drivers {

class Bell;
class HidChannel;
class Simulation;

/// What survives a restart of the daemon.
struct RememberedController {
  Address address;
  std::string model;
  int number = 0;
  std::string name;
  std::string firmware;
  Source source = Source::hidraw;           ///< of its last link
  std::vector<std::byte> calibration_blob;  ///< empty while never read
  std::optional<MagnetometerCalibration> magnetometer{};
  std::optional<fusion::LearnedState> learned{};  ///< of the last session that learned anything
  std::optional<Address> companion{};
  std::optional<RumbleLimit> rumble_limit{};  ///< its own, instead of everybody's
};

class Controller {
 public:
  /// @param clock, listeners  outlive the controller
  Controller(RememberedController remembered, const ControllerModel& model, UnixClock& clock,
             Listeners& listeners, const RumbleLimit& default_rumble_limit = {});
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // ---- who it is
  [[nodiscard]] const Address& address() const { return state_.address; }
  [[nodiscard]] int number() const { return state_.number; }
  [[nodiscard]] const std::string& name() const { return state_.name; }
  [[nodiscard]] bool is_connected() const { return state_.is_connected(); }
  [[nodiscard]] InputStatus input() const { return state_.input; }
  [[nodiscard]] const std::string& hint() const { return state_.hint; }
  [[nodiscard]] const ControllerModel& model() const { return *model_; }
  /// The newest picture, outputs refreshed to now.
  [[nodiscard]] const ControllerState& state() const;
  [[nodiscard]] RememberedController remembered() const;
  void set_name(std::string name);
  void set_number(int number);
  /// See Roster::set_companion.
  void set_companion(std::optional<Address> companion);
  [[nodiscard]] const std::optional<Address>& companion() const { return state_.companion; }

  /// @param limit  its own; nullopt: everybody's, as set_default_rumble_limit() said
  void set_rumble_limit(std::optional<RumbleLimit> limit);
  void set_default_rumble_limit(const RumbleLimit& limit);

  // ---- readings
  /// Of the last link, if that is gone; nullopt before any.
  [[nodiscard]] const std::optional<Sample>& newest_sample() const { return state_.newest; }
  /// The mean of the samples of the last `window` (orientation: the newest); nullopt before any.
  /// History reaches back one second.
  [[nodiscard]] std::optional<Sample> average(std::chrono::milliseconds window) const;
  void reset_heading();
  void clear_heading_reset();
  /// Raw counts and SI of the newest report, for the talk's API and diagnosis.
  [[nodiscard]] const std::optional<InputReport>& newest_report() const { return newest_report_; }

  // ---- calibration
  [[nodiscard]] CalibrationReport calibration_report() const;
  enum class FitOutcome : std::uint8_t { done, no_magnetometer, not_running, incomplete, uneven };
  /// Begins a guided magnetometer fit, or begins it anew.
  FitOutcome start_magnetometer_fit();
  /// Ends it and uses what it found: the readings are corrected from here on, and the heading finds
  /// north anew. `incomplete`: too few directions yet; `uneven`: the readings are no ellipsoid, as
  /// when a magnet came or went. In both cases the fit goes on.
  FitOutcome finish_magnetometer_fit();
  FitOutcome cancel_magnetometer_fit();
  /// Uses a fit that was made elsewhere. `no_magnetometer`: this model has none
  FitOutcome import_magnetometer_fit(const MagnetometerCalibration& fit);
  /// Back to readings in the factory's scale.
  void forget_magnetometer_fit();

  // ---- outputs; they may be set while it is away and show when it is back
  /// @return the number of the write, by which it is told from later ones
  std::uint64_t set_led(const Owner& owner, const LedWish& wish);
  std::uint64_t set_rumble(const Owner& owner, const RumbleWish& wish);
  void clear_led(const Owner& owner);
  void clear_rumble(const Owner& owner);
  void release_outputs(const Owner& owner);
  /// For an answer to this owner: applied, queued, or overridden by a layer above.
  [[nodiscard]] OutputState led_state_for(const Owner& owner);
  [[nodiscard]] OutputState rumble_state_for(const Owner& owner);
  /// Whose layer lies over this owner's; none where its own is on top.
  [[nodiscard]] std::optional<LayerAbove> led_above(const Owner& owner);
  [[nodiscard]] std::optional<LayerAbove> rumble_above(const Owner& owner);
  /// Whether the controller has been told what is wanted now.
  [[nodiscard]] bool outputs_are_written() const { return written_ && !outputs_pending_; }
  /// The number of the write that this owner's layer shows; 0 where it has none.
  [[nodiscard]] std::uint64_t led_write_of(const Owner& owner);
  [[nodiscard]] std::uint64_t rumble_write_of(const Owner& owner);
  /// Unix time of the last report with outputs, in microseconds; 0 before any.
  [[nodiscard]] std::int64_t written_us() const { return state_.led.applied_us.value_or(0); }

  // ---- errands: asked for here, run by a link
  /// Drives the wheel on the extension port until then; a later wish replaces it. Does nothing
  /// where there is none.
  void set_wheel_rumble(const WheelRumble& rumble, SteadyTime until);
  [[nodiscard]] bool has_wheel() const {
    return state_.extension && state_.extension->device == ExtensionDevice::racing_wheel;
  }
  struct WheelStatus {
    WheelRumble shown;
    std::optional<std::int64_t> until_us;  ///< when it ends by itself; none while it is still
    OutputState state = OutputState::off;
  };
  [[nodiscard]] WheelStatus wheel_status() const;
  /// Sets the frequency of the light, over Bluetooth alone. @return the number of the wish
  unsigned ask_for_led_pwm(std::uint32_t frequency_hz);
  /// Joins a reading that is under way. @return the number of the wish
  unsigned ask_for_diagnostics();
  [[nodiscard]] bool is_on_bluetooth() const;

  /// The simulated device behind it, or nullptr.
  [[nodiscard]] Simulation* simulation() const { return simulation_; }
  void attach(Simulation* simulation) { simulation_ = simulation; }

  // ---- the cable, over which it is told whom to call
  /// None off the cable.
  [[nodiscard]] const std::optional<CableState>& cable() const { return cable_; }
  /// Has this address written into it as whom it calls from now on. @return false off the cable
  bool ask_for_host(const Address& host);

  // ---- for the links that serve it (link.cpp, errands.cpp)
  [[nodiscard]] Errands& errands() { return errands_; }
  [[nodiscard]] const Errands& errands() const { return errands_; }
  [[nodiscard]] UnixClock& clock() const { return clock_; }
  void set_extension(std::optional<Extension> extension);
  [[nodiscard]] WheelRumble wanted_wheel_rumble(SteadyTime now) const;
  void wheel_rumble_written(const WheelRumble& rumble);
  void errand_done(Errand& errand, unsigned number, const error_code& error);
  /// No link is left to run them: those that wait have failed.
  void abandon_errands();
  /// Keeps the light dark, whatever the layers say, or lets go of it.
  void hold_dark(bool dark);
  [[nodiscard]] bool is_written_dark() const { return written_ && written_->led == Rgb{}; }
  /// @param code  as input reports and feature report 0xF7 have it
  void set_battery(std::uint8_t code);
  void set_cable(std::optional<CableState> state);
  /// The address to write, once.
  std::optional<Address> take_wanted_host() { return std::exchange(wanted_host_, std::nullopt); }
  /// Rings when there is one.
  void set_cable_bell(Bell* bell) { cable_bell_ = bell; }
  void link_up(const LinkInfo& link, Source source);
  void link_down(const LinkInfo& link);
  void set_input(InputStatus status, std::string hint);
  /// Its reports are lost on the way, because BlueZ tells the kernel a wrong length for them.
  [[nodiscard]] bool is_mute() const { return is_mute_; }
  void set_mute(bool is_mute) { is_mute_ = is_mute; }
  /// Takes a factory blob that makes sense; any other is ignored.
  void set_calibration(const std::vector<std::byte>& blob);
  void set_firmware(std::string firmware);
  /// A burst is all the reports that the device has ready.
  void begin_burst();
  void end_burst();
  void on_report(const InputReport& report, SteadyTime arrived);
  void count_rejected() { ++state_.radio.rejected; }
  [[nodiscard]] bool has_factory_calibration() const { return calibration_.is_factory; }
  [[nodiscard]] Outputs wanted_outputs(SteadyTime now);
  [[nodiscard]] std::optional<SteadyTime> next_output_change(SteadyTime now);
  /// Whether the controller has been told what is wanted, or cannot be.
  [[nodiscard]] bool outputs_are_settled() const;
  void outputs_written(const Outputs& outputs, SteadyTime when);
  /// Everything dark and still, whoever asked for what: the daemon is about to stop.
  void go_dark();
  /// Ends its links from this side; they come back by themselves if the controller calls again.
  void disconnect();
  void add_channel(HidChannel* channel) { channels_.push_back(channel); }
  void remove_channel(HidChannel* channel) { std::erase(channels_, channel); }
  /// Rings `bell` whenever the wanted outputs may have changed, until removed.
  void add_output_bell(Bell* bell) { output_bells_.push_back(bell); }
  void remove_output_bell(Bell* bell) { std::erase(output_bells_, bell); }
  /// Whether outputs go over this transport: the radio if there is one, else the cable.
  [[nodiscard]] bool sends_outputs_over(Transport transport) const;
  [[nodiscard]] SteadyTime last_arrival() const { return last_arrival_; }

 private:
  bool take_calibration(const std::vector<std::byte>& blob);
  void begin_stream();
  [[nodiscard]] bool is_learning() const;
  void use_magnetometer_calibration(const std::optional<MagnetometerCalibration>& calibration);
  void release_buttons();
  void stop_charging();
  void publish_battery(const Battery& battery);
  void publish_presence(Presence presence);
  void use_rumble_limit();
  void outputs_changed();
  [[nodiscard]] bool is_about_to_move(SteadyTime now) const;
  void ring_errands();
  void watch_port(bool is_taken);
  void leave_port();
  [[nodiscard]] DeviceClock::Stamp stamp_of(const InputReport& report, SteadyTime arrived);
  [[nodiscard]] OutputState output_state(bool wanted) const;
  void count_report(const DeviceClock::Stamp& stamp, SteadyTime arrived);
  void set_temperature(std::uint16_t raw);
  void fuse(Sample& sample, const RawSample& raw, const ImuSample& imu, SteadyTime taken);
  void add_extras(Sample& sample, const InputReport& report, const RawSample& raw) const;
  void publish_edges(const RawSample& raw, std::int64_t time_us);
  void remember(const Sample& sample);
  void settle();

  const ControllerModel* model_;
  UnixClock& clock_;
  Listeners& listeners_;
  mutable ControllerState state_;
  mutable OutputLayers layers_;
  std::optional<RumbleLimit> own_rumble_limit_;
  RumbleLimit default_rumble_limit_;
  std::vector<Bell*> output_bells_;
  std::vector<HidChannel*> channels_;
  Simulation* simulation_ = nullptr;
  std::optional<CableState> cable_;
  std::optional<Address> wanted_host_;
  Bell* cable_bell_ = nullptr;
  bool is_mute_ = false;

  Errands errands_;
  bool is_held_dark_ = false;
  Calibration calibration_;
  std::vector<std::byte> calibration_blob_;
  DeviceClock device_clock_;
  Magnetometer magnetometer_;
  fusion::OrientationFilter filter_;
  std::optional<fusion::LearnedState> learned_;
  std::optional<InputReport> newest_report_;
  std::array<Sample, std::tuple_size_v<decltype(InputReport::samples)>> samples_;  ///< of it
  struct Unsettled {
    std::span<const Sample> samples;  ///< of samples_
    std::int64_t received_us = 0;
  } unsettled_;
  bool is_in_burst_ = false;
  std::int64_t last_time_us_ = 0;
  std::optional<std::uint16_t> temperature_raw_;
  double temperature_c_ = 0;
  Buttons buttons_;
  std::optional<std::uint8_t> trigger_;
  std::vector<Sample> history_;  ///< ring of the last second or so
  std::size_t history_head_ = 0;
  std::optional<Outputs> written_;  ///< what the controller was told last on this link
  bool outputs_pending_ = false;    ///< a wish has not reached the controller yet
  std::uint64_t shown_led_ = 0;     ///< the write of the light that it was shown something of
  SteadyTime last_arrival_{};
  SteadyTime rate_window_start_{};
  unsigned rate_window_reports_ = 0;
};

}  // namespace psmove::drivers
