#include "emulator/radio.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "emulator/file_descriptor.hpp"

namespace psmove::emulator {
namespace {

using hci::Event;
using hci::Op;
using hci::Status;
using hci::success;

constexpr unsigned acl_link = 1;

// What the adapter can do (volume 2 part C, bits of LMP features): BR/EDR alone, no LE.
constexpr std::array<std::uint8_t, 8> adapter_features = {0xFF, 0xFF, 0x8F, 0xFE,
                                                          0x9B, 0xFF, 0x59, 0x87};
constexpr std::array<std::uint8_t, 8> device_features = {0xFF, 0xFF, 0x8F, 0xFE,
                                                         0x9B, 0xF9, 0x00, 0x00};
constexpr std::size_t ssp_feature_byte = 6;
constexpr unsigned ssp_feature = 0x08;
constexpr std::size_t extended_features_byte = 7;
constexpr unsigned extended_features = 0x80;

void put(Writer& writer, const std::array<std::uint8_t, 8>& octets) {
  for (const auto octet : octets) writer.u8(octet);
}

}  // namespace

std::optional<RadioSpec> parse_radio(std::string_view text) {
  const auto comma = std::min(text.find(','), text.size());
  const auto address = parse_address(text.substr(0, comma));
  const auto rest = text.substr(comma);
  if (!address || address->is_zero() || (!rest.empty() && rest != ",no-ssp")) return std::nullopt;
  return RadioSpec{*address, rest.empty()};
}

FileDescriptor open_vhci(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.is_open()) fail(path + " cannot be opened; it wants root and 'modprobe hci_vhci'");
  return fd;
}

Radio* Air::find_radio(const Address& address) {
  Radio* found = nullptr;
  for (Radio& radio : radios_) {
    if (radio.address() != address) continue;
    if (radio.answers_calls()) return &radio;  // of two with one address, the one that is used
    if (found == nullptr) found = &radio;
  }
  return found;
}

RadioDoor* Air::find_device(const Address& address) const {
  const auto found = std::find_if(devices_.begin(), devices_.end(), [&](const RadioDoor* device) {
    return device->address() == address;
  });
  return found == devices_.end() ? nullptr : *found;
}

Radio::Radio(RadioSpec spec, OpenVhci open, Air& air, EventLog& log)
    : spec_(spec), open_(std::move(open)), air_(air), log_(log) {}

void Radio::insert(Time now) {
  if (is_present()) return;
  vhci_ = open_();
  scan_ = 0;
  ssp_mode_ = false;
  log_.event(now, address(), "ADAPTER inserted");
  constexpr unsigned create_a_primary_controller = 0x00;
  send_packet(Writer()
                  .u8(static_cast<std::uint8_t>(hci::Packet::vendor))
                  .u8(create_a_primary_controller)
                  .take());
}

void Radio::remove(Time now) {
  if (!is_present()) return;
  vhci_ = FileDescriptor();
  index_.reset();
  end_every_link("adapter removed", now);
  log_.event(now, address(), "ADAPTER removed");
}

std::vector<Address> Radio::linked() const {
  std::vector<Address> addresses;
  for (const auto& [handle, device] : links_) addresses.push_back(device->address());
  return addresses;
}

RadioDoor* Radio::linked_at(std::uint16_t handle) const {
  const auto found = links_.find(handle);
  return found == links_.end() ? nullptr : found->second;
}

void Radio::send_packet(const Bytes& packet) {
  if (!is_present()) return;
  while (::write(vhci_.get(), packet.data(), packet.size()) < 0) {
    if (errno == ENXIO) return;  // the host has it switched off
    if (errno != EINTR) fail("writing to the virtual adapter");
  }
}

void Radio::serve(Time now) {
  while (is_present()) {
    std::array<std::byte, 4096> buffer;
    const auto length = ::read(vhci_.get(), buffer.data(), buffer.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) return remove(now);
    const BytesView packet(buffer.data(), static_cast<std::size_t>(length));
    switch (hci::kind_of(packet).value_or(hci::Packet::event)) {
      case hci::Packet::command:
        if (const auto command = hci::parse_command(packet)) take_command(*command, now);
        break;
      case hci::Packet::data:
        if (const auto data = hci::parse_data(packet)) take_data(*data, now);
        break;
      case hci::Packet::vendor: {  // what the kernel calls it
        Reader reader(packet.subspan(std::min<std::size_t>(2, packet.size())));
        index_ = reader.le16();
        break;
      }
      case hci::Packet::event:
        break;
    }
  }
}

void Radio::take_data(const hci::Data& data, Time now) {
  // The host may have so many packets on their way; this one has arrived.
  send_event(Event::completed_packets, Writer().u8(1).le16(data.handle).le16(1));
  auto* device = linked_at(data.handle);
  if (!device) return;
  auto& frame = unfinished_[data.handle];
  if (!data.continues) frame.clear();
  frame.insert(frame.end(), data.payload.begin(), data.payload.end());
  Reader reader(frame);
  const std::size_t size = reader.le16();
  const auto channel = reader.le16();
  if (!reader.is_whole() || reader.rest().size() < size) return;
  const Bytes whole = std::exchange(frame, {});
  device->receive(channel, BytesView(whole).subspan(4, size), now);
}

void Radio::send(std::uint16_t handle, std::uint16_t channel, BytesView data) {
  send_packet(hci::data(handle, channel, data));
}

// ---- links

void Radio::call(RadioDoor& caller) {
  if (std::find(callers_.begin(), callers_.end(), &caller) != callers_.end()) return;
  callers_.push_back(&caller);
  send_event(
      Event::connection_request,
      Writer().address(caller.address()).le24(caller.identity().class_of_device).u8(acl_link));
}

void Radio::forget(RadioDoor& device) {
  std::erase(callers_, &device);
}

void Radio::connect(RadioDoor& device, bool host_called, Time now) {
  constexpr std::uint16_t highest_handle = 0x0EFF;
  do {
    last_handle_ = static_cast<std::uint16_t>(last_handle_ % highest_handle + 1);
  } while (links_.contains(last_handle_));
  links_[last_handle_] = &device;
  send_event(Event::connection_complete,
             Writer().u8(success).le16(last_handle_).address(device.address()).u8(acl_link).u8(0));
  device.link_up(*this, last_handle_, host_called, now);
}

void Radio::connection_failed(const Address& address, std::uint8_t status) {
  send_event(Event::connection_complete,
             Writer().u8(status).le16(0).address(address).u8(acl_link).u8(0));
}

void Radio::end_link(RadioDoor& device, Status reason, std::string_view why, Time now) {
  const auto handle = device.handle();
  if (linked_at(handle) != &device) return;
  links_.erase(handle);
  unfinished_.erase(handle);
  device.link_down(why, now);
  send_event(Event::disconnection_complete,
             Writer().u8(success).le16(handle).u8(static_cast<std::uint8_t>(reason)));
}

void Radio::end_every_link(std::string_view why, Time now) {
  callers_.clear();
  unfinished_.clear();
  for (const auto& [handle, device] : std::exchange(links_, {})) device->link_down(why, now);
}

void Radio::create_connection(const Address& address, Time now) {
  begun(Op::create_connection);
  auto* device = air_.find_device(address);
  const bool answers = device && device->manners().can_be_called && !device->is_linked();
  if (answers && !is_full()) return connect(*device, true, now);
  connection_failed(address,
                    static_cast<std::uint8_t>(answers ? Status::link_limit : Status::page_timeout));
}

// ---- commands

void Radio::take_command(const hci::Command& command, Time now) {
  const BytesView parameters(command.parameters);
  if (command.op == Op::reset) return reset(now);
  if (take_question(command.op, parameters) || take_link_command(command.op, parameters, now) ||
      take_link_question(command.op, parameters) ||
      take_pairing_command(command.op, parameters, now))
    return;
  complete(command.op, Writer().u8(success));  // settings that change nothing here
}

void Radio::reset(Time now) {
  end_every_link("adapter reset", now);
  scan_ = 0;
  ssp_mode_ = false;
  complete(Op::reset, Writer().u8(success));
}

/// What the host asks of the adapter alone, and the two settings that matter here.
bool Radio::take_question(Op op, BytesView parameters) {
  Reader reader(parameters);
  Writer answer;
  answer.u8(success);
  const auto features = [&](Writer& to) {
    auto bits = adapter_features;
    if (!spec_.has_ssp)
      bits[ssp_feature_byte] = static_cast<std::uint8_t>(bits[ssp_feature_byte] & ~ssp_feature);
    put(to, bits);
  };
  constexpr unsigned version_4_0 = 6, no_real_maker = 63;
  switch (op) {
    case Op::read_local_version:
      answer.u8(version_4_0).le16(0).u8(version_4_0).le16(no_real_maker).le16(0);
      break;
    case Op::read_local_commands:
      answer.zeros(64);
      break;
    case Op::read_local_features:
      features(answer);
      break;
    case Op::read_local_extended_features: {
      const unsigned page = reader.u8();
      answer.u8(page).u8(1);
      page == 0 ? features(answer) : void(answer.u8(has_ssp() ? 1 : 0).zeros(7));
      break;
    }
    case Op::read_buffer_size:
      answer.le16(1021).u8(64).le16(10).le16(64);
      break;
    case Op::read_address:
      answer.address(address());
      break;
    case Op::read_local_name:
      answer.text("emulated").zeros(240);
      break;
    case Op::read_class:
      answer.zeros(3);
      break;
    case Op::read_voice_setting:
      answer.le16(0x0060);
      break;
    case Op::read_supported_iac_count:
      answer.u8(1);
      break;
    case Op::read_current_iac:
      answer.u8(1).le24(0x9E8B33);
      break;
    case Op::read_inquiry_transmit_power:
    case Op::read_page_scan_type:
      answer.u8(0);
      break;
    case Op::read_stored_link_key:
      answer.le16(0).le16(0);
      break;
    case Op::read_page_scan_activity:
      answer.le16(0x0800).le16(0x0012);
      break;
    case Op::read_ssp_mode:
      answer.u8(ssp_mode_ ? 1 : 0);
      break;
    case Op::write_ssp_mode:
      ssp_mode_ = reader.u8() != 0;
      break;
    case Op::write_scan_enable:
      scan_ = reader.u8();
      break;
    default:
      return false;
  }
  complete(op, answer);
  return true;
}

bool Radio::take_link_command(Op op, BytesView parameters, Time now) {
  const auto address = Reader(parameters).address();
  const auto caller = std::find_if(callers_.begin(), callers_.end(), [&](const RadioDoor* device) {
    return device->address() == address;
  });
  switch (op) {
    case Op::inquiry:  // nobody is in discoverable mode: a Move calls and is not looked for
      begun(op);
      send_event(Event::inquiry_complete, Writer().u8(success));
      return true;
    case Op::create_connection:
      create_connection(address, now);
      return true;
    case Op::create_connection_cancel:
      complete(op, Writer().u8(static_cast<unsigned>(Status::no_connection)).address(address));
      return true;
    case Op::accept_connection: {
      begun(op);
      if (caller == callers_.end()) {
        connection_failed(address, static_cast<std::uint8_t>(Status::page_timeout));
        return true;
      }
      auto& device = **caller;
      callers_.erase(caller);
      connect(device, false, now);
      return true;
    }
    case Op::reject_connection: {
      begun(op);
      const auto reason =
          parameters.size() > 6 ? std::to_integer<std::uint8_t>(parameters[6]) : std::uint8_t{0};
      connection_failed(address, reason);
      if (caller == callers_.end()) return true;
      (*caller)->call_refused(reason, now);
      callers_.erase(caller);
      return true;
    }
    case Op::disconnect: {
      begun(op);
      Reader reader(parameters);
      auto* device = linked_at(reader.le16());
      const unsigned reason = reader.u8();
      if (device)
        end_link(*device, Status::local_hung_up,
                 "the host hung up, reason " + std::to_string(reason), now);
      return true;
    }
    default:
      return false;
  }
}

/// What the host asks about a link or its other end.
bool Radio::take_link_question(Op op, BytesView parameters) {
  Reader reader(parameters);
  const auto handle = reader.le16();
  const auto* device = linked_at(handle & 0x0FFF);
  Writer answer;
  answer.u8(success).le16(handle);
  const auto complete_with_event = [&](Event event) {
    begun(op);
    send_event(event, answer);
    return true;
  };
  const auto complete_at_once = [&] {
    complete(op, answer);
    return true;
  };
  const bool knows_ssp = device && device->manners().pairing == Pairing::ssp;
  switch (op) {
    case Op::remote_features: {
      auto features = device_features;
      if (knows_ssp) {
        features[ssp_feature_byte] = ssp_feature;
        features[extended_features_byte] = extended_features;
      }
      put(answer, features);
      return complete_with_event(Event::remote_features_complete);
    }
    case Op::remote_extended_features:
      answer.u8(reader.u8()).u8(1).u8(knows_ssp ? 1 : 0).zeros(7);
      return complete_with_event(Event::remote_extended_features_complete);
    case Op::remote_version:
      answer.u8(4).le16(15).le16(0);
      return complete_with_event(Event::remote_version_complete);
    case Op::clock_offset:
      answer.le16(0);
      return complete_with_event(Event::clock_offset_complete);
    case Op::remote_name: {
      const auto address = Reader(parameters).address();
      const auto* named = air_.find_device(address);
      const auto name = named ? named->identity().name : std::string();
      answer = Writer();
      answer.u8(static_cast<unsigned>(named ? Status::success : Status::page_timeout));
      answer.address(address).text(name).zeros(248 - name.size());
      return complete_with_event(Event::remote_name_complete);
    }
    case Op::remote_name_cancel:
      answer = Writer();
      answer.u8(success).address(Reader(parameters).address());
      return complete_at_once();
    case Op::change_packet_type:
    case Op::sniff_mode:
    case Op::exit_sniff_mode:
    case Op::switch_role:
      begun(op);
      return true;
    case Op::read_link_policy:
      answer.le16(0);
      return complete_at_once();
    case Op::write_link_policy:
    case Op::write_supervision_timeout:
    case Op::write_automatic_flush_timeout:
      return complete_at_once();
    case Op::read_transmit_power:
      answer.u8(0);
      return complete_at_once();
    case Op::read_rssi:
      answer.u8(0xD0);  // -48 dBm
      return complete_at_once();
    case Op::read_encryption_key_size:
      answer.u8(16);
      return complete_at_once();
    default:
      return false;
  }
}

}  // namespace psmove::emulator
