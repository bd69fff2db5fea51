#pragma once
// Bluetooth adapters that are not there, and the air between them and the devices. To the kernel
// each is an ordinary adapter (/dev/vhci); every device in range lives in this process.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/event_log.hpp"
#include "emulator/file_descriptor.hpp"
#include "emulator/hci.hpp"
#include "emulator/radio_door.hpp"

namespace psmove::emulator {

struct RadioSpec {
  Address address;
  bool has_ssp = true;  ///< Secure Simple Pairing; without it the host asks for PINs
};
/// ADDRESS or ADDRESS,no-ssp.
std::optional<RadioSpec> parse_radio(std::string_view text);

/// Opens /dev/vhci, or what plays it in a test.
using OpenVhci = std::function<FileDescriptor()>;
FileDescriptor open_vhci(const std::string& path = "/dev/vhci");

/// A piconet has so many places.
inline constexpr std::size_t most_links = 7;

class Radio {
 public:
  /// @param air, log  outlive it
  Radio(RadioSpec spec, OpenVhci open, Air& air, EventLog& log);

  /// Plugs the adapter into the host, or pulls it. Throws std::system_error.
  void insert(Time now);
  void remove(Time now);

  [[nodiscard]] bool is_present() const { return vhci_.is_open(); }
  [[nodiscard]] int fd() const { return vhci_.get(); }
  [[nodiscard]] const Address& address() const { return spec_.address; }
  /// N of hciN, while it is present and the kernel has said so.
  [[nodiscard]] std::optional<unsigned> index() const { return index_; }
  [[nodiscard]] bool answers_calls() const { return is_present() && (scan_ & page_scan) != 0; }
  [[nodiscard]] bool can_be_discovered() const {
    return is_present() && (scan_ & inquiry_scan) != 0;
  }
  [[nodiscard]] bool is_full() const { return links_.size() + callers_.size() >= most_links; }
  [[nodiscard]] bool has_ssp() const { return spec_.has_ssp && ssp_mode_; }
  [[nodiscard]] std::vector<Address> linked() const;

  /// Takes whatever the host sends.
  void serve(Time now);

  // ---- for the devices
  /// Rings; the host answers by accepting or rejecting.
  void call(RadioDoor& caller);
  /// It hung up, or is gone.
  void end_link(RadioDoor& device, hci::Status reason, std::string_view why, Time now);
  void forget(RadioDoor& device);
  void send(std::uint16_t handle, std::uint16_t channel, BytesView data);
  /// The device wants to see that the host knows it.
  void begin_authentication(RadioDoor& device);
  void announce_encryption(RadioDoor& device);

 private:
  static constexpr unsigned inquiry_scan = 1, page_scan = 2;

  void send_packet(const Bytes& packet);
  void send_event(hci::Event code, Writer& parameters) {
    send_packet(hci::event(code, parameters.take()));
  }
  void complete(hci::Op op, Writer& parameters) {
    send_packet(hci::command_complete(op, parameters.take()));
  }
  void begun(hci::Op op) { send_packet(hci::command_status(op, hci::Status::success)); }
  void take_command(const hci::Command& command, Time now);
  void take_data(const hci::Data& data, Time now);
  bool take_question(hci::Op op, BytesView parameters);
  bool take_link_command(hci::Op op, BytesView parameters, Time now);
  bool take_link_question(hci::Op op, BytesView parameters);
  bool take_pairing_command(hci::Op op, BytesView parameters, Time now);

  void create_connection(const Address& address, Time now);
  void connect(RadioDoor& device, bool host_called, Time now);
  void connection_failed(const Address& address, std::uint8_t status);
  void reset(Time now);
  void end_every_link(std::string_view why, Time now);
  [[nodiscard]] RadioDoor* linked_at(std::uint16_t handle) const;

  void take_pairing_answer(RadioDoor& device, hci::Op op, BytesView answer, Time now);
  void request_authentication(RadioDoor& device, Time now);
  void check_key(RadioDoor& device, BytesView key, Time now);
  void begin_pairing(RadioDoor& device, Time now);
  void bond(RadioDoor& device, bool by_pin, Time now);
  void pairing_failed(RadioDoor& device, const std::string& why, Time now);
  void authentication_complete(RadioDoor& device, hci::Status status);

  RadioSpec spec_;
  OpenVhci open_;
  Air& air_;
  EventLog& log_;
  FileDescriptor vhci_;
  std::optional<unsigned> index_;
  unsigned scan_ = 0;
  bool ssp_mode_ = false;
  std::uint64_t next_key_ = 1;
  std::uint16_t last_handle_ = 0;
  std::map<std::uint16_t, RadioDoor*> links_;
  std::vector<RadioDoor*> callers_;            ///< who rings
  std::map<std::uint16_t, Bytes> unfinished_;  ///< L2CAP frames of which the rest is to come
};

/// Every adapter and every device that could meet.
class Air {
 public:
  explicit Air(EventLog& log) : log_(log) {}
  Air(const Air&) = delete;
  Air& operator=(const Air&) = delete;

  void add(const RadioSpec& spec, OpenVhci open) {
    radios_.emplace_back(spec, std::move(open), *this, log_);
  }
  void add(RadioDoor& device) { devices_.push_back(&device); }
  void remove(RadioDoor& device) { std::erase(devices_, &device); }

  [[nodiscard]] std::deque<Radio>& radios() { return radios_; }
  [[nodiscard]] const std::deque<Radio>& radios() const { return radios_; }
  [[nodiscard]] Radio* find_radio(const Address& address);
  [[nodiscard]] RadioDoor* find_device(const Address& address) const;

 private:
  EventLog& log_;
  std::deque<Radio> radios_;
  std::vector<RadioDoor*> devices_;
};

}  // namespace psmove::emulator
