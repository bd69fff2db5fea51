#include "bench/stream/tally.hpp"

#include <nlohmann/json.hpp>

namespace psmove::bench {
namespace {

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

nlohmann::json Tally::summary(double seconds) const {
  return {{"conns", {{"opened", opened}, {"failed", failed}, {"closed_early", closed_early}}},
          {"handshake_us", handshakes.summary()},
          {"seconds", seconds},
          {"frames", frames},
          {"frames_per_s", static_cast<double>(frames) / seconds},
          {"bytes", bytes},
          {"lost", lost},
          {"lost_pct", percent(lost, frames + lost)},
          {"late", late},
          {"late_pct", percent(late, latencies.count())},
          {"reordered", reordered},
          {"unstamped", unstamped},
          {"unnumbered", unnumbered},
          {"from_future", from_future},
          {"protocol_errors", protocol_errors},
          {"pings", pings},
          {"latency_us", latencies.summary()}};
}

}  // namespace psmove::bench
