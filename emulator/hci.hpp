#pragma once
// The packets between a Bluetooth host and its adapter, seen from the adapter: commands in, events
// out, data both ways. Layouts and codes: Bluetooth Core Specification, volume 4 part E.

#include <cstdint>
#include <optional>

#include "emulator/wire.hpp"

namespace psmove::emulator::hci {

enum class Packet : std::uint8_t { command = 1, data = 2, event = 4, vendor = 0xFF };

/// Commands that get more than a plain "done", by their code on the wire.
enum class Op : std::uint16_t {
  inquiry = 0x0401,
  create_connection = 0x0405,
  disconnect = 0x0406,
  create_connection_cancel = 0x0408,
  accept_connection = 0x0409,
  reject_connection = 0x040A,
  link_key_reply = 0x040B,
  link_key_negative_reply = 0x040C,
  pin_reply = 0x040D,
  pin_negative_reply = 0x040E,
  change_packet_type = 0x040F,
  authenticate = 0x0411,
  set_encryption = 0x0413,
  remote_name = 0x0419,
  remote_name_cancel = 0x041A,
  remote_features = 0x041B,
  remote_extended_features = 0x041C,
  remote_version = 0x041D,
  clock_offset = 0x041F,
  io_capability_reply = 0x042B,
  user_confirmation_reply = 0x042C,
  user_confirmation_negative_reply = 0x042D,
  io_capability_negative_reply = 0x0434,
  sniff_mode = 0x0803,
  exit_sniff_mode = 0x0804,
  switch_role = 0x080B,
  read_link_policy = 0x080C,
  write_link_policy = 0x080D,
  reset = 0x0C03,
  read_stored_link_key = 0x0C0D,
  read_local_name = 0x0C14,
  write_scan_enable = 0x0C1A,
  read_page_scan_activity = 0x0C1B,
  read_class = 0x0C23,
  read_voice_setting = 0x0C25,
  write_automatic_flush_timeout = 0x0C28,
  read_transmit_power = 0x0C2D,
  write_supervision_timeout = 0x0C37,
  read_supported_iac_count = 0x0C38,
  read_current_iac = 0x0C39,
  read_page_scan_type = 0x0C46,
  read_ssp_mode = 0x0C55,
  write_ssp_mode = 0x0C56,
  read_inquiry_transmit_power = 0x0C58,
  read_local_version = 0x1001,
  read_local_commands = 0x1002,
  read_local_features = 0x1003,
  read_local_extended_features = 0x1004,
  read_buffer_size = 0x1005,
  read_address = 0x1009,
  read_rssi = 0x1405,
  read_encryption_key_size = 0x1408,
};

enum class Event : std::uint8_t {
  inquiry_complete = 0x01,
  connection_complete = 0x03,
  connection_request = 0x04,
  disconnection_complete = 0x05,
  authentication_complete = 0x06,
  remote_name_complete = 0x07,
  encryption_change = 0x08,
  remote_features_complete = 0x0B,
  remote_version_complete = 0x0C,
  command_complete = 0x0E,
  command_status = 0x0F,
  completed_packets = 0x13,
  pin_request = 0x16,
  link_key_request = 0x17,
  link_key_notification = 0x18,
  clock_offset_complete = 0x1C,
  remote_extended_features_complete = 0x23,
  io_capability_request = 0x31,
  io_capability_response = 0x32,
  user_confirmation_request = 0x33,
  simple_pairing_complete = 0x36,
};

/// Why a link, a page or a pairing came to nothing (volume 1 part F).
enum class Status : std::uint8_t {
  success = 0x00,
  page_timeout = 0x04,
  authentication_failure = 0x05,
  key_missing = 0x06,
  link_lost = 0x08,  ///< "connection timeout"
  link_limit = 0x09,
  remote_hung_up = 0x13,  ///< "remote user terminated connection"
  local_hung_up = 0x16,   ///< "connection terminated by local host"
  pairing_not_allowed = 0x18,
  no_connection = 0x02,
};
/// What a command or an event says that all is well.
constexpr unsigned success = static_cast<unsigned>(Status::success);

struct Command {
  Op op{};
  Bytes parameters;
};
struct Data {
  std::uint16_t handle = 0;
  bool continues = false;  ///< the rest of an L2CAP frame whose beginning came before
  Bytes payload;
};

[[nodiscard]] std::optional<Packet> kind_of(BytesView packet);
/// nullopt: too short for what it says it is.
[[nodiscard]] std::optional<Command> parse_command(BytesView packet);
[[nodiscard]] std::optional<Data> parse_data(BytesView packet);

[[nodiscard]] Bytes event(Event code, BytesView parameters);
/// @param parameters  the status byte first
[[nodiscard]] Bytes command_complete(Op op, BytesView parameters);
[[nodiscard]] Bytes command_status(Op op, Status status);
/// One whole L2CAP frame.
[[nodiscard]] Bytes data(std::uint16_t handle, std::uint16_t channel, BytesView payload);

}  // namespace psmove::emulator::hci
