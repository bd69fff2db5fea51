#pragma once
// Which controllers there are, connected or remembered.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/controller.hpp"

namespace psmove::drivers {

/// A node of a controller that cannot be used, and is therefore nobody yet.
struct NodeTrouble {
  std::string_view code;  ///< one of those in docs/pairing.md
  std::string sentence;   ///< for people, with what to try
  std::string command{};  ///< what to type, where that would mend it
};

/// Owns every controller. A pointer from `find` is used before the next co_await and never stored.
class Roster {
 public:
  explicit Roster(UnixClock& clock) : clock_(clock) {}
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  [[nodiscard]] UnixClock& clock() const { return clock_; }

  /// By id (address), number or name; nullptr where nobody answers to it.
  [[nodiscard]] Controller* find(std::string_view id_number_or_name) const;
  [[nodiscard]] Controller* find(const Address& address) const;
  /// All, in the order of their numbers.
  [[nodiscard]] const std::vector<std::unique_ptr<Controller>>& all() const { return controllers_; }

  /// The controller of this address, made now with the next free number if it is new.
  Controller& get_or_add(const Address& address, const ControllerModel& model, Source source);
  /// Takes back what an earlier run knew. Entries of unknown models or with taken numbers or names
  /// are mended, not refused.
  void restore(const std::vector<RememberedController>& remembered);
  [[nodiscard]] std::vector<RememberedController> remembered() const;

  /// How much the motors may run of controllers without a limit of their own.
  void set_default_rumble_limit(const RumbleLimit& limit);
  /// @param limit  its own from now on, remembered; nullopt: everybody's
  void set_rumble_limit(Controller& controller, std::optional<RumbleLimit> limit);

  enum class Rename { done, taken, invalid };
  /// A name is 1..64 characters of UTF-8, unique, neither a number, an address nor "all"; an empty
  /// one takes the name away.
  Rename set_name(Controller& controller, std::string name);
  Rename set_number(Controller& controller, int number);
  enum class Pairing {
    done,
    mismatch,  ///< it takes a Navigation controller and one with motion sensors
    taken,     ///< the other one belongs to a third
  };
  /// Whether set_companion() would.
  [[nodiscard]] static Pairing can_pair(const Controller& controller, const Controller& other);
  /// Makes two controllers those of one person's two hands. Who was with `controller` before is
  /// alone then.
  Pairing set_companion(Controller& controller, Controller& other);
  /// Both are alone from now on.
  void clear_companion(Controller& controller);
  /// Forgets a controller that is away. @return false while it has a link
  bool forget(Controller& controller);

  /// A node that cannot be used, until it goes or can.
  void report_trouble(const std::string& path, NodeTrouble trouble);
  void clear_trouble(const std::string& path) { troubles_.erase(path); }
  [[nodiscard]] const std::map<std::string, NodeTrouble>& troubles() const { return troubles_; }

  void add_listener(Listener* listener);
  void remove_listener(Listener* listener);
  void add_sample_listener(SampleListener* listener);
  void remove_sample_listener(SampleListener* listener);
  /// Called after anything that remembered() returns has changed.
  void on_change(std::function<void()> callback) { changed_ = std::move(callback); }
  void changed() const {
    if (changed_) changed_();
  }

 private:
  void add(RememberedController remembered, const ControllerModel& model);
  [[nodiscard]] int next_number() const;
  void sort();

  UnixClock& clock_;
  std::vector<std::unique_ptr<Controller>> controllers_;
  RumbleLimit default_rumble_limit_;
  Listeners listeners_;
  std::map<std::string, NodeTrouble> troubles_;  ///< by path
  std::function<void()> changed_;
};

}  // namespace psmove::drivers
