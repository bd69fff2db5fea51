#pragma once
// What controllers tell, encoded once and framed once for each distinct subscription, and handed to
// its clients when the turn of the loop ends. Knows no sockets and no clock of its own.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/stream/backlog.hpp"
#include "api/stream/batch.hpp"
#include "api/stream/motion.hpp"
#include "api/stream/radio_meter.hpp"
#include "api/stream/subscription.hpp"
#include "drivers/listener.hpp"

namespace psmove::stream {

/// One client, as the publisher sees it.
class Subscriber {
 public:
  Subscriber() = default;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  virtual ~Subscriber() = default;

  /// Queues a batch; called as the turn ends.
  virtual void take(const SharedBatch& batch, SteadyTime now) = 0;
  /// Sends what is queued; called once, after the last take() of the turn. May not subscribe,
  /// unsubscribe or remove anybody.
  virtual void send() = 0;
  /// Both in one, where this batch is all that the turn has for it.
  virtual void pass(const SharedBatch& batch, SteadyTime now) {
    take(batch, now);
    send();
  }

 private:
  friend class Publisher;
  bool is_touched_ = false;
};

class Publisher final : public drivers::Listener, public drivers::SampleListener {
 public:
  /// How the publisher reaches the event loop.
  struct Loop {
    /// Asks for flush() after every handler that is ready now. Not asked twice before it comes.
    std::function<void()> call_flush;
    /// Asks for tick() at this time; a later wish replaces the earlier one.
    std::function<void(SteadyTime)> call_tick;
    std::function<SteadyTime()> now;
  };

  explicit Publisher(Loop loop);
  ~Publisher() override;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Joins the others with this subscription. Nothing from before this call comes, and what comes
  /// first does not wait for a rate.
  /// @return the subscription's serial number, also in its batches; the same for equal ones
  std::uint64_t subscribe(Subscriber& subscriber, const Subscription& what);
  /// What came so far is taken first; nothing comes after.
  void unsubscribe(Subscriber& subscriber, std::uint64_t serial);
  /// Forgets a client altogether.
  void remove(Subscriber& subscriber);
  /// The samples after `resume` that are still remembered (about three seconds), as motion frames
  /// of the subscription, which was made just now; the first of each controller counts those that
  /// are not. Empty with `latest`.
  [[nodiscard]] SharedBatch history(const Subscriber& subscriber, std::uint64_t serial,
                                    const std::vector<Resume>& resume);

  /// Has send() called on this client when the turn ends.
  void touch(Subscriber& subscriber);
  /// Ends a turn: every group's frames to its members, then one send() for each client.
  void flush();
  /// The time that was asked for has come: sends what was held back by a rate.
  void tick();

  /// Whether anybody would get events of this topic.
  [[nodiscard]] bool is_wanted(wire::Topic topic) const;
  [[nodiscard]] std::size_t groups() const { return groups_.size(); }
  [[nodiscard]] std::size_t subscriptions() const;
  /// Samples that a `window` had no room for, once for each client that misses them.
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }
  [[nodiscard]] std::uint64_t samples_encoded() const { return samples_encoded_; }

  void on_burst_begin() override;
  void on_burst_end() override;
  /// After a quiet moment the turn is taken to end with the first report, so that a lone one waits
  /// for nothing; else it ends as always, with every report that came meanwhile. Where the last
  /// turn took long, because there is a crowd of clients, reports are gathered about as long first:
  /// one `send` for each client then carries those of several controllers.
  void on_samples(const drivers::Controller& controller, std::span<const Sample> samples,
                  std::int64_t received_us) override;
  void after_samples(const drivers::Controller& controller, std::span<const Sample> samples,
                     std::int64_t received_us) override;
  void on_button(const drivers::Controller& controller, Button button, bool pressed,
                 std::int64_t time_us) override;
  void on_trigger(const drivers::Controller& controller, double fraction,
                  std::int64_t time_us) override;
  void on_battery(const drivers::Controller& controller) override;
  void on_presence(const drivers::Controller& controller, drivers::Presence presence) override;
  void on_outputs(const drivers::Controller& controller) override;

  /// The same, for a controller known by its address alone.
  void publish_samples(const Address& controller, std::span<const Sample> samples,
                       std::int64_t received_us);
  /// Keeps them for who resumes, once they are published.
  void keep_samples(const Address& controller, std::span<const Sample> samples,
                    std::int64_t received_us);
  void publish_trigger(const Address& controller, double fraction, std::int64_t time_us);
  /// @param body  makes the part of the message behind its head; called if anybody wants it
  void publish_event(const Address& controller, wire::Topic topic, FrameKind kind,
                     const std::function<std::string()>& body);

 private:
  struct Source;
  struct Steps;
  struct Writing;
  struct Held;
  struct Group;

  void measure(Source& source, std::span<const Sample> samples, std::int64_t received_us);
  void publish_radio(Source& source);
  Source& source(const Address& controller);
  void forget_source(const Address& controller);
  std::string_view encoded(Source& source, const Subscription& what,
                           std::span<const Sample> samples);
  void hold(Group& group, Held& held, std::span<const Sample> samples, std::int64_t received_us);
  Held& held_for(Group& group, Source& source);
  void send_when_due(Group& group, SteadyTime& due, bool has_waited, SteadyTime now);
  void send_held(Group& group, SteadyTime now, bool on_step);
  SteadyTime next_due(Group& group, SteadyTime now, bool on_step);
  void wake_by(SteadyTime when);
  Batch& open_batch(Group& group);
  void append_motion(Batch& batch, const Group& group, const Source& source, const Motion& motion,
                     wire::StreamPosition& position);
  void append_event(Group& group, const Address& controller, wire::Topic topic, FrameKind kind,
                    std::string_view body);
  void append_history(Batch& batch, const Group& group, Source& source, std::uint64_t after,
                      wire::StreamPosition& position);
  [[nodiscard]] std::shared_ptr<Writing> writing(const Subscription& what) const;
  Group* find_group(const Subscriber& subscriber, std::uint64_t serial);
  /// With the subscription of this one.
  Group& eldest(const Group& group);
  bool is_eldest(const Group& group);
  void unite_equal_groups(SteadyTime now);
  void leave(Group& group, Subscriber& subscriber);
  void erase_empty_groups();
  void seal(Group& group);
  void pass_on(Group& group, SteadyTime now);
  void send_all();
  void ask_for_flush();
  /// Somebody is to be sent something, and the loop does not know of it yet.
  [[nodiscard]] bool is_flush_to_come() const {
    return flush_wanted_ && !flush_called_ && !gathers_until_;
  }
  bool flush_if_quiet();
  void flush(SteadyTime now);
  [[nodiscard]] std::chrono::nanoseconds gathering_time() const;

  Loop loop_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<Group*> open_;          ///< groups with frames of this turn
  std::vector<Subscriber*> touched_;  ///< clients to be sent to as the turn ends
  std::optional<SteadyTime> wake_at_;
  std::uint64_t next_serial_ = 1;
  std::uint64_t samples_encoded_ = 0;
  std::uint64_t overflowed_ = 0;
  std::string scratch_, id_line_;
  bool flush_wanted_ = false;
  bool flush_called_ = false;  ///< the loop was asked for it
  bool is_in_burst_ = false;
  SteadyTime last_flush_{};  ///< its end
  std::chrono::nanoseconds last_flush_took_{0};
  std::optional<SteadyTime> gathers_until_;
};

}  // namespace psmove::stream
