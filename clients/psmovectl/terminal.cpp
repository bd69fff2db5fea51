// termios, signalfd and escape sequences.

#include "clients/psmovectl/terminal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace psmove::client {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&set, number);
  return set;
}

bool write_whole(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR && errno != EAGAIN) return false;
    if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

SignalEvents::SignalEvents() {
  const auto set = watched_signals();
  sigprocmask(SIG_BLOCK, &set, nullptr);
  descriptor_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

SignalEvents::~SignalEvents() {
  // Anything that came and was not taken has done its work: we are on the way out.
  while (take()) continue;
  ::close(descriptor_);
  const auto set = watched_signals();
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

std::optional<int> SignalEvents::take() const {
  signalfd_siginfo info{};
  if (::read(descriptor_, &info, sizeof info) != static_cast<ssize_t>(sizeof info))
    return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

Terminal::Terminal() {
  termios current{};
  tcgetattr(STDIN_FILENO, &current);
  saved_.resize(sizeof current);
  std::memcpy(saved_.data(), &current, sizeof current);
  current.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  current.c_cc[VMIN] = 0;
  current.c_cc[VTIME] = 0;
  current.c_cc[VSUSP] = _POSIX_VDISABLE;  // stopped, it would leave its screen behind
  tcsetattr(STDIN_FILENO, TCSANOW, &current);
  write_whole("\x1b[?1049h\x1b[?25l");
}

Terminal::~Terminal() {
  write_whole("\x1b[?25h\x1b[?1049l");
  termios before{};
  std::memcpy(&before, saved_.data(), sizeof before);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

bool Terminal::is_available() {
  const char* term = std::getenv("TERM");
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && term != nullptr &&
         std::strcmp(term, "dumb") != 0;
}

TerminalSize Terminal::size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
    return {};
  return {size.ws_col, size.ws_row};
}

bool Terminal::draw(const std::vector<std::string>& lines) const {
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i != 0) out += "\r\n";
    out += lines[i];
    out += "\x1b[0m\x1b[K";
  }
  out += "\x1b[J";
  return write_whole(out);
}

std::optional<std::string> Terminal::typed() {
  std::array<char, 64> keys{};
  const auto size = ::read(STDIN_FILENO, keys.data(), keys.size());
  if (size < 0)
    return errno == EINTR || errno == EAGAIN ? std::optional(std::string()) : std::nullopt;
  return std::string(keys.data(), static_cast<std::size_t>(size));
}

Wakeup wait_for_events(int signals, int keys, int stream, std::chrono::milliseconds timeout) {
  std::array<pollfd, 3> watched = {
      {{signals, POLLIN, 0}, {keys, POLLIN, 0}, {stream, POLLIN, 0}}};  // poll skips those below 0
  const auto bounded = std::clamp<std::chrono::milliseconds::rep>(timeout.count(), 0, 60'000);
  if (::poll(watched.data(), watched.size(), static_cast<int>(bounded)) <= 0) return {};
  return {watched[0].revents != 0, watched[1].revents != 0, watched[2].revents != 0};
}

}  // namespace psmove::client
