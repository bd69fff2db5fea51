#pragma once
// A device on the air: it calls the host whose address it has stored, opens its HID channels, and
// pairs as it is told to.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/air_manners.hpp"
#include "emulator/hid_device.hpp"
#include "emulator/l2cap.hpp"
#include "emulator/sdp.hpp"

namespace psmove::emulator {

class Air;
class Radio;

class RadioDoor final : public Door, private L2cap::User {
 public:
  /// @param device, air  outlive the door
  RadioDoor(HidDevice& device, Air& air, AirManners manners);
  ~RadioDoor() override;
  RadioDoor(const RadioDoor&) = delete;
  RadioDoor& operator=(const RadioDoor&) = delete;

  // ---- what a person does
  void press(Time now);
  /// Out of range: the host finds out by itself.
  void drop(Time now);
  /// Switched off: it says goodbye.
  void switch_off(Time now);
  /// Tells the host to forget it, forgets the bond, and hangs up.
  void unplug_virtually(Time now);
  AirManners& manners() { return manners_; }
  [[nodiscard]] const AirManners& manners() const { return manners_; }

  // ---- time: it calls until somebody answers
  void advance(Time now);
  [[nodiscard]] std::optional<Time> next_wake() const;

  // ---- what the radio that it is linked to, or that looks for it, wants
  [[nodiscard]] const Address& address() const { return device_.peripheral().address(); }
  [[nodiscard]] Identity identity() const { return device_.peripheral().identity(); }
  [[nodiscard]] bool is_linked() const { return radio_ != nullptr; }
  [[nodiscard]] const Radio* radio() const { return radio_; }
  [[nodiscard]] std::uint16_t handle() const { return handle_; }
  void link_up(Radio& radio, std::uint16_t handle, bool host_called, Time now);
  void link_down(std::string_view why, Time now);
  void call_refused(std::uint8_t reason, Time now);
  void receive(std::uint16_t channel, BytesView data, Time now);
  /// Security: it began the authentication itself, and how that ended.
  [[nodiscard]] bool authenticates() const { return authenticates_; }
  void authenticated(Time now);
  void set_encrypted(bool encrypted, Time now);
  void note(Time now, const std::string& what) { device_.note(now, "RADIO " + what); }
  void refuse(Time now, const std::string& why);

  // ---- what can be seen
  struct State {
    bool calls = false;
    std::optional<Address> adapter;  ///< that it is linked to
    bool has_control = false, has_interrupt = false, is_encrypted = false;
    std::string refused;  ///< why the last attempt came to nothing; empty: it did not
  };
  [[nodiscard]] State state() const;

  [[nodiscard]] Link link() const override { return Link::radio; }
  [[nodiscard]] bool is_open() const override;
  void send_input(std::span<const std::byte> report, Time now) override;

 private:
  bool may_open(Psm psm) override;
  void opened(Psm psm) override;
  void waits(Psm psm, std::uint16_t status) override;
  void refused(Psm psm, std::uint16_t result) override;
  void closed(Psm psm) override;
  void received(Psm psm, BytesView data) override;

  void ring(Time now);
  void stop_calling();
  void open_next();
  void take_control(BytesView frame);
  void get_report(ReportKind kind, BytesView frame);
  void set_report(ReportKind kind, BytesView report);
  void say(BytesView frame);
  [[nodiscard]] std::vector<sdp::Record> records() const;

  HidDevice& device_;
  Air& air_;
  AirManners manners_;
  Radio* radio_ = nullptr;
  std::uint16_t handle_ = 0;
  unsigned link_number_ = 0;  ///< a late answer is only for the link that asked
  /// The one before is kept until the next: it may be what a link was dropped from.
  std::unique_ptr<L2cap> l2cap_, old_l2cap_;
  std::vector<Psm> to_open_;
  bool authenticates_ = false, is_encrypted_ = false;
  struct Call {
    Address host;  ///< as stored when PS was pressed
    Time ends;     ///< when it gives up
  };
  std::optional<Call> call_;  ///< until the host is there to be rung
  std::string refused_;
  Time now_;  ///< of what is being handled
};

}  // namespace psmove::emulator
