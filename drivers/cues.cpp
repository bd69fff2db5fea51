#include "drivers/cues.hpp"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <utility>

#include "drivers/controller.hpp"
#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

bool is_pending(const CueStatus& status) {
  return status.state == CueState::waiting || status.state == CueState::writing;
}

/// Calls `visit(CueOutput&)` for each output of a cue.
template <class Visitor>
void for_each_output(CueStatus& status, Visitor visit) {
  for (CueResult& result : status.results) {
    if (result.led) visit(*result.led);
    if (result.rumble) visit(*result.rumble);
  }
}

void lose(std::optional<CueOutput>& output) {
  if (output && output->outcome <= CueOutcome::queued) output->outcome = CueOutcome::away;
}

CueOutcome outcome_of(OutputState state) {
  switch (state) {
    case OutputState::overridden:
      return CueOutcome::overridden;
    case OutputState::queued:
      return CueOutcome::queued;
    case OutputState::superseded:
      return CueOutcome::superseded;
    case OutputState::off:
    case OutputState::applied:
      break;
  }
  return CueOutcome::applied;
}

}  // namespace

Cues::Cues(Roster& roster, const UnixClock& clock) : roster_(&roster), clock_(clock) {
  roster.add_listener(this);
}

Cues::~Cues() {
  stop();
}

void Cues::start(boost::asio::io_context& io) {
  boost::asio::co_spawn(io, run(shared_from_this()), boost::asio::detached);
}

void Cues::stop() {
  is_stopped_ = true;
  changed_ = nullptr;
  done_ = nullptr;
  if (roster_ != nullptr) std::exchange(roster_, nullptr)->remove_listener(this);
  bell_.ring();
}

// ---- planning

void Cues::take_down(Entry& entry, std::vector<CueAction> actions) {
  for (const CueAction& action : actions) {
    CueResult& result = entry.status.results.emplace_back();
    result.controller = action.controller;
    if (action.led || action.clear_led) result.led.emplace();
    if (action.rumble || action.clear_rumble) result.rumble.emplace();
  }
  entry.actions = std::move(actions);
}

/// Tells whoever waits for a cue that it will not be carried out.
void Cues::give_up(Entry& entry, CueOutcome outcome) {
  if (entry.status.state != CueState::waiting) return;
  for_each_output(entry.status, [outcome](CueOutput& output) { output.outcome = outcome; });
  entry.status.state = CueState::done;
  if (entry.done) std::exchange(entry.done, nullptr)(entry.status);
}

Cues::Scheduling Cues::schedule(std::string id, Owner owner, std::optional<std::int64_t> at_us,
                                std::vector<CueAction> actions) {
  const auto former = std::find_if(entries_.begin(), entries_.end(),
                                   [&id](const Entry& each) { return each.status.id == id; });
  const bool is_replacing = former != entries_.end();
  if (is_replacing && former->status.state == CueState::writing) return Scheduling::writing;
  std::size_t pending = 0, of_this_owner = 0;
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    if (each == former || !is_pending(each->status)) continue;
    ++pending;
    if (each->owner == owner) ++of_this_owner;
  }
  if (pending >= most_pending) return Scheduling::full;
  if (of_this_owner >= most_of_one_owner) return Scheduling::owner_full;
  std::list<Entry> replaced;
  if (is_replacing) replaced.splice(replaced.begin(), entries_, former);
  forget_oldest();

  Entry& entry = entries_.emplace_back();
  entry.status.id = std::move(id);
  entry.status.at_us = at_us;
  entry.owner = std::move(owner);
  take_down(entry, std::move(actions));
  for (Entry& each : replaced) give_up(each, CueOutcome::superseded);
  if (!at_us || *at_us <= clock_.now_us())
    fire(entry);
  else
    bell_.ring();
  if (changed_) changed_();
  return Scheduling::done;
}

Cues::Planned Cues::plan(Owner owner, std::optional<std::int64_t> at_us,
                         std::vector<CueAction> actions) {
  std::string id;
  do {
    id = std::string(reserved_prefix) + std::to_string(++planned_);
  } while (find(id) != nullptr);
  const auto scheduling = schedule(id, std::move(owner), at_us, std::move(actions));
  return {scheduling, scheduling == Scheduling::done ? find(id) : nullptr};
}

void Cues::when_done(std::string_view id, std::function<void(const CueStatus&)> callback) {
  Entry* entry = entry_of(id);
  if (entry == nullptr) return;
  if (entry->status.state == CueState::done) return callback(entry->status);
  entry->done = std::move(callback);
}

Cues::Removal Cues::remove(std::string_view id) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [id](const Entry& each) { return each.status.id == id; });
  if (entry == entries_.end()) return Removal::unknown;
  if (entry->status.state == CueState::writing) return Removal::writing;
  std::list<Entry> removed;
  removed.splice(removed.begin(), entries_, entry);
  give_up(removed.front(), CueOutcome::removed);
  if (changed_) changed_();
  return Removal::done;
}

void Cues::release(const Owner& owner) {
  entries_.remove_if([&owner](const Entry& each) {
    return each.owner == owner && each.status.state == CueState::waiting;
  });
  std::erase_if(followed_, [](const auto& each) { return each.expired(); });
  if (changed_) changed_();
}

// ---- without a cue

std::shared_ptr<const CueStatus> Cues::set(Owner owner, std::vector<CueAction> actions,
                                           std::function<void(const CueStatus&)> done) {
  const auto entry = std::make_shared<Entry>();
  entry->owner = std::move(owner);
  take_down(*entry, std::move(actions));
  fire(*entry);
  if (entry->status.state != CueState::done) {
    entry->done = std::move(done);
    std::erase_if(followed_, [](const auto& each) { return each.expired(); });
    followed_.push_back(entry);
  }
  return {entry, &entry->status};
}

std::size_t Cues::followed() const {
  return static_cast<std::size_t>(std::count_if(followed_.begin(), followed_.end(),
                                                [](const auto& each) { return !each.expired(); }));
}

/// Of those that are over.
void Cues::forget_oldest() {
  while (entries_.size() >= most_kept) {
    const auto oldest = std::find_if(entries_.begin(), entries_.end(),
                                     [](const Entry& each) { return !is_pending(each.status); });
    if (oldest == entries_.end()) return;
    entries_.erase(oldest);
  }
}

const CueStatus* Cues::find(std::string_view id) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [id](const Entry& each) { return each.status.id == id; });
  return found == entries_.end() ? nullptr : &found->status;
}

Cues::Entry* Cues::entry_of(std::string_view id) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [id](const Entry& each) { return each.status.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<const CueStatus*> Cues::all() const {
  std::vector<const CueStatus*> all;
  for (const Entry& each : entries_) all.push_back(&each.status);
  return all;
}

// ---- the instant

std::optional<std::int64_t> Cues::next_instant() const {
  std::optional<std::int64_t> next;
  for (const Entry& each : entries_)
    if (each.status.state == CueState::waiting && (!next || *each.status.at_us < *next))
      next = each.status.at_us;
  return next;
}

Awaitable<void> Cues::run(std::shared_ptr<Cues> self) {
  while (!self->is_stopped_) {
    const auto next = self->next_instant();
    if (!next) {
      co_await self->bell_.wait();
      continue;
    }
    // The Unix clock is slewed: what is far off is looked at again on the way.
    constexpr auto longest_sleep = std::chrono::seconds(1);
    const auto left = std::chrono::microseconds(*next - self->clock_.now_us());
    if (left > std::chrono::microseconds::zero()) {
      const auto wake =
          SteadyClock::now() + std::min<std::chrono::nanoseconds>(left, longest_sleep);
      co_await self->bell_.wait_until(wake);
      continue;
    }
    for (Entry& each : self->entries_)
      if (each.status.state == CueState::waiting && *each.status.at_us <= *next) self->fire(each);
    if (self->changed_) self->changed_();
  }
}

void Cues::fire(Entry& entry) {
  entry.status.state = CueState::writing;
  entry.status.fired_us = clock_.now_us();
  entry.handed.assign(entry.actions.size(), Handed{});
  for_each_output(entry.status, [](CueOutput& output) { output.outcome = CueOutcome::queued; });
  for (std::size_t i = 0; i < entry.actions.size(); ++i) {
    const CueAction& action = entry.actions[i];
    Controller* controller = roster_ == nullptr ? nullptr : roster_->find(action.controller);
    if (controller == nullptr || !controller->is_connected()) {
      lose(entry.status.results[i].led);
      lose(entry.status.results[i].rumble);
      continue;
    }
    Handed& handed = entry.handed[i];
    if (action.led) handed.led = controller->set_led(entry.owner, *action.led);
    if (action.rumble) handed.rumble = controller->set_rumble(entry.owner, *action.rumble);
    if (action.clear_led) {
      controller->clear_led(entry.owner);
      handed.led = 0;
    }
    if (action.clear_rumble) {
      controller->clear_rumble(entry.owner);
      handed.rumble = 0;
    }
  }
  for (std::size_t i = 0; i < entry.actions.size(); ++i) look_at(entry, i);
  finish(entry);
}

// ---- what became of it

/// Takes down how far the outputs of one controller have come.
void Cues::look_at(Entry& entry, std::size_t place) {
  CueResult& result = entry.status.results[place];
  Controller* controller = roster_ == nullptr ? nullptr : roster_->find(result.controller);
  if (controller == nullptr || !controller->is_connected()) {
    lose(result.led);
    lose(result.rumble);
    return;
  }
  const auto settle = [&](std::optional<CueOutput>& output, std::optional<std::uint64_t> handed,
                          std::uint64_t newest, OutputState state,
                          const std::optional<LayerAbove>& above) {
    if (!output || output->outcome != CueOutcome::queued || !handed) return;
    if (handed != newest)
      output->outcome = CueOutcome::superseded;
    else if (newest != 0)
      output->outcome = outcome_of(state);
    else if (controller->outputs_are_written())
      output->outcome = CueOutcome::applied;
    if (output->outcome == CueOutcome::overridden) output->overridden_by = above;
    if (output->outcome != CueOutcome::applied) return;
    // What showed already is not written again.
    output->applied_us = std::max(*entry.status.fired_us, controller->written_us());
  };
  const Handed& handed = entry.handed[place];
  const Owner& owner = entry.owner;
  settle(result.led, handed.led, controller->led_write_of(owner), controller->led_state_for(owner),
         controller->led_above(owner));
  settle(result.rumble, handed.rumble, controller->rumble_write_of(owner),
         controller->rumble_state_for(owner), controller->rumble_above(owner));
}

void Cues::finish(Entry& entry) {
  bool is_done = true;
  std::optional<std::int64_t> first, last;
  for_each_output(entry.status, [&](const CueOutput& output) {
    is_done = is_done && output.outcome > CueOutcome::queued;
    if (!output.applied_us) return;
    first = std::min(first.value_or(*output.applied_us), *output.applied_us);
    last = std::max(last.value_or(*output.applied_us), *output.applied_us);
  });
  if (!is_done) return;
  entry.status.state = CueState::done;
  if (first) entry.status.skew_us = *last - *first;
  if (entry.done) std::exchange(entry.done, nullptr)(entry.status);
  if (done_ && !entry.status.id.empty()) done_(entry.status);
}

/// @return whether it may have changed
bool Cues::follow(Entry& entry, const Address& controller) {
  if (entry.status.state != CueState::writing) return false;
  const auto& results = entry.status.results;
  const auto found = std::find_if(results.begin(), results.end(), [&](const CueResult& each) {
    return each.controller == controller;
  });
  if (found == results.end()) return false;
  look_at(entry, static_cast<std::size_t>(found - results.begin()));
  finish(entry);
  return true;
}

void Cues::follow(const Address& controller) {
  bool has_changed = false;
  for (Entry& each : entries_) has_changed = follow(each, controller) || has_changed;
  if (has_changed && changed_) changed_();
  if (followed_.empty()) return;
  // Whoever is told that theirs is done may let go of it, or of all.
  std::vector<std::shared_ptr<Entry>> followed;
  for (const auto& each : followed_)
    if (auto entry = each.lock()) followed.push_back(std::move(entry));
  for (const auto& each : followed) follow(*each, controller);
  std::erase_if(followed_, [](const auto& each) {
    const auto entry = each.lock();
    return entry == nullptr || entry->status.state == CueState::done;
  });
}

void Cues::on_outputs(const Controller& controller) {
  follow(controller.address());
}

void Cues::on_presence(const Controller& controller, Presence presence) {
  if (presence != Presence::left && presence != Presence::forgotten) return;
  follow(controller.address());
}

}  // namespace psmove::drivers
