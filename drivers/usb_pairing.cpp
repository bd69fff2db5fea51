#include "drivers/usb_pairing.hpp"

#include <boost/asio/awaitable.hpp>

namespace psmove::drivers {
namespace {

/// A ZCM2 may want a larger buffer than the 16 bytes it answers with.
constexpr std::size_t addresses_buffer = 32;

}  // namespace

std::string cable_advice(const error_code& error) {
  return "The controller did not answer over the cable (" + error.message() +
         "). Try another cable, one that carries data, or a port of the computer itself instead of "
         "a hub.";
}

Awaitable<Result<Address>> read_own_address(const AddressReports& reports, HidChannel& channel) {
  const auto report = co_await channel.get_feature(reports.own, addresses_buffer);
  if (!report) co_return report.error();
  auto address = reports.parse_own(*report);
  if (address && address->is_zero()) co_return make_error_code(ReportError::implausible);
  co_return address;
}

Awaitable<CableState> read_host(const AddressReports& reports, HidChannel& channel) {
  const auto report = co_await channel.get_feature(reports.host, addresses_buffer);
  if (!report) co_return CableState{.trouble = cable_advice(report.error())};
  const auto host = reports.parse_host(*report);
  if (!host) co_return CableState{.trouble = cable_advice(host.error())};
  co_return CableState{.host = *host};
}

Awaitable<CableState> write_host(const AddressReports& reports, HidChannel& channel, Address host) {
  const auto written = co_await channel.set_feature(reports.encode_host(host));
  if (!written) co_return CableState{.trouble = cable_advice(written.error())};
  auto state = co_await read_host(reports, channel);
  if (state.trouble.empty() && state.host != host)
    state.trouble = "The controller took the address and still calls " + to_string(*state.host) +
                    ". Pull the cable, press the reset pinhole on its back, and plug it in again.";
  co_return state;
}

}  // namespace psmove::drivers
