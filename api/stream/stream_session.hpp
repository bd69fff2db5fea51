#pragma once
// One WebSocket client: hears its requests and answers them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/stream/connection.hpp"
#include "api/stream/framing.hpp"

namespace psmove::drivers {
class Controller;
}

namespace psmove::stream {

class StreamSession final : public Connection {
 public:
  /// So many queued sets of one connection are followed until it is known what became of them.
  static constexpr std::size_t most_followed = 64;

  /// Its outputs are owned by "websocket <number>".
  StreamSession(SessionContext& context, int socket, std::uint64_t number,
                const Protocol& protocol = usual_protocol);

  /// Says hello, begins the query's subscription, and reads; `early` was read before.
  void start(const std::optional<wire::SubscribeRequest>& query, std::string_view early);
  /// Queues a message of a plain WebSocket.
  void send_message(Opcode opcode, std::string_view payload);

  [[nodiscard]] std::string owner() const override {
    return "websocket " + std::to_string(number());
  }

 private:
  void hear(std::string_view bytes) override;
  void say_goodbye(std::uint16_t code, std::string_view reason) override;
  void stay_in_touch(SteadyTime now) override;
  [[nodiscard]] bool is_lost(SteadyTime now) const override;

  void handle(const Message& message);
  void handle_text(std::string_view text);
  void handle_binary(std::string_view bytes);
  void handle(const wire::ClientMessage& message);
  void handle_ping(std::string_view payload);
  void handle_close(const Message& message);
  [[nodiscard]] bool floods();

  [[nodiscard]] std::optional<wire::Fault> answer(const wire::StreamRequest& request,
                                                  std::string_view to);
  using Controllers = std::vector<drivers::Controller*>;
  [[nodiscard]] wire::Parsed<Controllers> chosen(const wire::SetRequest& request) const;
  [[nodiscard]] std::optional<wire::Fault> set_outputs(const wire::SetRequest& request,
                                                       std::string_view to);
  [[nodiscard]] std::optional<wire::Fault> plan_outputs(const Controllers& controllers,
                                                        const wire::SetRequest& request,
                                                        std::int64_t at_us, std::string_view to);
  void tell_outcome(const CueStatus& status);
  void say_control(Opcode opcode, std::string_view payload);

  Protocol protocol_;
  Receiver receiver_;
  SteadyTime last_heard_, last_pinged_;
  SteadyTime control_debt_{};  ///< control frames heard, each a little time ahead of now
  /// A set that was answered with `queued`, and as what it is told of.
  struct Followed {
    std::string to;
    std::shared_ptr<const CueStatus> status;
  };
  std::vector<Followed> followed_;
};

}  // namespace psmove::stream
