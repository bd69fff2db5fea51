#include "api/stream/publisher.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "api/wire/cbor.hpp"
#include "drivers/controller.hpp"

namespace psmove::stream {
namespace {

using drivers::Presence;
using wire::Policy;
using wire::Topic;

/// Samples remembered for `since`: three seconds of a controller at 175 a second.
constexpr std::size_t history_samples = 512;
/// Of a resumed history that go into one message.
constexpr std::size_t samples_per_message = 32;
/// What a `window` may collect for one controller: a second at 1000 reports a second. Beyond it the
/// window starts anew and the message says what is missing.
constexpr std::size_t window_bytes = 512 * 1024;
/// Encoded texts kept for each controller; more distinct choices of fields than that cost a second
/// encoding, nothing else.
constexpr std::size_t kept_texts = 32;
/// A burst that comes this long after the last flush is sent at once: nothing else is under way.
/// Short against the 11 ms between two reports, long against a loop turn that serves 200 clients.
constexpr auto quiet = std::chrono::milliseconds(1);
/// A flush that takes longer has a crowd of clients, some eighty; and then reports are gathered for
/// so long at most: a tenth of the time between two reports of a controller.
constexpr auto crowded = std::chrono::microseconds(300);
constexpr auto longest_gathering = std::chrono::milliseconds(1);
/// With a rate, what is due waits about this long at most for what else is due soon.
constexpr std::chrono::nanoseconds longest_step = std::chrono::milliseconds(100);

std::string_view event_name(Presence presence) {
  switch (presence) {
    case Presence::arrived:
      return "arrived";
    case Presence::left:
      return "left";
    case Presence::forgotten:
      return "forgotten";
    case Presence::changed:
      break;
  }
  return "changed";
}

}  // namespace

/// One controller as the stream knows it.
struct Publisher::Source {
  struct Remembered {
    Sample sample;
    std::int64_t received_us = 0;
  };
  struct Text {
    Format format = Format::json;
    std::uint16_t fields = 0;
    std::uint64_t first = 0, last = 0;  ///< sequences
    std::int64_t time_us = 0;           ///< of the last: sequences start anew with a connection
    std::string samples;
  };

  explicit Source(const Address& its_address) : address(its_address), writer(its_address) {}

  void remember(std::span<const Sample> samples, std::int64_t received_us) {
    for (const Sample& sample : samples) {
      if (count > 0 && sample.sequence <= remembered(count - 1).sample.sequence) count = 0;
      if (ring.empty()) ring.resize(history_samples);
      ring[next] = {sample, received_us};
      next = (next + 1) % history_samples;
      count = std::min(count + 1, history_samples);
    }
  }
  /// The i-th oldest.
  [[nodiscard]] const Remembered& remembered(std::size_t i) const {
    return ring[(next + history_samples - count + i) % history_samples];
  }

  /// There is one.
  [[nodiscard]] std::uint64_t last_remembered() const {
    return remembered(count - 1).sample.sequence;
  }

  Address address;
  MotionWriter writer;
  std::vector<Text> texts;
  std::size_t oldest_text = 0;
  std::vector<Remembered> ring;
  std::size_t next = 0, count = 0;
  Sample newest;                    ///< where somebody waits for it (Policy::latest)
  std::optional<RadioMeter> radio;  ///< while somebody listens to it
  BatteryForecast battery;
};

/// When what a rate holds back goes out: at steps of this clock, one for all groups of a
/// subscription, so that controllers that send at about the same time share one send.
struct Publisher::Steps {
  explicit Steps(std::chrono::nanoseconds interval)
      : in_interval(std::max<std::int64_t>(1, interval / longest_step)),
        step(interval / in_interval) {}

  [[nodiscard]] std::chrono::nanoseconds interval() const { return step * in_interval; }
  /// The last step at `time` or before it.
  [[nodiscard]] SteadyTime last(SteadyTime time) const {
    if (!origin || step.count() == 0) return time;
    return *origin + (time - *origin) / step * step;
  }
  /// The first one at `time` or after it.
  [[nodiscard]] SteadyTime first(SteadyTime time) const {
    const auto before = last(time);
    return before == time ? time : before + step;
  }

  std::int64_t in_interval;
  std::chrono::nanoseconds step;     ///< 0: no rate
  std::optional<SteadyTime> origin;  ///< none: nothing was sent yet
};

/// How samples are written: groups that want them alike share one of these.
struct Publisher::Writing {
  Format format = Format::json;  ///< of samples
  std::uint16_t fields = 0;
};

/// What a rate holds back for one controller of one group. Motion and trigger each have a throttle
/// clock, which moves only when something is sent.
struct Publisher::Held {
  Source* source = nullptr;
  std::uint32_t samples = 0;  ///< 0: no motion
  std::uint64_t last = 0;     ///< sequence of the newest
  std::string window;         ///< with `window`: the samples so far, encoded
  std::int64_t received_us = 0;
  std::uint32_t dropped = 0;
  std::optional<double> trigger;
  std::int64_t trigger_us = 0;
  SteadyTime motion_due{}, trigger_due{};

  [[nodiscard]] bool is_empty() const { return samples == 0 && !trigger; }
  /// Nothing waits, and what comes need not wait either.
  [[nodiscard]] bool is_at_rest(SteadyTime now) const {
    return is_empty() && motion_due <= now && trigger_due <= now;
  }
  /// Whether both would send the same from now on.
  [[nodiscard]] bool is_as(const Held& other, SteadyTime now) const {
    const auto is_same_time = [now](SteadyTime a, SteadyTime b) {
      return a == b || (a <= now && b <= now);
    };
    return samples == other.samples && (samples == 0 || last == other.last) &&
           dropped == other.dropped && trigger == other.trigger &&
           (!trigger || trigger_us == other.trigger_us) &&
           is_same_time(motion_due, other.motion_due) &&
           is_same_time(trigger_due, other.trigger_due);
  }
};

/// Clients with equal subscriptions, to whom the same is sent at the same time. Where a rate holds
/// something back there may be several for one subscription: who comes later must not get what was
/// before, nor wait for the others' turn. They become one as soon as they do not differ any more.
struct Publisher::Group {
  Group(std::uint64_t its_serial, const Subscription& its_subscription,
        std::shared_ptr<Steps> its_steps, std::shared_ptr<Writing> its_writing)
      : serial(its_serial),
        what(its_subscription),
        steps(std::move(its_steps)),
        writing(std::move(its_writing)) {
    for (std::size_t i = 0; i < heads.size(); ++i)
      if (what.wants(static_cast<Topic>(i))) heads[i] = head_of(static_cast<Topic>(i));
  }

  [[nodiscard]] bool is_event_stream() const { return what.format == Format::event_stream; }
  /// Whether no other group has any use for samples as this one wants them written, so that they
  /// may be written where they are sent from.
  [[nodiscard]] bool writes_alone() const {
    return writing.use_count() == 1 && sample_format(what.format) == Format::json;
  }
  /// What all messages of a topic begin with.
  [[nodiscard]] std::string head_of(Topic topic) const {
    auto head = topic == Topic::motion ? motion_head(what.format, what.id)
                                       : wire::event_head(topic, what.id);
    if (!is_event_stream()) return head;
    return "event: " + std::string(wire::to_string(topic)) + "\ndata: " + head;
  }
  [[nodiscard]] std::string_view end() const { return is_event_stream() ? event_end : ""; }

  [[nodiscard]] bool wants(Topic topic, const Address& controller) const {
    return what.wants(topic) && (topic == Topic::log || what.selects(controller));
  }
  [[nodiscard]] const std::string& head(Topic topic) const {
    return heads[static_cast<std::size_t>(topic)];
  }
  [[nodiscard]] bool is_at_rest(SteadyTime now) const {
    return std::all_of(held.begin(), held.end(),
                       [now](const Held& h) { return h.is_at_rest(now); });
  }
  /// Whether nothing was sent so lately that its next must wait.
  [[nodiscard]] bool is_free(SteadyTime now) const {
    return std::all_of(held.begin(), held.end(), [now](const Held& h) {
      return h.motion_due <= now && h.trigger_due <= now;
    });
  }
  [[nodiscard]] const Held* find(const Source* source) const {
    const auto found = std::find_if(held.begin(), held.end(),
                                    [source](const Held& h) { return h.source == source; });
    return found == held.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool is_as(const Group& other, SteadyTime now) const {
    const auto has_same = [now](const Group& group, const Held& mine) {
      const Held* its = group.find(mine.source);
      return its != nullptr ? mine.is_as(*its, now) : mine.is_at_rest(now);
    };
    return position == other.position &&
           std::all_of(held.begin(), held.end(),
                       [&](const Held& h) { return has_same(other, h); }) &&
           std::all_of(other.held.begin(), other.held.end(),
                       [&](const Held& h) { return has_same(*this, h); });
  }

  std::uint64_t serial;  ///< of the subscription
  Subscription what;
  std::array<std::string, wire::topic_count> heads;
  std::vector<Subscriber*> members;
  std::shared_ptr<Batch> batch;  ///< reused once no slow client refers to it
  bool is_open = false;          ///< the batch is being filled
  std::shared_ptr<Steps> steps;
  std::shared_ptr<Writing> writing;
  std::vector<Held> held;
  wire::StreamPosition position;  ///< of an event stream: what its members have
};

Publisher::Publisher(Loop loop) : loop_(std::move(loop)) {}
Publisher::~Publisher() = default;

// ---- who listens

std::uint64_t Publisher::subscribe(Subscriber& subscriber, const Subscription& what) {
  const auto now = loop_.now();
  Group* equal = nullptr;
  for (const auto& group : groups_) {
    if (group->what != what) continue;
    equal = group.get();
    if (!group->is_at_rest(now)) continue;
    seal(*group);
    group->members.push_back(&subscriber);
    return group->serial;
  }
  groups_.push_back(std::make_unique<Group>(
      equal != nullptr ? equal->serial : next_serial_++, what,
      equal != nullptr ? equal->steps : std::make_shared<Steps>(what.interval()), writing(what)));
  Group& made = *groups_.back();
  made.members.push_back(&subscriber);
  if (made.is_event_stream())
    for (const auto& from : sources_)
      if (from->count > 0 && made.wants(Topic::motion, from->address))
        made.position.set(from->address, from->last_remembered());
  return made.serial;
}

std::shared_ptr<Publisher::Writing> Publisher::writing(const Subscription& what) const {
  const Format format = sample_format(what.format);
  for (const auto& group : groups_)
    if (group->what.wants(Topic::motion) && what.wants(Topic::motion) &&
        group->writing->format == format && group->writing->fields == what.fields)
      return group->writing;
  return std::make_shared<Writing>(Writing{format, what.fields});
}

void Publisher::unsubscribe(Subscriber& subscriber, std::uint64_t serial) {
  Group* group = find_group(subscriber, serial);
  if (group == nullptr) return;
  seal(*group);
  leave(*group, subscriber);
  erase_empty_groups();
}

void Publisher::remove(Subscriber& subscriber) {
  for (const auto& group : groups_) leave(*group, subscriber);
  erase_empty_groups();
  std::erase(touched_, &subscriber);
}

void Publisher::leave(Group& group, Subscriber& subscriber) {
  std::erase(group.members, &subscriber);
  if (group.members.empty()) std::erase(open_, &group);
}

void Publisher::erase_empty_groups() {
  std::erase_if(groups_, [](const auto& group) { return group->members.empty(); });
}

Publisher::Group* Publisher::find_group(const Subscriber& subscriber, std::uint64_t serial) {
  const auto found = std::find_if(groups_.begin(), groups_.end(), [&](const auto& group) {
    const auto& members = group->members;
    return group->serial == serial &&
           std::find(members.begin(), members.end(), &subscriber) != members.end();
  });
  return found == groups_.end() ? nullptr : found->get();
}

Publisher::Group& Publisher::eldest(const Group& group) {
  return **std::find_if(groups_.begin(), groups_.end(),
                        [&](const auto& other) { return other->serial == group.serial; });
}

bool Publisher::is_eldest(const Group& group) {
  return group.steps.use_count() == 1 || &eldest(group) == &group;
}

void Publisher::unite_equal_groups(SteadyTime now) {
  bool is_any_empty = false;
  for (const auto& group : groups_) {
    if (is_eldest(*group)) continue;
    Group& elder = eldest(*group);
    if (!group->is_as(elder, now)) continue;
    elder.members.insert(elder.members.end(), group->members.begin(), group->members.end());
    group->members.clear();
    is_any_empty = true;
  }
  if (is_any_empty) erase_empty_groups();
}

// ---- the turn of the loop

void Publisher::ask_for_flush() {
  flush_wanted_ = true;
  if (is_in_burst_ || std::exchange(flush_called_, true)) return;
  loop_.call_flush();
}

void Publisher::on_burst_begin() {
  is_in_burst_ = true;
}

void Publisher::on_burst_end() {
  is_in_burst_ = false;
  if (!is_flush_to_come()) return;
  if (const auto time = gathering_time(); time.count() > 0) {
    gathers_until_ = loop_.now() + time;
    wake_by(*gathers_until_);
  } else if (!flush_if_quiet()) {
    ask_for_flush();
  }
}

/// @return whether nothing had gone out for a while, and now it has
bool Publisher::flush_if_quiet() {
  if (gathering_time().count() > 0) return false;
  const auto now = loop_.now();
  if (now - last_flush_ <= quiet) return false;
  flush(now);
  return true;
}

/// As long as the last flush took, so that half of the time at least is left for everything else.
std::chrono::nanoseconds Publisher::gathering_time() const {
  if (last_flush_took_ <= crowded) return std::chrono::nanoseconds(0);
  return std::min<std::chrono::nanoseconds>(last_flush_took_, longest_gathering);
}

void Publisher::touch(Subscriber& subscriber) {
  if (std::exchange(subscriber.is_touched_, true)) return;
  touched_.push_back(&subscriber);
  ask_for_flush();
}

void Publisher::flush() {
  flush(loop_.now());
}

void Publisher::flush(SteadyTime now) {
  gathers_until_.reset();
  if (touched_.empty() && open_.size() == 1)
    pass_on(*open_.front(), now);
  else
    send_all();
  unite_equal_groups(now);
  last_flush_ = loop_.now();
  last_flush_took_ = last_flush_ - now;
}

/// What a turn with a single report comes to, nearly always: nothing goes through queues.
void Publisher::pass_on(Group& group, SteadyTime now) {
  open_.clear();
  group.is_open = false;
  flush_wanted_ = flush_called_ = false;
  const SharedBatch batch = group.batch;
  for (Subscriber* member : group.members) member->pass(batch, now);
}

void Publisher::send_all() {
  flush_called_ = true;  // nobody who is touched by sealing needs another
  while (!open_.empty()) seal(*open_.back());
  const auto clients = std::exchange(touched_, {});
  flush_wanted_ = flush_called_ = false;
  for (Subscriber* client : clients) {
    client->is_touched_ = false;
    client->send();
  }
}

void Publisher::seal(Group& group) {
  if (!std::exchange(group.is_open, false)) return;
  std::erase(open_, &group);
  const SharedBatch batch = group.batch;
  const auto now = loop_.now();
  for (Subscriber* member : group.members) {
    member->take(batch, now);
    touch(*member);
  }
}

Batch& Publisher::open_batch(Group& group) {
  if (std::exchange(group.is_open, true)) return *group.batch;
  if (group.batch && group.batch.use_count() == 1)
    group.batch->clear();
  else
    group.batch = std::make_shared<Batch>(group.serial, group.what.policy, group.what.format);
  open_.push_back(&group);
  ask_for_flush();
  return *group.batch;
}

// ---- motion

void Publisher::on_samples(const drivers::Controller& controller, std::span<const Sample> samples,
                           std::int64_t received_us) {
  publish_samples(controller.address(), samples, received_us);
}

void Publisher::after_samples(const drivers::Controller& controller,
                              std::span<const Sample> samples, std::int64_t received_us) {
  keep_samples(controller.address(), samples, received_us);
}

void Publisher::publish_samples(const Address& controller, std::span<const Sample> samples,
                                std::int64_t received_us) {
  if (samples.empty()) return;
  Source& from = source(controller);
  for (const auto& group : groups_) {
    if (!group->wants(Topic::motion, controller)) continue;
    if (group->what.policy == Policy::all) {
      Motion motion{.count = static_cast<std::uint32_t>(samples.size()),
                    .last = samples.back().sequence,
                    .received_us = received_us};
      if (group->writes_alone()) {
        motion.unwritten = samples;
        motion.fields = group->what.fields;
        samples_encoded_ += samples.size();
      } else {
        motion.samples = encoded(from, group->what, samples);
      }
      append_motion(open_batch(*group), *group, from, motion, group->position);
    } else {
      Held& held = held_for(*group, from);
      const bool has_waited = held.samples > 0;
      hold(*group, held, samples, received_us);
      send_when_due(*group, held.motion_due, has_waited, loop_.now());
    }
  }
  if (is_in_burst_ && is_flush_to_come()) flush_if_quiet();
}

void Publisher::keep_samples(const Address& controller, std::span<const Sample> samples,
                             std::int64_t received_us) {
  if (samples.empty()) return;
  Source& from = source(controller);
  from.remember(samples, received_us);
  measure(from, samples, received_us);
}

std::size_t Publisher::subscriptions() const {
  return std::accumulate(groups_.begin(), groups_.end(), std::size_t{0},
                         [](auto sum, const auto& group) { return sum + group->members.size(); });
}

std::string_view Publisher::encoded(Source& from, const Subscription& what,
                                    std::span<const Sample> samples) {
  const Sample& last = samples.back();
  const auto is_of_kind = [format = sample_format(what.format), &what](const auto& text) {
    return text.format == format && text.fields == what.fields;
  };
  for (const auto& text : from.texts)
    if (is_of_kind(text) && text.last == last.sequence && text.first == samples.front().sequence &&
        text.time_us == last.time_us)
      return text.samples;
  // The text of the previous report for the same fields is worthless now: its place is reused.
  const auto stale = std::find_if(from.texts.begin(), from.texts.end(), [&](const auto& text) {
    return is_of_kind(text) && text.last != last.sequence;
  });
  auto place = stale;
  if (place == from.texts.end()) {
    if (from.texts.size() < kept_texts) {
      place = from.texts.emplace(from.texts.end());
    } else {
      from.oldest_text = (from.oldest_text + 1) % kept_texts;
      place = from.texts.begin() + static_cast<std::ptrdiff_t>(from.oldest_text);
    }
  }
  place->format = sample_format(what.format);
  place->fields = what.fields;
  place->first = samples.front().sequence;
  place->last = last.sequence;
  place->time_us = last.time_us;
  place->samples.clear();
  append_samples(place->samples, samples, what.format, what.fields);
  samples_encoded_ += samples.size();
  return place->samples;
}

void Publisher::append_motion(Batch& batch, const Group& group, const Source& from,
                              const Motion& motion, wire::StreamPosition& position) {
  id_line_.clear();
  if (group.is_event_stream()) {
    position.set(from.address, motion.last);
    id_line_ += "id: ";
    position.append_to(id_line_);
    id_line_ += '\n';
  }
  from.writer.append(batch, group.head(Topic::motion), motion, id_line_);
}

// ---- rates

Publisher::Held& Publisher::held_for(Group& group, Source& from) {
  for (Held& held : group.held)
    if (held.source == &from) return held;
  group.held.emplace_back().source = &from;
  return group.held.back();
}

void Publisher::hold(Group& group, Held& held, std::span<const Sample> samples,
                     std::int64_t received_us) {
  held.received_us = received_us;
  held.last = samples.back().sequence;
  if (group.what.policy == Policy::latest) {
    held.samples = 1;
    held.source->newest = samples.back();  // encoded when it goes out, not before
    return;
  }
  if (held.window.size() > window_bytes) {
    held.dropped += held.samples;
    overflowed_ += std::uint64_t{held.samples} * group.members.size();
    held.samples = 0;
    held.window.clear();
  }
  separate(held.window, group.what.format);
  held.window += encoded(*held.source, group.what, samples);
  held.samples += static_cast<std::uint32_t>(samples.size());
}

/// The first after a rest goes at once, the leading edge. What just missed its step, as happens
/// when reports come slower than the rate, goes with the others at the next one, if there are
/// others.
void Publisher::send_when_due(Group& group, SteadyTime& due, bool has_waited, SteadyTime now) {
  if (!has_waited && now >= due && now - due < group.steps->step && !group.is_free(now))
    due = group.steps->first(now);
  if (now >= due)
    send_held(group, now, has_waited);
  else
    wake_by(due);
}

/// @param on_step  what goes has waited for its time; else this is a leading edge
void Publisher::send_held(Group& group, SteadyTime now, bool on_step) {
  const auto next = next_due(group, now, on_step);
  for (Held& held : group.held) {
    if (held.samples > 0 && held.motion_due <= now) {
      const auto text = group.what.policy == Policy::latest
                            ? encoded(*held.source, group.what, {&held.source->newest, 1})
                            : std::string_view(held.window);
      append_motion(open_batch(group), group, *held.source,
                    {.samples = text,
                     .count = held.samples,
                     .last = held.last,
                     .received_us = held.received_us,
                     .dropped = held.dropped},
                    group.position);
      held.samples = 0;
      held.dropped = 0;
      held.window.clear();
      held.motion_due = next;
    }
    if (held.trigger && held.trigger_due <= now) {
      append_event(group, held.source->address, Topic::trigger, FrameKind::trigger,
                   wire::trigger_event(held.source->address, *held.trigger, held.trigger_us));
      held.trigger.reset();
      held.trigger_due = next;
    }
  }
}

/// The first step that is an interval away from what goes out now.
SteadyTime Publisher::next_due(Group& group, SteadyTime now, bool on_step) {
  Steps& steps = *group.steps;
  // A timer that rings a little late must not stretch every interval after it.
  if (const auto step = steps.last(now); on_step && now - step < steps.step / 4)
    return steps.first(step + steps.interval());
  if (!steps.origin || (group.is_free(now) && is_eldest(group))) steps.origin = now;
  return steps.first(now + steps.interval());
}

void Publisher::wake_by(SteadyTime when) {
  if (wake_at_ && *wake_at_ <= when) return;
  wake_at_ = when;
  loop_.call_tick(when);
}

void Publisher::tick() {
  wake_at_.reset();
  on_burst_begin();
  const auto now = loop_.now();
  for (const auto& group : groups_) {
    const auto is_due = [now](const Held& held) {
      return (held.samples > 0 && held.motion_due <= now) ||
             (held.trigger && held.trigger_due <= now);
    };
    if (std::any_of(group->held.begin(), group->held.end(), is_due)) send_held(*group, now, true);
    for (const Held& held : group->held) {
      if (held.samples > 0) wake_by(held.motion_due);
      if (held.trigger) wake_by(held.trigger_due);
    }
  }
  if (gathers_until_ && now < *gathers_until_) wake_by(*gathers_until_);
  const bool is_gathered = gathers_until_ && now >= *gathers_until_;
  if (is_gathered) gathers_until_.reset();
  is_in_burst_ = false;
  if (is_gathered)
    flush();
  else
    on_burst_end();
}

// ---- events

void Publisher::append_event(Group& group, const Address& controller, Topic topic, FrameKind kind,
                             std::string_view body) {
  Batch& batch = open_batch(group);
  const Frame about{.controller = controller, .kind = kind};
  if (batch.format() == Format::cbor)
    batch.append(about, {wire::cbor_of_json(group.head(topic) + std::string(body))},
                 Opcode::binary);
  else
    batch.append(about, {group.head(topic), body, group.end()});
}

void Publisher::publish_event(const Address& controller, Topic topic, FrameKind kind,
                              const std::function<std::string()>& body) {
  std::string text;
  for (const auto& group : groups_) {
    if (!group->wants(topic, controller)) continue;
    if (text.empty()) text = body();
    append_event(*group, controller, topic, kind, text);
  }
}

void Publisher::on_button(const drivers::Controller& controller, Button button, bool pressed,
                          std::int64_t time_us) {
  const Address& id = controller.address();
  publish_event(id, Topic::button, FrameKind::edge,
                [&] { return wire::button_event(id, button, pressed, time_us); });
}

void Publisher::on_trigger(const drivers::Controller& controller, double fraction,
                           std::int64_t time_us) {
  publish_trigger(controller.address(), fraction, time_us);
}

void Publisher::publish_trigger(const Address& controller, double fraction, std::int64_t time_us) {
  std::string text;
  const auto now = loop_.now();
  for (const auto& group : groups_) {
    if (!group->wants(Topic::trigger, controller)) continue;
    if (!group->what.max_rate_hz) {
      if (text.empty()) text = wire::trigger_event(controller, fraction, time_us);
      append_event(*group, controller, Topic::trigger, FrameKind::trigger, text);
      continue;
    }
    Held& held = held_for(*group, source(controller));
    const bool has_waited = held.trigger.has_value();
    held.trigger = fraction;
    held.trigger_us = time_us;
    send_when_due(*group, held.trigger_due, has_waited, now);
  }
}

void Publisher::on_battery(const drivers::Controller& controller) {
  const Address& id = controller.address();
  source(id).battery.on_battery(controller.state().battery, controller.clock().now_us());
  publish_event(id, Topic::battery, FrameKind::edge,
                [&] { return wire::battery_event(id, controller.state().battery); });
}

void Publisher::on_presence(const drivers::Controller& controller, Presence presence) {
  Source& from = source(controller.address());
  if (presence == Presence::arrived) from.battery.go_on(controller.clock().now_us());
  if (presence == Presence::left) {
    from.battery.pause(controller.clock().now_us());
    // What came of a second; the next one begins with the next connection.
    if (from.radio) publish_radio(from);
    from.radio.reset();
  }
  publish_event(controller.address(), Topic::controller, FrameKind::edge,
                [&] { return wire::controller_event(controller.state(), event_name(presence)); });
  if (presence == Presence::forgotten) forget_source(controller.address());
}

void Publisher::on_outputs(const drivers::Controller& controller) {
  publish_event(controller.address(), Topic::output, FrameKind::output,
                [&] { return wire::output_event(controller.state()); });
}

// ---- the radio

bool Publisher::is_wanted(Topic topic) const {
  return std::any_of(groups_.begin(), groups_.end(),
                     [topic](const auto& group) { return group->what.wants(topic); });
}

void Publisher::measure(Source& from, std::span<const Sample> samples, std::int64_t received_us) {
  const bool is_asked = std::any_of(groups_.begin(), groups_.end(), [&from](const auto& group) {
    return group->wants(Topic::radio, from.address);
  });
  if (!is_asked) {
    from.radio.reset();
    return;
  }
  if (!from.radio) from.radio.emplace();
  from.radio->on_report(samples.front().sequence, samples.size(), received_us);
  if (from.radio->is_due()) publish_radio(from);
}

void Publisher::publish_radio(Source& from) {
  const auto report = from.radio->take();
  publish_event(from.address, Topic::radio, FrameKind::edge, [&] {
    return wire::radio_event(from.address, report, from.battery.minutes_left(report.time_us));
  });
}

// ---- controllers

Publisher::Source& Publisher::source(const Address& controller) {
  for (const auto& known : sources_)
    if (known->address == controller) return *known;
  return *sources_.emplace_back(std::make_unique<Source>(controller));
}

void Publisher::forget_source(const Address& controller) {
  for (const auto& group : groups_)
    std::erase_if(group->held,
                  [&](const Held& held) { return held.source->address == controller; });
  std::erase_if(sources_, [&](const auto& known) { return known->address == controller; });
}

SharedBatch Publisher::history(const Subscriber& subscriber, std::uint64_t serial,
                               const std::vector<Resume>& resume) {
  const Group* group = find_group(subscriber, serial);
  auto batch =
      std::make_shared<Batch>(serial, Policy::all, group ? group->what.format : Format::json);
  if (group == nullptr || group->what.policy == Policy::latest) return batch;
  std::vector<std::pair<Source*, std::uint64_t>> wanted;
  for (const auto& from : sources_) {
    if (!group->wants(Topic::motion, from->address)) continue;
    const auto last = std::find_if(resume.begin(), resume.end(), [&](const Resume& one) {
      return !one.controller || *one.controller == from->address;
    });
    if (last != resume.end()) wanted.emplace_back(from.get(), last->sequence);
  }
  // Where this client alone is, until it has all of it.
  auto position = group->position;
  for (const auto& [from, after] : wanted) {
    position.erase(from->address);
    if (after != nothing_yet) position.set(from->address, after);
  }
  for (const auto& [from, after] : wanted) append_history(*batch, *group, *from, after, position);
  return batch;
}

void Publisher::append_history(Batch& batch, const Group& group, Source& from, std::uint64_t after,
                               wire::StreamPosition& position) {
  if (from.count == 0) return;
  const auto sequence = [&from](std::size_t i) { return from.remembered(i).sample.sequence; };
  std::size_t i = 0;
  std::uint32_t dropped = 0;
  if (after <= sequence(from.count - 1)) {
    while (i < from.count && sequence(i) <= after) ++i;
    if (i == from.count) return;
    if (i == 0) dropped = static_cast<std::uint32_t>(sequence(0) - after - 1);
  }
  // Otherwise the client's number is from an earlier connection of the controller: all of this is
  // new.
  while (i < from.count) {
    const std::size_t end = std::min(i + samples_per_message, from.count);
    scratch_.clear();
    const auto count = static_cast<std::uint32_t>(end - i);
    for (; i < end; ++i) {
      separate(scratch_, group.what.format);
      append_samples(scratch_, {&from.remembered(i).sample, 1}, group.what.format,
                     group.what.fields);
    }
    append_motion(batch, group, from,
                  {.samples = scratch_,
                   .count = count,
                   .last = sequence(end - 1),
                   .received_us = from.remembered(end - 1).received_us,
                   .dropped = dropped},
                  position);
    dropped = 0;
  }
}

}  // namespace psmove::stream
