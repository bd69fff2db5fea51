// bench-floor: the least a server can do, as the yardstick for psmoved. Raw epoll, ready-made
// bytes, no checks, no state of a client beyond its descriptor and what its socket would not take.
//   stream: reads reports (report.hpp) from standard input, patches a frame for each sample, hands
//           it to the kernel for every WebSocket client
//   http:   answers every request with the same bytes

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include "api/stream/framing.hpp"
#include "bench/measure/clock.hpp"
#include "bench/stream/frame_template.hpp"
#include "bench/stream/report.hpp"

namespace psmove::bench {
namespace {

/// When a client's bytes go to the kernel.
enum class Sending { per_frame, per_report, per_wakeup };

struct Options {
  std::uint16_t port = 9001;
  Sending sending = Sending::per_report;
  unsigned samples = 2;       ///< frames for each report
  std::string response_file;  ///< http: the whole answer, head included; empty: stream
};

struct Client {
  int socket;
  bool is_open = false;  ///< its handshake is done; frames go to it
  std::string unread;    ///< of a request that is not whole yet
  std::string unsent;    ///< what the kernel would not take
  bool waits_for_room = false;
};

constexpr std::size_t most_unsent = 1 << 20;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int listen_on(std::uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  return listener;
}

class Floor {
 public:
  explicit Floor(const Options& options);
  void run();

 private:
  void watch(int descriptor) const;
  void accept_all();
  void on_client(Client& client, std::uint32_t events);
  void read_requests(Client& client);
  bool upgrade(Client& client);
  void answer(Client& client);
  void on_reports();
  void append(const Report& report, std::int64_t received_us);
  void flush();
  void give(Client& client, std::string_view bytes);
  void drain(Client& client);
  void wait_for_room(Client& client, bool wait);
  void drop(Client& client);

  Options options_;
  FrameTemplate frame_;
  std::string response_;
  std::string batch_;
  std::vector<std::unique_ptr<Client>> clients_;  ///< by descriptor
  std::vector<Client*> open_;
  int epoll_ = epoll_create1(0);
  int listener_;
  bool fed_ = true;  ///< standard input has not ended
};

Floor::Floor(const Options& options) : options_(options), listener_(listen_on(options.port)) {
  watch(listener_);
  batch_.reserve(most_unsent);
  if (options_.response_file.empty()) {
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    watch(STDIN_FILENO);
  } else {
    std::ifstream file(options_.response_file, std::ios::binary);
    response_.assign(std::istreambuf_iterator<char>(file), {});
  }
}

void Floor::watch(int descriptor) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

void Floor::run() {
  std::array<epoll_event, 256> events;
  while (fed_) {
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (std::size_t i = 0; std::cmp_less(i, ready); ++i) {
      const int descriptor = events[i].data.fd;
      if (descriptor == STDIN_FILENO) {
        on_reports();
      } else if (descriptor == listener_) {
        accept_all();
      } else if (auto& client = clients_[static_cast<std::size_t>(descriptor)]) {
        on_client(*client, events[i].events);
      }
    }
  }
}

void Floor::accept_all() {
  for (;;) {
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (accepted < 0) return;
    const int on = 1;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto slot = static_cast<std::size_t>(accepted);
    if (clients_.size() <= slot) clients_.resize(slot + 1);
    clients_[slot] =
        std::make_unique<Client>(Client{.socket = accepted, .unread = {}, .unsent = {}});
    watch(accepted);
  }
}

void Floor::on_client(Client& client, std::uint32_t events) {
  if ((events & EPOLLOUT) != 0) drain(client);
  if ((events & ~std::uint32_t{EPOLLOUT}) != 0) read_requests(client);
}

void Floor::read_requests(Client& client) {
  std::array<char, 4096> buffer;
  const ssize_t length = recv(client.socket, buffer.data(), buffer.size(), 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) {
    drop(client);
    return;
  }
  if (client.is_open) return;  // what a WebSocket client says does not matter here
  client.unread.append(buffer.data(), static_cast<std::size_t>(length));
  if (client.unread.find("\r\n\r\n") == std::string::npos) return;
  if (!response_.empty()) {
    answer(client);
  } else if (!upgrade(client)) {
    drop(client);
  }
}

void Floor::answer(Client& client) {
  client.unread.clear();
  give(client, response_);
}

bool Floor::upgrade(Client& client) {
  constexpr std::string_view name = "Sec-WebSocket-Key: ";
  const auto at = client.unread.find(name);
  if (at == std::string::npos) return false;
  const std::string key = client.unread.substr(at + name.size(), 24);
  give(client,
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
       "Sec-WebSocket-Accept: " +
           stream::accept_key(key) + "\r\n\r\n");
  client.unread = {};
  client.is_open = true;
  open_.push_back(&client);
  return true;
}

void Floor::on_reports() {
  std::array<Report, 64> reports;
  const bool takes_all = options_.sending == Sending::per_wakeup;
  for (;;) {
    const auto size = takes_all ? sizeof reports : sizeof reports[0];
    const ssize_t length = read(STDIN_FILENO, reports.data(), size);
    if (length == 0) fed_ = false;
    if (length <= 0) break;
    const std::int64_t received_us = clock_ns(CLOCK_REALTIME) / 1000;
    const auto count = static_cast<std::size_t>(length) / sizeof(Report);
    for (std::size_t i = 0; i < count; ++i) append(reports[i], received_us);
    if (!takes_all) flush();
    if (count < reports.size()) break;  // the next wake-up comes by itself if there is more
  }
  flush();
}

void Floor::append(const Report& report, std::int64_t received_us) {
  for (unsigned i = 0; i < options_.samples; ++i) {
    const std::uint64_t sequence = std::uint64_t{report.sequence} * options_.samples + i;
    frame_.append(batch_, report.controller, sequence, received_us);
    if (options_.sending == Sending::per_frame) flush();
  }
}

void Floor::flush() {
  if (batch_.empty()) return;
  for (Client* client : open_) give(*client, batch_);
  batch_.clear();
}

void Floor::give(Client& client, std::string_view bytes) {
  if (client.unsent.empty()) {
    const ssize_t sent =
        send(client.socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return;  // epoll will tell that it has gone
    bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    if (bytes.empty()) return;
  } else if (client.unsent.size() > most_unsent) {
    return;
  }
  client.unsent += bytes;
  wait_for_room(client, true);
}

void Floor::drain(Client& client) {
  const ssize_t sent =
      send(client.socket, client.unsent.data(), client.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) client.unsent.erase(0, static_cast<std::size_t>(sent));
  if (client.unsent.empty()) wait_for_room(client, false);
}

void Floor::wait_for_room(Client& client, bool wait) {
  if (std::exchange(client.waits_for_room, wait) == wait) return;
  epoll_event event{};
  event.events = EPOLLIN | (wait ? std::uint32_t{EPOLLOUT} : 0U);
  event.data.fd = client.socket;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket, &event);
}

void Floor::drop(Client& client) {
  std::erase(open_, &client);
  close(client.socket);
  clients_[static_cast<std::size_t>(client.socket)].reset();
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace psmove::bench

int main(int argc, char** argv) {
  using namespace psmove::bench;
  Options options;
  const std::map<std::string, Sending> names{{"frame", Sending::per_frame},
                                             {"report", Sending::per_report},
                                             {"wakeup", Sending::per_wakeup}};
  CLI::App app("the least a server can do");
  app.add_option("--port", options.port, "on 127.0.0.1");
  app.add_option("--send", options.sending, "one send per client and frame, report or wake-up")
      ->transform(CLI::CheckedTransformer(names));
  app.add_option("--samples", options.samples, "frames for each report")->check(CLI::Range(1, 16));
  app.add_option("--http", options.response_file, "answer every HTTP request with this file")
      ->check(CLI::ExistingFile);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  try {
    Floor(options).run();
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench-floor: %s\n", problem.what());
    return 1;
  }
  return 0;
}
