#pragma once
// How far a reader of the event stream is: the `id` of its motion events, and the Last-Event-ID
// that it comes back with.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "types/address.hpp"

namespace psmove::wire {

/// The last sequence of each controller, as far as one was sent.
class StreamPosition {
 public:
  struct Entry {
    Address controller{};
    std::uint64_t sequence = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
  };

  void set(const Address& controller, std::uint64_t sequence);
  void erase(const Address& controller);
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  friend bool operator==(const StreamPosition&, const StreamPosition&) = default;

  /// Appends "0006f7162a3b:48213,0006f7162a3c:77": addresses without colons, in their order.
  void append_to(std::string& out) const;

 private:
  std::vector<Entry> entries_;
};

/// Reads what append_to() wrote; nullopt for anything else, and for more than 64 controllers.
[[nodiscard]] std::optional<StreamPosition> parse_stream_position(std::string_view text);

}  // namespace psmove::wire
