#include "emulator/radio_door.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "emulator/move.hpp"
#include "emulator/radio.hpp"

namespace psmove::emulator {
namespace {

// The HID profile's messages: the kind in the high half of the first byte, its parameter in the
// low one (HID profile 1.1 chapter 3).
enum Hidp : unsigned {
  handshake = 0x00,
  hid_control = 0x10,
  get_report_message = 0x40,
  set_report_message = 0x50,
  set_protocol = 0x70,
  set_idle = 0x90,
  data_message = 0xA0,
};
constexpr unsigned data_input = data_message | 1, data_output = data_message | 2;
constexpr unsigned successful = handshake | 0x00, invalid_report_id = handshake | 0x02;
constexpr unsigned virtual_cable_unplug = hid_control | 0x05;
constexpr unsigned size_follows = 0x08;

std::optional<ReportKind> report_kind(unsigned parameter) {
  switch (parameter & 3) {
    case 1:
      return ReportKind::input;
    case 2:
      return ReportKind::output;
    case 3:
      return ReportKind::feature;
    default:
      return std::nullopt;
  }
}

std::string hex(unsigned value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%02x", value);
  return text.data();
}

std::string name_of(Psm psm) {
  return "PSM " + hex(static_cast<unsigned>(psm));
}

}  // namespace

RadioDoor::RadioDoor(HidDevice& device, Air& air, AirManners manners)
    : device_(device), air_(air), manners_(std::move(manners)) {
  device_.add(*this);
  air_.add(*this);
}

RadioDoor::~RadioDoor() {
  air_.remove(*this);
}

// ---- what a person does

void RadioDoor::press(Time now) {
  device_.peripheral().press_ps();
  if (is_linked()) return;
  refused_.clear();
  const auto& host = device_.peripheral().host();
  if (host.is_zero()) return refuse(now, "it has no host stored");
  note(now, "calls " + to_string(host));
  call_ = Call{host, now + manners_.calls_for};
  ring(now);
}

/// Rings the host as soon as that listens.
void RadioDoor::ring(Time now) {
  auto* radio = air_.find_radio(call_->host);
  if (!radio || !radio->answers_calls()) return;
  call_.reset();
  if (radio->is_full()) return refuse(now, "the adapter has no place for an eighth device");
  radio->call(*this);
}

void RadioDoor::stop_calling() {
  call_.reset();
  for (auto& radio : air_.radios()) radio.forget(*this);
}

void RadioDoor::drop(Time now) {
  stop_calling();
  if (radio_) radio_->end_link(*this, hci::Status::link_lost, "link lost", now);
}

void RadioDoor::switch_off(Time now) {
  stop_calling();
  if (radio_) radio_->end_link(*this, hci::Status::remote_hung_up, "switched off", now);
}

void RadioDoor::unplug_virtually(Time now) {
  note(now, "unplugs its virtual cable");
  say(Writer().u8(virtual_cable_unplug).take());
  manners_.key.reset();
  switch_off(now);
}

void RadioDoor::refuse(Time now, const std::string& why) {
  refused_ = why;
  note(now, "refused: " + why);
}

// ---- time

void RadioDoor::advance(Time now) {
  if (!call_) return;
  if (now < call_->ends) return ring(now);
  refuse(now, "nobody answers at " + to_string(call_->host));
  call_.reset();
}

std::optional<Time> RadioDoor::next_wake() const {
  return call_ ? std::optional(call_->ends) : std::nullopt;
}

// ---- the link

void RadioDoor::link_up(Radio& radio, std::uint16_t handle, bool host_called, Time now) {
  now_ = now;
  radio_ = &radio;
  handle_ = handle;
  ++link_number_;
  call_.reset();
  authenticates_ = is_encrypted_ = false;
  to_open_.clear();
  old_l2cap_ = std::move(l2cap_);
  L2cap::User& me = *this;
  l2cap_ = std::make_unique<L2cap>(me, [this](std::uint16_t channel, BytesView data) {
    if (radio_) radio_->send(handle_, channel, data);
  });
  note(now, "linked to " + to_string(radio.address()));
  if (host_called) return;
  to_open_ = {Psm::hid_interrupt, Psm::hid_control};  // from the back
  authenticates_ = manners_.pairing == Pairing::ssp && radio.has_ssp();
  authenticates_ ? radio.begin_authentication(*this) : open_next();
}

void RadioDoor::link_down(std::string_view why, Time now) {
  now_ = now;
  note(now, "link down: " + std::string(why));
  radio_ = nullptr;
  old_l2cap_ = std::move(l2cap_);
  authenticates_ = is_encrypted_ = false;
  device_.link_lost(now);
}

void RadioDoor::call_refused(std::uint8_t reason, Time now) {
  refuse(now, "the host rejected the link, reason " + hex(reason));
}

void RadioDoor::receive(std::uint16_t channel, BytesView data, Time now) {
  now_ = now;
  if (l2cap_) l2cap_->receive(channel, data);
}

void RadioDoor::authenticated(Time now) {
  now_ = now;
  authenticates_ = false;
  is_encrypted_ = true;
  radio_->announce_encryption(*this);
  open_next();
}

void RadioDoor::set_encrypted(bool encrypted, Time now) {
  is_encrypted_ = encrypted;
  note(now, encrypted ? "encrypted" : "not encrypted");
}

// ---- channels

void RadioDoor::open_next() {
  if (to_open_.empty() || !l2cap_) return;
  const auto psm = to_open_.back();
  to_open_.pop_back();
  l2cap_->open(psm);
}

bool RadioDoor::may_open(Psm psm) {
  const bool may = psm == Psm::sdp ? manners_.answers_sdp : manners_.can_be_called;
  note(now_, "host asks for " + name_of(psm) + (may ? "" : ": no"));
  return may;
}

void RadioDoor::opened(Psm psm) {
  note(now_, name_of(psm) + " open");
  if (psm == Psm::hid_control) open_next();
  if (psm == Psm::hid_interrupt) device_.opened(now_);
}

void RadioDoor::waits(Psm psm, std::uint16_t status) {
  note(now_, name_of(psm) + " pending" +
                 (status == L2cap::waits_for_authentication  ? ", authentication"
                  : status == L2cap::waits_for_authorization ? ", authorization"
                                                             : ""));
}

void RadioDoor::refused(Psm psm, std::uint16_t result) {
  refuse(now_, "the host refused " + name_of(psm) + ", result " + std::to_string(result) +
                   (result == L2cap::security_block ? " (security block)" : ""));
  if (manners_.is_fragile && radio_)
    radio_->end_link(*this, hci::Status::remote_hung_up, "gives up", now_);
}

void RadioDoor::closed(Psm psm) {
  note(now_, "host closed " + name_of(psm));
  if (psm == Psm::sdp) return;
  if (refused_.empty()) refused_ = "the host closed " + name_of(psm);
  if (psm == Psm::hid_interrupt) device_.closed(now_);
}

void RadioDoor::received(Psm psm, BytesView data) {
  if (psm == Psm::sdp) {
    const sdp::Server server(records());
    l2cap_->send(Psm::sdp, server.answer(data, l2cap_->longest(Psm::sdp)));
  } else if (psm == Psm::hid_control) {
    take_control(data);
  } else if (psm == Psm::hid_interrupt && !data.empty() && data.front() == std::byte{data_output}) {
    device_.take_output(data.subspan(1), now_);
  }
}

std::vector<sdp::Record> RadioDoor::records() const {
  const auto who = identity();
  const auto& kind = manners_.record;
  const auto* move = device_.move();
  const auto declared = [&](std::size_t usual) { return kind.declared ? kind.declared : usual; };
  const auto own = move ? move->options().declared_payload : 48;
  sdp::HidService service;
  service.name = who.name;
  service.subclass = who.subclass;
  service.descriptor = device_.peripheral().hid_descriptor();
  if (kind.shape == RecordKind::Shape::ds3) {
    service.is_the_ds3s = true;
    service.descriptor = Move::hid_descriptor(Descriptor::joystick, declared(48));
  } else if (kind.shape == RecordKind::Shape::vendor) {
    service.descriptor = Move::hid_descriptor(Descriptor::vendor, declared(own));
  } else if (kind.declared != 0) {
    service.descriptor = Move::hid_descriptor(Descriptor::joystick, kind.declared);
  }
  return {sdp::hid_record(service), sdp::device_id_record(who.vendor, who.product)};
}

// ---- HIDP

bool RadioDoor::is_open() const {
  return radio_ && l2cap_ && l2cap_->is_open(Psm::hid_interrupt);
}

void RadioDoor::send_input(std::span<const std::byte> report, Time) {
  if (is_open()) l2cap_->send(Psm::hid_interrupt, Writer().u8(data_input).raw(report).take());
}

void RadioDoor::say(BytesView frame) {
  if (l2cap_) l2cap_->send(Psm::hid_control, frame);
}

void RadioDoor::take_control(BytesView frame) {
  Reader reader(frame);
  const unsigned head = reader.u8(), message = head & 0xF0;
  if (frame.empty()) return;
  if (message == get_report_message || message == set_report_message) {
    const auto kind = report_kind(head);
    if (!kind) return say(Writer().u8(invalid_report_id).take());
    message == get_report_message ? get_report(*kind, frame) : set_report(*kind, reader.rest());
  } else if (head == virtual_cable_unplug) {
    refuse(now_, "the host unplugged the virtual cable");
    if (manners_.is_fragile && radio_)
      radio_->end_link(*this, hci::Status::remote_hung_up, "virtual cable unplugged", now_);
  } else if (message == set_protocol || message == set_idle) {
    say(Writer().u8(successful).take());
  } else if (message == data_message) {
    device_.take_output(reader.rest(), now_);
  }
}

void RadioDoor::get_report(ReportKind kind, BytesView frame) {
  Reader reader(frame);
  const unsigned head = reader.u8();
  const auto id = reader.u8();
  const std::size_t room = (head & size_follows) != 0 ? reader.le16() : SIZE_MAX;
  device_.get_report(
      kind, id, Link::radio, now_,
      [this, head, room, link = link_number_](const std::optional<Bytes>& report) {
        if (!radio_ || link != link_number_) return;
        if (!report) return say(Writer().u8(invalid_report_id).take());
        const auto size = std::min(report->size(), room);
        say(Writer().u8(data_message | (head & 3)).raw(BytesView(*report).first(size)).take());
      });
}

void RadioDoor::set_report(ReportKind kind, BytesView report) {
  device_.set_report(kind, report, Link::radio, now_, [this, link = link_number_](bool taken) {
    if (radio_ && link == link_number_)
      say(Writer().u8(taken ? successful : invalid_report_id).take());
  });
}

RadioDoor::State RadioDoor::state() const {
  State state;
  state.calls = call_.has_value();
  if (radio_) state.adapter = radio_->address();
  state.has_control = radio_ && l2cap_ && l2cap_->is_open(Psm::hid_control);
  state.has_interrupt = is_open();
  state.is_encrypted = is_encrypted_;
  state.refused = refused_;
  return state;
}

}  // namespace psmove::emulator
