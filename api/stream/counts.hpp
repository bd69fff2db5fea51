#pragma once
// What the stream has done, in numbers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace psmove::stream {

struct Counts {
  struct Door {
    std::size_t open = 0;  ///< now
    std::uint64_t opened = 0;
    std::uint64_t sent_bytes = 0;
  };
  Door websockets, event_streams;
  /// Samples that clients were too slow for, by the place of their policy in wire::Policy.
  std::array<std::uint64_t, 3> dropped_samples{};
  /// Connections that this side closed, by the code that it gave.
  std::map<std::uint16_t, std::uint64_t> closed;
};

}  // namespace psmove::stream
