#pragma once
// What bluetoothd keeps about a device: its files, and what has to be in them for a controller.

#include <filesystem>
#include <string>

#include "bluez/stored_model.hpp"
#include "types/address.hpp"

namespace psmove::bluez {

/// What the files say of one controller.
struct StoredDevice {
  bool is_stored = false;   ///< everything that remember() would write is there
  bool is_known = false;    ///< there is an entry of whatever kind
  bool is_bonded = false;   ///< it has a link key
  bool is_foreign = false;  ///< the entry is of some other device: it is left alone
};

/// The folder that is bluetoothd's memory. It reads it when it starts and writes it at any time, so
/// remember() is for when it does not run.
class DeviceStore {
 public:
  /// @param root  /var/lib/bluetooth
  explicit DeviceStore(std::filesystem::path root) : root_(std::move(root)) {}

  [[nodiscard]] StoredDevice look_up(const Address& adapter, const Address& device,
                                     const StoredModel& model, bool cable_pairing) const;

  /// Makes the device's `info` and `cache` say what they must, each written whole or not at all.
  /// What else they hold, a link key first of all, stays.
  /// @param cable_pairing  whether this BlueZ knows CablePairing (5.83 and later): it then admits
  ///   this one device without a bond
  /// @return empty, or one sentence on why not
  [[nodiscard]] std::string remember(const Address& adapter, const Address& device,
                                     const StoredModel& model, bool cable_pairing) const;

  /// Removes the cached name that bluetoothd keeps of a device which it has forgotten; where it
  /// still knows it, nothing is done. Safe while bluetoothd runs.
  /// @return empty, or one sentence on why not
  [[nodiscard]] std::string clear_remains(const Address& adapter, const Address& device) const;

 private:
  [[nodiscard]] std::filesystem::path info(const Address& adapter, const Address& device) const;
  [[nodiscard]] std::filesystem::path cache(const Address& adapter, const Address& device) const;

  std::filesystem::path root_;
};

}  // namespace psmove::bluez
