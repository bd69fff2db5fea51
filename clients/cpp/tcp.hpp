#pragma once
// A connection to the daemon, over TCP or a Unix socket, with a time limit, and the sentences for
// why there is none.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "clients/cpp/error.hpp"
#include "clients/cpp/url.hpp"

namespace psmove::client {

/// An open socket; closed with its owner.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }  ///< -1 where there is none

 private:
  int descriptor_ = -1;
};

struct Connected {
  Socket socket;        ///< non-blocking, without Nagle's delay
  std::string address;  ///< the numeric address that answered; the path of a Unix socket
};

/// Tries every address of the host in turn; `localhost` is ::1 and 127.0.0.1 whatever the resolver
/// says, because the daemon may listen on one of them alone.
/// @param timeout  for each address; looking up a name is not included
[[nodiscard]] Answer<Connected> connect_to(const ServerUrl& url, std::chrono::milliseconds timeout);

/// Whether the socket becomes readable (or `for_writing`: writable) within the time; a signal ends
/// the wait early with false.
[[nodiscard]] bool wait_for_socket(int descriptor, bool for_writing,
                                   std::chrono::milliseconds timeout);

/// The sentences that HTTP and the stream share.
[[nodiscard]] Error no_answer(const ServerUrl& url, std::chrono::milliseconds waited);
[[nodiscard]] Error not_psmoved(const ServerUrl& url, std::string_view what_it_did);

}  // namespace psmove::client
