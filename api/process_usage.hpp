#pragma once
// What this process takes of the machine.

#include <cstddef>
#include <cstdint>

namespace psmove::api {

struct ProcessUsage {
  double cpu_s = 0;  ///< of all threads, in the program and in the kernel for it
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  std::uint64_t open_files = 0;
  double most_open_files = 0;  ///< infinite where the system sets no limit
  std::uint64_t threads = 0;
  double started_s = 0;  ///< Unix time
};

/// Reads /proc/self; what cannot be read is 0.
[[nodiscard]] ProcessUsage process_usage();

}  // namespace psmove::api
