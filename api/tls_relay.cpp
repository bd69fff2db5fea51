#include "api/tls_relay.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace psmove::api {
namespace {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using namespace std::chrono_literals;

/// The first byte of a TLS connection: a handshake record (RFC 8446 section 5.1).
constexpr char handshake_record = 0x16;
/// As much as one TLS record carries.
constexpr std::size_t buffer_bytes = 16 * 1024;
/// The kernel's own queues would hide seconds of stale motion, on each of the two sockets.
constexpr int send_buffer_bytes = 32 * 1024;
constexpr int unsent_bytes = 32 * 1024;
/// Buffers moved per wake-up before others get their turn.
constexpr int most_turns = 8;
/// How long what the session left may take to reach the peer, and the peer to leave.
constexpr auto leave_deadline = 5s;

void set_option(int socket, int level, int name, int value) {
  (void)::setsockopt(socket, level, name, &value, sizeof value);
}

/// Bytes on their way that the other side had no room for; nothing is allocated where it has.
class Rest {
 public:
  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view bytes() const { return std::string_view(bytes_).substr(used_); }
  void keep(std::string_view bytes) { bytes_ = bytes; }
  void use(std::size_t count) {
    used_ += count;
    if (used_ < bytes_.size()) return;
    bytes_ = std::string();
    used_ = 0;
  }

 private:
  std::string bytes_;
  std::size_t used_ = 0;
};

/// One for all: a relay is done with it before it returns to the loop.
std::array<char, buffer_bytes>& scratch() {
  static std::array<char, buffer_bytes> buffer;
  return buffer;
}

}  // namespace

struct TlsRelay::Parts {
  enum class State { greeting, handshake, relaying, ended };

  Parts(asio::io_context& io, int socket, Plan wanted)
      : plan(std::move(wanted)), net(io, socket), inner(io), deadline(io), tls(nullptr, SSL_free) {}

  Plan plan;
  stream_descriptor net;
  stream_descriptor inner;  ///< our end of the pair
  asio::steady_timer deadline;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls;
  State state = State::greeting;
  std::array<bool, 4> is_waiting{};
  Rest in, out;               ///< from the peer, and to it
  bool in_has_ended = false;  ///< nothing more comes from the peer, or nobody wants it
  bool out_has_ended = false;
  bool said_goodbye = false;
  bool session_has_gone = false;
};

TlsRelay::TlsRelay(asio::io_context& io, int socket, Plan plan)
    : parts_(std::make_unique<Parts>(io, socket, std::move(plan))) {}

TlsRelay::~TlsRelay() = default;

void TlsRelay::start() {
  set_deadline(parts_->plan.handshake_deadline);
  go();
}

void TlsRelay::abort() {
  // Without this the kernel would keep what a stalled peer does not read.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (parts_->state != Parts::State::ended)
    (void)::setsockopt(parts_->net.native_handle(), SOL_SOCKET, SO_LINGER, &at_once,
                       sizeof at_once);
  end();
}

void TlsRelay::stop() {
  if (parts_->state == Parts::State::greeting || parts_->state == Parts::State::handshake) end();
}

void TlsRelay::go() {
  ERR_clear_error();  // what another connection left would be taken for ours
  switch (parts_->state) {
    case Parts::State::greeting:
      return greet();
    case Parts::State::handshake:
      return shake_hands();
    case Parts::State::relaying:
      return relay();
    case Parts::State::ended:
      return;
  }
}

// ---- letting the peer in

void TlsRelay::greet() {
  char first = 0;
  const auto count =
      ::recv(parts_->net.native_handle(), &first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return wait(Want::net_read);
  if (count <= 0) return end();
  if (first == handshake_record) return begin_handshake();
  const int socket = parts_->net.release();
  parts_->plan.on_plain(socket);
  end();
}

void TlsRelay::begin_handshake() {
  Parts& p = *parts_;
  const int socket = p.net.native_handle();
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes);
  set_option(socket, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(p.plan.dead_after.count()));
  p.tls.reset(SSL_new(p.plan.context.get()));
  if (!p.tls || SSL_set_fd(p.tls.get(), socket) != 1) return end();
  p.state = Parts::State::handshake;
  shake_hands();
}

void TlsRelay::shake_hands() {
  const int result = SSL_accept(parts_->tls.get());
  if (result != 1) return wait_for_tls(result);
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    spdlog::warn("out of file descriptors; refusing an encrypted connection");
    return end();
  }
  for (const int socket : pair) set_option(socket, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
  parts_->inner.assign(pair[0]);
  parts_->deadline.cancel();
  parts_->state = Parts::State::relaying;
  parts_->plan.on_secure(pair[1]);
  // While the peer takes nothing, nothing is read that would show that the session has gone.
  parts_->inner.async_wait(stream_descriptor::wait_error,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (!error) self->follow_session();
                           });
  relay();
}

/// The session has closed its end: the peer gets a little time for what is under way.
void TlsRelay::follow_session() {
  parts_->session_has_gone = true;
  if (parts_->said_goodbye) return end();
  set_deadline(leave_deadline);
  go();
}

/// After a call of OpenSSL that could not do its work: waits for what it waits for, or ends.
void TlsRelay::wait_for_tls(int result) {
  switch (SSL_get_error(parts_->tls.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(Want::net_read);
    case SSL_ERROR_WANT_WRITE:
      return wait(Want::net_write);
    default:
      if (const auto code = ERR_peek_last_error(); code != 0)
        spdlog::debug("an encrypted connection failed error=\"{}\"", ERR_reason_error_string(code));
      return end();
  }
}

// ---- handing on

void TlsRelay::relay() {
  bool has_moved = true;
  for (int turn = 0; has_moved && turn < most_turns; ++turn) {
    has_moved = move_in();
    if (parts_->state == Parts::State::ended) return;
    has_moved = move_out() || has_moved;
    if (parts_->state == Parts::State::ended) return;
  }
  if (has_moved)
    asio::post(parts_->net.get_executor(), [self = shared_from_this()] { self->go(); });
}

/// From the peer to the session. @return whether it may be worth another try at once
bool TlsRelay::move_in() {
  Parts& p = *parts_;
  std::string_view bytes = p.in.bytes();
  const bool is_fresh = bytes.empty();
  if (is_fresh) {
    if (p.in_has_ended) return false;
    const int count = SSL_read(p.tls.get(), scratch().data(), static_cast<int>(buffer_bytes));
    if (count <= 0) {
      if (SSL_get_error(p.tls.get(), count) != SSL_ERROR_ZERO_RETURN) {
        wait_for_tls(count);
        return false;
      }
      p.in_has_ended = true;
      ::shutdown(p.inner.native_handle(), SHUT_WR);
      if (p.said_goodbye) end();
      return false;
    }
    bytes = {scratch().data(), static_cast<std::size_t>(count)};
  }
  const auto sent =
      ::send(p.inner.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    // The session has gone; or the kernel had no memory, and it must not wait for what is lost.
    p.in.use(p.in.bytes().size());
    p.in_has_ended = true;
    ::shutdown(p.inner.native_handle(), SHUT_WR);
    if (p.said_goodbye) end();
    return false;
  }
  const auto taken = static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
  if (!is_fresh)
    p.in.use(taken);
  else if (taken < bytes.size())
    p.in.keep(bytes.substr(taken));
  if (taken == bytes.size()) return true;
  wait(Want::inner_write);
  return false;
}

/// From the session to the peer. @return whether it may be worth another try at once
bool TlsRelay::move_out() {
  Parts& p = *parts_;
  std::string_view bytes = p.out.bytes();
  const bool is_fresh = bytes.empty();
  if (is_fresh) {
    if (p.out_has_ended) {
      say_goodbye();
      return false;
    }
    const auto count =
        ::recv(p.inner.native_handle(), scratch().data(), buffer_bytes, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      wait(Want::inner_read);
      return false;
    }
    if (count <= 0) {
      p.out_has_ended = true;
      set_deadline(leave_deadline);
      return true;
    }
    bytes = {scratch().data(), static_cast<std::size_t>(count)};
  }
  const int count = SSL_write(p.tls.get(), bytes.data(), static_cast<int>(bytes.size()));
  const auto taken = count > 0 ? static_cast<std::size_t>(count) : 0;
  if (!is_fresh)
    p.out.use(taken);
  else if (taken < bytes.size())
    p.out.keep(bytes.substr(taken));
  if (count > 0) return true;
  wait_for_tls(count);
  return false;
}

/// The session has said its last word, and it is out.
void TlsRelay::say_goodbye() {
  Parts& p = *parts_;
  if (p.said_goodbye) return;
  const int result = SSL_shutdown(p.tls.get());
  if (result < 0 && SSL_get_error(p.tls.get(), result) == SSL_ERROR_WANT_WRITE)
    return wait(Want::net_write);
  p.said_goodbye = true;
  ::shutdown(p.net.native_handle(), SHUT_WR);
  if (p.in_has_ended || p.session_has_gone) end();
}

// ---- waiting

void TlsRelay::wait(Want want) {
  Parts& p = *parts_;
  const auto place = static_cast<std::size_t>(want);
  if (std::exchange(p.is_waiting[place], true)) return;
  const bool is_net = want == Want::net_read || want == Want::net_write;
  const bool is_read = want == Want::net_read || want == Want::inner_read;
  auto& descriptor = is_net ? p.net : p.inner;
  descriptor.async_wait(is_read ? stream_descriptor::wait_read : stream_descriptor::wait_write,
                        [self = shared_from_this(), place](const boost::system::error_code& error) {
                          self->parts_->is_waiting[place] = false;
                          if (!error) self->go();
                        });
}

void TlsRelay::set_deadline(std::chrono::milliseconds from_now) {
  parts_->deadline.expires_after(from_now);
  parts_->deadline.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->abort();
  });
}

void TlsRelay::end() {
  Parts& p = *parts_;
  if (std::exchange(p.state, Parts::State::ended) == Parts::State::ended) return;
  boost::system::error_code ignored;
  p.deadline.cancel();
  p.net.close(ignored);  // pending waits return
  p.inner.close(ignored);
  if (p.plan.on_end) p.plan.on_end(*this);
}

}  // namespace psmove::api
