#pragma once
// When something shall happen, as requests say it: "at_us" or "in_ms".

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "api/wire/fault.hpp"
#include "api/wire/members.hpp"

namespace psmove::wire {

struct Instant {
  std::optional<std::int64_t> at_us{};               ///< Unix time
  std::optional<std::chrono::milliseconds> delay{};  ///< from when it was asked
  [[nodiscard]] bool is_given() const { return at_us || delay; }
};

/// Reads the two members, of which there is one at most.
[[nodiscard]] Instant read_instant(Members& members);
/// The same, out of an object that is strict about the rest: they are not in it any more.
[[nodiscard]] Parsed<Instant> take_instant(nlohmann::json& object);

/// @return Unix time in microseconds, from ten seconds before `now_us` to a day after it; none
///         where none was given
[[nodiscard]] Parsed<std::optional<std::int64_t>> resolve(const Instant& instant,
                                                          std::int64_t now_us);

}  // namespace psmove::wire
