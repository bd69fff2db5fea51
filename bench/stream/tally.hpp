#pragma once
// What one load run counts.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "bench/measure/histogram.hpp"

namespace psmove::bench {

/// The newest sequence number of each controller that one connection has seen.
struct SequenceTrack {
  std::uint64_t controller = 0, newest = 0;
};

struct Tally {
  // connections
  int opened = 0, failed = 0, closed_early = 0;
  std::uint64_t protocol_errors = 0, pings = 0;
  Histogram handshakes;
  // messages, while measuring
  std::uint64_t frames = 0, bytes = 0, late = 0, unstamped = 0, unnumbered = 0;
  std::uint64_t lost = 0;         ///< frames missing by sequence number
  std::uint64_t reordered = 0;    ///< whose number was not beyond the one before
  std::uint64_t from_future = 0;  ///< stamped later than they arrived: clocks disagree
  Histogram latencies;

  /// @return {"conns", "handshake_us", "frames", ..., "lost_pct", "late_pct", "latency_us"}
  [[nodiscard]] nlohmann::json summary(double seconds) const;
};

}  // namespace psmove::bench
