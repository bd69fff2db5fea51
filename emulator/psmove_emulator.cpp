// psmove-emulator: PlayStation Move controllers for a kernel that has none. Makes them through
// /dev/uhid, or puts them into virtual USB ports and in range of virtual Bluetooth adapters; keeps
// them sending, and takes commands from tests.

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
  bool uhid = false, usb = false;
  std::vector<std::string> radios;
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

/// Where the devices are to stand. A complaint, where that does not go together.
std::string choose_doors(const Arguments& arguments, const std::vector<DeviceSpec>& devices,
                         Doors& doors) {
  const bool elsewhere = arguments.usb || !arguments.radios.empty();
  if (arguments.uhid && elsewhere) return "--uhid goes with neither --usb nor --radio";
  if (!elsewhere) {
    doors.open_uhid = open_uhid;
    return {};
  }
  for (const auto& device : devices)
    if (device.options.on_cable) return "the key bus is for --uhid alone; the doors say it here";
  if (arguments.usb) doors.usb_port = [] { return plug_into_vhci(); };
  for (const auto& text : arguments.radios) {
    const auto radio = parse_radio(text);
    if (!radio)
      return "--radio takes an address or ADDRESS,no-ssp, such as 00:1b:dc:00:00:01, not '" + text +
             "'";
    doors.radios.push_back(*radio);
  }
  doors.open_vhci = [] { return open_vhci(); };
  return {};
}

int emulate(const Arguments& arguments) {
  const auto list = parse_device_list(arguments.devices, DeviceKeys::emulated);
  if (!list.error.empty()) {
    std::cerr << "psmove-emulator: " << list.error << '\n';
    return 2;
  }
  Doors doors;
  if (const auto complaint = choose_doors(arguments, list.devices, doors); !complaint.empty()) {
    std::cerr << "psmove-emulator: " << complaint << '\n';
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
  Fleet fleet(list.devices, doors, log);
  if (!arguments.control.empty()) fleet.listen(arguments.control);
  for (const auto& device : fleet.devices())
    std::cout << device.model() << ' ' << psmove::to_string(device.peripheral().address()) << '\n';
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
  CLI::App app{"Emulates PlayStation Move controllers behind the kernel's doors."};
  app.footer(
      "DEVICES is a comma-separated list of [Nx]MODEL[:KEY=VALUE]... with the models zcm1, zcm2,\n"
      "navigation and keyboard (another maker's), such as 7xzcm1:motion=wave,zcm2:length=45.\n"
      "The keys are motion (still, wave, figure8, tumble, trial=FILE), address, name, rate, mag, "
      "loss,\n"
      "host, bus, length, declared, descriptor, first-block, blob, seed, tick-us; on the air pair\n"
      "(none, pin, ssp), pin, key, record (own, ds3, vendor, each with -N), sdp, callable,\n"
      "fragile.\n\n"
      "Behind uhid, and with --usb alone, they are plugged in at once. With --radio they lie\n"
      "there, switched off, until they are told: plug puts the cable in where there is --usb,\n"
      "press calls the host whose address is stored.\n\n"
      "Commands are [WHICH] VERB [ARGUMENT], WHICH being a place in the list from 1, an address\n"
      "or all: hold cross,move; tap t; trigger 0.5; battery ee; motion wave; loss 0.02; raw HEX;\n"
      "mag absent; length 45; zero-address on; host ADDRESS; feature-delay 3000|never|0 [ID];\n"
      "feature-length 12|right [ID]; plug; unplug; press; drop; off; virtual-unplug; pair ssp;\n"
      "pin 0000; key HEX|none; record ds3-43; fragile on; state; quit. A navigation controller\n"
      "takes hold, stick X Y and battery; a keyboard type LETTERS. For the adapters: radio state;\n"
      "radio remove [ADDRESS]; radio insert [ADDRESS].");
  app.set_version_flag("--version", PSMOVED_VERSION);
  app.add_option("DEVICES", arguments.devices, "What to emulate (default: zcm1)");
  app.add_flag("--uhid", arguments.uhid, "Go through /dev/uhid, which is the default");
  app.add_flag("--usb", arguments.usb, "Have a USB cable each (vhci_hcd)");
  app.add_option("--radio", arguments.radios,
                 "Be in range of a virtual Bluetooth adapter with this address (hci_vhci); several "
                 "are several adapters. With ,no-ssp after it, pairing takes a PIN")
      ->allow_extra_args(false);
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
