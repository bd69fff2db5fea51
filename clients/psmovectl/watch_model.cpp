// Folding messages into what is shown.

#include "clients/psmovectl/watch_model.hpp"

#include <algorithm>

namespace psmove::client {
namespace {

constexpr std::int64_t span_us = 2'000'000;

}  // namespace

void ArrivalMeter::add(std::span<const Sample> samples, std::uint64_t dropped) {
  if (samples.empty()) return;
  dropped_ += dropped;
  std::uint64_t missing = 0;
  for (const auto& sample : samples) {
    // It counts from the start when the controller connects anew.
    if (last_sequence_ && sample.sequence <= *last_sequence_) {
      arrivals_.clear();
      missing = 0;
    } else if (last_sequence_) {
      missing += sample.sequence - *last_sequence_ - 1;
    }
    last_sequence_ = sample.sequence;
  }
  const std::uint64_t lost = missing > dropped ? missing - dropped : 0;
  arrivals_.push_back({samples.back().time_us, samples.size(), lost});
  while (arrivals_.back().time_us - arrivals_.front().time_us > span_us) arrivals_.pop_front();
}

double ArrivalMeter::samples_per_s() const {
  if (arrivals_.size() < 2) return 0;
  const auto span = arrivals_.back().time_us - arrivals_.front().time_us;
  if (span <= 0) return 0;
  std::uint64_t samples = 0;
  for (const auto& arrival : arrivals_) samples += arrival.samples;
  samples -= arrivals_.front().samples;  // they came before the span began
  return static_cast<double>(samples) * 1e6 / static_cast<double>(span);
}

double ArrivalMeter::lost_fraction() const {
  std::uint64_t samples = 0, lost = 0;
  for (const auto& arrival : arrivals_) {
    samples += arrival.samples;
    lost += arrival.lost;
  }
  return lost == 0 ? 0.0 : static_cast<double>(lost) / static_cast<double>(samples + lost);
}

WatchedController* WatchModel::known(std::string_view id) {
  const auto found =
      std::find_if(controllers_.begin(), controllers_.end(),
                   [id](const WatchedController& each) { return each.about.id == id; });
  return found == controllers_.end() ? nullptr : &*found;
}

const WatchedController* WatchModel::find(std::string_view id) const {
  return const_cast<WatchModel*>(this)->known(id);
}

void WatchModel::learn(const Controller& about) {
  if (auto* old = known(about.id)) {
    old->about = about;
    if (!old->newest) old->newest = about.newest;
  } else {
    controllers_.push_back({about, about.newest, {}});
  }
  std::sort(controllers_.begin(), controllers_.end(),
            [](const WatchedController& a, const WatchedController& b) {
              return a.about.number < b.about.number;
            });
}

void WatchModel::apply(const Message& message) {
  using Kind = Message::Kind;
  if (message.kind == Kind::controller && message.event == "forgotten") {
    std::erase_if(controllers_, [&message](const WatchedController& each) {
      return each.about.id == message.controller_id;
    });
    return;
  }
  if (message.kind == Kind::snapshot || message.kind == Kind::controller)
    for (const auto& about : message.controllers) learn(about);
  auto* controller = known(message.controller_id);
  if (controller == nullptr) return;
  switch (message.kind) {
    case Kind::motion:
      controller->arrivals.add(message.samples, message.dropped);
      if (!message.samples.empty()) controller->newest = message.samples.back();
      break;
    case Kind::battery:
      controller->about.battery = message.battery;
      break;
    case Kind::output:
      if (message.led) controller->about.led = *message.led;
      if (message.rumble) controller->about.rumble = *message.rumble;
      break;
    case Kind::controller:
      if (message.event == "left" && message.controllers.empty())
        controller->about.connected = false;
      break;
    default:
      break;
  }
}

}  // namespace psmove::client
