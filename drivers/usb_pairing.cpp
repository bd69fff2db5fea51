#include "drivers/usb_pairing.hpp"

#include <boost/asio/awaitable.hpp>

namespace psmove::drivers {
namespace {

constexpr std::uint8_t addresses_report = 0x04;
/// A ZCM2 may want a larger buffer than the 16 bytes it answers with.
constexpr std::size_t addresses_buffer = 32;

}  // namespace

std::string cable_advice(const error_code& error) {
  return "The controller did not answer over the cable (" + error.message() +
         "). Try another cable, one that carries data, or a port of the computer itself instead of "
         "a hub.";
}

Awaitable<Result<PairingAddresses>> read_addresses(HidChannel& channel) {
  const auto report = co_await channel.get_feature(addresses_report, addresses_buffer);
  if (!report) co_return report.error();
  auto addresses = parse_addresses(*report);
  co_return addresses;
}

Awaitable<CableState> read_host(HidChannel& channel) {
  const auto addresses = co_await read_addresses(channel);
  if (!addresses) co_return CableState{.trouble = cable_advice(addresses.error())};
  co_return CableState{.host = addresses->host};
}

Awaitable<CableState> write_host(HidChannel& channel, Address host) {
  const auto written = co_await channel.set_feature(encode_host_address(host));
  if (!written) co_return CableState{.trouble = cable_advice(written.error())};
  auto state = co_await read_host(channel);
  if (state.trouble.empty() && state.host != host)
    state.trouble = "The controller took the address and still calls " + to_string(*state.host) +
                    ". Pull the cable, press the reset pinhole on its back, and plug it in again.";
  co_return state;
}

}  // namespace psmove::drivers
