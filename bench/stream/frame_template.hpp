#pragma once
// A ready-made WebSocket text frame of about 400 bytes of JSON in which three numbers are patched
// in place: the cheapest way there is to make a frame.

#include <cstdint>
#include <string>

namespace psmove::bench {

class FrameTemplate {
 public:
  FrameTemplate();
  /// Appends one frame, head included.
  void append(std::string& out, std::uint32_t controller, std::uint64_t sequence,
              std::int64_t received_us) const;

 private:
  std::string frame_;
  std::size_t controller_at_, sequence_at_, received_at_;  ///< just past the last digit
};

}  // namespace psmove::bench
