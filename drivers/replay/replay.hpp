#pragma once
// A recording as a controller: its reports come again, with their own timing, over and over.

#include <filesystem>
#include <string>

#include "types/awaitable.hpp"

namespace psmove::drivers {

class Roster;

/// Reads a recording and serves it as a controller for ever; at its end it leaves, and comes again.
/// @return empty, or one sentence: the file, the line, and what would be accepted
std::string start_replay(boost::asio::io_context& io, Roster& roster,
                         const std::filesystem::path& file);

}  // namespace psmove::drivers
