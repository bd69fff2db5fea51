#pragma once
// CBOR (RFC 8949) as the stream speaks it: what clients send is read strictly, what the daemon
// sends is made of its JSON. Samples have a writer of their own, cbor_sample.hpp.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "api/wire/fault.hpp"

namespace psmove::wire {

/// Reads one data item that JSON could say as well: no byte strings, no NaN or infinity, keys that
/// are text and given once, UTF-8, nesting at most 16. Tags are passed over; arrays and maps may be
/// of indefinite length, strings may not.
[[nodiscard]] Parsed<nlohmann::json> parse_cbor(std::string_view bytes);

/// A message of ours as CBOR: the same members in the same order. Whole numbers are integers,
/// others float64, or float32 where that is the same number.
[[nodiscard]] std::string cbor_of_json(std::string_view text);

// ---- items, for what is written by hand

enum class CborType : std::uint8_t { positive, negative, bytes, text, array, map };

/// The head of an item: its type and its value, length or count, in as few bytes as it takes.
void append_cbor_head(std::string& out, CborType type, std::uint64_t value);
[[nodiscard]] std::size_t cbor_head_size(std::uint64_t value);
void append_cbor_integer(std::string& out, std::int64_t value);
void append_cbor_text(std::string& out, std::string_view text);

}  // namespace psmove::wire
