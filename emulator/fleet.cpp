#include "emulator/fleet.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <system_error>
#include <utility>

#include "types/text.hpp"

namespace psmove::emulator {
namespace {

using Clock = std::chrono::steady_clock;

timespec until(Time deadline) {
  const auto left =
      std::max<std::chrono::nanoseconds>(deadline - Clock::now(), std::chrono::nanoseconds(0));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  return {seconds.count(), static_cast<long>((left - seconds).count())};
}

/// Cuts the next word off the front of a line.
std::string_view next_word(std::string_view& line) {
  const auto begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(begin);
  const auto end = std::min(line.find_first_of(" \t\r"), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

bool takes_no_argument(std::string_view verb) {
  constexpr std::array verbs = {"plug", "unplug", "press",          "drop",
                                "off",  "state",  "virtual-unplug", "quit"};
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

}  // namespace

Fleet::Fleet(const std::vector<DeviceSpec>& specs, const Doors& doors, EventLog& log) : air_(log) {
  const auto now = Clock::now();
  for (const auto& radio : doors.radios) {
    air_.add(radio, doors.open_vhci);
    air_.radios().back().insert(now);
  }
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const double phase = static_cast<double>(i) / static_cast<double>(specs.size());
    DeviceDoors own;
    if (doors.open_uhid) own.uhid = doors.open_uhid();
    own.usb_port = doors.usb_port;
    if (!doors.radios.empty()) own.air = &air_;
    devices_.emplace_back(specs[i], std::move(own), phase, log, now);
    if (doors.radios.empty()) devices_.back().plug(now);
  }
}

void Fleet::listen(const std::string& path) {
  control_ = std::make_unique<ControlSocket>(
      path, [this](std::string_view line) { return command(line); });
}

void Fleet::step(Time deadline) {
  for (auto& device : devices_) {
    const auto now = Clock::now();
    device.advance(now);
    if (const auto wake = device.next_wake(now)) deadline = std::min(deadline, *wake);
  }
  std::vector<pollfd> waiting;
  for (const auto& device : devices_) device.add_to(waiting);
  for (const auto& radio : air_.radios())
    if (radio.is_present()) waiting.push_back({radio.fd(), POLLIN, 0});
  if (control_) control_->add_to(waiting);
  waiting.push_back({stop_fd_, POLLIN, 0});  // poll() passes over -1
  const auto timeout = until(deadline);
  const int ready = ::ppoll(waiting.data(), waiting.size(), &timeout, nullptr);
  if (ready < 0 && errno != EINTR)
    throw std::system_error(errno, std::generic_category(), "waiting for the kernel");
  if (ready > 0) serve(waiting);
}

void Fleet::serve(const std::vector<pollfd>& waiting) {
  const auto is_ready = [&](int fd) {
    return std::any_of(waiting.begin(), waiting.end(),
                       [&](const pollfd& one) { return one.fd == fd && one.revents != 0; });
  };
  for (auto& device : devices_) {
    std::vector<pollfd> its;
    device.add_to(its);
    if (std::any_of(its.begin(), its.end(), [&](const pollfd& one) { return is_ready(one.fd); }))
      device.serve(Clock::now());
  }
  for (auto& radio : air_.radios())
    if (radio.is_present() && is_ready(radio.fd())) radio.serve(Clock::now());
  if (waiting.back().revents != 0) quit_ = true;
  if (control_) control_->serve();
}

void Fleet::run(std::optional<Time> deadline, int stop_fd) {
  using namespace std::chrono_literals;
  stop_fd_ = stop_fd;
  while (!quit_ && (!deadline || Clock::now() < *deadline))
    step(deadline.value_or(Clock::now() + 1h));
  for (auto& device : devices_) device.leave(Clock::now());
}

std::optional<std::vector<std::size_t>> Fleet::find(std::string_view which) const {
  std::vector<std::size_t> found;
  if (which == "all") {
    for (std::size_t i = 0; i < devices_.size(); ++i) found.push_back(i);
    return found;
  }
  std::size_t place = 0;
  const auto* const end = which.data() + which.size();
  const auto [stop, error] = std::from_chars(which.data(), end, place);
  if (error == std::errc{} && stop == end) {
    if (place < 1 || place > devices_.size()) return std::nullopt;
    return std::vector{place - 1};
  }
  const auto address = parse_address(which);
  if (!address) return std::nullopt;
  for (std::size_t i = 0; i < devices_.size(); ++i)
    if (devices_[i].peripheral().address() == *address) return std::vector{i};
  return std::nullopt;
}

std::string Fleet::states(const std::vector<std::size_t>& which, bool as_list) const {
  const auto now = Clock::now();
  std::string text = as_list ? "[" : "";
  for (const auto i : which) {
    if (i != which.front()) text += ",";
    text += devices_[i].state_json(now, i + 1);
  }
  return as_list ? text + "]" : text;
}

std::string Fleet::command(std::string_view line) {
  const auto no_such = [this](std::string_view which) {
    return "error: there is no controller '" + std::string(which) + "'; accepted are 1 to " +
           std::to_string(devices_.size()) + ", an address and all";
  };
  auto word = next_word(line);
  auto which = find("all");
  bool all = true;
  const bool begins_with_digit = !word.empty() && word.front() >= '0' && word.front() <= '9';
  if (begins_with_digit || word == "all" || parse_address(word)) {
    which = find(word);
    if (!which) return no_such(word);
    all = word == "all";
    word = next_word(line);
  }
  auto argument = trimmed(line, blanks_and_return);
  if (takes_no_argument(word) && !argument.empty()) {
    which = find(argument);
    if (!which) return no_such(argument);
    all = argument == "all";
    argument = {};
  }
  if (word == "radio") return radio_command(argument);
  if (word == "quit") {
    quit_ = true;
    return "ok";
  }
  if (word == "state") return states(*which, all);
  std::string answer;
  for (const auto i : *which) {
    answer = devices_[i].command(word, argument, Clock::now());
    if (answer != "ok") break;
  }
  return answer;
}

std::string Fleet::radio_states() const {
  auto list = nlohmann::json::array();
  for (const auto& radio : air_.radios()) {
    auto links = nlohmann::json::array();
    for (const auto& address : radio.linked()) links.push_back(to_string(address));
    const auto index = radio.index();
    list.push_back(
        {{"address", to_string(radio.address())},
         {"present", radio.is_present()},
         {"name", index ? nlohmann::json("hci" + std::to_string(*index)) : nlohmann::json()},
         {"answers_calls", radio.answers_calls()},
         {"discoverable", radio.can_be_discovered()},
         {"ssp", radio.has_ssp()},
         {"links", links}});
  }
  return list.dump();
}

/// `state`, or what happens to an adapter and which; where there is only one it need not be named.
std::string Fleet::radio_command(std::string_view argument) {
  const auto verb = next_word(argument);
  const auto which = trimmed(argument, blanks_and_return);
  if (verb == "state" && which.empty()) return radio_states();
  if (verb != "remove" && verb != "insert")
    return "error: radio takes state, remove or insert, not '" + std::string(verb) + "'";
  auto& radios = air_.radios();
  const auto address = parse_address(which);
  auto* radio = address ? air_.find_radio(*address) : nullptr;
  if (which.empty() && radios.size() == 1) radio = &radios.front();
  if (!radio)
    return "error: there is no adapter '" + std::string(which) + "'; accepted are " +
           (radios.empty() ? "those given with --radio" : radio_states());
  verb == "remove" ? radio->remove(Clock::now()) : radio->insert(Clock::now());
  return "ok";
}

std::string Fleet::summary() const {
  std::uint64_t sent = 0;
  std::chrono::nanoseconds worst{};
  for (const auto& device : devices_) {
    sent += device.hid().counters().sent;
    worst = std::max(worst, device.hid().worst_delay());
  }
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%llu reports sent, at worst %.1f ms late",
                static_cast<unsigned long long>(sent),
                std::chrono::duration<double, std::milli>(worst).count());
  return text.data();
}

}  // namespace psmove::emulator
