// How a host and a device on the air come to trust one another, as the adapter sees it: keys that
// are known, PINs, Secure Simple Pairing.

#include <algorithm>
#include <string>

#include "emulator/radio.hpp"

namespace psmove::emulator {
namespace {

using hci::Event;
using hci::Op;
using hci::Status;
using hci::success;

// Of the device in Secure Simple Pairing: it can neither show nor be told anything.
constexpr unsigned no_input_no_output = 3, no_oob_data = 0, general_bonding = 4;
constexpr unsigned key_from_pin = 0x00, unauthenticated_key = 0x04;
constexpr std::uint32_t any_number = 123456;  // to be compared, where nobody looks

/// Keys need not be secret here; they need be different, and the same in every run.
LinkKey make_key(std::uint64_t seed) {
  LinkKey key{};
  for (auto& byte : key) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    byte = std::byte(seed >> 56);
  }
  return key;
}

}  // namespace

void Radio::authentication_complete(RadioDoor& device, Status status) {
  send_event(Event::authentication_complete,
             Writer().u8(static_cast<unsigned>(status)).le16(device.handle()));
}

void Radio::begin_authentication(RadioDoor& device) {
  send_event(Event::link_key_request, Writer().address(device.address()));
}

void Radio::announce_encryption(RadioDoor& device) {
  send_event(Event::encryption_change, Writer().u8(success).le16(device.handle()).u8(1));
}

void Radio::request_authentication(RadioDoor& device, Time now) {
  device.note(now, "host asks for authentication");
  begin_authentication(device);
}

void Radio::check_key(RadioDoor& device, BytesView key, Time now) {
  const auto& own = device.manners().key;
  const bool same = own && std::equal(own->begin(), own->end(), key.begin(), key.end());
  device.note(now, same ? "link key fits" : "link key does not fit");
  if (same && device.authenticates()) return device.authenticated(now);
  if (same) return authentication_complete(device, Status::success);
  device.refuse(now, "the host has another link key");
  if (!device.authenticates()) return authentication_complete(device, Status::key_missing);
  end_link(device, Status::authentication_failure, "link key does not fit", now);
}

/// The host has no key for this device.
void Radio::begin_pairing(RadioDoor& device, Time now) {
  const auto pairing = device.manners().pairing;
  if (pairing == Pairing::none) {
    device.refuse(now, "the host wants a bond, which the device does not make");
    return authentication_complete(device, Status::pairing_not_allowed);
  }
  if (pairing == Pairing::ssp && has_ssp()) {
    if (device.authenticates())  // who begins says first what it can do
      send_event(Event::io_capability_response, Writer()
                                                    .address(device.address())
                                                    .u8(no_input_no_output)
                                                    .u8(no_oob_data)
                                                    .u8(general_bonding));
    return send_event(Event::io_capability_request, Writer().address(device.address()));
  }
  device.note(now, "asks the host for a PIN");
  send_event(Event::pin_request, Writer().address(device.address()));
}

void Radio::bond(RadioDoor& device, bool by_pin, Time now) {
  std::uint64_t seed = next_key_++;
  for (const auto& side : {address(), device.address()})
    for (const auto octet : side.octets) seed = seed * 257 + octet;
  const auto key = make_key(seed);
  device.manners().key = key;
  device.note(now, by_pin ? "bonded by PIN" : "bonded");
  send_event(
      Event::link_key_notification,
      Writer().address(device.address()).raw(key).u8(by_pin ? key_from_pin : unauthenticated_key));
  if (device.authenticates()) return device.authenticated(now);
  authentication_complete(device, Status::success);
}

void Radio::pairing_failed(RadioDoor& device, const std::string& why, Time now) {
  device.refuse(now, why);
  if (!device.authenticates())
    return authentication_complete(device, Status::authentication_failure);
  end_link(device, Status::authentication_failure, "not paired", now);
}

bool Radio::take_pairing_command(Op op, BytesView parameters, Time now) {
  Reader reader(parameters);
  if (op == Op::authenticate || op == Op::set_encryption) {
    begun(op);
    auto* device = linked_at(reader.le16());
    if (!device) return true;
    if (op == Op::authenticate) {
      request_authentication(*device, now);
      return true;
    }
    const bool on = reader.u8() != 0;
    device->set_encrypted(on, now);
    send_event(Event::encryption_change,
               Writer().u8(success).le16(device->handle()).u8(on ? 1 : 0));
    return true;
  }

  constexpr std::array answers = {Op::link_key_reply,
                                  Op::link_key_negative_reply,
                                  Op::pin_reply,
                                  Op::pin_negative_reply,
                                  Op::io_capability_reply,
                                  Op::io_capability_negative_reply,
                                  Op::user_confirmation_reply,
                                  Op::user_confirmation_negative_reply};
  if (std::find(answers.begin(), answers.end(), op) == answers.end()) return false;
  const auto address = reader.address();
  auto* device = air_.find_device(address);
  const bool is_ours = device && device->radio() == this;
  complete(op, Writer()
                   .u8(static_cast<unsigned>(is_ours ? Status::success : Status::no_connection))
                   .address(address));
  if (is_ours) take_pairing_answer(*device, op, reader.rest(), now);
  return true;
}

/// What the host says to a request of this file's.
void Radio::take_pairing_answer(RadioDoor& device, Op op, BytesView answer, Time now) {
  const auto simple_pairing_complete = [&](unsigned status) {
    send_event(Event::simple_pairing_complete, Writer().u8(status).address(device.address()));
  };
  constexpr auto failure = static_cast<unsigned>(Status::authentication_failure);
  switch (op) {
    case Op::link_key_reply:
      return check_key(device, answer.first(std::min<std::size_t>(16, answer.size())), now);
    case Op::link_key_negative_reply:
      return begin_pairing(device, now);
    case Op::pin_reply: {
      Reader reader(answer);
      const auto digits = reader.raw(reader.u8());
      const auto& pin = device.manners().pin;
      const auto expected = std::as_bytes(std::span(pin));
      if (std::equal(digits.begin(), digits.end(), expected.begin(), expected.end()))
        return bond(device, true, now);
      return pairing_failed(device, "the host's PIN is wrong", now);
    }
    case Op::pin_negative_reply:
      return pairing_failed(device, "the host has no PIN", now);
    case Op::io_capability_reply:
      if (!device.authenticates())
        send_event(Event::io_capability_response, Writer()
                                                      .address(device.address())
                                                      .u8(no_input_no_output)
                                                      .u8(no_oob_data)
                                                      .u8(general_bonding));
      return send_event(Event::user_confirmation_request,
                        Writer().address(device.address()).le32(any_number));
    case Op::user_confirmation_reply:
      simple_pairing_complete(success);
      return bond(device, false, now);
    case Op::io_capability_negative_reply:
      simple_pairing_complete(answer.empty() ? failure : std::to_integer<unsigned>(answer[0]));
      return pairing_failed(device, "the host does not pair", now);
    case Op::user_confirmation_negative_reply:
      simple_pairing_complete(failure);
      return pairing_failed(device, "the host declined to pair", now);
    default:
      return;
  }
}

}  // namespace psmove::emulator
