#pragma once
// Factory calibration that was read from real controllers and published: eight ZCM1 (moveonpc wiki)
// and one ZCM2 (psmoveapi's notes on that model), assembled from the blocks of feature 0x10.

#include <array>
#include <cstdint>

namespace psmove::emulator {

/// Block 0 with its two header bytes, then 47 payload bytes of each later block.
using Zcm1Blob = std::array<std::uint8_t, 143>;
using Zcm2Blob = std::array<std::uint8_t, 96>;

extern const std::array<Zcm1Blob, 8> zcm1_blobs;
extern const Zcm2Blob zcm2_blob;

}  // namespace psmove::emulator
