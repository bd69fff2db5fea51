// fusion-bench: how good the orientation filter is on recorded motions, beside
// what is published of others on the same ones.

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench/fusion/leave_group_out.hpp"
#include "bench/fusion/trials.hpp"

namespace psmove::bench {
namespace {

constexpr const char* usage =
    "usage: fusion-bench [DIR] [--json FILE] [--leave-group-out]\n"
    "DIR holds trials.csv and the .f32 files it names; default: data/broad in "
    "$PSMOVED_SHARED or in\n"
    "../shared beside the source tree. --leave-group-out chooses three parameters from a grid "
    "for\neach kind of motion from all others, and scores it with them.\n";

/// All that is measured of one trial.
struct Measured {
  Score9D native, ps_move, cold;
  Score6D native_6d, ps_move_6d;
  double ns = 0;
};

/// Others on the same 18 trials, library defaults, native rate. A negative
/// number: not known.
struct Anchor {
  const char* name;
  double total, heading, inclination, drift, ps_move, cold, ns;
};
constexpr Anchor anchors[] = {
    {"VQF", 2.83, 2.67, 0.74, 3.8, 3.37, 3.79, 330},
    {"VQF, best tau_mag", 2.49, 2.30, 0.74, 3.8, 3.1, -1, 330},
    {"BasicVQF", 3.66, 3.44, 1.05, 11.9, 4.20, 4.10, 180},
    {"Madgwick 0.1", 5.44, 4.53, 2.82, 11.7, 5.49, 6.31, 75},
    {"Mahony 0.74/0.0012", 9.01, 7.78, 3.87, 12.1, 9.25, 9.47, 55},
    {"Fusion, defaults", 13.2, 10.9, 5.54, 13.0, 13.3, 13.2, 41},
    {"psmoveapi, ZCM1", 28.8, 27.0, -1, -1, 24.6, 27.6, 800},
};
/// VQF's 9D total, trial by trial.
const std::map<std::string, double> vqf_total = {
    {"01", 1.99}, {"03", 1.93}, {"04", 1.08}, {"06", 4.03}, {"07", 1.76}, {"09", 1.49},
    {"10", 1.80}, {"12", 1.36}, {"15", 2.31}, {"18", 0.81}, {"21", 4.08}, {"24", 1.55},
    {"27", 6.73}, {"28", 4.04}, {"30", 2.57}, {"32", 7.67}, {"34", 3.35}, {"36", 2.39}};

std::filesystem::path default_directory() {
  if (const char* shared = std::getenv("PSMOVED_SHARED"))
    return std::filesystem::path(shared) / "data/broad";
  return std::filesystem::path(BENCH_SOURCE_DIR) / "../shared/data/broad";
}

Measured measure(const Trial& trial) {
  constexpr int repeats = 5;
  constexpr double cold_s = 2;
  fusion::FilterParameters with, without;
  without.use_magnetometer = false;
  Measured m;
  const auto native = run_filter(trial, with, repeats);
  m.ns = native.ns_per_sample;
  m.native = score_9d(trial, native.orientation);
  m.native_6d = score_6d(trial, run_filter(trial, without).orientation);
  const Trial cold = cold_start(trial, cold_s);
  m.cold = score_9d(cold, run_filter(cold, with).orientation);
  const Trial ps_move = as_ps_move(trial);
  m.ps_move = score_9d(ps_move, run_filter(ps_move, with).orientation);
  m.ps_move_6d = score_6d(ps_move, run_filter(ps_move, without).orientation);
  return m;
}

/// The columns of the table, and of the JSON.
struct Column {
  const char* key;
  const char* title;
  double (*value)(const Measured&);
};
constexpr Column columns[] = {
    {"total_9d_deg", "9D total", [](const Measured& m) { return m.native.total; }},
    {"heading_9d_deg", "heading", [](const Measured& m) { return m.native.heading; }},
    {"inclination_9d_deg", "incl 9D", [](const Measured& m) { return m.native.inclination; }},
    {"inclination_6d_deg", "incl 6D", [](const Measured& m) { return m.native_6d.inclination; }},
    {"drift_6d_deg_min", "drift/min",
     [](const Measured& m) { return m.native_6d.drift_deg_per_min; }},
    {"ps_move_total_9d_deg", "PSMove 9D", [](const Measured& m) { return m.ps_move.total; }},
    {"ps_move_inclination_6d_deg", "PSMove 6D",
     [](const Measured& m) { return m.ps_move_6d.inclination; }},
    {"cold_total_9d_deg", "cold 9D", [](const Measured& m) { return m.cold.total; }},
    {"ns_per_sample", "ns", [](const Measured& m) { return m.ns; }},
};

double mean(const Column& column, const std::vector<Measured>& measured) {
  double sum = 0;
  for (const auto& m : measured) sum += column.value(m);
  return sum / static_cast<double>(measured.size());
}

void print_row(const std::string& name, const std::vector<Measured>& measured) {
  std::printf("%-46s", name.c_str());
  for (const auto& column : columns) {
    const bool is_time = std::string_view(column.key) == "ns_per_sample";
    std::printf("%10.*f", is_time ? 0 : 2, mean(column, measured));
  }
}

void print_anchors() {
  std::printf("\n%-46s", "published or measured elsewhere");
  for (const char* title :
       {"9D total", "heading", "", "incl 6D", "drift/min", "PSMove 9D", "", "cold 9D", "ns"})
    std::printf("%10s", title);
  std::printf("\n");
  for (const Anchor& a : anchors) {
    std::printf("%-46s", a.name);
    for (const double value :
         {a.total, a.heading, -1.0, a.inclination, a.drift, a.ps_move, -1.0, a.cold, a.ns}) {
      if (value < 0)
        std::printf("%10s", "");
      else
        std::printf("%10.*f", value > 40 ? 0 : 2, value);
    }
    std::printf("\n");
  }
}

nlohmann::json json_of(const std::vector<Measured>& measured) {
  nlohmann::json object;
  for (const auto& column : columns) object[column.key] = mean(column, measured);
  return object;
}

void run(const std::vector<Trial>& trials, const std::string& json_file) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<Measured>> groups;
  nlohmann::json json;
  std::printf("%-46s", "trial, degrees");
  for (const auto& column : columns) std::printf("%10s", column.title);
  std::printf("%10s\n", "/ VQF");
  for (const auto& trial : trials) {
    const Measured m = measure(trial);
    print_row(trial.name, {m});
    const auto vqf = vqf_total.find(trial.name.substr(0, 2));
    if (vqf != vqf_total.end()) std::printf("%10.2f", m.native.total / vqf->second);
    std::printf("\n");
    std::fflush(stdout);
    json["trials"][trial.name] = json_of({m});
    for (const auto& group : trial.groups) {
      if (!groups.contains(group)) order.push_back(group);
      groups[group].push_back(m);
    }
  }
  std::printf("\n");
  for (const auto& group : order) {
    print_row(group + " (" + std::to_string(groups[group].size()) + ")", groups[group]);
    std::printf("\n");
    json["groups"][group] = json_of(groups[group]);
  }
  print_anchors();
  if (!json_file.empty()) std::ofstream(json_file) << json.dump(1) << '\n';
}

}  // namespace
}  // namespace psmove::bench

int main(int count, char** arguments) {
  try {
    std::filesystem::path directory;
    std::string json_file;
    bool leaves_groups_out = false;
    for (int i = 1; i < count; ++i) {
      const std::string argument = arguments[i];
      if (argument == "--json" && i + 1 < count) {
        json_file = arguments[++i];
      } else if (argument == "--leave-group-out") {
        leaves_groups_out = true;
      } else if (argument.starts_with("--") || !directory.empty()) {
        std::fputs(psmove::bench::usage, stderr);
        return 2;
      } else {
        directory = argument;
      }
    }
    if (directory.empty()) directory = psmove::bench::default_directory();
    const auto trials = psmove::bench::load_trials(directory);
    psmove::bench::run(trials, json_file);
    if (leaves_groups_out) psmove::bench::leave_group_out(trials);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fusion-bench: %s\n", error.what());
    return 1;
  }
}
