#pragma once
// What clients ask of cues: the body of PUT /cues/{id}.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/wire/fault.hpp"
#include "types/outputs.hpp"

namespace psmove::wire {

/// How many members of `outputs` a cue has at most.
inline constexpr std::size_t most_cue_outputs = 64;

struct CueRequest {
  struct Output {
    std::vector<std::string> controllers;  ///< ids, numbers or names; empty: every connected one
    std::optional<LedWish> led{};
    std::optional<RumbleWish> rumble{};
  };
  std::optional<std::int64_t> at_us{};  ///< Unix time; none: at once
  std::vector<Output> outputs;
};

/// {"at_us" or "in_ms", "outputs": [{"controllers", "led", "rumble"}]}.
/// @param now_us  Unix time; `at_us` is from ten seconds before it to a day after it
[[nodiscard]] Parsed<CueRequest> cue_request(const nlohmann::json& body, std::int64_t now_us);

/// Why a cue is not planned where so many are waiting.
/// @param are_own  all of them are this client's
[[nodiscard]] Fault too_many_cues(std::size_t waiting, bool are_own);

/// A cue's name: 1 to 64 letters, digits, dots, dashes and underscores.
[[nodiscard]] bool is_cue_id(std::string_view id);

}  // namespace psmove::wire
