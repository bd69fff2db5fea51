// psmove-emulator: PlayStation Move controllers for a kernel that has none. Makes them through
// /dev/uhid, keeps them sending, and takes commands from tests.

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <optional>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <system_error>

#include "emulator/device_list.hpp"
#include "emulator/fleet.hpp"

namespace {

using namespace psmove::emulator;

struct Arguments {
  std::string devices = "zcm1";
  std::string log, truth, control;
  std::vector<std::string> send;
  double wait_s = 5;
  std::optional<double> duration_s;
};

int ask_another(const Arguments& arguments) {
  if (arguments.control.empty()) {
    std::cerr << "psmove-emulator: --send needs --control PATH, where another psmove-emulator "
                 "listens\n";
    return 2;
  }
  const std::chrono::milliseconds patience(static_cast<long>(arguments.wait_s * 1000));
  bool all_fine = true;
  for (const auto& answer : ask(arguments.control, arguments.send, patience)) {
    std::cout << answer << '\n';
    all_fine = all_fine && !answer.starts_with("error");
  }
  return all_fine ? 0 : 1;
}

/// Becomes readable when somebody asks this process to end.
FileDescriptor stop_requests() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return FileDescriptor(signalfd(-1, &signals, SFD_CLOEXEC));
}

Uhid open_uhid() {
  try {
    return Uhid::open();
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(),
                            "/dev/uhid cannot be opened; it wants root and 'modprobe uhid'");
  }
}

int emulate(const Arguments& arguments) {
  const auto list = parse_device_list(arguments.devices, DeviceKeys::emulated);
  if (!list.error.empty()) {
    std::cerr << "psmove-emulator: " << list.error << '\n';
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  EventLog log(start);
  const auto opened = [](bool success, const std::string& path) {
    if (!success)
      std::cerr << "psmove-emulator: cannot write " << path << ": " << std::strerror(errno) << '\n';
    return success;
  };
  if (!arguments.log.empty() && !opened(log.write_events_to(arguments.log), arguments.log))
    return 1;
  if (!arguments.truth.empty() && !opened(log.write_truth_to(arguments.truth), arguments.truth))
    return 1;

  const auto stop = stop_requests();
  prctl(PR_SET_TIMERSLACK,
        1UL);  // nanoseconds; the default would be a twentieth of a ZCM2's interval
  Fleet fleet(list.devices, open_uhid, log);
  if (!arguments.control.empty()) fleet.listen(arguments.control);
  for (const auto& device : fleet.devices())
    std::cout << to_string(device.move().options().model) << ' '
              << psmove::to_string(device.move().options().address) << '\n';
  std::cout << "ready" << std::endl;

  std::optional<Time> end;
  if (arguments.duration_s)
    end = start + std::chrono::duration_cast<std::chrono::nanoseconds>(
                      std::chrono::duration<double>(*arguments.duration_s));
  fleet.run(end, stop.get());
  std::cout << fleet.summary() << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Emulates PlayStation Move controllers behind the kernel's uhid door."};
  app.footer(
      "DEVICES is a comma-separated list of [Nx]MODEL[:KEY=VALUE]... with the models zcm1 and "
      "zcm2,\n"
      "such as 7xzcm1:motion=wave,zcm2:length=45:declared=48. The keys are motion (still, wave,\n"
      "figure8, tumble, trial=FILE), address, name, rate, mag, loss, host, bus, length, declared, "
      "descriptor,\n"
      "first-block, blob, seed, tick-us.\n\n"
      "Commands are [WHICH] VERB [ARGUMENT], WHICH being a place in the list from 1, an address "
      "or\n"
      "all: hold cross,move; tap t; trigger 0.5; battery ee; motion wave; loss 0.02; raw HEX;\n"
      "mag absent; unplug; plug; state; quit.");
  app.set_version_flag("--version", PSMOVED_VERSION);
  app.add_option("DEVICES", arguments.devices, "What to emulate (default: zcm1)");
  app.add_flag("--uhid")->description("Go through /dev/uhid, which is the default");
  app.add_option("--log", arguments.log,
                 "Append one line per event to this file; - is standard output");
  app.add_option("--truth", arguments.truth,
                 "Write what went into each report, one JSON object a line");
  app.add_option("--control", arguments.control, "Unix socket for commands");
  app.add_option("--send", arguments.send,
                 "Send this command to the emulator at --control and print its answer")
      ->allow_extra_args(false);
  app.add_option("--wait", arguments.wait_s,
                 "With --send: seconds to wait for that emulator (default: 5)");
  app.add_option("--for", arguments.duration_s, "End after this many seconds");
  CLI11_PARSE(app, argc, argv);
  try {
    return arguments.send.empty() ? emulate(arguments) : ask_another(arguments);
  } catch (const std::exception& error) {
    std::cerr << "psmove-emulator: " << error.what() << '\n';
    return 1;
  }
}
