#pragma once
// One reader of the event stream: GET /api/v1/events, for programs and pages that only listen.

#include "api/stream/connection.hpp"

namespace psmove::stream {

/// Says what a WebSocket with one subscription would, as text/event-stream. The peer has nothing to
/// say any more.
class EventSession final : public Connection {
 public:
  EventSession(SessionContext& context, int socket, std::uint64_t number)
      : Connection(context, socket, number, Format::event_stream) {}

  /// Begins with the subscription, behind the head of the answer.
  /// @param resume  what a reader that comes back has, or nullptr
  void start(const wire::SubscribeRequest& request, const wire::StreamPosition* resume);

  [[nodiscard]] std::string owner() const override {
    return "event stream " + std::to_string(number());
  }

 private:
  void hear(std::string_view bytes) override;
  void say_goodbye(std::uint16_t code, std::string_view reason) override;
  void stay_in_touch(SteadyTime now) override;
  [[nodiscard]] bool is_lost(SteadyTime) const override { return false; }

  SteadyTime last_comment_{};
  std::size_t heard_ = 0;
};

}  // namespace psmove::stream
