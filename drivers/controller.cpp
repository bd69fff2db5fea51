#include "drivers/controller.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "drivers/bell.hpp"
#include "drivers/hid_channel.hpp"
#include "drivers/psmove/extension.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

/// Steps of fades and effects: as many as the radio bears beside 88 input reports (models say how
/// close two output reports may come), and no more than an eye needs.
constexpr std::chrono::milliseconds animation_frame = 40ms;

std::chrono::nanoseconds nominal_interval(const ControllerModel& model) {
  return std::chrono::nanoseconds(std::llround(1e9 / model.capabilities.reports_per_s));
}

std::size_t samples_in_a_second(const ControllerModel& model) {
  const auto& can = model.capabilities;
  return static_cast<std::size_t>(std::ceil(can.reports_per_s * can.samples_per_report * 1.1));
}

/// Whether something is wanted that has not been written. A light that moves has always moved on
/// since.
bool is_behind(const Outputs& written, const Outputs& wanted, bool led_moves) {
  return written.rumble != wanted.rumble || (!led_moves && written.led != wanted.led);
}

}  // namespace

Controller::Controller(RememberedController remembered, const ControllerModel& model,
                       UnixClock& clock, Listeners& listeners,
                       const RumbleLimit& default_rumble_limit)
    : model_(&model),
      clock_(clock),
      listeners_(listeners),
      default_rumble_limit_(default_rumble_limit),
      calibration_(model.nominal),
      device_clock_(nominal_interval(model)) {
  state_.address = remembered.address;
  state_.number = remembered.number;
  state_.name = std::move(remembered.name);
  state_.firmware = std::move(remembered.firmware);
  state_.model = model.name;
  state_.source = remembered.source;
  state_.capabilities = model.capabilities;
  take_calibration(remembered.calibration_blob);
  magnetometer_.set_calibration(remembered.magnetometer);
  learned_ = remembered.learned;
  state_.companion = remembered.companion;
  own_rumble_limit_ = remembered.rumble_limit;
  use_rumble_limit();
}

Controller::~Controller() = default;

const ControllerState& Controller::state() const {
  const auto now = SteadyClock::now();
  const Outputs shown = layers_.at(now);
  state_.led.layers = layers_.led_layers(now, clock_);
  state_.led.shown = shown.led;
  state_.led.target = layers_.led_target(now);
  state_.led.state = output_state(!state_.led.layers.empty());
  state_.rumble.layers = layers_.rumble_layers(now, clock_);
  state_.rumble.shown = shown.rumble;
  state_.rumble.is_limited = layers_.rumble_is_limited(now);
  state_.rumble.state = output_state(!state_.rumble.layers.empty());
  return state_;
}

RememberedController Controller::remembered() const {
  return {.address = state_.address,
          .model = std::string(state_.model),
          .number = state_.number,
          .name = state_.name,
          .firmware = state_.firmware,
          .source = state_.source,
          .calibration_blob = calibration_blob_,
          .magnetometer = magnetometer_.calibration(),
          .learned = is_learning() ? filter_.learned() : learned_,
          .companion = state_.companion,
          .rumble_limit = own_rumble_limit_};
}

/// A recording may be of this very controller, years ago.
bool Controller::is_learning() const {
  if (!model_->capabilities.motion_sensors) return false;
  return state_.input == InputStatus::streaming && state_.source != Source::recording;
}

void Controller::set_name(std::string name) {
  state_.name = std::move(name);
  publish_presence(Presence::changed);
}

void Controller::set_number(int number) {
  state_.number = number;
  publish_presence(Presence::changed);
}

void Controller::set_companion(std::optional<Address> companion) {
  if (companion == state_.companion) return;
  state_.companion = companion;
  publish_presence(Presence::changed);
}

// ---- readings

std::optional<Sample> Controller::average(std::chrono::milliseconds window) const {
  if (!state_.newest) return std::nullopt;
  Sample mean = *state_.newest;
  const std::int64_t since =
      mean.time_us - std::chrono::duration_cast<std::chrono::microseconds>(window).count();
  mean.accel = {};
  mean.gyro = {};
  mean.linear_accel = {};
  mean.temperature_c = 0;
  mean.trigger = 0;
  Vec3<Microtesla> mag_sum;
  int count = 0;
  int mag_count = 0;
  for (const Sample& sample : history_) {
    if (sample.time_us <= since || sample.time_us > mean.time_us) continue;
    mean.accel = mean.accel + sample.accel;
    mean.gyro = mean.gyro + sample.gyro;
    mean.linear_accel = mean.linear_accel + sample.linear_accel;
    mean.temperature_c += sample.temperature_c;
    mean.trigger += sample.trigger;
    ++count;
    if (!sample.mag) continue;
    mag_sum = mag_sum + *sample.mag;
    ++mag_count;
  }
  if (count == 0) return state_.newest;
  const double share = 1.0 / count;
  mean.accel = mean.accel * share;
  mean.gyro = mean.gyro * share;
  mean.linear_accel = mean.linear_accel * share;
  mean.temperature_c *= share;
  mean.trigger *= share;
  if (mag_count > 0) mean.mag = mag_sum * (1.0 / mag_count);
  return mean;
}

void Controller::reset_heading() {
  filter_.reset_heading();
}
void Controller::clear_heading_reset() {
  filter_.clear_heading_reset();
}

// ---- calibration

CalibrationReport Controller::calibration_report() const {
  CalibrationReport report{.info = state_.calibration,
                           .magnetometer = magnetometer_.calibration(),
                           .guided_fit = magnetometer_.guided_fit()};
  if (state_.input == InputStatus::streaming && model_->capabilities.motion_sensors)
    report.filter = FilterStatus{
        .heading_uncertainty_deg = filter_.heading_uncertainty_deg(),
        .inclination_uncertainty_deg = filter_.inclination_uncertainty_deg(),
        .gyro_bias = filter_.gyro_bias(),
        .is_resting = filter_.is_resting(),
        .is_magnetically_disturbed = filter_.is_magnetically_disturbed(),
        .has_heading_reference = filter_.has_heading_reference(),
        .rejected = filter_.rejected(),
    };
  return report;
}

Controller::FitOutcome Controller::start_magnetometer_fit() {
  if (!magnetometer_.newest()) return FitOutcome::no_magnetometer;
  magnetometer_.start_fit();
  return FitOutcome::done;
}

Controller::FitOutcome Controller::finish_magnetometer_fit() {
  const auto guide = magnetometer_.guided_fit();
  if (!guide) return FitOutcome::not_running;
  if (guide->coverage < fusion::MagnetometerFit::hard_iron_coverage) return FitOutcome::incomplete;
  const auto fitted = magnetometer_.fitted();
  if (!fitted) return FitOutcome::uneven;
  magnetometer_.end_fit();
  use_magnetometer_calibration(fitted);
  return FitOutcome::done;
}

Controller::FitOutcome Controller::cancel_magnetometer_fit() {
  if (!magnetometer_.is_fitting()) return FitOutcome::not_running;
  magnetometer_.end_fit();
  return FitOutcome::done;
}

Controller::FitOutcome Controller::import_magnetometer_fit(const MagnetometerCalibration& fit) {
  if (!model_->capabilities.magnetometer) return FitOutcome::no_magnetometer;
  use_magnetometer_calibration(fit);
  return FitOutcome::done;
}

void Controller::forget_magnetometer_fit() {
  if (magnetometer_.calibration()) use_magnetometer_calibration(std::nullopt);
}

void Controller::use_magnetometer_calibration(
    const std::optional<MagnetometerCalibration>& calibration) {
  magnetometer_.set_calibration(calibration);
  filter_.renew_field();
  if (learned_) {  // its iron is what the former calibration had left over
    learned_->hard_iron_ut = {};
    learned_->mag_latency_s = {};
  }
  state_.calibration.magnetometer = magnetometer_.status();
  publish_presence(Presence::changed);
}

// ---- the cable

bool Controller::ask_for_host(const Address& host) {
  if (cable_bell_ == nullptr || !cable_) return false;
  wanted_host_ = host;
  set_cable(CableState{.host = cable_->host, .is_writing = true});
  cable_bell_->ring();
  return true;
}

void Controller::set_cable(std::optional<CableState> state) {
  cable_ = std::move(state);
  publish_presence(Presence::changed);
}

// ---- reports

void Controller::begin_burst() {
  is_in_burst_ = true;
  for (SampleListener* listener : listeners_.samples) listener->on_burst_begin();
}

void Controller::end_burst() {
  for (SampleListener* listener : listeners_.samples) listener->on_burst_end();
  is_in_burst_ = false;
  settle();
}

void Controller::on_report(const InputReport& report, SteadyTime arrived) {
  settle();
  if (state_.input != InputStatus::streaming) begin_stream();
  const auto stamp = stamp_of(report, arrived);
  set_temperature(report.temperature_raw);
  if (report.extension_connected != errands_.is_port_taken) watch_port(report.extension_connected);
  const auto count = report.sample_count;
  const auto spacing = stamp.interval / static_cast<std::int64_t>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const RawSample& raw = report.samples[i];
    if (raw.mag) magnetometer_.add(calibration_.mag(*raw.mag));
    ImuSample imu{.gyro = calibration_.gyro(raw.gyro),
                  .accel = calibration_.accel(raw.accel),
                  .mag = raw.mag ? magnetometer_.newest() : std::nullopt,
                  .dt = spacing,
                  .missing_before = i == 0 ? stamp.lost * static_cast<int>(count) : 0,
                  .accel_saturated = raw.accel_saturated,
                  .gyro_saturated = raw.gyro_saturated};
    const auto behind = static_cast<std::int64_t>(count - 1 - i);
    fuse(samples_[i], raw, imu, stamp.taken - behind * spacing);
    samples_[i].sequence = stamp.report * count + i;
    add_extras(samples_[i], report, raw);
    publish_edges(raw, samples_[i].time_us);
  }
  unsettled_ = {.samples = {samples_.data(), count}, .received_us = clock_.microseconds(arrived)};
  for (SampleListener* listener : listeners_.samples)
    listener->on_samples(*this, unsettled_.samples, unsettled_.received_us);

  // They are on their way: what follows need not be quick.
  count_report(stamp, arrived);
  newest_report_ = report;
  set_battery(report.battery_code);
  if (!is_in_burst_) settle();
}

/// What can wait until no other report of the burst does.
void Controller::settle() {
  const auto [samples, received_us] = std::exchange(unsettled_, {});
  if (samples.empty()) return;
  state_.newest = samples.back();
  state_.calibration.magnetometer = magnetometer_.status();
  for (const Sample& sample : samples) remember(sample);
  for (Listener* listener : listeners_.all) listener->after_samples(*this, samples, received_us);
  device_clock_.learn();
  filter_.draw_conclusions();
}

DeviceClock::Stamp Controller::stamp_of(const InputReport& report, SteadyTime arrived) {
  if (model_->has_counters) return device_clock_.on_report(report.sequence, report.ticks, arrived);
  return {.taken = arrived,
          .interval = nominal_interval(*model_),
          .report = state_.radio.reports,
          .lost = 0};
}

/// Turns one reading into a sample, in place: it is as long as seven cache lines.
void Controller::fuse(Sample& sample, const RawSample& raw, const ImuSample& imu,
                      SteadyTime taken) {
  sample.has_motion = model_->capabilities.motion_sensors;
  if (sample.has_motion) filter_.update(imu);
  last_time_us_ = std::max(clock_.microseconds(taken), last_time_us_ + 1);
  sample.time_us = last_time_us_;
  sample.accel = imu.accel;
  sample.gyro = imu.gyro;
  sample.mag = magnetometer_.newest();
  sample.orientation = filter_.world_from_body();
  sample.linear_accel = filter_.linear_accel();
  sample.temperature_c = temperature_c_;
  sample.trigger = raw.trigger / 255.0;
  sample.buttons = raw.buttons;
}

/// What few controllers have.
void Controller::add_extras(Sample& sample, const InputReport& report, const RawSample& raw) const {
  sample.extension = state_.extension
                         ? decode_controls(state_.extension->device, report.extension, raw)
                         : ExtensionControls();
  sample.stick = report.stick;
  sample.pressures = report.pressures;
}

void Controller::publish_edges(const RawSample& raw, std::int64_t time_us) {
  const Buttons before = std::exchange(buttons_, raw.buttons);
  raw.buttons.changed_from(before).for_each([&](Button button) {
    for (Listener* listener : listeners_.all)
      listener->on_button(*this, button, raw.buttons.contains(button), time_us);
  });
  if (trigger_ == raw.trigger) return;
  const bool is_first = !trigger_.has_value();
  trigger_ = raw.trigger;
  if (is_first && raw.trigger == 0) return;  // nobody thinks of a trigger at rest as a change
  for (Listener* listener : listeners_.all)
    listener->on_trigger(*this, raw.trigger / 255.0, time_us);
}

void Controller::remember(const Sample& sample) {
  const std::size_t capacity = samples_in_a_second(*model_);
  if (history_.size() < capacity) {
    history_.reserve(capacity);
    history_.push_back(sample);
  } else {
    history_[history_head_] = sample;
  }
  history_head_ = (history_head_ + 1) % capacity;
}

void Controller::count_report(const DeviceClock::Stamp& stamp, SteadyTime arrived) {
  auto& radio = state_.radio;
  if (radio.reports > 0) {
    const std::chrono::duration<double, std::milli> gap = arrived - last_arrival_;
    radio.longest_gap_ms = std::max(radio.longest_gap_ms, gap.count());
  }
  ++radio.reports;
  radio.lost += static_cast<std::uint64_t>(stamp.lost);
  last_arrival_ = arrived;
  ++rate_window_reports_;
  const std::chrono::duration<double> window = arrived - rate_window_start_;
  if (window < 1s) return;
  radio.reports_per_s = rate_window_reports_ / window.count();
  clock_.discipline();
  rate_window_start_ = arrived;
  rate_window_reports_ = 0;
}

void Controller::set_temperature(std::uint16_t raw) {
  if (raw == temperature_raw_) return;
  temperature_raw_ = raw;
  temperature_c_ = temperature_from_raw(raw);
}

void Controller::set_battery(std::uint8_t code) {
  if (state_.battery.code == code && state_.battery.state != BatteryState::unknown) return;
  publish_battery(battery_from_code(code));
}

/// Off the cable nobody knows its battery until it reports.
void Controller::stop_charging() {
  const BatteryState was = state_.battery.state;
  if (was == BatteryState::charging || was == BatteryState::full) publish_battery({});
}

void Controller::publish_battery(const Battery& battery) {
  if (battery == state_.battery) return;
  state_.battery = battery;
  for (Listener* listener : listeners_.all) listener->on_battery(*this);
}

// ---- links

void Controller::link_up(const LinkInfo& link, Source source) {
  const bool was_connected = state_.is_connected();
  state_.links.push_back(link);
  const bool has_input =
      link.transport == Transport::bluetooth || model_->capabilities.input_over_usb;
  if (has_input) {
    state_.source = source;
    state_.input = InputStatus::waiting;
    state_.hint.clear();
    state_.radio = {};
    errands_.led_pwm_hz.reset();
    errands_.diagnostics.reset();
    last_arrival_ = SteadyClock::now();
  } else if (state_.input == InputStatus::offline) {
    state_.source = Source::usb;
    state_.input = InputStatus::no_input_over_usb;
    state_.hint = "This model sends no readings over the cable: unplug it and press the PS button.";
  }
  if (sends_outputs_over(link.transport)) {
    written_.reset();
    outputs_changed();
  }
  publish_presence(was_connected ? Presence::changed : Presence::arrived);
}

void Controller::link_down(const LinkInfo& link) {
  const auto gone = std::find(state_.links.begin(), state_.links.end(), link);
  if (gone != state_.links.end()) state_.links.erase(gone);
  if (link.transport == Transport::usb) stop_charging();
  if (state_.links.empty()) {
    set_input(InputStatus::offline, {});
    return;
  }
  const bool radio_left = std::any_of(state_.links.begin(), state_.links.end(), [](const auto& l) {
    return l.transport == Transport::bluetooth;
  });
  if (!radio_left && !model_->capabilities.input_over_usb)
    set_input(InputStatus::no_input_over_usb,
              "The radio link is gone and this model sends no readings over the cable: press the "
              "PS button.");
  written_.reset();
  outputs_changed();
  publish_presence(Presence::changed);
}

bool Controller::sends_outputs_over(Transport transport) const {
  if (transport == Transport::bluetooth) return true;
  return std::none_of(state_.links.begin(), state_.links.end(),
                      [](const auto& l) { return l.transport == Transport::bluetooth; });
}

void Controller::disconnect() {
  for (HidChannel* channel : channels_) channel->close();
}

void Controller::set_input(InputStatus status, std::string hint) {
  if (status == state_.input && hint == state_.hint) return;
  const bool was_connected = state_.is_connected();
  if (is_learning()) learned_ = filter_.learned();
  state_.input = status;
  state_.hint = std::move(hint);
  if (status != InputStatus::streaming) {
    release_buttons();
    leave_port();
    state_.radio.reports_per_s = 0;
  }
  const bool is_connected = state_.is_connected();
  if (was_connected && !is_connected) {
    publish_presence(Presence::left);
  } else {
    publish_presence(is_connected && !was_connected ? Presence::arrived : Presence::changed);
  }
}

void Controller::begin_stream() {
  device_clock_.restart();
  filter_ = fusion::OrientationFilter();
  if (learned_ && state_.source != Source::recording) filter_.restore(*learned_);
  magnetometer_.begin_stream();
  trigger_.reset();
  history_.clear();
  history_head_ = 0;
  state_.radio = {.rejected = state_.radio.rejected};
  rate_window_start_ = SteadyClock::now();
  rate_window_reports_ = 0;
  state_.calibration.magnetometer = MagnetometerStatus::none;
  set_input(InputStatus::streaming, {});
}

void Controller::release_buttons() {
  const Buttons held = std::exchange(buttons_, Buttons{});
  held.for_each([&](Button button) {
    for (Listener* listener : listeners_.all)
      listener->on_button(*this, button, false, clock_.now_us());
  });
}

void Controller::set_calibration(const std::vector<std::byte>& blob) {
  if (take_calibration(blob)) publish_presence(Presence::changed);
}

bool Controller::take_calibration(const std::vector<std::byte>& blob) {
  const auto parsed = model_->parse_calibration(blob);
  if (!parsed) return false;
  calibration_ = *parsed;
  calibration_blob_ = blob;
  state_.calibration.factory = true;
  return true;
}

void Controller::set_firmware(std::string firmware) {
  if (firmware == state_.firmware) return;
  state_.firmware = std::move(firmware);
  publish_presence(Presence::changed);
}

void Controller::publish_presence(Presence presence) {
  for (Listener* listener : listeners_.all) listener->on_presence(*this, presence);
}

// ---- outputs

std::uint64_t Controller::set_led(const Owner& owner, const LedWish& wish) {
  const auto number = layers_.set(owner, wish, SteadyClock::now());
  outputs_changed();
  return number;
}

std::uint64_t Controller::set_rumble(const Owner& owner, const RumbleWish& wish) {
  const auto number = layers_.set(owner, wish, SteadyClock::now());
  outputs_changed();
  return number;
}

std::optional<LayerAbove> Controller::led_above(const Owner& owner) {
  return layers_.led_above(owner, SteadyClock::now());
}

std::optional<LayerAbove> Controller::rumble_above(const Owner& owner) {
  return layers_.rumble_above(owner, SteadyClock::now());
}

std::uint64_t Controller::led_write_of(const Owner& owner) {
  return layers_.led_write_of(owner, SteadyClock::now());
}

std::uint64_t Controller::rumble_write_of(const Owner& owner) {
  return layers_.rumble_write_of(owner, SteadyClock::now());
}

void Controller::clear_led(const Owner& owner) {
  layers_.clear_led(owner, SteadyClock::now());
  outputs_changed();
}

void Controller::clear_rumble(const Owner& owner) {
  layers_.clear_rumble(owner, SteadyClock::now());
  outputs_changed();
}

void Controller::release_outputs(const Owner& owner) {
  const auto before = layers_.at(SteadyClock::now());
  layers_.release(owner, SteadyClock::now());
  if (before != layers_.at(SteadyClock::now())) outputs_changed();
}

void Controller::set_rumble_limit(std::optional<RumbleLimit> limit) {
  if (limit == own_rumble_limit_) return;
  own_rumble_limit_ = limit;
  use_rumble_limit();
  outputs_changed();
  publish_presence(Presence::changed);
}

void Controller::set_default_rumble_limit(const RumbleLimit& limit) {
  if (limit == default_rumble_limit_) return;
  default_rumble_limit_ = limit;
  if (own_rumble_limit_) return;
  use_rumble_limit();
  outputs_changed();
  publish_presence(Presence::changed);
}

void Controller::use_rumble_limit() {
  state_.rumble_limit = own_rumble_limit_.value_or(default_rumble_limit_);
  layers_.set_rumble_limit(state_.rumble_limit, SteadyClock::now());
}

void Controller::go_dark() {
  layers_.clear(SteadyClock::now());
  set_wheel_rumble({}, {});
  outputs_changed();
}

bool Controller::outputs_are_settled() const {
  const auto& can = model_->capabilities;
  if (channels_.empty() || (!can.light && !can.rumble)) return true;
  return !outputs_pending_ && (!has_wheel() || errands_.wheel_written.is_still());
}

Outputs Controller::wanted_outputs(SteadyTime now) {
  Outputs wanted = layers_.at(now);
  if (is_held_dark_) wanted.led = {};
  return wanted;
}

void Controller::hold_dark(bool dark) {
  is_held_dark_ = dark;
  outputs_changed();
}

/// A fade begins at what shows: until the controller was shown something else, nothing of it has
/// been written.
bool Controller::is_about_to_move(SteadyTime now) const {
  return layers_.led_is_moving(now) && layers_.led_write(now) != shown_led_;
}

void Controller::outputs_changed() {
  const auto now = SteadyClock::now();
  const bool led_moves = layers_.led_is_moving(now) && !is_held_dark_;
  outputs_pending_ =
      !written_ || is_behind(*written_, layers_.at(now), led_moves) || is_about_to_move(now);
  for (Bell* bell : output_bells_) bell->ring();
  for (Listener* listener : listeners_.all) listener->on_outputs(*this);
}

OutputState Controller::output_state(bool wanted) const {
  if (outputs_pending_ || !written_) return wanted ? OutputState::queued : OutputState::off;
  return wanted ? OutputState::applied : OutputState::off;
}

OutputState Controller::led_state_for(const Owner& owner) {
  if (!layers_.led_is_on_top(owner, SteadyClock::now())) return OutputState::overridden;
  return output_state(true);
}

OutputState Controller::rumble_state_for(const Owner& owner) {
  if (!layers_.rumble_is_on_top(owner, SteadyClock::now())) return OutputState::overridden;
  return output_state(true);
}

std::optional<SteadyTime> Controller::next_output_change(SteadyTime now) {
  return layers_.next_change(now, animation_frame);
}

void Controller::outputs_written(const Outputs& outputs, SteadyTime when) {
  const bool differs = !written_ || *written_ != outputs;
  const bool is_moving = layers_.led_is_moving(when);
  if (!is_moving || outputs.led != (written_ ? written_->led : Rgb{}))
    shown_led_ = layers_.led_write(when);
  // What is held back, or was set while this report was on its way, is still to be written.
  const bool is_pending = is_behind(outputs, layers_.at(when), is_moving && !is_held_dark_);
  const bool was_pending = std::exchange(outputs_pending_, is_pending || is_about_to_move(when));
  written_ = outputs;
  const std::int64_t when_us = clock_.microseconds(when);
  state_.led.applied_us = when_us;
  state_.rumble.applied_us = when_us;
  const auto next = next_output_change(when);
  const bool is_animating = next && *next <= when + animation_frame;
  if (!was_pending && (!differs || is_animating)) return;
  for (Listener* listener : listeners_.all) listener->on_outputs(*this);
}

// ---- errands

void Controller::ring_errands() {
  for (Bell* bell : errands_.bells) bell->ring();
}

/// Somebody came to the extension port, or left it.
void Controller::watch_port(bool is_taken) {
  if (!is_taken) return leave_port();
  errands_.is_port_taken = true;
  errands_.is_port_known = false;
  ring_errands();
}

void Controller::leave_port() {
  errands_.is_port_taken = false;
  errands_.is_port_known = true;
  if (state_.extension) set_extension(std::nullopt);
}

void Controller::set_extension(std::optional<Extension> extension) {
  if (extension == state_.extension) return;
  state_.extension = extension;
  errands_.wheel = errands_.wheel_written = {};
  publish_presence(Presence::changed);
}

void Controller::set_wheel_rumble(const WheelRumble& rumble, SteadyTime until) {
  if (!has_wheel()) return;
  errands_.wheel = rumble;
  errands_.wheel_until = until;
  ring_errands();
}

WheelRumble Controller::wanted_wheel_rumble(SteadyTime now) const {
  return now < errands_.wheel_until ? errands_.wheel : WheelRumble{};
}

void Controller::wheel_rumble_written(const WheelRumble& rumble) {
  if (std::exchange(errands_.wheel_written, rumble) == rumble) return;
  for (Listener* listener : listeners_.all) listener->on_errand(*this);
}

Controller::WheelStatus Controller::wheel_status() const {
  WheelStatus status{.shown = wanted_wheel_rumble(SteadyClock::now()), .until_us = {}};
  const bool is_written = status.shown == errands_.wheel_written;
  if (!status.shown.is_still()) {
    status.until_us = clock_.microseconds(errands_.wheel_until);
    status.state = is_written ? OutputState::applied : OutputState::queued;
  } else if (!is_written) {
    status.state = OutputState::queued;
  }
  return status;
}

unsigned Controller::ask_for_led_pwm(std::uint32_t frequency_hz) {
  errands_.wanted_led_pwm = frequency_hz;
  const unsigned number = ++errands_.led_pwm.asked;
  ring_errands();
  return number;
}

unsigned Controller::ask_for_diagnostics() {
  if (!errands_.diagnosis.is_wanted()) ++errands_.diagnosis.asked;
  ring_errands();
  return errands_.diagnosis.asked;
}

void Controller::errand_done(Errand& errand, unsigned number, const error_code& error) {
  errand.done = number;
  errand.error = error;
  for (Listener* listener : listeners_.all) listener->on_errand(*this);
}

void Controller::abandon_errands() {
  if (!errands_.bells.empty()) return ring_errands();
  for (Errand* errand : {&errands_.led_pwm, &errands_.diagnosis})
    if (errand->is_wanted())
      errand_done(
          *errand, errand->asked,
          error_code(boost::system::errc::not_connected, boost::system::generic_category()));
}

bool Controller::is_on_bluetooth() const {
  return std::any_of(state_.links.begin(), state_.links.end(),
                     [](const auto& link) { return link.transport == Transport::bluetooth; });
}

}  // namespace psmove::drivers
