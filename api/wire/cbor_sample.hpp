#pragma once
// One sample as CBOR, written by hand: this runs for every report.

#include <cstdint>
#include <string>

#include "api/wire/sample_encoder.hpp"

namespace psmove::wire {

/// Appends a map with the members of append_sample(), in their order. What JSON writes with
/// decimals is a float32: its 24 bits are a thousand times finer than a count of any sensor, and
/// take 5 bytes. Times, sequences and the temperature are integers.
void append_cbor_sample(std::string& out, const Sample& sample, std::uint16_t fields = all_fields);

}  // namespace psmove::wire
