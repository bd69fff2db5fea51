#pragma once
// A recording as a controller: its reports come again, with their own timing, over and over.

#include <filesystem>
#include <memory>
#include <string>

#include "drivers/hid_channel.hpp"
#include "types/awaitable.hpp"

namespace psmove::drivers {

class Recording;
class Roster;

/// One run of a recording, from now on.
/// @param recording  outlives the channel
std::unique_ptr<HidChannel> make_replay_channel(const Recording& recording, ChannelInfo info);

/// Reads a recording and serves it as a controller for ever; at its end it leaves, and comes again.
/// @return empty, or one sentence: the file, the line, and what would be accepted
std::string start_replay(boost::asio::io_context& io, Roster& roster,
                         const std::filesystem::path& file);

}  // namespace psmove::drivers
