#pragma once
// One HTTP connection, from accept to its end or to the moment when it becomes a WebSocket or a
// stream of events.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/application.hpp"
#include "api/authentication.hpp"
#include "api/request_head.hpp"
#include "api/routes.hpp"
#include "api/server.hpp"
#include "api/wire/fault.hpp"
#include "drivers/clock.hpp"
#include "types/awaitable.hpp"

namespace psmove::stream {
struct EventRequest;
struct Upgrade;
}  // namespace psmove::stream

namespace psmove::api {

class Access;

/// What the sessions of one server share.
struct SessionContext {
  Application& application;
  const Access& access;
  Authentication& authentication;
  const Limits& limits;
  /// Sees to it that check_deadline() is called at this time, or earlier.
  std::function<void(drivers::SteadyTime)> watch;
  /// Buffers that no connection needs at the moment: only those with something to read have one.
  std::vector<std::vector<char>> spare_buffers;
  std::string answer;        ///< room in which answers are put together
  bool is_stopping = false;  ///< every answer is its connection's last
};

/// Reads requests strictly, answers them in order, and keeps every deadline. Nothing here reads or
/// writes unless the socket is ready, so an idle connection is a socket and one coroutine.
class HttpSession {
 public:
  /// @param socket  connected and non-blocking, owned from now on
  /// @param peer  who is at its other end
  /// @param admission  held for as long as the connection lives, as a WebSocket too
  /// @param is_refused  it is one too many: /livez is answered, all else is 503, and it ends
  HttpSession(boost::asio::io_context& io, SessionContext& context, int socket, Peer peer,
              std::shared_ptr<void> admission, bool is_refused);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// Serves until the connection ends or was handed to the hub.
  Awaitable<void> run();

  /// Acts on a deadline that has passed. @return the one that counts from now on
  drivers::SteadyTime check_deadline(drivers::SteadyTime now);
  /// Answers what it is at, then ends; at once when it is idle.
  void stop();
  /// Ends now.
  void abort();

 private:
  enum class Step {
    answered,     ///< what comes next may be in the buffer already
    need_input,   ///< a request is not complete, or none has begun
    need_output,  ///< the socket took only a part of an answer
    need_body,
    must_wait,  ///< a handler waits for something
    upgraded,   ///< the 101 is out
    finished,   ///< the last answer is out
    broken,     ///< nobody is there to answer
  };
  struct Socket;
  struct Pending;

  Step advance();
  Step begin(const RequestHead& head, std::size_t head_length);
  Step judge(const RequestHead& head, std::size_t head_length, std::string_view target);
  Step take_request(const RequestHead& head, std::size_t head_length, std::string_view target);
  Step respond();
  void redeem_ticket(std::string& query);
  Step take_upgrade(const RequestHead& head, std::string_view path, std::string_view query);
  Step take_events(const RequestHead& head, std::string_view path, std::string_view query);
  Step refuse(const wire::Fault& fault, std::string_view instance);
  Step refuse_and_close(const wire::Fault& fault, std::string_view instance);
  Step answer(const Response& response);
  Step send_answer();
  Step after_answer();
  Step after_silence();

  Awaitable<bool> receive();
  Awaitable<bool> flush();
  Awaitable<Step> read_body();
  Awaitable<Step> wait_for_handler();
  Awaitable<void> linger();
  void prepare_to_wait();
  void hand_over();

  [[nodiscard]] std::string_view input() const;
  void consume(std::size_t count);
  void release_buffer();
  void set_deadline(std::chrono::milliseconds from_now);

  SessionContext& context_;
  std::shared_ptr<void> admission_;  ///< given back after the socket is closed
  std::unique_ptr<Socket> socket_;
  Peer peer_;
  Principal client_;  ///< who sent the request
  drivers::SteadyTime deadline_;

  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< what of the buffer has not been used yet

  std::string output_;                ///< the rest of an answer that the socket did not take
  std::string cors_origin_;           ///< to echo in the answer
  std::unique_ptr<Pending> pending_;  ///< the request that needs a body or a wait
  std::unique_ptr<stream::Upgrade> upgrade_;
  std::unique_ptr<stream::EventRequest> events_;
  bool is_refused_;
  Traffic::Verb verb_ = Traffic::Verb::other;
  bool is_head_request_ = false;
  bool is_http_1_0_ = false;
  bool keeps_alive_ = true;
  bool is_idle_ = true;       ///< between requests
  bool has_served_ = false;   ///< at least one request was answered
  bool has_expired_ = false;  ///< a deadline passed
  bool is_aborted_ = false;
};

}  // namespace psmove::api
