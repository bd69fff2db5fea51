// bench-wsload: opens WebSocket connections, measures what arrives and what it costs the server,
// prints one JSON object. One thread; it must have a CPU of its own.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "bench/measure/clock.hpp"
#include "bench/measure/process.hpp"
#include "bench/stream/load.hpp"

namespace psmove::bench {
namespace {

/// Beyond this share of a CPU the figures are the load generator's own.
constexpr double saturated = 0.85;

struct Options {
  LoadOptions load;
  double seconds = 10, warmup_s = 1, patience_s = 60;
  int server_pid = 0, server_cpu = 0;
};

void add_options(CLI::App& app, Options& options) {
  LoadOptions& load = options.load;
  app.add_option("--port", load.port, "of the server on 127.0.0.1");
  app.add_option("--target", load.target, "path and query");
  app.add_option("--protocol", load.protocol, "subprotocol to ask for");
  app.add_option("--subscribe", load.subscribe, "text to send as soon as a connection is open");
  app.add_option("-n,--connections", load.connections)->check(CLI::Range(1, 60'000));
  app.add_option("--stalled", load.stalled, "connections among them that never read");
  app.add_option("--opening-at-once", load.opening_at_once);
  app.add_option("--late-ms", load.late_ms, "frames older than that on arrival are late");
  app.add_option("--nap-us", load.nap_us, "pause between polls, for throughput alone");
  app.add_option("--sequence-step", load.sequence_step, "samples in a frame");
  app.add_option("--sequence-member", load.sequence_member);
  app.add_option("--controller-member", load.controller_member);
  app.add_option("--time-member", load.time_member, "Unix time in microseconds");
  app.add_option("-d,--seconds", options.seconds)->check(CLI::PositiveNumber);
  app.add_option("--warmup", options.warmup_s, "seconds before measuring");
  app.add_option("--patience", options.patience_s, "seconds for all connections to open");
  app.add_option("--server-pid", options.server_pid, "whose CPU time and memory to measure");
  app.add_option("--server-cpu", options.server_cpu, "the CPU it is bound to");
}

int run(const Options& options) {
  ServerMeter meter(options.server_pid, options.server_cpu);
  Load load(options.load);
  load.open(options.patience_s);
  load.pump(options.warmup_s, false);
  const double cpu_before = own_cpu_s();
  const std::int64_t begin = now_ns();
  meter.start();
  load.pump(options.seconds, true);
  const Tally& tally = load.tally();
  const auto server = meter.finish(tally.frames);
  const double elapsed_s = static_cast<double>(now_ns() - begin) / 1e9;
  const double own_share = (own_cpu_s() - cpu_before) / elapsed_s;

  auto result = tally.summary(elapsed_s);
  result["client_cpu_pct"] = 100 * own_share;
  result["client_saturated"] = own_share > saturated;
  if (options.server_pid != 0) result["server"] = server;
  std::cout << result.dump(1) << '\n';
  const bool all_open = tally.opened == options.load.connections && tally.closed_early == 0;
  return all_open && tally.protocol_errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace psmove::bench

int main(int argc, char** argv) {
  psmove::bench::Options options;
  CLI::App app("opens WebSocket connections and measures what arrives");
  psmove::bench::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  try {
    return psmove::bench::run(options);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench-wsload: %s\n", problem.what());
    return 2;
  }
}
