#pragma once
// One encrypted connection: what comes in is handed on in the clear through a pair of sockets, at
// whose other end an ordinary session sits; and back. So sessions know nothing of TLS, and what
// sends a sample to a client is the same call for everybody.

#include <chrono>
#include <functional>
#include <memory>

#include "api/tls.hpp"
#include "types/awaitable.hpp"

namespace psmove::api {

/// Holds at most one buffer of 16 KiB in each direction, and takes nothing from one side that the
/// other has no room for. Lives until both sides have ended.
class TlsRelay : public std::enable_shared_from_this<TlsRelay> {
 public:
  struct Plan {
    TlsContext context;
    std::chrono::milliseconds handshake_deadline;
    std::chrono::milliseconds dead_after;  ///< for a peer that does not even acknowledge
    /// Takes the session's end of the pair, when the handshake is done.
    std::function<void(int socket)> on_secure;
    /// Takes the connection itself: its first byte shows that it is not encrypted.
    std::function<void(int socket)> on_plain;
    /// Called once, at the very end.
    std::function<void(TlsRelay&)> on_end;
    /// Held for as long as the relay lives.
    std::shared_ptr<void> admission;
  };

  /// @param socket  connected and non-blocking, owned from now on
  TlsRelay(boost::asio::io_context& io, int socket, Plan plan);
  ~TlsRelay();
  TlsRelay(const TlsRelay&) = delete;
  TlsRelay& operator=(const TlsRelay&) = delete;

  void start();
  /// Ends now.
  void abort();
  /// Ends now if nobody has been let in yet; else the session says when.
  void stop();

 private:
  struct Parts;
  enum class Want { net_read, net_write, inner_read, inner_write };

  void go();
  void greet();
  void begin_handshake();
  void shake_hands();
  void relay();
  bool move_in();
  bool move_out();
  void say_goodbye();
  void follow_session();
  void wait(Want want);
  void wait_for_tls(int result);
  void set_deadline(std::chrono::milliseconds from_now);
  void end();

  std::unique_ptr<Parts> parts_;
};

}  // namespace psmove::api
