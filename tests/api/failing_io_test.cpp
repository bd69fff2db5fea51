// Every operation on a socket may fail, and any may do less than it was asked: the same
// conversations again and again, each time with the next operation of the server failing; in the
// clear, and through TLS and the pair of sockets behind it.

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <dirent.h>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <set>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <type_traits>

#include "api/tls.hpp"
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

bool is_socket(int descriptor) {
  struct stat what {};
  return ::fstat(descriptor, &what) == 0 && S_ISSOCK(what.st_mode);
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

// OpenSSL reads and writes its sockets as files.
ssize_t read(int descriptor, void* buffer, std::size_t length) {
  static auto* const original = real<decltype(read)>("read");
  if (!is_socket(descriptor) || !is_due(descriptor)) return original(descriptor, buffer, length);
  if (fault.kind == Fault::Kind::short_count) return original(descriptor, buffer, 1);
  errno = ECONNRESET;
  return -1;
}

ssize_t write(int descriptor, const void* buffer, std::size_t length) {
  static auto* const original = real<decltype(write)>("write");
  if (!is_socket(descriptor) || !is_due(descriptor)) return original(descriptor, buffer, length);
  if (fault.kind == Fault::Kind::short_count) return original(descriptor, buffer, 1);
  errno = EPIPE;
  return -1;
}

int socketpair(int domain, int type, int protocol, int* pair) {
  static auto* const original = real<decltype(socketpair)>("socketpair");
  if (!is_due(-1) || fault.kind == Fault::Kind::short_count)
    return original(domain, type, protocol, pair);
  errno = EMFILE;
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

/// The same through TLS.
class SecureClient {
 public:
  SecureClient(Client::Turn turn, std::uint16_t port)
      : turn_(turn),
        connection_(std::move(turn), port),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        tls_(SSL_new(context_.get()), SSL_free) {
    SSL_set_fd(tls_.get(), connection_.socket());
    SSL_set_connect_state(tls_.get());  // the handshake comes with the first bytes
  }

  void send(std::string_view bytes) {
    turn_([&] {
      if (bytes.empty() || has_ended_) return true;
      ERR_clear_error();  // the server's are in the same queue
      const int count = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (count > 0)
        bytes.remove_prefix(static_cast<std::size_t>(count));
      else
        note_end(count);
      return bytes.empty() || has_ended_;
    });
  }
  Reply get(const std::string& path) { return request("GET", path); }
  Reply request(const std::string& method, const std::string& path, const std::string& body = {}) {
    send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" +
         (body.empty() ? ""
                       : "Content-Type: application/json\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n") +
         "\r\n" + body);
    const std::string_view length = "Content-Length: ";
    std::size_t wanted = 0;
    turn_([&] {
      const bool has_ended = receive();
      const auto end = received_.find("\r\n\r\n");
      if (end == std::string::npos) return has_ended;
      wanted = end + 4 + std::stoul(received_.substr(received_.find(length) + length.size()));
      return has_ended || received_.size() >= wanted;
    });
    Reply reply;
    if (received_.size() >= 12 && wanted != 0) reply.status = std::stoi(received_.substr(9, 3));
    received_.erase(0, wanted);
    return reply;
  }
  void wait_for_bytes(std::size_t count) {
    turn_([&] { return receive() || received_.size() >= count; });
  }
  void is_closed() {
    turn_([&] { return receive(); });
  }
  [[nodiscard]] const std::string& unread() const { return received_; }

 private:
  void note_end(int result) {
    const int error = SSL_get_error(tls_.get(), result);
    has_ended_ = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
  }
  /// @return whether the connection has ended
  bool receive() {
    std::array<char, 4096> bytes{};
    while (!has_ended_) {
      ERR_clear_error();
      const int count = SSL_read(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (count > 0) {
        received_.append(bytes.data(), static_cast<std::size_t>(count));
        continue;
      }
      note_end(count);
      break;
    }
    return has_ended_;
  }

  Client::Turn turn_;
  SoundClient connection_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
  std::string received_;
  bool has_ended_ = false;
};

template <class AnyClient>
class FailingIo : public ServerTest {
 protected:
  static constexpr bool is_encrypted = std::is_same_v<AnyClient, SecureClient>;
  // Each takes a few more operations over TLS, so there it is a little less of them.
  static constexpr std::size_t enough_stream = is_encrypted ? 4'000 : 20'000;
  static constexpr std::size_t enough_events = is_encrypted ? 2'000 : 10'000;

  FailingIo() {
    ::signal(SIGPIPE, SIG_IGN);  // as in the daemon
    if (is_encrypted) encrypt();
    start("7xzcm1");
  }
  ~FailingIo() override { fault = {}; }

  void encrypt() {
    const auto made = make_certificate({"localhost"});
    ASSERT_EQ(made.wrong, "");
    const std::filesystem::path directory(testing::TempDir());
    const auto certificate = directory / ("certificate-" + std::to_string(::getpid()));
    const auto key = directory / ("key-" + std::to_string(::getpid()));
    std::ofstream(certificate) << made.certificate;
    std::ofstream(key) << made.key;
    const auto loaded = load_tls(certificate, key);
    std::filesystem::remove(certificate);
    std::filesystem::remove(key);
    ASSERT_EQ(loaded.wrong, "");
    config.tls = loaded.context;
    config.tls_on_loopback = true;
  }

  /// What three clients came by.
  struct Outcome {
    std::array<int, 3> statuses{};
    std::size_t stream_bytes = 0, event_bytes = 0;
    bool stream_says_hello = false;
  };

  AnyClient client() {
    return {[this](const auto& condition) { run_until(condition); }, server->port()};
  }

  /// Reads until there are so many bytes, or the connection has ended.
  static std::size_t read_some(AnyClient& from, std::size_t wanted) {
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
      outcome.stream_bytes = read_some(stream, enough_stream);
      outcome.stream_says_hello = stream.unread().find(R"({"type":"hello")") != std::string::npos;
      // An unmasked ping: it is closed with 1002.
      stream.send(std::string_view("\x89\x00", 2));
      stream.is_closed();
    }
    {
      auto events = client();
      events.send("GET /api/v1/events?fields=buttons HTTP/1.1\r\nHost: localhost\r\n\r\n");
      outcome.event_bytes = read_some(events, enough_events);
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

using Kinds = ::testing::Types<SoundClient, SecureClient>;
struct KindNames {
  template <class AnyClient>
  static std::string GetName(int) {
    return std::is_same_v<AnyClient, SecureClient> ? "Tls" : "Clear";
  }
};
TYPED_TEST_SUITE(FailingIo, Kinds, KindNames);

TYPED_TEST(FailingIo, AnyOperationMayFail) {
  (void)this->converse();
  this->run_until([] { return true; });
  const auto descriptors = open_descriptors();
  int failed = 0;
  for (int n = 1; n <= 400; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n) + " fails");
    fault.kind = Fault::Kind::broken;
    fault.countdown = n;
    (void)this->converse();
    const bool has_failed = fault.countdown <= 0;
    this->expect_calm(descriptors);
    if (this->HasFailure()) return;
    if (!has_failed) break;
    ++failed;
  }
  EXPECT_GT(failed, 30);
}

TYPED_TEST(FailingIo, AnyOperationMayDoLess) {
  (void)this->converse();
  const auto descriptors = open_descriptors();
  for (int n = 1; n <= 400; ++n) {
    SCOPED_TRACE("operation " + std::to_string(n) + " does a byte");
    fault.kind = Fault::Kind::short_count;
    fault.countdown = n;
    const auto outcome = this->converse();
    const bool has_failed = fault.countdown <= 0;
    EXPECT_EQ(outcome.statuses, (std::array{200, 200, 200}));
    EXPECT_TRUE(outcome.stream_says_hello);
    EXPECT_GE(outcome.stream_bytes, this->enough_stream);
    EXPECT_GE(outcome.event_bytes, this->enough_events);
    this->expect_calm(descriptors);
    if (this->HasFailure() || !has_failed) return;
  }
}

}  // namespace
}  // namespace psmove::api
