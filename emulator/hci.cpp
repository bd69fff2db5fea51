#include "emulator/hci.hpp"

namespace psmove::emulator::hci {
namespace {

constexpr std::uint16_t handle_mask = 0x0FFF;
constexpr std::uint16_t boundary_mask = 0x3000;
constexpr std::uint16_t continues = 0x1000;
constexpr std::uint16_t begins_from_adapter = 0x2000;
constexpr unsigned commands_that_may_follow = 1;

}  // namespace

std::optional<Packet> kind_of(BytesView packet) {
  if (packet.empty()) return std::nullopt;
  return static_cast<Packet>(packet.front());
}

std::optional<Command> parse_command(BytesView packet) {
  Reader reader(packet);
  Command command;
  reader.u8();
  command.op = static_cast<Op>(reader.le16());
  const auto parameters = reader.raw(reader.u8());
  if (!reader.is_whole()) return std::nullopt;
  command.parameters.assign(parameters.begin(), parameters.end());
  return command;
}

std::optional<Data> parse_data(BytesView packet) {
  Reader reader(packet);
  Data data;
  reader.u8();
  const auto word = reader.le16();
  data.handle = word & handle_mask;
  data.continues = (word & boundary_mask) == continues;
  const auto payload = reader.raw(reader.le16());
  if (!reader.is_whole()) return std::nullopt;
  data.payload.assign(payload.begin(), payload.end());
  return data;
}

Bytes event(Event code, BytesView parameters) {
  Writer packet;
  packet.u8(static_cast<std::uint8_t>(Packet::event)).u8(static_cast<std::uint8_t>(code));
  return packet.u8(parameters.size()).raw(parameters).take();
}

Bytes command_complete(Op op, BytesView parameters) {
  Writer body;
  body.u8(commands_that_may_follow).le16(static_cast<std::uint16_t>(op)).raw(parameters);
  return event(Event::command_complete, body.take());
}

Bytes command_status(Op op, Status status) {
  Writer body;
  body.u8(static_cast<std::uint8_t>(status)).u8(commands_that_may_follow);
  return event(Event::command_status, body.le16(static_cast<std::uint16_t>(op)).take());
}

Bytes data(std::uint16_t handle, std::uint16_t channel, BytesView payload) {
  Writer packet;
  packet.u8(static_cast<std::uint8_t>(Packet::data)).le16(handle | begins_from_adapter);
  packet.le16(payload.size() + 4).le16(payload.size()).le16(channel);
  return packet.raw(payload).take();
}

}  // namespace psmove::emulator::hci
