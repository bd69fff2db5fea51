#include "bench/stream/load.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <netinet/tcp.h>
#include <optional>
#include <random>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "api/stream/framing.hpp"
#include "bench/measure/clock.hpp"

namespace psmove::bench {
namespace {

constexpr std::size_t read_at_once = 256 * 1024;
constexpr std::size_t largest_frame = 64 * 1024 * 1024;
constexpr int stalled_receive_buffer = 4096;

/// The least of several tries, so that a preemption in between does not count.
std::int64_t unix_minus_monotonic() {
  std::int64_t best_gap = std::numeric_limits<std::int64_t>::max(), offset = 0;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t before = now_ns();
    const std::int64_t unix_ns = clock_ns(CLOCK_REALTIME);
    const std::int64_t gap = now_ns() - before;
    if (gap >= best_gap) continue;
    best_gap = gap;
    offset = unix_ns - before - gap / 2;
  }
  return offset;
}

struct FrameHead {
  unsigned opcode = 0;
  bool is_masked = false;
  std::size_t head = 2, payload = 0;
};

/// nullopt: not all of the head is there.
std::optional<FrameHead> frame_head(std::string_view input) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(input[i]); };
  if (input.size() < 2) return std::nullopt;
  FrameHead frame;
  frame.opcode = octet(0) & 0x0F;
  frame.is_masked = (octet(1) & 0x80) != 0;
  frame.payload = octet(1) & 0x7F;
  const std::size_t extended = frame.payload == 127 ? 8 : frame.payload == 126 ? 2 : 0;
  if (extended == 0) return frame;
  frame.head += extended;
  if (input.size() < frame.head) return std::nullopt;
  frame.payload = 0;
  for (std::size_t i = 2; i < frame.head; ++i) frame.payload = frame.payload << 8 | octet(i);
  return frame;
}

void set_option(int socket, int level, int option, int value) {
  setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

Load::Load(const LoadOptions& options)
    : options_(options),
      sequence_(options.sequence_member),
      time_(options.time_member),
      controller_(options.controller_member),
      connections_(static_cast<std::size_t>(options.connections)),
      buffer_(2 * read_at_once),
      unix_minus_monotonic_ns_(unix_minus_monotonic()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  server_.sin_family = AF_INET;
  server_.sin_port = htons(options.port);
  server_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::array<std::uint8_t, 16> octets;
  std::random_device random;
  for (auto& octet : octets) octet = static_cast<std::uint8_t>(random());
  key_ = stream::make_key(octets);
  request_ = stream::upgrade_request("127.0.0.1:" + std::to_string(options.port), options.target,
                                     key_, options.protocol);
  for (std::size_t i = 0; std::cmp_less(i, options.stalled) && i < connections_.size(); ++i)
    connections_[i].is_stalled = true;
}

Load::~Load() {
  for (const auto& connection : connections_)
    if (connection.socket >= 0) close(connection.socket);
  close(epoll_);
}

int Load::unfinished(std::size_t started) const {
  return static_cast<int>(started) - tally_.opened - tally_.failed;
}

void Load::open(double patience_s) {
  const std::int64_t give_up = now_ns() + nanoseconds(patience_s);
  std::size_t started = 0;
  while (now_ns() < give_up) {
    while (started < connections_.size() && unfinished(started) < options_.opening_at_once)
      start(connections_[started++]);
    if (started == connections_.size() && unfinished(started) <= 0) break;
    poll_once(std::min(give_up, now_ns() + 100'000'000));
  }
  for (auto& connection : connections_)
    if (connection.stage != Stage::open) end(connection);
}

void Load::pump(double seconds, bool measure) {
  unix_minus_monotonic_ns_ = unix_minus_monotonic();
  measuring_ = measure;
  const std::int64_t until = now_ns() + nanoseconds(seconds);
  while (now_ns() < until) {
    poll_once(until);
    if (measure && options_.nap_us > 0) usleep(static_cast<useconds_t>(options_.nap_us));
  }
  measuring_ = false;
}

void Load::poll_once(std::int64_t until_ns) {
  std::array<epoll_event, 512> events;
  const auto left_ms = (until_ns - now_ns()) / 1'000'000 + 1;
  const int timeout = static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, 100));
  const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
  for (std::size_t i = 0; std::cmp_less(i, ready); ++i)
    on_event(connections_[events[i].data.u32], events[i].events);
}

void Load::start(Connection& connection) {
  connection.started_ns = now_ns();
  connection.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection.socket < 0) {
    end(connection);
    return;
  }
  set_option(connection.socket, IPPROTO_TCP, TCP_NODELAY, 1);
  if (connection.is_stalled)
    set_option(connection.socket, SOL_SOCKET, SO_RCVBUF, stalled_receive_buffer);
  const auto* address = reinterpret_cast<const sockaddr*>(&server_);
  if (connect(connection.socket, address, sizeof server_) != 0 && errno != EINPROGRESS) {
    end(connection);
    return;
  }
  connection.stage = Stage::connecting;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.u32 = static_cast<std::uint32_t>(&connection - connections_.data());
  epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event);
}

void Load::send_request(Connection& connection) {
  const auto sent = send(connection.socket, request_.data(), request_.size(), MSG_NOSIGNAL);
  if (std::cmp_not_equal(sent, request_.size())) {
    end(connection);
    return;
  }
  connection.stage = Stage::shaking_hands;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = static_cast<std::uint32_t>(&connection - connections_.data());
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.socket, &event);
}

void Load::on_event(Connection& connection, std::uint32_t events) {
  if (connection.socket < 0) return;
  if (connection.stage == Stage::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) send_request(connection);
  } else {
    on_readable(connection);
  }
}

void Load::on_readable(Connection& connection) {
  const std::size_t carried = connection.carry.size();
  if (buffer_.size() < carried + read_at_once) buffer_.resize(carried + read_at_once);
  std::copy(connection.carry.begin(), connection.carry.end(), buffer_.begin());
  const ssize_t length =
      recv(connection.socket, buffer_.data() + carried, buffer_.size() - carried, 0);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) {
    end(connection);
    return;
  }
  const std::int64_t now = now_ns();
  if (measuring_) tally_.bytes += static_cast<std::uint64_t>(length);
  std::string_view input(buffer_.data(), carried + static_cast<std::size_t>(length));
  if (connection.stage == Stage::shaking_hands) input.remove_prefix(shake_hands(connection, input));
  if (connection.stage == Stage::open) input.remove_prefix(take_frames(connection, input, now));
  if (connection.stage != Stage::dead) connection.carry.assign(input);
}

std::size_t Load::shake_hands(Connection& connection, std::string_view input) {
  const auto end_of_head = input.find("\r\n\r\n");
  if (end_of_head == std::string_view::npos) return 0;
  const auto head = input.substr(0, end_of_head + 4);
  if (!stream::grants_upgrade(head, key_, options_.protocol)) {
    if (tally_.failed == 0)
      std::fprintf(stderr, "bench-wsload: refused: %s\n", std::string(head).c_str());
    end(connection);
    return 0;
  }
  connection.stage = Stage::open;
  ++tally_.opened;
  tally_.handshakes.add(now_ns() - connection.started_ns);
  if (!options_.subscribe.empty())
    send_frame(connection, static_cast<unsigned>(stream::Opcode::text), options_.subscribe);
  if (connection.is_stalled && connection.socket >= 0)
    epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.socket, nullptr);
  return head.size();
}

std::size_t Load::take_frames(Connection& connection, std::string_view input, std::int64_t now) {
  std::size_t used = 0;
  while (const auto frame = frame_head(input.substr(used))) {
    if (frame->is_masked || frame->payload > largest_frame) {
      ++tally_.protocol_errors;
      end(connection);
      break;
    }
    if (input.size() - used - frame->head < frame->payload) break;
    const auto payload = input.substr(used + frame->head, frame->payload);
    used += frame->head + frame->payload;
    if (!on_frame(connection, frame->opcode, payload, now)) break;
  }
  return used;
}

bool Load::on_frame(Connection& connection, unsigned opcode, std::string_view payload,
                    std::int64_t now) {
  switch (static_cast<stream::Opcode>(opcode)) {
    case stream::Opcode::close:
      end(connection);
      return false;
    case stream::Opcode::ping:
      ++tally_.pings;
      send_frame(connection, static_cast<unsigned>(stream::Opcode::pong), payload);
      return connection.stage == Stage::open;
    case stream::Opcode::pong:
      return true;
    default:
      on_message(connection, payload, now);
      return true;
  }
}

void Load::on_message(Connection& connection, std::string_view text, std::int64_t now) {
  const auto sequence_text = sequence_.find(text);
  const auto sequence = sequence_text ? leading_number(*sequence_text) : std::nullopt;
  const auto controller = controller_.find(text);
  if (sequence) on_sequence(connection, controller ? identity(*controller) : 0, *sequence);
  if (!measuring_) return;
  ++tally_.frames;
  if (!sequence) ++tally_.unnumbered;
  const auto time_text = time_.find(text);
  const auto time = time_text ? leading_number(*time_text) : std::nullopt;
  if (!time) {
    ++tally_.unstamped;
    return;
  }
  const std::int64_t age = now + unix_minus_monotonic_ns_ - static_cast<std::int64_t>(*time) * 1000;
  if (age < 0) ++tally_.from_future;
  if (static_cast<double>(age) > options_.late_ms * 1e6) ++tally_.late;
  tally_.latencies.add(age);
}

void Load::on_sequence(Connection& connection, std::uint64_t controller, std::uint64_t sequence) {
  auto& tracks = connection.tracks;
  const auto track = std::find_if(tracks.begin(), tracks.end(),
                                  [&](const auto& t) { return t.controller == controller; });
  if (track == tracks.end()) {
    tracks.push_back({controller, sequence});
  } else if (sequence > track->newest) {
    if (measuring_) tally_.lost += (sequence - track->newest - 1) / options_.sequence_step;
    track->newest = sequence;
  } else if (measuring_) {
    ++tally_.reordered;
  }
}

void Load::send_frame(Connection& connection, unsigned opcode, std::string_view payload) {
  static std::mt19937 random{12345};
  stream::Mask mask;
  for (auto& octet : mask) octet = static_cast<std::uint8_t>(random());
  std::string frame;
  stream::append_frame(frame, static_cast<stream::Opcode>(opcode), payload, mask);
  const auto sent =
      send(connection.socket, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (std::cmp_not_equal(sent, frame.size())) end(connection);
}

void Load::end(Connection& connection) {
  if (connection.stage == Stage::dead) return;
  if (connection.socket >= 0) close(connection.socket);
  connection.socket = -1;
  ++(connection.stage == Stage::open ? tally_.closed_early : tally_.failed);
  connection.stage = Stage::dead;
}

}  // namespace psmove::bench
