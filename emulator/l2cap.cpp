#include "emulator/l2cap.hpp"

namespace psmove::emulator {
namespace {

constexpr std::uint16_t signalling_channel = 1;
constexpr std::uint16_t first_number = 0x40;
constexpr unsigned our_longest = 672;

enum Signal : std::uint8_t {
  command_reject = 0x01,
  connection_request = 0x02,
  connection_response = 0x03,
  configuration_request = 0x04,
  configuration_response = 0x05,
  disconnection_request = 0x06,
  disconnection_response = 0x07,
  echo_request = 0x08,
  echo_response = 0x09,
  information_request = 0x0A,
  information_response = 0x0B,
};

constexpr std::uint8_t option_longest = 0x01;
constexpr std::uint8_t option_is_a_hint = 0x80;
constexpr std::uint16_t information_features = 2;
constexpr std::uint16_t invalid_channel = 2;

}  // namespace

const L2cap::Channel* L2cap::find(Psm psm) const {
  for (const auto& [number, channel] : channels_)
    if (channel.psm == psm && channel.is_open) return &channel;
  return nullptr;
}

std::size_t L2cap::longest(Psm psm) const {
  const auto* channel = find(psm);
  return channel ? channel->longest : 0;
}

std::uint16_t L2cap::free_number() const {
  std::uint16_t number = first_number;
  while (channels_.contains(number)) ++number;
  return number;
}

void L2cap::signal(std::uint8_t code, std::uint8_t identifier, BytesView body) {
  Writer frame;
  send_(signalling_channel, frame.u8(code).u8(identifier).le16(body.size()).raw(body).take());
}

void L2cap::open(Psm psm) {
  const auto number = free_number();
  channels_[number].psm = psm;
  last_identifier_ = static_cast<std::uint8_t>(last_identifier_ % 255 + 1);
  signal(connection_request, last_identifier_,
         Writer().le16(static_cast<std::uint16_t>(psm)).le16(number).take());
}

bool L2cap::send(Psm psm, BytesView data) {
  const auto* channel = find(psm);
  if (channel) send_(channel->theirs, data);
  return channel != nullptr;
}

void L2cap::configure(Channel& channel) {
  last_identifier_ = static_cast<std::uint8_t>(last_identifier_ % 255 + 1);
  signal(configuration_request, last_identifier_,
         Writer().le16(channel.theirs).le16(0).u8(option_longest).u8(2).le16(our_longest).take());
}

void L2cap::receive(std::uint16_t number, BytesView data) {
  if (number == signalling_channel) {
    Reader reader(data);
    while (reader.rest().size() >= 4) {
      const auto code = reader.u8();
      const auto identifier = reader.u8();
      const auto body = reader.raw(reader.le16());
      if (reader.is_whole()) take_signal(code, identifier, body);
    }
    return;
  }
  const auto channel = channels_.find(number);
  if (channel != channels_.end() && channel->second.is_open)
    user_.received(channel->second.psm, data);
}

void L2cap::take_signal(std::uint8_t code, std::uint8_t identifier, BytesView body) {
  const Reader reader(body);
  switch (code) {
    case connection_request:
      return take_connection_request(identifier, reader);
    case connection_response:
      return take_connection_response(reader);
    case configuration_request:
      return take_configuration_request(identifier, reader);
    case configuration_response:
      return take_configuration_response(reader);
    case disconnection_request:
      return take_disconnection_request(identifier, reader);
    case echo_request:
      return signal(echo_response, identifier, body);
    case information_request:
      return take_information_request(identifier, reader);
    case command_reject:
    case disconnection_response:
    case echo_response:
    case information_response:
      return;
    default:
      return signal(command_reject, identifier, Writer().le16(0).take());  // not understood
  }
}

void L2cap::take_connection_request(std::uint8_t identifier, Reader body) {
  const auto psm = static_cast<Psm>(body.le16());
  const auto theirs = body.le16();
  const bool fine = body.is_whole() && user_.may_open(psm);
  const std::uint16_t ours = fine ? free_number() : std::uint16_t{0};
  signal(connection_response, identifier,
         Writer().le16(ours).le16(theirs).le16(fine ? accepted : no_such_service).le16(0).take());
  if (!fine) return;
  auto& channel = channels_[ours];
  channel.psm = psm;
  channel.theirs = theirs;
  configure(channel);
}

void L2cap::take_connection_response(Reader body) {
  const auto theirs = body.le16();
  const auto found = channels_.find(body.le16());
  const auto result = body.le16();
  const auto status = body.le16();
  if (!body.is_whole() || found == channels_.end()) return;
  auto& channel = found->second;
  if (result == accepted) {
    channel.theirs = theirs;
    configure(channel);
  } else if (result == pending) {
    user_.waits(channel.psm, status);
  } else {
    const auto psm = channel.psm;
    channels_.erase(found);
    user_.refused(psm, result);
  }
}

void L2cap::take_configuration_request(std::uint8_t identifier, Reader body) {
  const auto number = body.le16();
  const auto found = channels_.find(number);
  body.le16();  // whether more is to come; nobody needs more
  if (!body.is_whole()) return;
  if (found == channels_.end())
    return signal(command_reject, identifier,
                  Writer().le16(invalid_channel).le16(number).le16(0).take());
  auto& channel = found->second;
  while (body.rest().size() >= 2) {
    const auto kind = body.u8() & ~option_is_a_hint;
    Reader option(body.raw(body.u8()));
    if (kind == option_longest) channel.longest = option.le16();
  }
  signal(configuration_response, identifier, Writer().le16(channel.theirs).le16(0).le16(0).take());
  channel.we_agreed = true;
  note_agreement(channel);
}

void L2cap::take_configuration_response(Reader body) {
  const auto found = channels_.find(body.le16());
  if (!body.is_whole() || found == channels_.end()) return;
  found->second.they_agreed = true;
  note_agreement(found->second);
}

void L2cap::note_agreement(Channel& channel) {
  if (channel.is_open || !channel.we_agreed || !channel.they_agreed) return;
  channel.is_open = true;
  user_.opened(channel.psm);
}

void L2cap::take_disconnection_request(std::uint8_t identifier, Reader body) {
  const auto ours = body.le16();
  const auto theirs = body.le16();
  if (!body.is_whole()) return;
  signal(disconnection_response, identifier, Writer().le16(ours).le16(theirs).take());
  const auto found = channels_.find(ours);
  if (found == channels_.end()) return;
  const auto psm = found->second.psm;
  channels_.erase(found);
  user_.closed(psm);
}

void L2cap::take_information_request(std::uint8_t identifier, Reader body) {
  const auto kind = body.le16();
  Writer answer;
  if (kind == information_features)
    answer.le16(kind).le16(0).le32(0);  // no mode but the basic one
  else
    answer.le16(kind).le16(1);  // not supported
  signal(information_response, identifier, answer.take());
}

}  // namespace psmove::emulator
