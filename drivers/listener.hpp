#pragma once
// What a controller tells those who listen: the stream's publisher, a REST request that waits.

#include <cstdint>
#include <span>
#include <vector>

#include "types/buttons.hpp"
#include "types/controller_state.hpp"

namespace psmove::drivers {

class Controller;

enum class Presence : std::uint8_t { arrived, changed, left, forgotten };

/// Callbacks on the loop's thread. A listener may not add or remove listeners from within one.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The samples of one report, oldest first, and when it was received: Unix time, microseconds.
  /// Who passes them on has them already (SampleListener); this is for who keeps or counts them.
  virtual void after_samples(const Controller&, std::span<const Sample>, std::int64_t) {}
  virtual void on_button(const Controller&, Button, bool pressed, std::int64_t time_us) = 0;
  virtual void on_trigger(const Controller&, double fraction, std::int64_t time_us) = 0;
  virtual void on_battery(const Controller&) = 0;
  virtual void on_presence(const Controller&, Presence) = 0;
  virtual void on_outputs(const Controller&) = 0;
  /// Something that the controller was asked for is done, or cannot be (errands.hpp).
  virtual void on_errand(const Controller&) {}
};

/// Who passes readings on to somebody who waits for them. Apart from the others, because they wait
/// while a report is worked on.
class SampleListener {
 public:
  virtual ~SampleListener() = default;
  /// All that a device has ready is told between these two; the loop runs nothing else meanwhile.
  virtual void on_burst_begin() {}
  virtual void on_burst_end() {}
  /// The samples of one report, oldest first, and when it was received: Unix time, microseconds.
  /// The controller itself has them as its newest only when it is done with the burst or has its
  /// next report, whichever comes first; then they are also told to the others.
  virtual void on_samples(const Controller&, std::span<const Sample>, std::int64_t received_us) = 0;
};

/// All who listen to the controllers of one roster.
struct Listeners {
  std::vector<Listener*> all;
  std::vector<SampleListener*> samples;
};

}  // namespace psmove::drivers
