// Every operation on a socket may fail, and any may do less than it was asked: the same
// conversations again and again, each time with the next operation of the server failing.

#include <array>
#include <cerrno>
#include <cstddef>
#include <dirent.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "tests/api/server_fixture.hpp"

namespace {

/// What the calls below do to those on sockets that are not a test client's.
struct Fault {
  enum class Kind { none, broken, short_count } kind = Kind::none;
  int countdown = 0;  ///< 1: the next one
  int operations = 0;
  std::set<int> spared;
};
Fault fault;

/// Whether it is this operation's turn.
bool is_due(int socket) {
  if (fault.spared.contains(socket)) return false;
  ++fault.operations;
  return fault.kind != Fault::Kind::none && --fault.countdown == 0;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// A program's own functions come before those of the libraries.
extern "C" {

ssize_t recv(int socket, void* buffer, std::size_t length, int flags) {
  static auto* const original = real<decltype(recv)>("recv");
  if (!is_due(socket)) return original(socket, buffer, length, flags);
  if (fault.kind == Fault::Kind::short_count) return original(socket, buffer, 1, flags);
  errno = ECONNRESET;
  return -1;
}

ssize_t send(int socket, const void* buffer, std::size_t length, int flags) {
  static auto* const original = real<decltype(send)>("send");
  if (!is_due(socket)) return original(socket, buffer, length, flags);
  if (fault.kind == Fault::Kind::short_count) return original(socket, buffer, 1, flags);
  errno = EPIPE;
  return -1;
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static auto* const original = real<decltype(sendmsg)>("sendmsg");
  if (!is_due(socket)) return original(socket, message, flags);
  if (fault.kind == Fault::Kind::short_count) {
    iovec first = message->msg_iov[0];
    first.iov_len = 1;
    msghdr less = *message;
    less.msg_iov = &first;
    less.msg_iovlen = 1;
    return original(socket, &less, flags);
  }
  errno = ECONNRESET;
  return -1;
}

int accept4(int socket, sockaddr* address, socklen_t* length, int flags) {
  static auto* const original = real<decltype(accept4)>("accept4");
  if (!is_due(socket) || fault.kind == Fault::Kind::short_count)
    return original(socket, address, length, flags);
  // The connection is lost, as when its peer was gone before it was taken.
  const int lost = original(socket, address, length, flags);
  if (lost < 0) return lost;
  ::close(lost);
  errno = ECONNABORTED;
  return -1;
}

}  // extern "C"

namespace psmove::api {
namespace {

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

/// A client whose own operations never fail.
class SoundClient : public Client {
 public:
  SoundClient(Turn turn, std::uint16_t port) : Client(std::move(turn), port) {
    fault.spared.insert(socket());
  }
  ~SoundClient() { fault.spared.erase(socket()); }
};

class FailingIo : public ServerTest {
 protected:
  FailingIo() { start("7xzcm1"); }
  ~FailingIo() override { fault = {}; }

  /// What three clients came by.
  struct Outcome {
    std::array<int, 3> statuses{};
    std::size_t stream_bytes = 0, event_bytes = 0;
    bool stream_says_hello = false;
  };

  SoundClient client() {
    return {[this](const auto& condition) { run_until(condition); }, server->port()};
  }

  /// Reads until there are so many bytes, or the connection has ended.
  static std::size_t read_some(Client& from, std::size_t wanted) {
    from.wait_for_bytes(wanted);
    return from.unread().size();
  }

  Outcome converse() {
    Outcome outcome;
    {
      auto script = client();
      outcome.statuses[0] = script.get("/api/v1/controllers").status;
      outcome.statuses[1] =
          script.request("PUT", "/api/v1/controllers/1/led", R"({"color":"red","for_ms":60000})")
              .status;
      outcome.statuses[2] = script.get("/api/v1/controllers/2/sensors?wait=next").status;
    }
    {
      auto stream = client();
      stream.send(
          "GET /api/v1/stream?fields=orientation HTTP/1.1\r\nHost: localhost\r\nUpgrade: "
          "websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
          "13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
      outcome.stream_bytes = read_some(stream, 20'000);
      outcome.stream_says_hello = stream.unread().find(R"({"type":"hello")") != std::string::npos;
      // An unmasked ping: it is closed with 1002.
      stream.send(std::string_view("\x89\x00", 2));
      stream.is_closed();
    }
    {
      auto events = client();
      events.send("GET /api/v1/events?fields=buttons HTTP/1.1\r\nHost: localhost\r\n\r\n");
      outcome.event_bytes = read_some(events, 10'000);
    }
    return outcome;
  }

  /// Nobody else notices: somebody new is served, and nothing is left of those who were not.
  void expect_calm(std::size_t descriptors) {
    fault.kind = Fault::Kind::none;
    {
      auto other = client();
      EXPECT_EQ(other.get("/livez").status, 200);
    }
    run_until([&] { return open_descriptors() <= descriptors; });
  }
};

TEST_F(FailingIo, AnyOperationMayFail) {
  (void)converse();
  run_until([] { return true; });
  const auto descriptors = open_descriptors();
  int failed = 0;
  for (int n = 1; n <= 400; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n) + " fails");
    fault.kind = Fault::Kind::broken;
    fault.countdown = n;
    (void)converse();
    const bool has_failed = fault.countdown <= 0;
    expect_calm(descriptors);
    if (HasFailure()) return;
    if (!has_failed) break;
    ++failed;
  }
  EXPECT_GT(failed, 30);
}

TEST_F(FailingIo, AnyOperationMayDoLess) {
  (void)converse();
  const auto descriptors = open_descriptors();
  for (int n = 1; n <= 400; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n) + " does a byte");
    fault.kind = Fault::Kind::short_count;
    fault.countdown = n;
    const auto outcome = converse();
    const bool has_failed = fault.countdown <= 0;
    EXPECT_EQ(outcome.statuses, (std::array{200, 200, 200}));
    EXPECT_TRUE(outcome.stream_says_hello);
    EXPECT_GE(outcome.stream_bytes, 20'000U);
    EXPECT_GE(outcome.event_bytes, 10'000U);
    expect_calm(descriptors);
    if (HasFailure() || !has_failed) return;
  }
}

}  // namespace
}  // namespace psmove::api
