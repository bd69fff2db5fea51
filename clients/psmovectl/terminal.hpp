#pragma once
// The terminal while `watch` has it: alternate screen, single keys, signals as events. Whatever
// ends the program in an orderly way gives the terminal back as it was.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace psmove::client {

/// SIGINT, SIGTERM, SIGHUP and SIGWINCH as something to poll, for as long as this lives.
class SignalEvents {
 public:
  SignalEvents();
  ~SignalEvents();
  SignalEvents(const SignalEvents&) = delete;
  SignalEvents& operator=(const SignalEvents&) = delete;

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// The next one that came, or nullopt.
  [[nodiscard]] std::optional<int> take() const;

 private:
  int descriptor_ = -1;
};

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

class Terminal {
 public:
  /// Standard input and output must be a terminal.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] static bool is_available();  ///< both ends are a terminal that can move its cursor
  [[nodiscard]] static TerminalSize size();
  /// Draws over what is there, in one write. @return false where the terminal has gone
  [[nodiscard]] bool draw(const std::vector<std::string>& lines) const;
  /// What was typed since; nullopt where the terminal has gone.
  [[nodiscard]] static std::optional<std::string> typed();

 private:
  std::vector<unsigned char> saved_;  ///< the termios that was
};

/// What happened first; several may have.
struct Wakeup {
  bool is_signal = false, is_key = false, is_stream = false;
};
/// Waits for any of them; a descriptor of -1 is left out.
[[nodiscard]] Wakeup wait_for_events(int signals, int keys, int stream,
                                     std::chrono::milliseconds timeout);

}  // namespace psmove::client
