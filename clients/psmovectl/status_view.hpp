#pragma once
// How a daemon is, on one screen. Pure: text out of values.

#include <optional>
#include <string>
#include <vector>

#include "clients/cpp/messages.hpp"
#include "clients/psmovectl/style.hpp"

namespace psmove::client {

struct StatusPicture {
  std::string server;  ///< "http://localhost:6683"
  DaemonInfo daemon;
  std::string waits_for;  ///< one sentence; empty where it is ready
  std::vector<Controller> controllers;
  std::optional<std::vector<Adapter>> adapters;
  std::string why_no_adapters;  ///< one sentence, where there are none
  std::vector<Pairing> pairings;
};

/// As many lines as it takes, each as wide as the terminal at most.
[[nodiscard]] std::vector<std::string> render_status(const StatusPicture& picture,
                                                     const Style& style);

/// "12 s", "3 min 5 s", "3 h 12 min", "2 d 5 h".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace psmove::client
