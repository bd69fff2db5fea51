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
#include <set>
#include <spdlog/spdlog.h>
#include <string_view>
#include <utility>

#include "drivers/link.hpp"
#include "drivers/linux/hidraw_channel.hpp"
#include "drivers/psmove/model.hpp"
#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

namespace asio = boost::asio;

/// Calls the C library's matching unref.
struct Unref {
  void operator()(udev* p) const { udev_unref(p); }
  void operator()(udev_device* p) const { udev_device_unref(p); }
  void operator()(udev_monitor* p) const { udev_monitor_unref(p); }
  void operator()(udev_enumerate* p) const { udev_enumerate_unref(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Unref>;

/// Whether HID_ID ("0005:0000054C:000003D5": bus, vendor, product in hex) is a model of ours.
bool is_ours(std::string_view hid_id) {
  const auto hex = [&](std::size_t at, std::size_t length) -> std::uint16_t {
    unsigned value = 0;
    if (hid_id.size() < at + length) return 0;
    std::from_chars(hid_id.data() + at, hid_id.data() + at + length, value, 16);
    return static_cast<std::uint16_t>(value);
  };
  return find_model(hex(5, 8), hex(14, 8)) != nullptr;
}

/// The node's path, if the device behind it is a controller of ours.
std::string controller_node(udev_device* device) {
  udev_device* hid = udev_device_get_parent_with_subsystem_devtype(device, "hid", nullptr);
  const char* id = hid != nullptr ? udev_device_get_property_value(hid, "HID_ID") : nullptr;
  const char* node = udev_device_get_devnode(device);
  return id != nullptr && node != nullptr && is_ours(id) ? node : std::string();
}

}  // namespace

struct HotplugMonitor::Parts {
  Parts(asio::io_context& io_context, asio::thread_pool& thread_pool, Roster& all)
      : io(io_context), pool(thread_pool), roster(all), readable(io_context) {}

  void connect();
  void enumerate();
  Awaitable<void> listen();
  void found(const std::string& path);
  Awaitable<void> serve(std::string path, std::unique_ptr<HidChannel> channel);

  asio::io_context& io;
  asio::thread_pool& pool;
  Roster& roster;
  Handle<udev> context;
  Handle<udev_monitor> monitor;
  asio::posix::stream_descriptor readable;  ///< the monitor's descriptor, which udev owns
  std::set<std::string> served;             ///< nodes that have a link
  std::set<std::string> came_back;          ///< of those, added anew while the old link winds up
};

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
  require(udev_monitor_enable_receiving(monitor.get()) >= 0, "udev monitor");
  readable.assign(udev_monitor_get_fd(monitor.get()));
}

void HotplugMonitor::Parts::enumerate() {
  const Handle<udev_enumerate> all(udev_enumerate_new(context.get()));
  udev_enumerate_add_match_subsystem(all.get(), "hidraw");
  udev_enumerate_scan_devices(all.get());
  udev_list_entry* entry = nullptr;
  udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all.get())) {
    const Handle<udev_device> device(
        udev_device_new_from_syspath(context.get(), udev_list_entry_get_name(entry)));
    if (device) found(controller_node(device.get()));
  }
}

Awaitable<void> HotplugMonitor::Parts::listen() {
  for (;;) {
    const auto [error] = co_await readable.async_wait(asio::posix::stream_descriptor::wait_read,
                                                      asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    while (const Handle<udev_device> device{udev_monitor_receive_device(monitor.get())}) {
      const char* action = udev_device_get_action(device.get());
      if (action == nullptr) continue;
      if (std::string_view(action) == "remove") {  // its parents may be gone by now
        const char* node = udev_device_get_devnode(device.get());
        if (node != nullptr) roster.clear_trouble(node);
        continue;
      }
      const std::string path = controller_node(device.get());
      const bool is_new = std::string_view(action) == "add";
      if (is_new && served.contains(path)) came_back.insert(path);
      // "change" comes when rules are reloaded: a node that was refused may open now.
      if (is_new || std::string_view(action) == "change") found(path);
    }
  }
}

void HotplugMonitor::Parts::found(const std::string& path) {
  if (path.empty() || served.contains(path)) return;
  auto channel = open_hidraw(io, pool, path);
  if (!channel) {
    const bool denied = channel.error() == boost::system::errc::permission_denied;
    spdlog::warn("cannot open a controller path={} error=\"{}\"{}", path, channel.error().message(),
                 denied ? " hint=\"install psmoved's udev rule, or run psmoved as a user that may "
                          "open the node\""
                        : "");
    if (denied)
      roster.report_trouble(
          path, {.code = "no_permission",
                 .sentence = "psmoved may not open " + path +
                             ": its udev rule is not installed, or was not applied to this node.",
                 .command = "sudo udevadm trigger --action=change --subsystem-match=hidraw"});
    return;
  }
  roster.clear_trouble(path);
  served.insert(path);
  asio::co_spawn(io, serve(path, std::move(*channel)), asio::detached);
}

Awaitable<void> HotplugMonitor::Parts::serve(std::string path,
                                             std::unique_ptr<HidChannel> channel) {
  co_await serve_link(roster, std::move(channel));
  served.erase(path);
  if (came_back.erase(path) != 0) found(path);
}

HotplugMonitor::HotplugMonitor(asio::io_context& io, asio::thread_pool& pool, Roster& roster)
    : parts_(std::make_unique<Parts>(io, pool, roster)) {}

HotplugMonitor::~HotplugMonitor() {
  stop();
}

void HotplugMonitor::start() {
  parts_->connect();
  asio::co_spawn(parts_->io, parts_->listen(), asio::detached);
  parts_->enumerate();
}

void HotplugMonitor::stop() {
  if (!parts_->readable.is_open()) return;
  parts_->readable.cancel();
  parts_->readable.release();  // udev closes it
}

bool HotplugMonitor::is_running() const {
  return parts_->readable.is_open();
}

}  // namespace psmove::drivers
