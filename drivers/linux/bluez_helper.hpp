#pragma once
// Asks psmoved-bluez, which has the rights that pairing needs and psmoved has not.

#include <filesystem>
#include <memory>
#include <string>

#include "bluez/request.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {

class BluezHelper {
 public:
  /// @param pool    for the wait; outlives this
  /// @param socket  where systemd listens for it. Where nothing is and psmoved is root, the program
  ///   is started directly: beside psmoved's own, or installed
  BluezHelper(boost::asio::thread_pool& pool, std::filesystem::path socket);

  /// Up to half a minute, most of it bluetoothd's restart.
  /// @return an answer whose `error` says what went wrong, and what to do
  Awaitable<bluez::Answer> ask(bluez::Request request);

  /// What a person can type to have the same done: "sudo /usr/libexec/psmoved/psmoved-bluez …"
  [[nodiscard]] static std::string command_for(const bluez::Request& request);

 private:
  boost::asio::thread_pool& pool_;
  std::filesystem::path socket_;
};

}  // namespace psmove::drivers
