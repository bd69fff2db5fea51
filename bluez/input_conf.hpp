#pragma once
// BlueZ's ClassicBondedOnly: whether a device without a bond may be an input device. A ZCM1 and a
// Navigation controller make no bond.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace psmove::bluez {

/// What a text of input.conf says of ClassicBondedOnly in [General]; none where it says nothing.
[[nodiscard]] std::optional<bool> bonded_only(std::string_view text);

/// The text with ClassicBondedOnly=false in it, marked as ours; what was said before is kept as a
/// comment. Already so: unchanged.
[[nodiscard]] std::string with_unbonded_allowed(std::string_view text);

/// The text as it was before with_unbonded_allowed(); one that holds no mark of ours is unchanged.
[[nodiscard]] std::string with_our_change_undone(std::string_view text);

/// The file itself.
class InputConf {
 public:
  /// @param path  /etc/bluetooth/input.conf
  explicit InputConf(std::filesystem::path path) : path_(std::move(path)) {}

  /// Whether it lets devices without a bond in. Saying nothing counts as no: that is the default of
  /// BlueZ 5.71 and later, and of the distributions that took that change over (Debian 12 among
  /// them); what an older one does is not written anywhere.
  [[nodiscard]] bool allows_unbonded() const;
  /// @return empty, or one sentence on why it could not be written
  [[nodiscard]] std::string allow_unbonded() const { return rewrite(with_unbonded_allowed); }
  [[nodiscard]] std::string undo() const { return rewrite(with_our_change_undone); }
  /// Whether undo() would change anything.
  [[nodiscard]] bool is_changed_by_us() const;

 private:
  [[nodiscard]] std::string rewrite(std::string (*change)(std::string_view)) const;
  [[nodiscard]] std::string text() const;

  std::filesystem::path path_;
};

}  // namespace psmove::bluez
