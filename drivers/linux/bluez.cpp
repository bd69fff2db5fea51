#include "drivers/linux/bluez.hpp"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <chrono>
#include <map>
#include <sdbus-c++/sdbus-c++.h>
#include <spdlog/spdlog.h>
#include <string_view>
#include <utility>

#include "drivers/bell.hpp"
#include "drivers/linux/system_bus.hpp"

namespace psmove::drivers {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto call_patience = 5s;

const std::string service = "org.bluez";
const std::string adapter_interface = "org.bluez.Adapter1";
const std::string device_interface = "org.bluez.Device1";
const std::string input_interface = "org.bluez.Input1";
const std::string agent_interface = "org.bluez.Agent1";
const std::string agent_manager_interface = "org.bluez.AgentManager1";
const sdbus::ObjectPath agent_manager_path = "/org/bluez";
const sdbus::ObjectPath agent_path = "/org/psmoved/agent";
/// So that BlueZ asks at all: for a host that can neither show nor ask the kernel says yes to
/// anybody.
const std::string agent_capability = "DisplayYesNo";
/// What a ZCM2 answers to at an adapter without Secure Simple Pairing.
const std::string controller_pin = "0000";
const std::string object_manager = "org.freedesktop.DBus.ObjectManager";
const std::string properties_interface = "org.freedesktop.DBus.Properties";

using Properties = std::map<std::string, sdbus::Variant>;
using Interfaces = std::map<std::string, Properties>;
using Objects = std::map<sdbus::ObjectPath, Interfaces>;

/// A property of the type it should have, or nothing at all.
template <class T>
std::optional<T> property(const Properties& properties, const char* name) {
  const auto found = properties.find(name);
  if (found == properties.end() || !found->second.containsValueOfType<T>()) return std::nullopt;
  return found->second.get<T>();
}

/// Takes over what changed; what did not is left as it is.
template <class T>
void update(T& member, const Properties& properties, const char* name) {
  if (auto value = property<T>(properties, name)) member = std::move(*value);
}

void update(Address& member, const Properties& properties) {
  if (const auto text = property<std::string>(properties, "Address"))
    if (const auto address = parse_address(*text)) member = *address;
}

void take_over(BluetoothAdapter& adapter, const Properties& properties) {
  update(adapter.address, properties);
  update(adapter.alias, properties, "Alias");
  update(adapter.powered, properties, "Powered");
  update(adapter.discoverable, properties, "Discoverable");
  update(adapter.pairable, properties, "Pairable");
}

void take_over(BluetoothDevice& device, const Properties& properties) {
  update(device.address, properties);
  update(device.name, properties, "Alias");
  update(device.connected, properties, "Connected");
  update(device.paired, properties, "Paired");
  update(device.trusted, properties, "Trusted");
}

struct StoredDevice : BluetoothDevice {
  sdbus::ObjectPath adapter_path;
};

/// The answer to a call, for the coroutine that waits for it.
struct Answer {
  Bell bell;
  bool has_come = false;
  std::string error_name, error_text;  ///< empty: it worked
};

error_code code_of(const std::string& error_name) {
  if (error_name.ends_with(".NotConnected")) return asio::error::not_connected;
  if (error_name.ends_with(".NoReply") || error_name.ends_with(".Timeout"))
    return asio::error::timed_out;
  if (error_name.ends_with(".AccessDenied"))
    return boost::system::errc::make_error_code(boost::system::errc::permission_denied);
  return boost::system::errc::make_error_code(boost::system::errc::protocol_error);
}

}  // namespace

struct Bluez::Parts : std::enable_shared_from_this<Bluez::Parts> {
  explicit Parts(asio::io_context& io)
      : bus(io, [this](const std::string& words) {
          spdlog::warn("the system bus is gone error=\"{}\"", words);
          drop("The system bus is gone (" + words + "); restart dbus.");
        }) {}

  void connect();
  void drop(const std::string& why);
  void watch();
  void ask_for_objects();

  void take_object(const sdbus::ObjectPath& path, const Interfaces& interfaces);
  void take_removal(const sdbus::ObjectPath& path, const std::vector<std::string>& interfaces);
  void take_properties(const std::string& path, const std::string& interface,
                       const Properties& properties);
  void take_owner(const std::string& owner);
  void changed() const {
    if (on_change) on_change();
  }
  /// Of a device at any adapter, the one it is linked to first.
  [[nodiscard]] const sdbus::ObjectPath* path_of(const Address& device) const;
  [[nodiscard]] const sdbus::ObjectPath* path_of(const Address& adapter,
                                                 const Address& device) const;
  sdbus::IProxy& proxy_of(const sdbus::ObjectPath& path);
  template <class... Arguments>
  std::shared_ptr<Answer> call(const sdbus::ObjectPath& path, const std::string& interface,
                               const std::string& method, const Arguments&... arguments);

  void register_agent();
  void unregister_agent();
  std::shared_ptr<Answer> set(const sdbus::ObjectPath& path, const std::string& interface,
                              const std::string& property, bool value);
  void expect(const sdbus::ObjectPath& device, const char* question) const;

  SystemBus bus;
  std::unique_ptr<sdbus::IProxy> root;                                  ///< BlueZ's object manager
  std::map<sdbus::ObjectPath, std::unique_ptr<sdbus::IProxy>> proxies;  ///< of objects we call
  sdbus::Slot property_match;
  std::unique_ptr<sdbus::IObject> agent;
  std::function<bool(const Address&)> is_expected;    ///< empty: we are not the agent
  std::vector<std::shared_ptr<Answer>> registration;  ///< what BlueZ says to our being the agent
  std::vector<sdbus::ObjectPath> made_pairable;       ///< adapters that were not
  std::map<sdbus::ObjectPath, BluetoothAdapter> adapters;
  std::map<sdbus::ObjectPath, StoredDevice> devices;
  std::function<void()> on_change;
  std::string trouble = "psmoved has not asked the system bus yet.";
  bool is_running = false;
};

// ---- the connection

void Bluez::Parts::connect() {
  if (bus.is_open()) return;
  try {
    bus.open();
    watch();
  } catch (const sdbus::Error& error) {
    drop("There is no system bus (" + error.getMessage() +
         "), so Bluetooth cannot be asked; start dbus.");
    return;
  }
  trouble = "bluetoothd is not running; try: systemctl enable --now bluetooth";
  ask_for_objects();
  bus.process();
}

void Bluez::Parts::drop(const std::string& why) {
  agent.reset();
  proxies.clear();
  root.reset();
  property_match = {};
  bus.close();
  trouble = why;
  take_owner({});
}

void Bluez::Parts::watch() {
  root = sdbus::createProxy(bus.connection(), service, "/");
  root->uponSignal("InterfacesAdded")
      .onInterface(object_manager)
      .call([this](const sdbus::ObjectPath& path, const Interfaces& interfaces) {
        take_object(path, interfaces);
        changed();
      });
  root->uponSignal("InterfacesRemoved")
      .onInterface(object_manager)
      .call([this](const sdbus::ObjectPath& path, const std::vector<std::string>& interfaces) {
        take_removal(path, interfaces);
        changed();
      });
  root->finishRegistration();

  bus.watch_owner(service, [this](const std::string& owner) { take_owner(owner); });

  // One rule for all of BlueZ's objects; a proxy for each would be told the same.
  property_match = bus.connection().addMatch(
      "type='signal',sender='org.bluez',interface='" + properties_interface +
          "',member='PropertiesChanged',path_namespace='/org/bluez'",
      [this](sdbus::Message& message) {
        std::string interface;
        Properties properties;
        message >> interface >> properties;
        take_properties(message.getPath(), interface, properties);
      });
}

void Bluez::Parts::ask_for_objects() {
  root->callMethodAsync("GetManagedObjects")
      .onInterface(object_manager)
      .uponReplyInvoke([this](const sdbus::Error* error, const Objects& objects) {
        if (error != nullptr) return;  // nobody there; its name will tell when it comes
        adapters.clear();
        devices.clear();
        for (const auto& [path, interfaces] : objects) take_object(path, interfaces);
        is_running = true;
        if (is_expected) register_agent();
        changed();
      });
}

// ---- what it tells

void Bluez::Parts::take_object(const sdbus::ObjectPath& path, const Interfaces& interfaces) {
  if (const auto found = interfaces.find(adapter_interface); found != interfaces.end()) {
    auto& adapter = adapters[path];
    adapter.name = path.substr(path.rfind('/') + 1);
    take_over(adapter, found->second);
  }
  if (const auto found = interfaces.find(device_interface); found != interfaces.end()) {
    auto& device = devices[path];
    update(device.adapter_path, found->second, "Adapter");
    take_over(device, found->second);
  }
  if (interfaces.contains(input_interface))
    if (const auto known = devices.find(path); known != devices.end())
      known->second.is_input = true;
}

void Bluez::Parts::take_removal(const sdbus::ObjectPath& path,
                                const std::vector<std::string>& interfaces) {
  for (const auto& interface : interfaces) {
    if (interface == adapter_interface) adapters.erase(path);
    if (interface != device_interface) continue;
    devices.erase(path);
    proxies.erase(path);
  }
}

void Bluez::Parts::take_properties(const std::string& path, const std::string& interface,
                                   const Properties& properties) {
  if (interface == adapter_interface) {
    if (const auto found = adapters.find(path); found != adapters.end())
      take_over(found->second, properties);
  } else if (interface == device_interface) {
    if (const auto found = devices.find(path); found != devices.end())
      take_over(found->second, properties);
  } else {
    return;
  }
  changed();
}

void Bluez::Parts::take_owner(const std::string& owner) {
  const bool was_running = std::exchange(is_running, false);
  registration.clear();
  adapters.clear();
  devices.clear();
  if (!owner.empty()) {
    spdlog::info("bluetoothd is there");
    ask_for_objects();
  } else if (was_running && bus.is_open()) {
    spdlog::warn("bluetoothd is gone; controllers come back with it");
    changed();
  }
}

// ---- what we ask

const sdbus::ObjectPath* Bluez::Parts::path_of(const Address& device) const {
  const sdbus::ObjectPath* any = nullptr;
  for (const auto& [path, known] : devices) {
    if (known.address != device) continue;
    if (known.connected) return &path;
    any = &path;
  }
  return any;
}

sdbus::IProxy& Bluez::Parts::proxy_of(const sdbus::ObjectPath& path) {
  auto& proxy = proxies[path];
  if (!proxy) proxy = sdbus::createProxy(bus.connection(), service, path);
  return *proxy;
}

const sdbus::ObjectPath* Bluez::Parts::path_of(const Address& adapter,
                                               const Address& device) const {
  for (const auto& [path, known] : devices) {
    if (known.address != device) continue;
    const auto its_adapter = adapters.find(known.adapter_path);
    if (its_adapter != adapters.end() && its_adapter->second.address == adapter) return &path;
  }
  return nullptr;
}

template <class... Arguments>
std::shared_ptr<Answer> Bluez::Parts::call(const sdbus::ObjectPath& path,
                                           const std::string& interface, const std::string& method,
                                           const Arguments&... arguments) {
  auto answer = std::make_shared<Answer>();
  try {
    proxy_of(path)
        .callMethodAsync(method)
        .onInterface(interface)
        .withArguments(arguments...)
        .uponReplyInvoke([answer](const sdbus::Error* error) {
          answer->has_come = true;
          if (error != nullptr) {
            answer->error_name = error->getName();
            answer->error_text = error->getMessage();
          }
          answer->bell.ring();
        });
  } catch (const sdbus::Error& error) {
    answer->has_come = true;
    answer->error_name = error.getName();
    answer->error_text = error.getMessage();
  }
  return answer;
}

namespace {

Awaitable<Result<void>> outcome(std::shared_ptr<Answer> answer, std::string what, Address device) {
  const auto deadline = SteadyClock::now() + call_patience;
  while (!answer->has_come && SteadyClock::now() < deadline)
    co_await answer->bell.wait_until(deadline);
  if (!answer->has_come) co_return error_code(asio::error::timed_out);
  if (answer->error_name.empty()) co_return Result<void>{};
  spdlog::warn("BlueZ would not {} controller={} error=\"{}\"", what, to_string(device),
               answer->error_text);
  co_return code_of(answer->error_name);
}

}  // namespace

// ---- what BlueZ asks us

void Bluez::Parts::expect(const sdbus::ObjectPath& device, const char* question) const {
  const auto found = devices.find(device);
  const bool is_ours = is_expected && found != devices.end() && is_expected(found->second.address);
  spdlog::info("BlueZ asks about a bond question={} device={} answer={}", question,
               found == devices.end() ? std::string(device) : to_string(found->second.address),
               is_ours ? "yes" : "no");
  if (!is_ours)
    throw sdbus::Error("org.bluez.Error.Rejected", "psmoved answers for its controllers only");
}

void Bluez::Parts::register_agent() {
  if (!bus.is_open() || !is_running) return;
  if (!agent) {
    agent = sdbus::createObject(bus.connection(), agent_path);
    agent->registerMethod("Release").onInterface(agent_interface).implementedAs([] {});
    agent->registerMethod("Cancel").onInterface(agent_interface).implementedAs([] {});
    agent->registerMethod("RequestPinCode")
        .onInterface(agent_interface)
        .implementedAs([this](const sdbus::ObjectPath& device) {
          expect(device, "PIN");
          return controller_pin;
        });
    agent->registerMethod("RequestConfirmation")
        .onInterface(agent_interface)
        .implementedAs([this](const sdbus::ObjectPath& device, const std::uint32_t&) {
          expect(device, "confirmation");
        });
    agent->registerMethod("RequestAuthorization")
        .onInterface(agent_interface)
        .implementedAs(
            [this](const sdbus::ObjectPath& device) { expect(device, "authorization"); });
    agent->registerMethod("AuthorizeService")
        .onInterface(agent_interface)
        .implementedAs([this](const sdbus::ObjectPath& device, const std::string&) {
          expect(device, "service");
        });
    agent->finishRegistration();
  }
  registration = {
      call(agent_manager_path, agent_manager_interface, "RegisterAgent", agent_path,
           agent_capability),
      call(agent_manager_path, agent_manager_interface, "RequestDefaultAgent", agent_path)};
  for (const auto& [path, adapter] : adapters) {
    if (adapter.pairable) continue;
    // BlueZ remembers it over a restart, in which we register again; so do we.
    if (std::find(made_pairable.begin(), made_pairable.end(), path) == made_pairable.end())
      made_pairable.push_back(path);
    registration.push_back(set(path, adapter_interface, "Pairable", true));
  }
}

void Bluez::Parts::unregister_agent() {
  registration.clear();
  for (const auto& path : std::exchange(made_pairable, {}))
    set(path, adapter_interface, "Pairable", false);
  call(agent_manager_path, agent_manager_interface, "UnregisterAgent", agent_path);
}

std::shared_ptr<Answer> Bluez::Parts::set(const sdbus::ObjectPath& path,
                                          const std::string& interface, const std::string& property,
                                          bool value) {
  return call(path, properties_interface, "Set", interface, property, sdbus::Variant(value));
}

Bluez::Bluez(asio::io_context& io) : parts_(std::make_shared<Parts>(io)) {}

Bluez::~Bluez() {
  stop();
}

void Bluez::start() {
  parts_->connect();
}

void Bluez::stop() {
  parts_->on_change = nullptr;
  parts_->drop("psmoved is stopping.");
}

bool Bluez::is_running() const {
  return parts_->is_running;
}

std::string Bluez::why_not() const {
  return parts_->is_running ? std::string() : parts_->trouble;
}

std::vector<BluetoothAdapter> Bluez::adapters() const {
  std::vector<BluetoothAdapter> all;
  for (const auto& [path, adapter] : parts_->adapters) all.push_back(adapter);
  return all;
}

std::vector<BluetoothDevice> Bluez::devices() const {
  std::vector<BluetoothDevice> all;
  for (const auto& [path, device] : parts_->devices) {
    BluetoothDevice copy = device;
    if (const auto adapter = parts_->adapters.find(device.adapter_path);
        adapter != parts_->adapters.end())
      copy.adapter = adapter->second.address;
    all.push_back(std::move(copy));
  }
  return all;
}

void Bluez::on_change(std::function<void()> callback) {
  parts_->on_change = std::move(callback);
}

Awaitable<Result<void>> Bluez::disconnect(Address device) {
  const auto parts = parts_;
  parts->connect();
  const auto* path = parts->path_of(device);
  if (path == nullptr) co_return error_code(asio::error::not_connected);
  const auto answer = parts->call(*path, device_interface, "Disconnect");
  const auto done = co_await outcome(answer, "disconnect", device);
  co_return done;
}

Awaitable<Result<void>> Bluez::remove(Address adapter, Address device) {
  const auto parts = parts_;
  parts->connect();
  const auto* path = parts->path_of(adapter, device);
  if (path == nullptr) co_return error_code(asio::error::not_connected);
  const auto answer =
      parts->call(parts->devices.at(*path).adapter_path, adapter_interface, "RemoveDevice", *path);
  const auto done = co_await outcome(answer, "forget", device);
  co_return done;
}

void Bluez::set_discoverable(Address adapter, bool is_discoverable) {
  for (const auto& [path, known] : parts_->adapters)
    if (known.address == adapter && known.discoverable != is_discoverable)
      parts_->set(path, adapter_interface, "Discoverable", is_discoverable);
}

Awaitable<void> Bluez::get_to_know(Address adapter, Address device) {
  const auto parts = parts_;
  const auto* path = parts->path_of(adapter, device);
  if (path == nullptr) co_return;
  parts->set(*path, device_interface, "Trusted", true);
  const auto answer = parts->call(*path, device_interface, "Connect");
  co_await outcome(answer, "ask who it is", device);
}

void Bluez::answer_for(std::function<bool(const Address&)> is_expected) {
  const bool is_registered = static_cast<bool>(parts_->is_expected);
  parts_->is_expected = std::move(is_expected);
  if (!is_registered) parts_->register_agent();
}

void Bluez::answer_no_more() {
  if (!std::exchange(parts_->is_expected, nullptr) || !parts_->bus.is_open()) return;
  if (parts_->is_running) parts_->unregister_agent();
}

bool Bluez::is_answering() const {
  const auto& registration = parts_->registration;
  return !registration.empty() && std::all_of(registration.begin(), registration.end(),
                                              [](const auto& each) { return each->has_come; });
}

}  // namespace psmove::drivers
