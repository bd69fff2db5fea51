#pragma once
// Arguments that several commands share.

#include <optional>
#include <string>
#include <vector>

#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/context.hpp"
#include "clients/psmovectl/values.hpp"
#include "clients/psmovectl/verb.hpp"

namespace psmove::client {

/// --priority and --lease.
void add_ownership(Verb& verb, int& priority, std::string& lease);

/// Puts --for and --lease into a wish for light or motor.
template <class Wish>
std::optional<Error> read_times(const std::string& duration, const std::string& lease, Wish& wish) {
  if (!duration.empty()) {
    const auto parsed = parse_duration(duration);
    if (!parsed) return parsed.error();
    wish.duration = *parsed;
  }
  if (!lease.empty()) {
    const auto parsed = parse_duration(lease);
    if (!parsed) return parsed.error();
    wish.lease = *parsed;
  }
  return std::nullopt;
}

/// The controllers, to call them by their names; none where that is not needed or not possible.
[[nodiscard]] std::vector<Controller> controllers_if(Context& context, bool is_needed);

}  // namespace psmove::client
