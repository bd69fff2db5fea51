#pragma once
// A wake-up for one coroutine. The condition it waits for is kept elsewhere and tested in a loop,
// so an early, late or doubled ring is harmless.

#include <memory>

#include "drivers/clock.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {

class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  /// Wakes whoever waits; remembered for the next wait where nobody does.
  void ring();
  /// Suspends until ring() or `deadline`. One coroutine at a time.
  Awaitable<void> wait_until(SteadyTime deadline);
  Awaitable<void> wait();

 private:
  struct Timer;
  std::unique_ptr<Timer> timer_;
  bool rung_ = false;
};

}  // namespace psmove::drivers
