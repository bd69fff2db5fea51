#pragma once
// The host's radios as JSON.

#include <span>
#include <string>
#include <vector>

#include "types/address.hpp"

namespace psmove::wire {

struct Adapter {
  Address address;
  std::string name;   ///< "hci0"
  std::string alias;  ///< what other devices see
  bool powered = false, discoverable = false, pairable = false;
  std::vector<Address> controllers{};  ///< those linked through it now
};

/// GET /adapters: an array.
[[nodiscard]] std::string adapters_body(std::span<const Adapter> adapters);

}  // namespace psmove::wire
