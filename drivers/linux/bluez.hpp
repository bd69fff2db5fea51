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
  bool paired = false;    ///< bonded: it has a link key
  bool trusted = false;   ///< it may connect without anybody being asked
  bool is_input = false;  ///< BlueZ would take its calls as an input device's
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
  /// @return not_connected where BlueZ has no such link; timed_out after 5 s; permission_denied;
  ///   protocol_error for whatever else BlueZ said, which is in the log
  Awaitable<Result<void>> disconnect(Address device);

  /// Has BlueZ forget a device, its bond and its files with it; a link ends.
  /// @return not_connected where BlueZ does not know it there; else as disconnect()
  Awaitable<Result<void>> remove(Address adapter, Address device);

  /// Whether devices that BlueZ does not know may call an adapter; nobody hears them otherwise.
  void set_discoverable(Address adapter, bool is_discoverable);
  /// Has BlueZ ask a device that calls at this moment what it is, and take its calls from then on.
  /// Whether it learnt that shows in devices() alone: BlueZ may call the attempt a failure.
  Awaitable<void> get_to_know(Address adapter, Address device);

  /// Answers for devices that bond with this host, as the agent that BlueZ asks first: PIN 0000,
  /// no questions otherwise. Devices for which `is_expected` is false are turned down, and asked
  /// about again under whoever was the agent before as soon as answer_no_more() is called. It is
  /// registered anew when bluetoothd comes back. Adapters are made pairable for as long.
  void answer_for(std::function<bool(const Address&)> is_expected);
  void answer_no_more();
  /// Whether BlueZ asks us by now.
  [[nodiscard]] bool is_answering() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

}  // namespace psmove::drivers
