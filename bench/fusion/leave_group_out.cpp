#include "bench/fusion/leave_group_out.hpp"

#include <array>
#include <cstdio>
#include <limits>
#include <map>
#include <string>

namespace psmove::bench {
namespace {

constexpr std::array factors = {0.5, 1.0, 2.0};

struct Choice {
  double position, mag_local, rate_noise;  ///< times the default
};

/// Both scores of one trial with one choice.
struct Scores {
  Score9D with;
  Score6D without;
  [[nodiscard]] double objective() const { return with.total + without.inclination; }
};

std::vector<Choice> all_choices() {
  std::vector<Choice> all;
  for (const double position : factors)
    for (const double mag_local : factors)
      for (const double rate_noise : factors) all.push_back({position, mag_local, rate_noise});
  return all;
}

Scores score(const Trial& trial, const Choice& choice) {
  fusion::FilterParameters parameters;
  parameters.position_m *= choice.position;
  parameters.mag_local_ut *= choice.mag_local;
  parameters.gyro_rate_noise *= choice.rate_noise;
  Scores scores;
  scores.with = score_9d(trial, run_filter(trial, parameters).orientation);
  parameters.use_magnetometer = false;
  scores.without = score_6d(trial, run_filter(trial, parameters).orientation);
  return scores;
}

const std::string& kind_of(const Trial& trial) {
  return trial.groups.size() > 2 ? trial.groups[2] : trial.name;
}

}  // namespace

void leave_group_out(const std::vector<Trial>& trials) {
  const auto choices = all_choices();
  std::vector<std::vector<Scores>> scores(choices.size());  // by choice, then by trial
  for (std::size_t c = 0; c < choices.size(); ++c)
    for (const Trial& trial : trials) scores[c].push_back(score(trial, choices[c]));

  std::map<std::string, std::vector<std::size_t>> kinds;
  for (std::size_t t = 0; t < trials.size(); ++t) kinds[kind_of(trials[t])].push_back(t);
  std::printf("\nleft out%38s%10s%10s%10s%10s   position, mag local, rate noise chosen\n",
              "9D total", "heading", "incl 6D", "drift/min", "");
  Scores sum{};
  for (const auto& [kind, members] : kinds) {
    std::size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < choices.size(); ++c) {
      double objective = 0;
      for (std::size_t t = 0; t < trials.size(); ++t)
        if (kind_of(trials[t]) != kind) objective += scores[c][t].objective();
      if (objective >= least) continue;
      least = objective;
      best = c;
    }
    Scores group{};
    for (const std::size_t t : members)
      for (Scores* into : {&group, &sum}) {
        into->with.total += scores[best][t].with.total;
        into->with.heading += scores[best][t].with.heading;
        into->without.inclination += scores[best][t].without.inclination;
        into->without.drift_deg_per_min += scores[best][t].without.drift_deg_per_min;
      }
    const auto n = static_cast<double>(members.size());
    std::printf("%-36s%10.2f%10.2f%10.2f%10.2f             x%g, x%g, x%g\n", kind.c_str(),
                group.with.total / n, group.with.heading / n, group.without.inclination / n,
                group.without.drift_deg_per_min / n, choices[best].position,
                choices[best].mag_local, choices[best].rate_noise);
  }
  const auto n = static_cast<double>(trials.size());
  std::printf("%-36s%10.2f%10.2f%10.2f%10.2f\n", "all, each judged without its kind",
              sum.with.total / n, sum.with.heading / n, sum.without.inclination / n,
              sum.without.drift_deg_per_min / n);
}

}  // namespace psmove::bench
