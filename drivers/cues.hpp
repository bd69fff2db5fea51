#pragma once
// Carries out cues: at their instant all outputs are handed over in one turn of the loop, and what
// became of each is kept. Outputs that are set at once without a cue are followed in the same way.

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
  /// At most so many wait or are being written, so many of them of one owner, so that nobody takes
  /// all the room; and so many are remembered in all.
  static constexpr std::size_t most_pending = 64, most_of_one_owner = 32, most_kept = 128;
  /// What plan() calls cues begins with this; nobody else may call theirs so.
  static constexpr std::string_view reserved_prefix = "auto-";

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
    full,        ///< most_pending are on their way
    owner_full,  ///< most_of_one_owner of them are this owner's
    writing,     ///< the cue of this name has begun, and is not done yet
  };
  /// How many may wait, where one was refused.
  static constexpr std::size_t bound(Scheduling refusal) {
    return refusal == Scheduling::owner_full ? most_of_one_owner : most_pending;
  }
  /// Plans a cue, in the place of one of this name that waits, which ends as `superseded`, or is
  /// over. One whose instant is past is carried out before this returns.
  /// @param at_us  Unix time; none: now
  /// @param actions  at most one for each controller
  Scheduling schedule(std::string id, Owner owner, std::optional<std::int64_t> at_us,
                      std::vector<CueAction> actions);
  struct Planned {
    Scheduling scheduling = Scheduling::done;
    const CueStatus* cue = nullptr;  ///< until the next call, where it is `done`
  };
  /// The same under a name that is free, for what has none.
  Planned plan(Owner owner, std::optional<std::int64_t> at_us, std::vector<CueAction> actions);
  /// Calls back once when this cue is done, taken back and replaced ones included, or at once if it
  /// is; not at all where its owner's cues are released.
  void when_done(std::string_view id, std::function<void(const CueStatus&)> callback);

  /// Sets outputs at once, without a cue, and follows them for as long as the caller keeps what
  /// this returns: a status without an id, which never waits.
  /// @param done  called once when it is done; not where it is before this returns
  [[nodiscard]] std::shared_ptr<const CueStatus> set(
      Owner owner, std::vector<CueAction> actions,
      std::function<void(const CueStatus&)> done = nullptr);
  /// How many of those are followed.
  [[nodiscard]] std::size_t followed() const;
  enum class Removal : std::uint8_t { done, unknown, writing };
  /// Forgets a cue; one that waits is not carried out any more, and ends as `removed`.
  Removal remove(std::string_view id);
  /// Forgets what this owner still has waiting.
  void release(const Owner& owner);
  [[nodiscard]] const CueStatus* find(std::string_view id) const;
  [[nodiscard]] std::vector<const CueStatus*> all() const;

  /// Called after the status of any has changed.
  void on_change(std::function<void()> callback) { changed_ = std::move(callback); }
  /// Called as one is done that was carried out.
  void on_done(std::function<void(const CueStatus&)> callback) { done_ = std::move(callback); }

  void on_button(const Controller&, Button, bool, std::int64_t) override {}
  void on_trigger(const Controller&, double, std::int64_t) override {}
  void on_battery(const Controller&) override {}
  void on_presence(const Controller& controller, Presence presence) override;
  void on_outputs(const Controller& controller) override;

 private:
  /// One output of one controller, as the layers know it.
  struct Handed {
    std::optional<std::uint64_t> led, rumble;  ///< the numbers of the writes; 0: a layer was ended
  };
  struct Entry {
    CueStatus status;
    Owner owner;
    std::vector<CueAction> actions;  ///< in the order of status.results
    std::vector<Handed> handed;
    std::function<void(const CueStatus&)> done;
  };

  static Awaitable<void> run(std::shared_ptr<Cues> self);
  static void take_down(Entry& entry, std::vector<CueAction> actions);
  static void give_up(Entry& entry, CueOutcome outcome);
  void fire(Entry& entry);
  void follow(const Address& controller);
  bool follow(Entry& entry, const Address& controller);
  void look_at(Entry& entry, std::size_t place);
  void finish(Entry& entry);
  void forget_oldest();
  [[nodiscard]] Entry* entry_of(std::string_view id);
  [[nodiscard]] std::optional<std::int64_t> next_instant() const;

  Roster* roster_;
  const UnixClock& clock_;
  std::list<Entry> entries_;
  std::vector<std::weak_ptr<Entry>> followed_;  ///< of set()
  Bell bell_;
  std::uint64_t planned_ = 0;  ///< cues that were given a name
  bool is_stopped_ = false;
  std::function<void()> changed_;
  std::function<void(const CueStatus&)> done_;
};

}  // namespace psmove::drivers
