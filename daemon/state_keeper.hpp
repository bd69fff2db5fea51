#pragma once
// Keeps the file of what is known about controllers up to date while the daemon runs.

#include "daemon/state_file.hpp"
#include "drivers/roster.hpp"
#include "types/awaitable.hpp"

namespace psmove::daemon {

/// Writes the roster whenever it changes: at once, so that the death of this process loses nothing;
/// the wait for the disk goes to the pool, one at a time.
class StateKeeper {
 public:
  /// All four must outlive this; what is on its way to the disk is waited for by joining the pool.
  StateKeeper(StateFile& file, drivers::Roster& roster, boost::asio::io_context& io,
              boost::asio::thread_pool& pool);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

 private:
  void save();
  void flush();

  StateFile& file_;
  drivers::Roster& roster_;
  boost::asio::io_context& io_;
  boost::asio::thread_pool& pool_;
  bool is_flushing_ = false;
  bool flush_again_ = false;
};

}  // namespace psmove::daemon
