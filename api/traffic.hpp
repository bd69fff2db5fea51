#pragma once
// What a server has seen of its clients, in numbers.

#include <array>
#include <cstddef>
#include <cstdint>

namespace psmove::api {

struct Traffic {
  /// Rows of `requests`: HEAD is told from GET here, and `other` stands for what nobody knows.
  enum class Verb : std::uint8_t { get, head, put, post, patch, del, options, other };
  static constexpr std::size_t verbs = 8;
  static constexpr std::size_t classes = 5;  ///< 1xx to 5xx

  void count_answer(Verb verb, int status) {
    ++requests[static_cast<std::size_t>(verb)]
              [static_cast<std::size_t>(status / 100 - 1) % classes];
  }

  std::array<std::array<std::uint64_t, classes>, verbs> requests{};
  std::size_t connections = 0;         ///< now, WebSockets and readers of events among them
  std::uint64_t accepted = 0;          ///< connections that were admitted
  std::uint64_t refused_limit = 0;     ///< there were too many
  std::uint64_t refused_address = 0;   ///< there were too many from that address
  std::uint64_t refused_resource = 0;  ///< there was no file descriptor left
  std::uint64_t refused_tokens = 0;    ///< answers to a wrong token or ticket
};

/// Lines of the log.
struct LogCounts {
  std::uint64_t errors = 0, warnings = 0, infos = 0, debugs = 0;
  std::uint64_t left_out = 0;  ///< they came too often
};

}  // namespace psmove::api
