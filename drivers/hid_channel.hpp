#pragma once
// The seam between a controller and whatever carries its reports: hidraw, an emulated controller,
// a recording.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "types/address.hpp"
#include "types/awaitable.hpp"
#include "types/controller_state.hpp"
#include "types/result.hpp"

namespace psmove::drivers {

/// What is known about a channel before a single byte was exchanged.
struct ChannelInfo {
  std::uint16_t vendor = 0, product = 0;
  Transport transport = Transport::bluetooth;
  Source source = Source::hidraw;
  std::optional<Address>
      address;  ///< the controller's; absent on USB, read with feature 0x04 there
  std::optional<Address> adapter;  ///< the host's radio
  std::string path;                ///< for the log: "/dev/hidraw3"
  std::size_t declared_input =
      0;  ///< payload bytes the HID descriptor declares for report 1; 0: unknown
};

/// Reports in and out of one link. All calls come from the event loop's thread; none of them
/// blocks it. An error other than would_block means that the link is gone for good.
class HidChannel {
 public:
  HidChannel() = default;
  HidChannel(const HidChannel&) = delete;
  HidChannel& operator=(const HidChannel&) = delete;
  virtual ~HidChannel() = default;

  [[nodiscard]] virtual const ChannelInfo& info() const = 0;

  /// Suspends until a report may be waiting. An error: the link is gone.
  virtual Awaitable<Result<void>> wait_readable() = 0;

  /// Takes one whole report, id byte first, if one is waiting. A report longer than `report` is
  /// cut to it. would_block: none is waiting.
  /// @return its length
  virtual Result<std::size_t> try_read(std::span<std::byte> report) = 0;

  /// Sends one output report, id byte first. Suspends where the transport may block. Refused as
  /// set_feature() is.
  Awaitable<Result<void>> write(std::span<const std::byte> report);

  /// Asks for a feature report of at most `max_length` bytes, id included. May suspend for
  /// seconds when the controller is leaving.
  virtual Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t id,
                                                                std::size_t max_length) = 0;

  /// Sends a feature report, id byte first. No bytes at all and the ids 0xF1 and 0xF2 (flash and
  /// firmware mode) are refused here, before any channel sees them, with operation_not_permitted.
  Awaitable<Result<void>> set_feature(std::vector<std::byte> report);

  /// Ends the link from this side: pending waits return operation_canceled.
  virtual void close() = 0;

 private:
  // How a channel sends what it may send. Nobody but the two functions above calls them.
  virtual Awaitable<Result<void>> send_output(std::span<const std::byte> report) = 0;
  virtual Awaitable<Result<void>> send_feature(std::vector<std::byte> report) = 0;
};

}  // namespace psmove::drivers
