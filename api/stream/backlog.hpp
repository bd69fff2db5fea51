#pragma once
// What one client still has to get: references to shared batches, bounded in time, with an exact
// account of what was lost. Pure: the time is given.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "api/stream/batch.hpp"

namespace psmove::stream {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A client that keeps up leaves it empty. When one does not, the motion of the oldest whole batch
/// goes first; its edges stay where they were in the order. What went is said in the `dropped` of
/// the subscription's next motion message for that controller, in a copy made for this client
/// alone.
class Backlog {
 public:
  struct Bounds {
    std::chrono::milliseconds motion{250};
    /// 250 ms of every sample of seven controllers is 150 kB; this is for stranger clients.
    std::size_t motion_bytes = 1024 * 1024;
    std::size_t edge_bytes = 256 * 1024;
    /// Where lost samples are counted, by policy; or nullptr.
    std::array<std::uint64_t, 3>* dropped_samples = nullptr;
  };

  /// @param bounds  outlive the backlog
  explicit Backlog(const Bounds& bounds) : bounds_(&bounds) {}

  void push(SharedBatch batch, SteadyTime now);

  [[nodiscard]] bool is_empty() const { return first_ == entries_.size(); }
  /// Empty, and nothing was lost that is still to be told.
  [[nodiscard]] bool is_at_rest() const { return entries_.empty() && losses_.empty(); }
  /// Too much waits that must not be dropped. One message of any size fits, a snapshot of many
  /// controllers: it says nothing about how quickly the client reads.
  [[nodiscard]] bool has_overflowed() const;
  [[nodiscard]] std::size_t bytes() const { return motion_bytes_ + edge_bytes_ - sent_; }

  /// The next bytes to send, in order. @return how many pieces were filled in
  std::size_t pieces(std::span<std::string_view> out) const;
  /// So many of them were sent.
  void consume(std::size_t bytes);

  /// Takes out this group's motion and forgets what it lost: nobody waits for it any more.
  void forget(std::uint64_t group);
  /// Throws away all that is not partly sent: only a close frame may follow.
  void cut();

 private:
  struct Entry {
    SharedBatch batch;
    SteadyTime since;
  };
  struct Loss {
    std::uint64_t group = 0;
    Address controller{};
    std::uint32_t samples = 0;
  };

  [[nodiscard]] std::size_t first_whole() const { return first_ + (sent_ > 0 ? 1 : 0); }
  void supersede(const Batch& newer);
  [[nodiscard]] SharedBatch with_losses_told(SharedBatch batch);
  /// Makes room, before `coming` bytes of motion: so that they can tell what went for them.
  void trim(SteadyTime now, std::size_t coming);
  void drop_motion(std::size_t index);
  template <class Keep>
  void keep_only(std::size_t index, Keep keep);
  [[nodiscard]] bool is_repeated_after(std::size_t index, const Frame& frame) const;
  void count_lost(const Batch& batch, const Frame& frame);
  void replace(std::size_t index, SharedBatch batch);
  void release_front();

  const Bounds* bounds_;
  std::vector<Entry> entries_;
  std::vector<Loss> losses_;
  std::size_t first_ = 0;  ///< entries before it are sent
  std::size_t sent_ = 0;   ///< bytes of the first entry that are sent
  std::size_t motion_bytes_ = 0, edge_bytes_ = 0;
};

}  // namespace psmove::stream
