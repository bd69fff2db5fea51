#pragma once
// The messages of USB/IP, which carry a USB device's transfers over a stream of bytes. Layout:
// the kernel's own documentation, Documentation/usb/usbip_protocol.rst.

#include <cstdint>
#include <optional>
#include <variant>

#include "emulator/wire.hpp"

namespace psmove::emulator::usbip {

/// The eight bytes that begin a control transfer.
struct Setup {
  std::uint8_t request_type = 0, request = 0;
  std::uint16_t value = 0, index = 0, length = 0;
  friend bool operator==(const Setup&, const Setup&) = default;
};

/// The host wants a transfer done.
struct Submit {
  std::uint32_t number = 0;
  std::uint32_t endpoint = 0;
  bool is_in = false;        ///< device to host
  std::uint32_t length = 0;  ///< of `data`, or what the host has room for
  Setup setup;               ///< of a control transfer
  Bytes data;                ///< host to device
};

/// The host does not want a transfer any more.
struct Unlink {
  std::uint32_t number = 0;
  std::uint32_t victim = 0;  ///< number of the Submit
};

using Message = std::variant<Submit, Unlink>;

/// Cuts messages out of what arrives, however it is chopped up.
class Stream {
 public:
  void add(BytesView bytes) { received_.insert(received_.end(), bytes.begin(), bytes.end()); }
  /// The next whole message. nullopt: none yet, or the stream is broken.
  std::optional<Message> next();
  /// Something came that is no message; there is no way to find the next one.
  [[nodiscard]] bool is_broken() const { return broken_; }

 private:
  Bytes received_;
  bool broken_ = false;
};

/// Answers to Submit. A transfer that failed has an errno; one that went well, what the
/// device sent or how much of the host's data it took.
Bytes sent(std::uint32_t number, BytesView data);
Bytes taken(std::uint32_t number, std::uint32_t length);
Bytes failed(std::uint32_t number, int error);
/// Answers to Unlink: whether there was still something to stop.
Bytes unlinked(std::uint32_t number, bool was_waiting);

}  // namespace psmove::emulator::usbip
