// bench-feeder: plays the kernel's side of some controllers. Writes reports to standard output (a
// pipe into the server) on an absolute schedule, evenly phased; drops one when the pipe is full, as
// a full hidraw ring would.

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench/measure/clock.hpp"
#include "bench/stream/report.hpp"

namespace {

using psmove::bench::now_ns;

void sleep_until(std::int64_t due_ns) {
  const timespec due{due_ns / 1'000'000'000, due_ns % 1'000'000'000};
  while (now_ns() < due_ns) clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint32_t controllers = 7;
  double rate = 87.5, seconds = 15;
  CLI::App app("plays the reports of some controllers to standard output");
  app.add_option("--controllers", controllers, "how many")->check(CLI::Range(1, 1000));
  app.add_option("--rate", rate, "reports a second of each")->check(CLI::PositiveNumber);
  app.add_option("--seconds", seconds, "how long")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);

  std::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1);
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  const std::int64_t begin = now_ns();
  const double interval_ns = 1e9 / (rate * controllers);
  const auto reports = static_cast<std::int64_t>(seconds * rate * controllers);
  std::int64_t dropped = 0;
  for (std::int64_t i = 0; i < reports; ++i) {
    sleep_until(begin + static_cast<std::int64_t>(interval_ns * static_cast<double>(i)));
    psmove::bench::Report report;
    report.controller = static_cast<std::uint32_t>(i % controllers);
    report.sequence = static_cast<std::uint32_t>(i / controllers);
    if (write(STDOUT_FILENO, &report, sizeof report) == sizeof report) continue;
    if (errno != EAGAIN) break;  // the server has ended
    ++dropped;
  }
  if (dropped > 0) std::fprintf(stderr, "bench-feeder: %ld reports dropped\n", long{dropped});
  return 0;
}
