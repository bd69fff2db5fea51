#pragma once
// The kernel's door for HID devices that live in a program: /dev/uhid. Knows the kernel's events
// and nothing of controllers.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/file_descriptor.hpp"
#include "emulator/peripheral.hpp"

namespace psmove::emulator {

/// What the kernel learns of a new device.
struct UhidIdentity {
  std::string name;  ///< HID_NAME
  std::string phys;  ///< HID_PHYS: the adapter's address on Bluetooth
  std::string uniq;  ///< HID_UNIQ: the controller's address on Bluetooth, empty on USB
  std::uint16_t bus = 0;
  std::uint32_t vendor = 0, product = 0, version = 0;
  std::vector<std::byte> descriptor;
};

/// What the kernel wants from a device.
struct UhidEvent {
  enum class Kind : std::uint8_t {
    start,
    stop,
    open,
    close,
    output,
    get_report,
    set_report,
    other
  };
  using Report = ReportKind;

  Kind kind = Kind::other;
  Report report_kind = Report::feature;  ///< of output, get_report and set_report
  std::uint32_t request = 0;             ///< to be named in the answer to get_report and set_report
  std::uint8_t report_id = 0;            ///< of get_report and set_report
  std::vector<std::byte> report;         ///< of output and set_report, id first
};

/// One device at the door. Every call throws std::system_error when the kernel does not play along.
class Uhid {
 public:
  /// Opens the door itself; the device is there once create() was called.
  static Uhid open(const std::string& path = "/dev/uhid");
  /// @param fd  an open door, or a socket that keeps message boundaries and has a test behind it
  explicit Uhid(FileDescriptor fd) : fd_(std::move(fd)) {}

  [[nodiscard]] int fd() const { return fd_.get(); }
  void create(const UhidIdentity& identity);
  void destroy();
  /// Sends one input report, id first, of at most 4096 bytes.
  void send_input(std::span<const std::byte> report);
  /// Answers get_report; without a report the caller gets EIO. The kernel waits 5 s for it.
  void answer_get(std::uint32_t request, const std::optional<std::vector<std::byte>>& report);
  /// Answers set_report; the caller gets EIO if it was not taken.
  void answer_set(std::uint32_t request, bool taken);
  /// The next event; nullopt: none is waiting.
  std::optional<UhidEvent> next_event();

 private:
  void write(const void* event, std::size_t size);

  FileDescriptor fd_;
};

}  // namespace psmove::emulator
