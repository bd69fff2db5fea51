#pragma once
// Files that are replaced whole: whoever reads one finds the old text or the new one.

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace psmove::daemon {

constexpr mode_t owner_only = 0600;
constexpr mode_t for_everybody_to_read = 0644;  // the directory says who is everybody

/// Safe against the death of this process from when it returns; against a power cut after sync().
/// Where root writes it, it goes to the directory's owner.
/// @param mode  permissions of the file; the umask takes nothing away
/// @return empty, or one sentence on why it failed
std::string replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode);

/// Waits until the disk has a file, or what a directory lists. May block.
void sync(const std::filesystem::path& path);

}  // namespace psmove::daemon
