#pragma once
// Many WebSocket clients in one thread: what bench-wsload is made of.

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <vector>

#include "bench/stream/message_numbers.hpp"
#include "bench/stream/tally.hpp"

namespace psmove::bench {

struct LoadOptions {
  std::uint16_t port = 6683;  ///< on 127.0.0.1
  std::string target = "/api/v1/stream";
  std::string protocol;   ///< subprotocol to ask for
  std::string subscribe;  ///< text sent as soon as a connection is open; empty: none
  int connections = 10;
  int stalled = 0;  ///< this many of them never read
  int opening_at_once = 64;
  double late_ms = 11.4;  ///< frames older than that when they arrive count as late
  int nap_us = 0;  ///< between polls: fewer, larger reads, so that the server saturates first
  std::uint64_t sequence_step = 1;  ///< samples in a frame
  std::string sequence_member = "sequence", controller_member = "controller",
              time_member = "received_us";  ///< Unix time, microseconds
};

class Load {
 public:
  explicit Load(const LoadOptions& options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Opens all connections; those that are not open after `patience_s` have failed.
  void open(double patience_s);
  /// Reads for a while; counts messages only while measuring.
  void pump(double seconds, bool measure);

  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  enum class Stage : std::uint8_t { unused, connecting, shaking_hands, open, dead };
  struct Connection {
    int socket = -1;
    Stage stage = Stage::unused;
    bool is_stalled = false;
    std::int64_t started_ns = 0;
    std::string carry;  ///< the front of a frame, or of the response head
    std::vector<SequenceTrack> tracks;
  };

  void start(Connection& connection);
  void send_request(Connection& connection);
  void on_event(Connection& connection, std::uint32_t events);
  void on_readable(Connection& connection);
  /// @return bytes of the response head, 0 while it is not whole or was refused
  std::size_t shake_hands(Connection& connection, std::string_view input);
  /// @return bytes of whole frames at the front
  std::size_t take_frames(Connection& connection, std::string_view input, std::int64_t now);
  bool on_frame(Connection& connection, unsigned opcode, std::string_view payload,
                std::int64_t now);
  void on_message(Connection& connection, std::string_view text, std::int64_t now);
  void on_sequence(Connection& connection, std::uint64_t controller, std::uint64_t sequence);
  void send_frame(Connection& connection, unsigned opcode, std::string_view payload);
  void end(Connection& connection);
  void poll_once(std::int64_t until_ns);
  [[nodiscard]] int unfinished(std::size_t started) const;

  LoadOptions options_;
  sockaddr_in server_{};
  std::string key_, request_;
  MemberFinder sequence_, time_, controller_;
  std::vector<Connection> connections_;
  std::vector<char> buffer_;
  Tally tally_;
  std::int64_t unix_minus_monotonic_ns_;
  int epoll_;
  bool measuring_ = false;
};

}  // namespace psmove::bench
