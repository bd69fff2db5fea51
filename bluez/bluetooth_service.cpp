#include "bluez/bluetooth_service.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace psmove::bluez {
namespace {

constexpr const char* unit = "bluetooth.service";

struct Ended {
  int code = -1;  ///< -1: it could not be started, or was killed
  std::string output;
};

/// Runs a program, looked up in the usual places, with its output collected.
Ended run(std::initializer_list<const char*> words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<std::string> copies(words.begin(), words.end());
  std::vector<char*> arguments;
  arguments.reserve(copies.size() + 1);
  for (auto& copy : copies) arguments.push_back(copy.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed =
      ::posix_spawnp(&child, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Ended ended;
  if (failed != 0) {
    ended.output = std::strerror(failed);
  } else {
    std::array<char, 512> buffer;
    for (ssize_t length = 0; (length = ::read(ends[0], buffer.data(), buffer.size())) != 0;) {
      if (length > 0)
        ended.output.append(buffer.data(), static_cast<std::size_t>(length));
      else if (errno != EINTR)
        break;
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  }
  ::close(ends[0]);
  while (!ended.output.empty() && ended.output.back() == '\n') ended.output.pop_back();
  return ended;
}

}  // namespace

std::string bluez_version() {
  // Where distributions keep it: Debian and Fedora, Arch, older ones.
  for (const char* program : {"/usr/libexec/bluetooth/bluetoothd", "/usr/lib/bluetooth/bluetoothd",
                              "/usr/sbin/bluetoothd"})
    if (const auto ended = run({program, "--version"}); ended.code == 0) return ended.output;
  return {};
}

bool knows_cable_pairing(const std::string& version) {
  int major = 0;
  int minor = 0;
  const char* end = version.data() + version.size();
  const auto [dot, wrong] = std::from_chars(version.data(), end, major);
  if (wrong != std::errc{} || dot == end || *dot != '.') return false;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc{}) return false;
  return std::pair(major, minor) >= std::pair(5, 83);
}

std::string while_stopped(const std::function<std::string()>& change) {
  const bool was_active = run({"systemctl", "is-active", "--quiet", unit}).code == 0;
  if (was_active) {
    // Killing alone would have systemd start it again at once where Restart= says so; the stop that
    // follows finds nothing left to end.
    run({"systemctl", "kill", "--signal=KILL", unit});
    if (const auto stopped = run({"systemctl", "stop", unit}); stopped.code != 0)
      return "bluetoothd could not be stopped: " + stopped.output;
  }
  auto trouble = change();
  if (!was_active) return trouble;
  run({"systemctl", "reset-failed", unit});
  if (const auto started = run({"systemctl", "start", unit}); started.code != 0 && trouble.empty())
    trouble = "bluetoothd did not come back: " + started.output;
  return trouble;
}

}  // namespace psmove::bluez
