#include "bench/measure/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace psmove::bench {
namespace {

constexpr unsigned step_bits = 6;
constexpr std::uint64_t steps = 1U << step_bits;

std::size_t bucket_of(std::uint64_t value) {
  if (value < steps) return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - step_bits;
  return ((shift + 1) << step_bits) + ((value >> shift) & (steps - 1));
}

double middle_of(std::size_t bucket) {
  if (bucket < steps) return static_cast<double>(bucket);
  const auto shift = static_cast<int>(bucket >> step_bits) - 1;
  return std::ldexp(static_cast<double>((bucket & (steps - 1)) + steps) + 0.5, shift);
}

}  // namespace

Histogram::Histogram()
    : buckets_((64 - step_bits + 1) << step_bits),
      least_(std::numeric_limits<std::uint64_t>::max()) {}

void Histogram::add(std::int64_t nanoseconds) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
  ++buckets_[bucket_of(value)];
  ++count_;
  sum_ += static_cast<double>(value);
  least_ = std::min(least_, value);
  most_ = std::max(most_, value);
}

double Histogram::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (buckets_[i] > 0 && seen >= wanted)
      return std::min(middle_of(i), static_cast<double>(most_));
  }
  return static_cast<double>(most_);
}

nlohmann::json Histogram::summary() const {
  const auto us = [](double ns) { return std::round(ns / 100) / 10; };
  const double mean = count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
  return {{"n", count_},
          {"min", us(count_ == 0 ? 0 : static_cast<double>(least_))},
          {"mean", us(mean)},
          {"p50", us(quantile(0.5))},
          {"p90", us(quantile(0.9))},
          {"p99", us(quantile(0.99))},
          {"p999", us(quantile(0.999))},
          {"max", us(static_cast<double>(most_))}};
}

}  // namespace psmove::bench
