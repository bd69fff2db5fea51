#pragma once
// Carries out cues: at their instant all outputs are handed over in one turn of the loop, and what
// became of each is kept.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/bell.hpp"
#include "drivers/clock.hpp"
#include "drivers/listener.hpp"
#include "drivers/output_layers.hpp"
#include "types/awaitable.hpp"
#include "types/cue.hpp"

namespace psmove::drivers {

class Roster;

/// All cues of the daemon, in the order in which they were asked for. Everything on the loop's
/// thread; shared with the coroutine that waits for their instants.
class Cues final : public Listener, public std::enable_shared_from_this<Cues> {
 public:
  /// At most so many wait or are being written, and so many are remembered in all.
  static constexpr std::size_t most_pending = 64, most_kept = 128;

  Cues(Roster& roster, const UnixClock& clock);
  ~Cues() override;
  Cues(const Cues&) = delete;
  Cues& operator=(const Cues&) = delete;

  /// Begins to wait for instants.
  void start(boost::asio::io_context& io);
  /// Leaves the roster; what waits is not carried out any more.
  void stop();

  enum class Scheduling : std::uint8_t {
    done,
    full,     ///< most_pending are on their way
    writing,  ///< the cue of this name has begun, and is not done yet
  };
  /// Plans a cue, in the place of one of this name that waits or is over. One whose instant is past
  /// is carried out before this returns.
  /// @param at_us  Unix time; none: now
  /// @param actions  at most one for each controller
  Scheduling schedule(std::string id, Owner owner, std::optional<std::int64_t> at_us,
                      std::vector<CueAction> actions);
  /// The same under a name that is free, for what has none.
  /// @return the cue, until the next call; nullptr where most_pending are on their way
  const CueStatus* plan(Owner owner, std::optional<std::int64_t> at_us,
                        std::vector<CueAction> actions);
  /// Calls back once when this cue is done, or at once if it is; not at all if it is removed.
  void when_done(std::string_view id, std::function<void(const CueStatus&)> callback);
  enum class Removal : std::uint8_t { done, unknown, writing };
  /// Forgets a cue; one that waits is not carried out any more.
  Removal remove(std::string_view id);
  /// Forgets what this owner still has waiting.
  void release(const Owner& owner);
  [[nodiscard]] const CueStatus* find(std::string_view id) const;
  [[nodiscard]] std::vector<const CueStatus*> all() const;

  /// Called after the status of any has changed.
  void on_change(std::function<void()> callback) { changed_ = std::move(callback); }
  /// Called as one is done.
  void on_done(std::function<void(const CueStatus&)> callback) { done_ = std::move(callback); }

  void on_samples(const Controller&, std::span<const Sample>, std::int64_t) override {}
  void on_button(const Controller&, Button, bool, std::int64_t) override {}
  void on_trigger(const Controller&, double, std::int64_t) override {}
  void on_battery(const Controller&) override {}
  void on_presence(const Controller& controller, Presence presence) override;
  void on_outputs(const Controller& controller) override;

 private:
  /// One output of one controller, as the layers know it.
  struct Handed {
    std::uint64_t led = 0, rumble = 0;  ///< the numbers of the writes
  };
  struct Entry {
    CueStatus status;
    Owner owner;
    std::vector<CueAction> actions;  ///< in the order of status.results
    std::vector<Handed> handed;
    std::function<void(const CueStatus&)> done;
  };

  static Awaitable<void> run(std::shared_ptr<Cues> self);
  void fire(Entry& entry);
  void follow(Entry& entry, const Address& controller);
  void look_at(Entry& entry, std::size_t place);
  void finish(Entry& entry);
  void forget_oldest();
  [[nodiscard]] Entry* entry_of(std::string_view id);
  [[nodiscard]] std::optional<std::int64_t> next_instant() const;

  Roster* roster_;
  const UnixClock& clock_;
  std::list<Entry> entries_;
  Bell bell_;
  std::uint64_t planned_ = 0;  ///< cues that were given a name
  bool is_stopped_ = false;
  std::function<void()> changed_;
  std::function<void(const CueStatus&)> done_;
};

}  // namespace psmove::drivers
