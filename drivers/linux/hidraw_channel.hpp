#pragma once
// HidChannel over /dev/hidrawN.

#include <memory>
#include <string>

#include "drivers/hid_channel.hpp"

namespace psmove::drivers {

/// Opens a node and asks the kernel what it is. Reads happen on the loop; what may block (feature
/// reports, writes over USB) runs on `pool`.
/// @return the channel, or why the node could not be opened (permission_denied, no_such_device...)
Result<std::unique_ptr<HidChannel>> open_hidraw(boost::asio::io_context& io,
                                                boost::asio::thread_pool& pool,
                                                const std::string& path);

/// The same over a descriptor that is open already, which the channel closes.
std::unique_ptr<HidChannel> make_hidraw_channel(boost::asio::io_context& io,
                                                boost::asio::thread_pool& pool, int fd,
                                                ChannelInfo info);

}  // namespace psmove::drivers
