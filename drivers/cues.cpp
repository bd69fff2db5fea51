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
  done_ = nullptr;
  if (roster_ != nullptr) std::exchange(roster_, nullptr)->remove_listener(this);
  bell_.ring();
}

// ---- planning

Cues::Scheduling Cues::schedule(std::string id, Owner owner, std::optional<std::int64_t> at_us,
                                std::vector<CueAction> actions) {
  const Entry* former = entry_of(id);
  if (former != nullptr && former->status.state == CueState::writing) return Scheduling::writing;
  const auto pending = std::count_if(entries_.begin(), entries_.end(), [&](const Entry& each) {
    return &each != former && is_pending(each.status);
  });
  if (static_cast<std::size_t>(pending) >= most_pending) return Scheduling::full;
  entries_.remove_if([&](const Entry& each) { return &each == former; });
  forget_oldest();

  Entry& entry = entries_.emplace_back();
  entry.status.id = std::move(id);
  entry.status.at_us = at_us;
  for (const CueAction& action : actions) {
    CueResult result{.controller = action.controller};
    if (action.led) result.led.emplace();
    if (action.rumble) result.rumble.emplace();
    entry.status.results.push_back(result);
  }
  entry.owner = std::move(owner);
  entry.actions = std::move(actions);
  if (!at_us || *at_us <= clock_.now_us())
    fire(entry);
  else
    bell_.ring();
  if (changed_) changed_();
  return Scheduling::done;
}

const CueStatus* Cues::plan(Owner owner, std::optional<std::int64_t> at_us,
                            std::vector<CueAction> actions) {
  std::string id;
  do {
    id = "auto-" + std::to_string(++planned_);
  } while (find(id) != nullptr);
  if (schedule(id, std::move(owner), at_us, std::move(actions)) != Scheduling::done) return nullptr;
  return find(id);
}

void Cues::when_done(std::string_view id, std::function<void(const CueStatus&)> callback) {
  Entry* entry = entry_of(id);
  if (entry == nullptr) return;
  if (entry->status.state == CueState::done) return callback(entry->status);
  entry->done = std::move(callback);
}

Cues::Removal Cues::remove(std::string_view id) {
  const Entry* entry = entry_of(id);
  if (entry == nullptr) return Removal::unknown;
  if (entry->status.state == CueState::writing) return Removal::writing;
  entries_.remove_if([entry](const Entry& each) { return &each == entry; });
  if (changed_) changed_();
  return Removal::done;
}

void Cues::release(const Owner& owner) {
  entries_.remove_if([&owner](const Entry& each) {
    return each.owner == owner && each.status.state == CueState::waiting;
  });
  if (changed_) changed_();
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
    if (action.led) entry.handed[i].led = controller->set_led(entry.owner, *action.led);
    if (action.rumble) entry.handed[i].rumble = controller->set_rumble(entry.owner, *action.rumble);
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
  const auto settle = [&](std::optional<CueOutput>& output, std::uint64_t handed,
                          std::uint64_t newest, OutputState state) {
    if (!output || output->outcome != CueOutcome::queued || handed == 0) return;
    output->outcome = handed == newest ? outcome_of(state) : CueOutcome::superseded;
    if (output->outcome != CueOutcome::applied) return;
    // What showed already is not written again.
    output->applied_us = std::max(*entry.status.fired_us, controller->written_us());
  };
  const Handed& handed = entry.handed[place];
  settle(result.led, handed.led, controller->led_write_of(entry.owner),
         controller->led_state_for(entry.owner));
  settle(result.rumble, handed.rumble, controller->rumble_write_of(entry.owner),
         controller->rumble_state_for(entry.owner));
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
  if (done_) done_(entry.status);
}

void Cues::follow(Entry& entry, const Address& controller) {
  if (entry.status.state != CueState::writing) return;
  const auto& results = entry.status.results;
  const auto found = std::find_if(results.begin(), results.end(), [&](const CueResult& each) {
    return each.controller == controller;
  });
  if (found == results.end()) return;
  look_at(entry, static_cast<std::size_t>(found - results.begin()));
  finish(entry);
  if (changed_) changed_();
}

void Cues::on_outputs(const Controller& controller) {
  for (Entry& each : entries_) follow(each, controller.address());
}

void Cues::on_presence(const Controller& controller, Presence presence) {
  if (presence != Presence::left && presence != Presence::forgotten) return;
  for (Entry& each : entries_) follow(each, controller.address());
}

}  // namespace psmove::drivers
