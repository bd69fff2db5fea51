#pragma once
// BlueZ's own file format, read and written by the library that BlueZ uses for it (GLib).

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

using GKeyFile = struct _GKeyFile;  // NOLINT(bugprone-reserved-identifier): GLib's own name

namespace psmove::bluez {

/// A file of [groups] of key=value lines. Comments and the order of lines survive a change.
class KeyFile {
 public:
  KeyFile();
  /// An absent file is an empty one.
  /// @param trouble  set to one sentence where there is a file that cannot be read or parsed
  static KeyFile load(const std::filesystem::path& path, std::string& trouble);

  [[nodiscard]] std::optional<std::string> value(const char* group, const char* key) const;
  [[nodiscard]] bool has_group(const char* group) const;
  void set(const char* group, const char* key, const std::string& value);
  /// Replaces the file in one step; others never see half of it. @return empty, or one sentence
  [[nodiscard]] std::string save(const std::filesystem::path& path) const;

 private:
  struct Free {
    void operator()(GKeyFile* file) const;
  };
  std::unique_ptr<GKeyFile, Free> file_;
};

}  // namespace psmove::bluez
