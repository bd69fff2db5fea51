#include "api/stream/backlog.hpp"

#include <algorithm>
#include <utility>

#include "api/stream/motion.hpp"

namespace psmove::stream {
namespace {

/// An emptied queue longer than this is given back; a client that keeps up needs one or two places.
constexpr std::size_t kept_entries = 8;

bool is_of(const Frame& frame, FrameKind kind, const Address& controller) {
  return frame.kind == kind && frame.controller == controller;
}

bool has(const Batch& batch, FrameKind kind, const Address& controller) {
  return std::any_of(batch.frames().begin(), batch.frames().end(),
                     [&](const Frame& frame) { return is_of(frame, kind, controller); });
}

}  // namespace

void Backlog::push(SharedBatch batch, SteadyTime now) {
  if (!is_empty()) {
    if (batch->newest_only()) supersede(*batch);
    trim(now, batch->motion_bytes());
  }
  if (!losses_.empty()) batch = with_losses_told(std::move(batch));
  motion_bytes_ += batch->motion_bytes();
  edge_bytes_ += batch->edge_bytes();
  entries_.push_back({std::move(batch), now});
}

bool Backlog::has_overflowed() const {
  if (edge_bytes_ <= bounds_->edge_bytes) return false;
  std::size_t waiting = 0, largest = 0;
  for (std::size_t i = first_whole(); i < entries_.size(); ++i) {
    waiting += entries_[i].batch->edge_bytes();
    largest = std::max(largest, entries_[i].batch->edge_bytes());
  }
  return waiting - largest > bounds_->edge_bytes;
}

std::size_t Backlog::pieces(std::span<std::string_view> out) const {
  std::size_t count = 0;
  for (std::size_t i = first_; i < entries_.size() && count < out.size(); ++i)
    out[count++] = entries_[i].batch->bytes().substr(i == first_ ? sent_ : 0);
  return count;
}

void Backlog::consume(std::size_t bytes) {
  sent_ += bytes;
  while (first_ < entries_.size() && sent_ >= entries_[first_].batch->bytes().size()) {
    sent_ -= entries_[first_].batch->bytes().size();
    release_front();
  }
  if (!is_empty()) return;
  first_ = 0;
  if (entries_.capacity() > kept_entries)
    std::vector<Entry>().swap(entries_);
  else
    entries_.clear();
}

void Backlog::release_front() {
  Entry& front = entries_[first_++];
  motion_bytes_ -= front.batch->motion_bytes();
  edge_bytes_ -= front.batch->edge_bytes();
  front.batch.reset();
}

void Backlog::forget(std::uint64_t group) {
  for (std::size_t i = entries_.size(); i-- > first_whole();)
    if (entries_[i].batch->group() == group)
      keep_only(i, [](const Frame& frame) { return frame.kind != FrameKind::motion; });
  std::erase_if(losses_, [group](const Loss& loss) { return loss.group == group; });
}

void Backlog::cut() {
  while (entries_.size() > first_whole()) {
    motion_bytes_ -= entries_.back().batch->motion_bytes();
    edge_bytes_ -= entries_.back().batch->edge_bytes();
    entries_.pop_back();
  }
}

// ---- losing

void Backlog::supersede(const Batch& newer) {
  for (std::size_t i = entries_.size(); i-- > first_whole();) {
    if (entries_[i].batch->group() != newer.group()) continue;
    keep_only(i, [&](const Frame& frame) {
      return frame.kind != FrameKind::motion || !has(newer, FrameKind::motion, frame.controller);
    });
  }
}

void Backlog::trim(SteadyTime now, std::size_t coming) {
  for (std::size_t i = first_whole(); i < entries_.size();) {
    const bool is_old = now - entries_[i].since > bounds_->motion;
    if (!is_old && motion_bytes_ + coming <= bounds_->motion_bytes) return;
    const std::size_t before = entries_.size();
    if (entries_[i].batch->motion_bytes() > 0) drop_motion(i);
    if (entries_.size() == before) ++i;
  }
}

void Backlog::drop_motion(std::size_t index) {
  keep_only(index, [&](const Frame& frame) {
    return frame.kind != FrameKind::motion && !is_repeated_after(index, frame);
  });
}

template <class Keep>
void Backlog::keep_only(std::size_t index, Keep keep) {
  const SharedBatch batch = entries_[index].batch;
  if (std::all_of(batch->frames().begin(), batch->frames().end(), keep)) return;
  auto rest = std::make_shared<Batch>(batch->group(), batch->policy(), batch->format());
  for (const Frame& frame : batch->frames()) {
    if (keep(frame))
      rest->append(*batch, frame);
    else if (frame.kind == FrameKind::motion)
      count_lost(*batch, frame);
  }
  replace(index, std::move(rest));
}

bool Backlog::is_repeated_after(std::size_t index, const Frame& frame) const {
  if (frame.kind != FrameKind::trigger && frame.kind != FrameKind::output) return false;
  const Batch& batch = *entries_[index].batch;
  for (const Frame& other : batch.frames())
    if (other.offset > frame.offset && is_of(other, frame.kind, frame.controller)) return true;
  return std::any_of(entries_.begin() + static_cast<std::ptrdiff_t>(index) + 1, entries_.end(),
                     [&](const Entry& later) {
                       return later.batch->group() == batch.group() &&
                              has(*later.batch, frame.kind, frame.controller);
                     });
}

void Backlog::replace(std::size_t index, SharedBatch batch) {
  Entry& entry = entries_[index];
  motion_bytes_ += batch->motion_bytes() - entry.batch->motion_bytes();
  edge_bytes_ += batch->edge_bytes() - entry.batch->edge_bytes();
  if (batch->is_empty())
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
  else
    entry.batch = std::move(batch);
}

void Backlog::count_lost(const Batch& batch, const Frame& frame) {
  const auto group = batch.group();
  if (bounds_->dropped_samples != nullptr)
    (*bounds_->dropped_samples)[static_cast<std::size_t>(batch.policy())] += frame.samples;
  // What the frame itself would have told is lost with it.
  const std::uint32_t lost = frame.samples + frame.dropped;
  for (Loss& loss : losses_) {
    if (loss.group != group || loss.controller != frame.controller) continue;
    loss.samples += lost;
    return;
  }
  losses_.push_back({group, frame.controller, lost});
}

SharedBatch Backlog::with_losses_told(SharedBatch batch) {
  const auto loss_of = [&](const Frame& frame) {
    return std::find_if(losses_.begin(), losses_.end(), [&](const Loss& loss) {
      return loss.group == batch->group() && is_of(frame, FrameKind::motion, loss.controller);
    });
  };
  const auto& frames = batch->frames();
  if (std::none_of(frames.begin(), frames.end(),
                   [&](const Frame& frame) { return loss_of(frame) != losses_.end(); }))
    return batch;
  auto told = std::make_shared<Batch>(batch->group(), batch->policy(), batch->format());
  for (const Frame& frame : frames) {
    const auto loss = loss_of(frame);
    if (loss == losses_.end()) {
      told->append(*batch, frame);
      continue;
    }
    append_with_dropped(*told, *batch, frame, frame.dropped + loss->samples);
    losses_.erase(loss);
  }
  return told;
}

}  // namespace psmove::stream
