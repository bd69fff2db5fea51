#pragma once
// The Navigation controller (CECH-ZCS1): half a DualShock 3. It keeps silent until a host wakes it,
// and stores its host in another report than the Move does.

#include <array>
#include <string_view>

#include "emulator/peripheral.hpp"

namespace psmove::emulator {

enum class NavigationButton : std::uint8_t { l3, up, right, down, left, l2, l1, circle, cross, ps };
inline constexpr std::array<std::string_view, 10> navigation_button_names = {
    "l3", "up", "right", "down", "left", "l2", "l1", "circle", "cross", "ps"};

struct NavigationOptions {
  Address address, host;
  double reports_per_s = 0;  ///< 0: 100, a guess from the DualShock 3's
};

class Navigation final : public Peripheral {
 public:
  explicit Navigation(const NavigationOptions& options);

  [[nodiscard]] Identity identity() const override;
  [[nodiscard]] const Address& address() const override { return options_.address; }
  [[nodiscard]] const Address& host() const override { return options_.host; }
  void set_host(const Address& host) override { options_.host = host; }
  void set_on_cable(bool on_cable) override;

  [[nodiscard]] std::vector<std::byte> hid_descriptor() const override;
  /// On the radio after feature 0xF4 was set; on the cable after 0xF2 was read and PS pressed.
  [[nodiscard]] bool is_talkative(Link via) const override;
  [[nodiscard]] std::chrono::nanoseconds report_interval() const override { return interval_; }
  std::size_t input_report(std::span<std::byte> report, Time now) override;
  /// 0xF2, its own address, and 0xF5, its host's.
  std::optional<std::vector<std::byte>> get_feature(std::uint8_t id, Link via) override;
  /// 0xF4 wakes it; 0xF5 stores the host, over the cable alone.
  bool set_feature(std::span<const std::byte> report, Link via, Time now) override;
  /// Four lamps and no motor, so nothing to see; taken all the same.
  bool output(std::span<const std::byte> report, Time now) override;
  void press_ps() override { was_ps_pressed_ = true; }
  void reconnect() override;

  /// Held from now on, and nothing else: a set of 1 << NavigationButton.
  void hold(unsigned buttons) { held_ = buttons; }
  /// -1..1, right and down positive.
  void set_stick(double x, double y);
  [[nodiscard]] unsigned held() const { return held_; }
  [[nodiscard]] double stick_x() const { return (stick_[0] - 128) / 127.0; }
  [[nodiscard]] double stick_y() const { return (stick_[1] - 128) / 127.0; }
  /// How far one that measures it is pressed, 0..1, unless it is held as a button, which is all the
  /// way. @return false for a button that has no analogue value
  bool set_pressure(NavigationButton button, double fraction);
  [[nodiscard]] double pressure(NavigationButton button) const {
    return pressures_[static_cast<std::size_t>(button)] / 255.0;
  }
  void set_battery_code(std::uint8_t code) { battery_code_ = code; }
  [[nodiscard]] std::uint8_t battery_code() const { return battery_code_; }

 private:
  NavigationOptions options_;
  std::chrono::nanoseconds interval_;
  unsigned held_ = 0;
  std::array<std::uint8_t, 2> stick_ = {0x80, 0x80};
  std::array<std::uint8_t, navigation_button_names.size()> pressures_{};
  std::uint8_t battery_code_ = 5, battery_code_off_cable_ = 5;
  bool on_cable_ = false;
  bool is_awake_on_radio_ = false, is_awake_on_cable_ = false, was_ps_pressed_ = false;
};

}  // namespace psmove::emulator
