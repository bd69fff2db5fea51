#pragma once
// What operators watch: counted as it happens, told as text when somebody asks (GET /metrics).

#include <cstdint>
#include <map>
#include <optional>

#include "api/stream/radio_meter.hpp"
#include "api/wire/metrics_text.hpp"
#include "drivers/clock.hpp"
#include "drivers/listener.hpp"
#include "types/address.hpp"
#include "types/cue.hpp"

namespace psmove::drivers {
class Roster;
}

namespace psmove::api {

/// Everything that nobody else counts. It counts for as long as a controller is known, over every
/// connection of it, so that a rate can be made of any two answers.
class Metrics final : public drivers::Listener {
 public:
  struct ForController {
    std::uint64_t arrivals = 0;
    std::uint64_t reports_over_bluetooth = 0, reports_over_usb = 0;
    std::uint64_t lost = 0;
    std::uint64_t rejected = 0;
    wire::Histogram interval;        ///< between two reports
    wire::Histogram output_latency;  ///< from a wish to the write that fulfils it

    ForController();

   private:
    friend class Metrics;
    stream::ReportSequence sequence_;
    std::uint64_t rejected_seen_ = 0;  ///< of this connection
    std::optional<drivers::SteadyTime> wanted_at_;
    std::int64_t written_us_ = 0;  ///< when it was written to last, as it was wanted
  };

  explicit Metrics(drivers::Roster& roster);
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Up to this moment.
  [[nodiscard]] const ForController& of(const drivers::Controller& controller);
  [[nodiscard]] std::uint64_t cues() const { return cues_; }
  [[nodiscard]] const wire::Histogram& cue_skew() const { return cue_skew_; }

  void on_cue_done(const CueStatus& cue);
  void after_samples(const drivers::Controller& controller, std::span<const Sample> samples,
                     std::int64_t received_us) override;
  void on_button(const drivers::Controller&, Button, bool, std::int64_t) override {}
  void on_trigger(const drivers::Controller&, double, std::int64_t) override {}
  void on_battery(const drivers::Controller&) override {}
  void on_presence(const drivers::Controller& controller, drivers::Presence presence) override;
  void on_outputs(const drivers::Controller& controller) override;

 private:
  ForController& entry(const drivers::Controller& controller);

  drivers::Roster& roster_;
  std::map<Address, ForController> controllers_;
  std::uint64_t cues_ = 0;
  wire::Histogram cue_skew_;
};

}  // namespace psmove::api
