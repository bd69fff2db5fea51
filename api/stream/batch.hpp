#pragma once
// Frames that go to clients together: bytes that are shared as they are, and an index that only
// matters when a client is too slow for them.

#include <boost/container/vector.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/stream/format.hpp"
#include "api/stream/framing.hpp"
#include "api/wire/stream_messages.hpp"
#include "types/address.hpp"

namespace psmove::stream {

enum class FrameKind : std::uint8_t {
  motion,   ///< may be dropped, and counted
  trigger,  ///< a later one of the same controller makes it worthless
  output,   ///< the same
  edge,     ///< must arrive: presses, arrivals, answers, control frames
};

struct Frame {
  Address controller{};  ///< zero: none
  FrameKind kind = FrameKind::edge;
  std::uint32_t samples = 0;         ///< of a motion frame
  std::uint32_t dropped = 0;         ///< what a motion frame says at its end
  std::size_t offset = 0, size = 0;  ///< where it is in the batch, head included
};

/// One or more whole frames. Filled by one owner, then shared and never changed.
class Batch {
 public:
  Batch() = default;
  /// @param group  serial number of the group whose samples these are; 0: of no subscription
  /// @param policy  of that group
  Batch(std::uint64_t group, wire::Policy policy, Format format = Format::json)
      : group_(group), policy_(policy), format_(format) {}

  [[nodiscard]] std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] std::string_view bytes(const Frame& frame) const {
    return bytes().substr(frame.offset, frame.size);
  }
  /// The same without its head.
  [[nodiscard]] std::string_view payload(const Frame& frame) const;
  [[nodiscard]] const std::vector<Frame>& frames() const { return frames_; }
  [[nodiscard]] bool is_empty() const { return frames_.empty(); }
  [[nodiscard]] std::size_t motion_bytes() const { return motion_bytes_; }
  [[nodiscard]] std::size_t edge_bytes() const { return bytes_.size() - motion_bytes_; }
  [[nodiscard]] std::uint64_t group() const { return group_; }
  [[nodiscard]] wire::Policy policy() const { return policy_; }
  /// Whether a later batch of the group makes this one's motion worthless.
  [[nodiscard]] bool newest_only() const { return policy_ == wire::Policy::latest; }
  [[nodiscard]] Format format() const { return format_; }

  /// Appends one frame whose payload is these parts, its head in front where the format has heads.
  void append(const Frame& about, std::initializer_list<std::string_view> parts,
              Opcode opcode = Opcode::text);
  /// Appends one frame whose payload is written in place.
  /// @param longest  that the payload may be
  /// @param write_payload  given where it begins, writes it and returns its end
  template <class Write>
  void write(const Frame& about, std::size_t longest, Write write_payload,
             Opcode opcode = Opcode::text) {
    char* const payload = make_room(longest);
    end_frame(about, payload, write_payload(payload), opcode);
  }
  /// Appends a frame of another batch as it is.
  void append(const Batch& from, const Frame& frame);

  /// Empties it for another turn; keeps a buffer of ordinary size.
  void clear();

 private:
  [[nodiscard]] bool has_heads() const { return format_ != Format::event_stream; }
  /// @return where a payload of at most this length begins, with room for its head before it
  [[nodiscard]] char* make_room(std::size_t longest);
  void end_frame(const Frame& about, char* payload, char* end, Opcode opcode);

  boost::container::vector<char> bytes_;  ///< unlike std's, it makes room without filling it
  std::vector<Frame> frames_;
  std::size_t motion_bytes_ = 0;
  std::uint64_t group_ = 0;
  wire::Policy policy_ = wire::Policy::all;
  Format format_ = Format::json;
};

using SharedBatch = std::shared_ptr<const Batch>;

/// What ends an event, behind its data.
inline constexpr std::string_view event_end = "\n\n";

/// One frame of a WebSocket as a batch of its own.
[[nodiscard]] SharedBatch single(Opcode opcode, std::string_view payload);
/// Lines of an event stream as a batch of their own.
[[nodiscard]] SharedBatch lines(std::initializer_list<std::string_view> parts);

}  // namespace psmove::stream
