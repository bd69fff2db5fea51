#pragma once
// Motion messages in every format: what all share is encoded once, and put together here.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/stream/batch.hpp"
#include "api/stream/format.hpp"
#include "types/controller_state.hpp"

namespace psmove::stream {

/// Appends samples, as they stand in a motion message of this format. Where there is text before
/// them, separate() them from it.
void append_samples(std::string& out, std::span<const Sample> samples, Format format,
                    std::uint16_t fields);
/// Adds what stands between samples of this format, if there are some before.
void separate(std::string& samples, Format format);
/// Formats of one family share their samples.
[[nodiscard]] constexpr Format sample_format(Format format) {
  return format == Format::event_stream ? Format::json : format;
}

/// What the motion messages of one subscription begin with.
[[nodiscard]] std::string motion_head(Format format, std::string_view subscription);

/// What every motion message in text ends with; `dropped` stands before the last brace.
inline constexpr std::string_view motion_end = R"(],"dropped":0})";

/// What one message tells.
struct Motion {
  std::string_view samples{};           ///< as append_samples() wrote them
  std::span<const Sample> unwritten{};  ///< or as they are, for JSON alone, and which members
  std::uint16_t fields = 0;
  std::uint32_t count = 0;
  std::uint64_t last = 0;  ///< sequence of the newest
  std::int64_t received_us = 0;
  std::uint32_t dropped = 0;
};

/// What the motion messages of one controller have in common, in every format.
class MotionWriter {
 public:
  explicit MotionWriter(const Address& controller);

  /// @param head  of the subscription, as motion_head() made it
  /// @param id_line  what stands before it in an event stream
  void append(Batch& batch, std::string_view head, const Motion& motion,
              std::string_view id_line) const;

 private:
  void append_text(Batch& batch, const Frame& about, std::string_view head, const Motion& motion,
                   std::string_view id_line) const;
  void append_cbor(Batch& batch, const Frame& about, std::string_view head,
                   const Motion& motion) const;
  void append_binary(Batch& batch, const Frame& about, std::string_view subscription,
                     const Motion& motion) const;

  Address controller_;
  std::string text_, cbor_;
};

/// A motion message of another number of dropped samples than it says.
/// @param from  the batch that the frame is in
void append_with_dropped(Batch& to, const Batch& from, const Frame& frame, std::uint32_t dropped);

}  // namespace psmove::stream
