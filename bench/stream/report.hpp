#pragma once
// What bench-feeder writes into bench-floor's standard input, one record for each report that a
// controller would send.

#include <array>
#include <cstdint>

namespace psmove::bench {

struct Report {
  std::uint32_t controller = 0;
  std::uint32_t sequence = 0;  ///< of this controller's reports
  std::array<std::uint8_t, 56> padding{};
};
static_assert(sizeof(Report) == 64);

}  // namespace psmove::bench
