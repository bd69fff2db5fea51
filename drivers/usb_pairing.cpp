#include "drivers/usb_pairing.hpp"

#include <boost/asio/awaitable.hpp>

#include "drivers/psmove/model.hpp"

namespace psmove::drivers {
namespace {

/// A ZCM2 may want a larger buffer than the 16 bytes it answers with.
constexpr std::size_t addresses_buffer = 32;

std::string cable_advice(const error_code& error) {
  return "The controller did not answer over the cable (" + error.message() +
         "). Try another cable, one that carries data, or a port of the computer itself instead of "
         "a hub.";
}

PairingStatus failed(std::string trouble) {
  return {.stage = PairingStage::failed, .host = {}, .trouble = std::move(trouble)};
}

}  // namespace

Awaitable<PairingStatus> read_host(const AddressReports& reports, HidChannel& channel) {
  const auto report = co_await channel.get_feature(reports.host, addresses_buffer);
  if (!report) co_return failed(cable_advice(report.error()));
  const auto host = reports.parse_host(*report);
  if (!host) co_return failed(cable_advice(host.error()));
  co_return PairingStatus{.stage = PairingStage::plugged_in, .host = *host, .trouble = {}};
}

Awaitable<PairingStatus> write_host(const AddressReports& reports, HidChannel& channel,
                                    Address host) {
  const auto written = co_await channel.set_feature(reports.encode_host(host));
  if (!written) co_return failed(cable_advice(written.error()));
  auto status = co_await read_host(reports, channel);
  if (status.stage == PairingStage::failed) co_return status;
  if (status.host == host) {
    status.stage = PairingStage::host_written;
    co_return status;
  }
  status.stage = PairingStage::failed;
  status.trouble = "The controller took the address and still calls " + to_string(*status.host) +
                   ". Pull the cable, press the reset pinhole on its back, and plug it in again.";
  co_return status;
}

}  // namespace psmove::drivers
