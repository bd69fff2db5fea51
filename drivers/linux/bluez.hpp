#pragma once
// BlueZ over D-Bus: which radios there are, which devices it knows, and what we ask of them.
// bluetoothd may be missing, stop, crash and come back at any time; none of that is an error here.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "types/address.hpp"
#include "types/awaitable.hpp"
#include "types/result.hpp"

namespace psmove::drivers {

/// A radio of this host.
struct BluetoothAdapter {
  Address address;
  std::string name;   ///< "hci0"
  std::string alias;  ///< what other devices see
  bool powered = false;
  bool discoverable = false;
  bool pairable = false;
};

/// A device that BlueZ remembers or sees.
struct BluetoothDevice {
  Address address, adapter;
  std::string name;
  bool connected = false;
  bool paired = false;   ///< bonded: it has a link key
  bool trusted = false;  ///< it may connect without anybody being asked
};

/// All calls from the loop's thread.
class Bluez {
 public:
  explicit Bluez(boost::asio::io_context& io);
  ~Bluez();
  Bluez(const Bluez&) = delete;
  Bluez& operator=(const Bluez&) = delete;

  /// Begins to watch. Where there is no system bus, tries again at the next call that needs one.
  void start();
  void stop();

  /// Whether bluetoothd answers.
  [[nodiscard]] bool is_running() const;
  /// One sentence for people on why it does not, and what to do; empty while it does.
  [[nodiscard]] std::string why_not() const;
  /// In the order of their names.
  [[nodiscard]] std::vector<BluetoothAdapter> adapters() const;
  [[nodiscard]] std::vector<BluetoothDevice> devices() const;
  /// Called after anything of the above has changed.
  void on_change(std::function<void()> callback);

  /// Ends the link to a device, which switches a controller off.
  /// @return not_connected where BlueZ has no such link; timed_out after 5 s; else what D-Bus said
  Awaitable<Result<void>> disconnect(Address device);

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace psmove::drivers
