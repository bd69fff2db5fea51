// bench-httpload: sends one GET again and again over kept-alive connections, measures the answers'
// latency and what a request costs the server, prints one JSON object.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <deque>
#include <iostream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "bench/measure/clock.hpp"
#include "bench/measure/histogram.hpp"
#include "bench/measure/process.hpp"

namespace psmove::bench {
namespace {

struct Options {
  std::uint16_t port = 6683;
  std::string target = "/api/v1/controllers/1/sensors";
  int connections = 16;
  double seconds = 5, warmup_s = 0.5;
  double rate = 0;  ///< requests a second of all connections; 0: each sends as soon as it can
  int server_pid = 0, server_cpu = 0;
};

struct Connection {
  int socket = -1;
  std::int64_t asked_ns = 0;  ///< when the request was due; 0: none is under way
  std::string unread;
};

class Load {
 public:
  explicit Load(const Options& options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void pump(double seconds, bool measure);
  [[nodiscard]] const Histogram& latencies() const { return latencies_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  void ask(Connection& connection, std::int64_t due_ns);
  void ask_what_is_due(std::int64_t now);
  void on_readable(Connection& connection);

  Options options_;
  std::string request_;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  Histogram latencies_;
  std::uint64_t refused_ = 0;  ///< answers other than 200
  std::int64_t next_due_ns_ = 0;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  bool measuring_ = false;
};

int connect_to(std::uint16_t port) {
  const int connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(connected, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0)
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  const int on = 1;
  setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connected;
}

/// Size of the whole answer at the front, 0 while it is not there.
std::size_t answer_size(std::string_view input) {
  constexpr std::string_view length_name = "Content-Length: ";
  const auto head_end = input.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  const auto at = input.substr(0, head_end).find(length_name);
  if (at == std::string_view::npos) throw std::runtime_error("an answer without Content-Length");
  const auto body = std::stoul(std::string(input.substr(at + length_name.size(), 10)));
  const std::size_t whole = head_end + 4 + body;
  return input.size() < whole ? 0 : whole;
}

Load::Load(const Options& options)
    : options_(options),
      request_("GET " + options.target + " HTTP/1.1\r\nHost: 127.0.0.1:" +
               std::to_string(options.port) + "\r\nAccept: application/json\r\n\r\n"),
      connections_(static_cast<std::size_t>(options.connections)) {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    connections_[i].socket = connect_to(options.port);
    idle_.push_back(&connections_[i]);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(i);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].socket, &event);
  }
}

Load::~Load() {
  for (const auto& connection : connections_) close(connection.socket);
  close(epoll_);
}

void Load::pump(double seconds, bool measure) {
  measuring_ = measure;
  next_due_ns_ = now_ns();
  const std::int64_t until = now_ns() + nanoseconds(seconds);
  std::array<epoll_event, 64> events;
  for (std::int64_t now = now_ns(); now < until; now = now_ns()) {
    ask_what_is_due(now);
    const auto wake = options_.rate > 0 ? std::min(next_due_ns_, until) : until;
    const auto left = std::max<std::int64_t>(wake - now_ns(), 0);
    const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    const int ready =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    for (std::size_t i = 0; std::cmp_less(i, ready); ++i)
      on_readable(connections_[events[i].data.u32]);
  }
}

/// A request that finds no idle connection waits for one, and its latency with it.
void Load::ask_what_is_due(std::int64_t now) {
  while (!idle_.empty()) {
    std::int64_t due = now;
    if (options_.rate > 0) {
      if (next_due_ns_ > now) return;
      due = std::exchange(next_due_ns_, next_due_ns_ + nanoseconds(1 / options_.rate));
    }
    Connection& connection = *idle_.front();
    idle_.pop_front();
    ask(connection, due);
  }
}

void Load::ask(Connection& connection, std::int64_t due_ns) {
  connection.asked_ns = due_ns;
  const auto sent = send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL);
  if (std::cmp_not_equal(sent, request_.size())) throw std::runtime_error("a connection has ended");
}

void Load::on_readable(Connection& connection) {
  std::array<char, 16 * 1024> buffer;
  const ssize_t length = recv(connection.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) throw std::runtime_error("the server closed a connection");
  connection.unread.append(buffer.data(), static_cast<std::size_t>(length));
  if (answer_size(connection.unread) == 0) return;
  if (!connection.unread.starts_with("HTTP/1.1 200")) ++refused_;
  connection.unread.clear();
  if (measuring_) latencies_.add(now_ns() - connection.asked_ns);
  idle_.push_back(&connection);
}

int run(const Options& options) {
  ServerMeter meter(options.server_pid, options.server_cpu);
  Load load(options);
  load.pump(options.warmup_s, false);
  const double cpu_before = own_cpu_s();
  const std::int64_t begin = now_ns();
  meter.start();
  load.pump(options.seconds, true);
  const auto answers = load.latencies().count();
  const auto server = meter.finish(answers);
  const double elapsed_s = static_cast<double>(now_ns() - begin) / 1e9;
  const nlohmann::json result = {{"requests", answers},
                                 {"requests_per_s", static_cast<double>(answers) / elapsed_s},
                                 {"refused", load.refused()},
                                 {"latency_us", load.latencies().summary()},
                                 {"client_cpu_pct", 100 * (own_cpu_s() - cpu_before) / elapsed_s},
                                 {"server", server}};
  std::cout << result.dump(1) << '\n';
  return answers > 0 && load.refused() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace psmove::bench

int main(int argc, char** argv) {
  psmove::bench::Options options;
  CLI::App app("sends one GET again and again");
  app.add_option("--port", options.port, "of the server on 127.0.0.1");
  app.add_option("--target", options.target, "path and query");
  app.add_option("-n,--connections", options.connections)->check(CLI::Range(1, 1000));
  app.add_option("-d,--seconds", options.seconds)->check(CLI::PositiveNumber);
  app.add_option("--warmup", options.warmup_s, "seconds before measuring");
  app.add_option("--rate", options.rate, "requests a second in all; 0: as fast as answers come");
  app.add_option("--server-pid", options.server_pid, "whose CPU time to measure");
  app.add_option("--server-cpu", options.server_cpu, "the CPU it is bound to");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return psmove::bench::run(options);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench-httpload: %s\n", problem.what());
    return 2;
  }
}
