#pragma once
// Bytes to and from the daemon over an open socket, encrypted where the URL says so.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "clients/cpp/error.hpp"
#include "clients/cpp/tcp.hpp"
#include "clients/cpp/url.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX
struct ssl_st;      // and SSL

namespace psmove::client {

/// Whom a client takes for the daemon: the certificate with the URL's fingerprint if that has one,
/// else who shows a certificate for the URL's host that its `ca_file`, or the system, vouches for.
/// @param url  outlives the context
/// @return empty, or one sentence on why its files cannot be used
[[nodiscard]] std::string trust(ssl_ctx_st& context, const ServerUrl& url);

class Channel {
 public:
  /// @param socket  connected and non-blocking
  /// @param deadline  for the handshake
  [[nodiscard]] static Answer<Channel> open(const ServerUrl& url, Socket socket,
                                            std::chrono::steady_clock::time_point deadline);

  /// As recv(2) and send(2) do on a non-blocking socket: -1 and errno, 0 at the end. A channel that
  /// has to wait for the other direction says EAGAIN, too; `waits_for_writing` tells them apart.
  [[nodiscard]] ssize_t receive(char* into, std::size_t size);
  [[nodiscard]] ssize_t send(std::string_view bytes);
  [[nodiscard]] bool waits_for_writing() const { return waits_for_writing_; }

  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
    void operator()(ssl_st* tls) const;
  };

  explicit Channel(Socket socket) : socket_(std::move(socket)) {}
  [[nodiscard]] ssize_t outcome(int result, bool is_writing);

  Socket socket_;
  std::unique_ptr<ssl_ctx_st, Free> context_;
  std::unique_ptr<ssl_st, Free> tls_;  ///< none: in the clear
  bool waits_for_writing_ = false;
};

/// "AB:CD:…" or "abcd…", 64 digits in all, as 64 capital ones; empty where it is none.
[[nodiscard]] std::string canonical_fingerprint(std::string_view text);

}  // namespace psmove::client
