#include "emulator/usbip.hpp"

#include <cerrno>

namespace psmove::emulator::usbip {
namespace {

constexpr std::uint32_t submit = 1, unlink = 2, submit_answer = 3, unlink_answer = 4;
constexpr std::size_t header_size = 48;
constexpr std::uint32_t direction_in = 1;
constexpr std::uint32_t longest_transfer = 64 * 1024;

Bytes answer(std::uint32_t kind, std::uint32_t number, int status, std::uint32_t length,
             BytesView data) {
  Writer message;
  message.be32(kind).be32(number).zeros(12);  // device, direction and endpoint: not read back
  message.be32(static_cast<std::uint32_t>(status)).be32(length);
  message.zeros(header_size - message.size()).raw(data);
  return message.take();
}

}  // namespace

std::optional<Message> Stream::next() {
  if (broken_ || received_.size() < header_size) return std::nullopt;
  Reader header(BytesView(received_).first(header_size));
  const auto kind = header.be32();
  Submit message;
  message.number = header.be32();
  header.be32();  // which device: there is one
  message.is_in = header.be32() == direction_in;
  message.endpoint = header.be32();
  const auto take = [this](std::size_t size) {
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(size));
  };
  if (kind == unlink) {
    const Unlink wanted{message.number, header.be32()};
    take(header_size);
    return wanted;
  }
  header.be32();  // transfer flags
  message.length = header.be32();
  broken_ = kind != submit || message.length > longest_transfer;
  if (broken_) return std::nullopt;
  const std::size_t data_size = message.is_in ? 0 : message.length;
  if (received_.size() < header_size + data_size) return std::nullopt;
  Reader setup(BytesView(received_).subspan(header_size - 8, 8));
  message.setup.request_type = setup.u8();
  message.setup.request = setup.u8();
  message.setup.value = setup.le16();
  message.setup.index = setup.le16();
  message.setup.length = setup.le16();
  const auto data = BytesView(received_).subspan(header_size, data_size);
  message.data.assign(data.begin(), data.end());
  take(header_size + data_size);
  return message;
}

Bytes sent(std::uint32_t number, BytesView data) {
  return answer(submit_answer, number, 0, static_cast<std::uint32_t>(data.size()), data);
}

Bytes taken(std::uint32_t number, std::uint32_t length) {
  return answer(submit_answer, number, 0, length, {});
}

Bytes failed(std::uint32_t number, int error) {
  return answer(submit_answer, number, -error, 0, {});
}

Bytes unlinked(std::uint32_t number, bool was_waiting) {
  return answer(unlink_answer, number, was_waiting ? -ECONNRESET : 0, 0, {});
}

}  // namespace psmove::emulator::usbip
