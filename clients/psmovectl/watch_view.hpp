#pragma once
// The picture that `watch` draws: lines of text out of a WatchModel. Pure.

#include <optional>
#include <string>
#include <vector>

#include "clients/psmovectl/style.hpp"
#include "clients/psmovectl/watch_model.hpp"

namespace psmove::client {

struct WatchFrame {
  int rows = 24;
  Style style;
  std::string server;                ///< "localhost:6683"
  std::string trouble;               ///< one sentence while there is no connection; or empty
  std::optional<std::string> focus;  ///< id of the one to show in full; none: all of them
};

/// Exactly `rows` lines of at most `style.columns` columns. One controller is shown in full;
/// several get three lines each, or one where the terminal is too low for that.
[[nodiscard]] std::vector<std::string> render_watch(const WatchModel& model,
                                                    const WatchFrame& frame);

/// One sample on one line, for when the output is no terminal.
[[nodiscard]] std::string sample_line(const WatchedController& controller, const Style& style);
/// An event on one line: a button, an arrival, a battery; empty for what has no line.
[[nodiscard]] std::string event_line(const WatchModel& model, const Message& message,
                                     const Style& style);

}  // namespace psmove::client
