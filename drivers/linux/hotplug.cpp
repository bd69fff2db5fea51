#include "drivers/linux/hotplug.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <charconv>
#include <libudev.h>
#include <optional>
#include <set>
#include <spdlog/spdlog.h>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "drivers/bell.hpp"
#include "drivers/link.hpp"
#include "drivers/linux/hidraw_channel.hpp"
#include "drivers/linux/libusb_channel.hpp"
#include "drivers/psmove/model.hpp"
#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Calls the C library's matching unref.
struct Unref {
  void operator()(udev* p) const { udev_unref(p); }
  void operator()(udev_device* p) const { udev_device_unref(p); }
  void operator()(udev_monitor* p) const { udev_monitor_unref(p); }
  void operator()(udev_enumerate* p) const { udev_enumerate_unref(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Unref>;

/// A USB device gets this long to be given a hidraw node.
constexpr auto node_patience = 2s;
/// After libusb has let go of a device, its new node does not count for so long.
constexpr auto rest_after_libusb = 3s;
/// From one try to watch udev to the next.
constexpr auto retry_interval = 2s;

std::uint16_t hex(std::string_view text) {
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return static_cast<std::uint16_t>(value);
}

/// Whether HID_ID ("0005:0000054C:000003D5": bus, vendor, product in hex) is a model of ours.
bool is_our_hid(std::string_view id) {
  return id.size() >= 22 && find_model(hex(id.substr(5, 8)), hex(id.substr(14, 8))) != nullptr;
}

std::string_view text(const char* value) {
  return value != nullptr ? value : std::string_view();
}

bool is_our_usb(udev_device* device) {
  return find_model(hex(text(udev_device_get_sysattr_value(device, "idVendor"))),
                    hex(text(udev_device_get_sysattr_value(device, "idProduct")))) != nullptr;
}

/// What a person can do about a node that cannot be opened; nothing where nobody can.
std::optional<NodeTrouble> trouble_with(const std::string& path, const error_code& error) {
  if (error == boost::system::errc::permission_denied)
    return NodeTrouble{
        .code = "no_permission",
        .sentence = "psmoved may not open " + path +
                    ": its udev rule is not installed, or was not applied to this node.",
        .command = "sudo udevadm trigger --action=change --subsystem-match=" +
                   std::string(path.starts_with("/dev/bus/usb") ? "usb" : "hidraw")};
  if (error == boost::system::errc::device_or_resource_busy)
    return NodeTrouble{.code = "in_use",
                       .sentence = "Another program has taken the controller at " + path +
                                   " for itself: end it, or pull the cable and plug it in again."};
  return std::nullopt;
}

/// A hidraw node of a controller of ours.
struct Node {
  std::string path;  ///< "/dev/hidraw3"; empty: it is none
  std::string usb;   ///< where sysfs has the USB device behind it; empty on Bluetooth
};

Node controller_node(udev_device* device) {
  udev_device* hid = udev_device_get_parent_with_subsystem_devtype(device, "hid", nullptr);
  if (hid == nullptr || !is_our_hid(text(udev_device_get_property_value(hid, "HID_ID")))) return {};
  udev_device* usb = udev_device_get_parent_with_subsystem_devtype(device, "usb", "usb_device");
  return {.path = std::string(text(udev_device_get_devnode(device))),
          .usb = usb != nullptr ? udev_device_get_syspath(usb) : std::string()};
}

}  // namespace

struct HotplugMonitor::Parts {
  Parts(asio::io_context& io_context, asio::thread_pool& thread_pool, Roster& all,
        std::string control)
      : io(io_context),
        pool(thread_pool),
        roster(all),
        udev_control(std::move(control)),
        libusb(io, pool),
        readable(io_context) {}

  [[nodiscard]] bool udev_runs() const { return ::access(udev_control.c_str(), F_OK) == 0; }
  [[nodiscard]] std::string no_udev() const;
  void connect();
  void disconnect();
  void connect_again();
  Awaitable<void> watch();
  void enumerate();
  [[nodiscard]] Node node_below(udev_device* usb) const;
  Awaitable<void> listen();
  void on_node(udev_device* device, std::string_view action);
  void on_usb(udev_device* device, std::string_view action);
  void found(const Node& node);
  void complain(const std::string& path, const error_code& error);
  Awaitable<void> serve(Node node, std::unique_ptr<HidChannel> channel);
  void look_for_node(const std::string& usb, const std::string& former);
  Awaitable<void> settle(std::string usb, std::string former);
  Awaitable<void> serve_usb(std::string usb, std::string path);

  asio::io_context& io;
  asio::thread_pool& pool;
  Roster& roster;
  std::string udev_control;
  std::string why_not = "psmoved does not watch for controllers yet.";  ///< empty: it does
  LibusbHost libusb;
  Handle<udev> context;
  Handle<udev_monitor> monitor;
  asio::posix::stream_descriptor readable;  ///< the monitor's descriptor, which udev owns
  std::set<std::string> served;             ///< nodes that have a link
  std::set<std::string> came_back;          ///< of those, added anew while the old link winds up
  std::set<std::string> settling;           ///< USB devices that may yet get a node
  bool is_stopped = false;
  bool has_complained = false;  ///< that it cannot watch
};

std::string HotplugMonitor::Parts::no_udev() const {
  return "udev does not run (there is no " + udev_control +
         "), so controllers that come are not noticed.";
}

void HotplugMonitor::Parts::connect() {
  const auto require = [](bool done, const char* what) {
    if (!done) throw boost::system::system_error(errno, boost::system::system_category(), what);
  };
  context.reset(udev_new());
  require(context != nullptr, "udev");
  // "udev", not "kernel": events come after the rules ran, so permissions are already right.
  monitor.reset(udev_monitor_new_from_netlink(context.get(), "udev"));
  require(monitor != nullptr, "udev monitor");
  udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), "hidraw", nullptr);
  udev_monitor_filter_add_match_subsystem_devtype(monitor.get(), "usb", "usb_device");
  require(udev_monitor_enable_receiving(monitor.get()) >= 0, "udev monitor");
  readable.assign(udev_monitor_get_fd(monitor.get()));
  // Without udev a monitor may stay deaf for good (libudev's own check), so it counts as none.
  why_not = udev_runs() ? std::string() : no_udev();
}

void HotplugMonitor::Parts::disconnect() {
  if (!readable.is_open()) return;
  readable.cancel();
  readable.release();  // udev closes it
}

void HotplugMonitor::Parts::connect_again() {
  if (!udev_runs()) return;
  try {
    disconnect();
    connect();
    enumerate();
    if (why_not.empty()) spdlog::info("controllers are watched for");
  } catch (const boost::system::system_error& error) {
    why_not = std::string("udev cannot be watched: ") + error.what();
  }
}

/// Listens for as long as that can be done; where it cannot, tries again.
Awaitable<void> HotplugMonitor::Parts::watch() {
  Bell alarm;
  while (!is_stopped) {
    if (why_not.empty()) co_await listen();
    if (is_stopped) co_return;
    spdlog::log(has_complained ? spdlog::level::debug : spdlog::level::warn,
                "controllers are not watched for reason=\"{}\"", why_not);
    has_complained = true;
    co_await alarm.wait_until(SteadyClock::now() + retry_interval);
    if (is_stopped) co_return;
    connect_again();
    if (why_not.empty()) has_complained = false;
  }
}

/// Does no harm to what is served already.
void HotplugMonitor::Parts::enumerate() {
  const Handle<udev_enumerate> all(udev_enumerate_new(context.get()));
  udev_enumerate_add_match_subsystem(all.get(), "hidraw");
  udev_enumerate_add_match_subsystem(all.get(), "usb");
  udev_enumerate_scan_devices(all.get());
  udev_list_entry* entry = nullptr;
  udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all.get())) {
    const Handle<udev_device> device(
        udev_device_new_from_syspath(context.get(), udev_list_entry_get_name(entry)));
    if (!device) continue;
    if (text(udev_device_get_subsystem(device.get())) == "usb")
      on_usb(device.get(), "change");
    else
      on_node(device.get(), "change");
  }
}

/// The hidraw node of a USB device, if the kernel gave it one.
Node HotplugMonitor::Parts::node_below(udev_device* usb) const {
  const Handle<udev_enumerate> all(udev_enumerate_new(context.get()));
  udev_enumerate_add_match_parent(all.get(), usb);
  udev_enumerate_add_match_subsystem(all.get(), "hidraw");
  udev_enumerate_scan_devices(all.get());
  udev_list_entry* entry = udev_enumerate_get_list_entry(all.get());
  if (entry == nullptr) return {};
  const Handle<udev_device> device(
      udev_device_new_from_syspath(context.get(), udev_list_entry_get_name(entry)));
  return device ? controller_node(device.get()) : Node{};
}

Awaitable<void> HotplugMonitor::Parts::listen() {
  for (;;) {
    const auto [error] = co_await readable.async_wait(asio::posix::stream_descriptor::wait_read,
                                                      asio::as_tuple(asio::use_awaitable));
    if (error) {
      if (!is_stopped) why_not = "udev cannot be watched any more: " + error.message();
      co_return;
    }
    while (const Handle<udev_device> device{udev_monitor_receive_device(monitor.get())}) {
      const auto action = text(udev_device_get_action(device.get()));
      if (action == "remove")  // its parents may be gone by now
        roster.clear_trouble(std::string(text(udev_device_get_devnode(device.get()))));
      else if (text(udev_device_get_subsystem(device.get())) == "usb")
        on_usb(device.get(), action);
      else
        on_node(device.get(), action);
    }
  }
}

void HotplugMonitor::Parts::on_node(udev_device* device, std::string_view action) {
  const Node node = controller_node(device);
  const bool is_new = action == "add";
  if (is_new && served.contains(node.path)) came_back.insert(node.path);
  // "change" comes when rules are reloaded: a node that was refused may open now.
  if (is_new || action == "change") found(node);
}

void HotplugMonitor::Parts::on_usb(udev_device* device, std::string_view action) {
  if (text(udev_device_get_devtype(device)) != "usb_device" || !is_our_usb(device)) return;
  if (action == "add" || action == "change") look_for_node(udev_device_get_syspath(device), "");
}

void HotplugMonitor::Parts::found(const Node& node) {
  const std::string& path = node.path;
  if (path.empty() || served.contains(path)) return;
  auto channel = open_hidraw(io, pool, path);
  if (channel) {
    roster.clear_trouble(path);
    served.insert(path);
    asio::co_spawn(io, serve(node, std::move(*channel)), asio::detached);
    return;
  }
  const bool denied = channel.error() == boost::system::errc::permission_denied;
  if (denied && !node.usb.empty()) {  // the USB device may be open to us where its node is not
    asio::co_spawn(io, serve_usb(node.usb, path), asio::detached);
    return;
  }
  complain(path, channel.error());
}

void HotplugMonitor::Parts::complain(const std::string& path, const error_code& error) {
  auto trouble = trouble_with(path, error);
  spdlog::warn("cannot open a controller path={} error=\"{}\"{}", path, error.message(),
               trouble ? " hint=\"" + trouble->sentence + "\"" : "");
  if (trouble) roster.report_trouble(path, std::move(*trouble));
}

Awaitable<void> HotplugMonitor::Parts::serve(Node node, std::unique_ptr<HidChannel> channel) {
  co_await serve_link(roster, std::move(channel));
  served.erase(node.path);
  if (came_back.erase(node.path) != 0) found(node);
  // Pulled, or only taken from the kernel's driver: then it is to be had without one.
  if (!node.usb.empty()) look_for_node(node.usb, node.path);
}

// ---- USB devices without a node

/// @param former  the node by which it was served before; empty: none
void HotplugMonitor::Parts::look_for_node(const std::string& usb, const std::string& former) {
  if (!is_stopped && settling.insert(usb).second)
    asio::co_spawn(io, settle(usb, former), asio::detached);
}

/// Waits for the kernel to give a USB device its node; where it does not, goes without.
Awaitable<void> HotplugMonitor::Parts::settle(std::string usb, std::string former) {
  using std::chrono::microseconds;
  Bell alarm;
  Handle<udev_device> device;
  microseconds age{};
  do {
    co_await alarm.wait_until(SteadyClock::now() + node_patience);
    device.reset(udev_device_new_from_syspath(context.get(), usb.c_str()));
    if (!device) break;  // pulled
    // Another one may have been plugged in there meanwhile: it has its own time to settle.
    age = microseconds(udev_device_get_usec_since_initialized(device.get()));
  } while (age < node_patience);
  settling.erase(usb);
  if (!device) co_return;
  const Node node = node_below(device.get());
  if (node.path.empty())
    co_await serve_usb(std::move(usb), "");
  else if (node.path != former)  // a link that ended by itself is not begun again
    found(node);
}

/// Serves a USB device through libusb.
/// @param path  its hidraw node, which may not be opened; empty: it has none
Awaitable<void> HotplugMonitor::Parts::serve_usb(std::string usb, std::string path) {
  const Handle<udev_device> device(udev_device_new_from_syspath(context.get(), usb.c_str()));
  if (!device) co_return;
  const std::string node(text(udev_device_get_devnode(device.get())));
  if (node.empty() || !served.insert(node).second) co_return;
  auto channel = co_await libusb.open(node);
  if (channel) {
    roster.clear_trouble(node);
    spdlog::info("a controller is reached through libusb path={} reason=\"{}\"", node,
                 path.empty() ? "the kernel gave it no hidraw node" : path + " may not be opened");
    co_await serve_link(roster, std::move(*channel));
    // The kernel's driver has it back and makes a node, which would begin it all again.
    Bell alarm;
    co_await alarm.wait_until(SteadyClock::now() + rest_after_libusb);
    served.erase(node);
    co_return;
  }
  served.erase(node);
  complain(path.empty() ? node : path, channel.error());
}

HotplugMonitor::HotplugMonitor(asio::io_context& io, asio::thread_pool& pool, Roster& roster,
                               std::string udev_control)
    : parts_(std::make_unique<Parts>(io, pool, roster, std::move(udev_control))) {}

HotplugMonitor::~HotplugMonitor() {
  stop();
}

void HotplugMonitor::start() {
  parts_->connect();
  asio::co_spawn(parts_->io, parts_->watch(), asio::detached);
  parts_->enumerate();
}

void HotplugMonitor::stop() {
  parts_->is_stopped = true;
  parts_->why_not = "psmoved does not watch for controllers any more.";
  parts_->disconnect();
}

std::string HotplugMonitor::why_not() const {
  if (!parts_->why_not.empty()) return parts_->why_not;
  return parts_->udev_runs() ? std::string() : parts_->no_udev();
}

}  // namespace psmove::drivers
