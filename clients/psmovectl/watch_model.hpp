#pragma once
// What `watch` knows: the newest of every controller, and how well its samples arrive. Pure; time
// is what the messages say it is.

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clients/cpp/messages.hpp"

namespace psmove::client {

/// Samples per second and the share that was lost, over about the last two seconds. A gap in
/// `sequence` is a loss, less what the daemon says this subscription dropped by being slow.
class ArrivalMeter {
 public:
  void add(std::span<const Sample> samples, std::uint64_t dropped);
  [[nodiscard]] double samples_per_s() const;
  [[nodiscard]] double lost_fraction() const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  ///< since the start

 private:
  struct Arrival {
    std::int64_t time_us;
    std::uint64_t samples, lost;
  };
  std::deque<Arrival> arrivals_;
  std::optional<std::uint64_t> last_sequence_;
  std::uint64_t dropped_ = 0;
};

struct WatchedController {
  Controller about;
  std::optional<Sample> newest;
  ArrivalMeter arrivals;
};

class WatchModel {
 public:
  void apply(const Message& message);
  /// In the order of their numbers.
  [[nodiscard]] const std::vector<WatchedController>& controllers() const { return controllers_; }
  [[nodiscard]] const WatchedController* find(std::string_view id) const;
  /// Before a new connection: the next snapshot says what there is.
  void forget_all() { controllers_.clear(); }

 private:
  WatchedController* known(std::string_view id);
  void learn(const Controller& about);
  std::vector<WatchedController> controllers_;
};

}  // namespace psmove::client
