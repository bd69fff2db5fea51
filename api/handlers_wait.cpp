#include "api/handlers_wait.hpp"

#include <utility>

#include "drivers/controller.hpp"
#include "drivers/roster.hpp"

namespace psmove::api {

Waiters::Waiters(drivers::Roster& roster) : roster_(&roster) {
  roster_->add_listener(this);
}

Waiters::~Waiters() {
  detach();
}

void Waiters::detach() {
  if (roster_ != nullptr) std::exchange(roster_, nullptr)->remove_listener(this);
}

void Waiters::wake_all() {
  for (const auto& entry : entries_) entry.bell->ring();
}

void Waiters::wake_for_state() {
  for (const auto& entry : entries_)
    if (!entry.samples_of) entry.bell->ring();
}

void Waiters::after_samples(const drivers::Controller& controller, std::span<const Sample>,
                            std::int64_t) {
  for (const auto& entry : entries_)
    if (entry.samples_of == controller.address()) entry.bell->ring();
}

Waiter::Waiter(std::shared_ptr<Waiters> waiters, std::optional<Address> samples_of)
    : waiters_(std::move(waiters)) {
  waiters_->entries_.push_back({samples_of, &bell_});
}

Waiter::~Waiter() {
  std::erase_if(waiters_->entries_, [this](const auto& entry) { return entry.bell == &bell_; });
}

}  // namespace psmove::api
