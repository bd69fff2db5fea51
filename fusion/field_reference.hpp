#pragma once
// What the magnetic field of this room looks like, strength and dip, so that a magnet can be told
// from the Earth.

#include "fusion/filter_parameters.hpp"
#include "fusion/linear.hpp"

namespace psmove::fusion {

class FieldReference {
 public:
  struct Deviation {
    double strength = 0;  ///< fraction of the reference
    double dip_deg = 0;
  };
  /// Takes the mean field of one block and learns from it.
  /// @param field uT, world frame up to heading  @param rate rad/s, how fast the body turns: only
  ///        while turning does an agreeing field prove itself  @param time s
  Deviation update(const Axes& field, double rate, double time, double follow_s);
  /// No reference yet, or the last field did not look like it.
  [[nodiscard]] bool is_disturbed() const { return disturbed_; }

 private:
  struct Look {
    double strength = 0, dip_deg = 0;
    [[nodiscard]] Deviation from(const Look& other) const;
    void follow(const Look& other, double weight);
  };
  void consider_candidate(const Look& look, double rate, double time, double weight, bool agrees);
  Look reference_, candidate_;
  double candidate_s_ = 0;
  bool has_reference_ = false, has_candidate_ = false, disturbed_ = true;
};

}  // namespace psmove::fusion
