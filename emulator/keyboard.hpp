#pragma once
// A keyboard of another maker: the device between the controllers that nobody may touch.

#include <deque>
#include <string_view>

#include "emulator/peripheral.hpp"

namespace psmove::emulator {

class Keyboard final : public Peripheral {
 public:
  Keyboard(const Address& address, const Address& host) : address_(address), host_(host) {}

  [[nodiscard]] Identity identity() const override;
  [[nodiscard]] const Address& address() const override { return address_; }
  [[nodiscard]] const Address& host() const override { return host_; }
  void set_host(const Address& host) override { host_ = host; }
  void set_on_cable(bool) override {}

  [[nodiscard]] std::vector<std::byte> hid_descriptor() const override;
  [[nodiscard]] bool is_talkative(Link) const override { return !to_send_.empty(); }
  [[nodiscard]] std::chrono::nanoseconds report_interval() const override {
    return std::chrono::milliseconds(10);
  }
  std::size_t input_report(std::span<std::byte> report, Time now) override;
  std::optional<std::vector<std::byte>> get_feature(std::uint8_t, Link) override {
    return std::nullopt;
  }
  bool set_feature(std::span<const std::byte>, Link, Time) override { return false; }
  bool output(std::span<const std::byte> report, Time now) override;
  void reconnect() override { to_send_.clear(); }

  /// Presses and lets go of one key after the other.
  /// @return false, and nothing is typed, where there is another character than a to z
  bool type(std::string_view letters);

 private:
  Address address_, host_;
  std::deque<std::uint8_t> to_send_;  ///< key codes; 0: all keys up
};

}  // namespace psmove::emulator
