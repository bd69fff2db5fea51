#include "drivers/hid_channel.hpp"

#include <boost/asio/awaitable.hpp>
#include <utility>

namespace psmove::drivers {
namespace {

/// Flash storage and firmware mode of the controller: one wrong byte there ends its life. Nothing
/// of ours may ever write them, in whatever kind of report.
bool is_forbidden(std::span<const std::byte> report) {
  return report.empty() || report[0] == std::byte{0xF1} || report[0] == std::byte{0xF2};
}

Awaitable<Result<void>> refuse() {
  co_return error_code(boost::system::errc::operation_not_permitted,
                       boost::system::generic_category());
}

}  // namespace

Awaitable<Result<void>> HidChannel::write(std::span<const std::byte> report) {
  return is_forbidden(report) ? refuse() : send_output(report);
}

Awaitable<Result<void>> HidChannel::set_feature(std::vector<std::byte> report) {
  return is_forbidden(report) ? refuse() : send_feature(std::move(report));
}

}  // namespace psmove::drivers
