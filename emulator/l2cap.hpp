#pragma once
// The channels of one Bluetooth link, as a controller has them: it opens some itself, lets the host
// open others, and speaks the signalling that both take. Basic mode only, which is all that HID
// and SDP use. Layouts: Bluetooth Core Specification, volume 3 part A.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "emulator/wire.hpp"

namespace psmove::emulator {

/// What a channel is for.
enum class Psm : std::uint16_t { sdp = 0x01, hid_control = 0x11, hid_interrupt = 0x13 };

class L2cap {
 public:
  /// Results of a connection request.
  static constexpr std::uint16_t accepted = 0, pending = 1, no_such_service = 2, security_block = 3,
                                 no_resources = 4;
  /// Why a connection that is pending takes its time.
  static constexpr std::uint16_t waits_for_authentication = 1, waits_for_authorization = 2;

  /// Hears what happens.
  class User {
   public:
    virtual ~User() = default;
    /// The host asks for a channel.
    virtual bool may_open(Psm psm) = 0;
    virtual void opened(Psm psm) = 0;
    virtual void waits(Psm psm, std::uint16_t status) = 0;
    /// The host does not want a channel that was asked of it.
    virtual void refused(Psm psm, std::uint16_t result) = 0;
    /// The host closed it.
    virtual void closed(Psm psm) = 0;
    virtual void received(Psm psm, BytesView data) = 0;
  };
  using Send = std::function<void(std::uint16_t channel, BytesView data)>;

  /// @param user, send  outlive it
  L2cap(User& user, Send send) : user_(user), send_(std::move(send)) {}

  /// Asks the host for a channel.
  void open(Psm psm);
  /// Takes one frame off the link: channel number and what is in it.
  void receive(std::uint16_t channel, BytesView data);
  /// @return false where no such channel is open
  bool send(Psm psm, BytesView data);
  [[nodiscard]] bool is_open(Psm psm) const { return find(psm) != nullptr; }
  /// The longest data that the host takes on that channel.
  [[nodiscard]] std::size_t longest(Psm psm) const;

 private:
  struct Channel {
    Psm psm{};
    std::uint16_t theirs = 0;  ///< its number on the host's side
    bool we_agreed = false, they_agreed = false, is_open = false;
    std::size_t longest = 672;  ///< the specification's, until the host says another
  };

  [[nodiscard]] const Channel* find(Psm psm) const;
  std::uint16_t free_number() const;
  void signal(std::uint8_t code, std::uint8_t identifier, BytesView body);
  void configure(Channel& channel);
  void take_signal(std::uint8_t code, std::uint8_t identifier, BytesView body);
  void take_connection_request(std::uint8_t identifier, Reader body);
  void take_connection_response(Reader body);
  void take_configuration_request(std::uint8_t identifier, Reader body);
  void take_configuration_response(Reader body);
  void take_disconnection_request(std::uint8_t identifier, Reader body);
  void take_information_request(std::uint8_t identifier, Reader body);
  void note_agreement(Channel& channel);

  User& user_;
  Send send_;
  std::map<std::uint16_t, Channel> channels_;  ///< by our number
  std::uint8_t last_identifier_ = 0;
};

}  // namespace psmove::emulator
