#pragma once
// Captured reports of one controller as a text file: what hid-recorder writes, and a little more.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace psmove::drivers {

/// A capture: who the device was, its feature reports, and every input report with its time.
///
/// The file is hid-recorder's text, one item a line, so that its captures can be replayed here and
/// ours in hid-replay:
///
///     # anything                       a comment; those before the first report are kept
///     # psmoved feature 04 66 55 …     an answer to GET feature, id first (ours; a comment to
///     others) N: Motion Controller             its name P: aa:bb:cc:dd:ee:ff             where it
///     is connected: the host's radio U: 00:06:f7:16:2a:3b             its own address I: 5 054c
///     03d5                   bus, vendor and product, in hexadecimal E: 000001.011364 49 01 00 …
///     seconds and microseconds since the start, size, bytes
///
/// `R:` (the HID descriptor) and `D:` (a device's number) are allowed and passed over; a second
/// device in the same file is an error.
class Recording {
 public:
  std::string name;
  std::string phys;
  std::string uniq;
  std::uint16_t bus = 0, vendor = 0, product = 0;
  std::vector<std::string> comments;             ///< without their "# "
  std::vector<std::vector<std::byte>> features;  ///< answers to GET feature, in the order captured

  /// One input report. `bytes` lives as long as the recording stays as it is.
  struct Report {
    std::chrono::microseconds time;  ///< since the start, not decreasing
    std::span<const std::byte> bytes;
  };
  /// @param bytes  1..largest_recorded_report of them
  void add(std::chrono::microseconds time, std::span<const std::byte> bytes);
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] Report operator[](std::size_t index) const;
  /// Time of the last report.
  [[nodiscard]] std::chrono::microseconds duration() const;

  /// Every feature report of this id, in the order captured (the calibration has several).
  [[nodiscard]] std::vector<std::vector<std::byte>> features_of(std::uint8_t id) const;

 private:
  struct Place {
    std::chrono::microseconds time;
    std::size_t offset;
    std::size_t length;
  };
  std::vector<Place> places_;
  std::vector<std::byte> bytes_;  ///< of all reports, one after the other
};

/// What a file may hold; beyond, it is refused.
inline constexpr std::size_t largest_recorded_report = 4096;
inline constexpr std::size_t most_recorded_features = 256;
inline constexpr std::size_t most_recorded_comments = 1000;
inline constexpr std::size_t largest_recording_file = std::size_t{512} << 20;  ///< bytes

/// A recording, or one sentence with the line's number that says what is wrong with it.
struct ReadRecording {
  Recording recording;
  std::string error;  ///< empty: it was read
};
ReadRecording parse_recording(std::string_view text);
/// The sentence begins with the path.
ReadRecording read_recording(const std::string& path);

/// The lines before the first report.
std::string recording_head(const Recording& recording);
/// One report's line, with its newline.
std::string recording_line(std::chrono::microseconds time, std::span<const std::byte> bytes);
/// The whole file; parse_recording() gives the same recording back.
std::string to_text(const Recording& recording);

}  // namespace psmove::drivers
