#pragma once
// What the daemon knows about controllers, kept over restarts, crashes and power cuts.

#include <filesystem>
#include <string>
#include <vector>

#include "drivers/controller.hpp"

namespace psmove::daemon {

/// controllers.json in the state directory. A write replaces the whole file at once: whoever reads
/// it finds the old text or the new one, never a part.
class StateFile {
 public:
  explicit StateFile(std::filesystem::path directory);

  /// Makes the directory, and tries to write in it.
  /// @return empty, or one sentence on why it cannot be used
  std::string prepare() const;

  /// What the last run left; the older copy if the newer one is damaged (it is then kept beside it
  /// as controllers.json.damaged).
  [[nodiscard]] std::vector<drivers::RememberedController> load() const;

  /// Replaces the file; safe against the death of this process from when it returns. Takes some
  /// tens of microseconds: the disk is not waited for.
  /// @return empty, or one sentence on why it failed
  std::string save(const std::vector<drivers::RememberedController>& controllers) const;

  /// Waits until the disk has what save() wrote, then keeps it as the copy to fall back on: safe
  /// against a power cut from when it returns. May block; may run on another thread.
  void flush() const;

 private:
  [[nodiscard]] std::filesystem::path newest() const { return directory_ / "controllers.json"; }
  [[nodiscard]] std::filesystem::path flushed() const { return directory_ / "controllers.json~"; }

  std::filesystem::path directory_;
};

}  // namespace psmove::daemon
