#include "daemon/advertisement.hpp"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <climits>
#include <optional>
#include <sdbus-c++/sdbus-c++.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-id128.h>
#include <unistd.h>
#include <utility>

#include "drivers/linux/system_bus.hpp"

namespace psmove::daemon {
namespace {

namespace asio = boost::asio;

const std::string avahi = "org.freedesktop.Avahi";
const std::string server_interface = "org.freedesktop.Avahi.Server";
const std::string group_interface = "org.freedesktop.Avahi.EntryGroup";

/// avahi-common/defs.h of Avahi 0.8: AvahiServerState and AvahiEntryGroupState.
constexpr std::int32_t server_is_running = 2;
constexpr std::int32_t group_is_established = 2;
constexpr std::int32_t group_collision = 3;
constexpr std::int32_t group_failure = 4;
/// Every interface, IPv4 and IPv6.
constexpr std::int32_t unspecified = -1;
/// Of a service that others have the name of already; after so many it is not by chance.
constexpr int most_names = 16;

using Text = std::vector<std::vector<std::uint8_t>>;

Text as_bytes(const std::vector<std::string>& strings) {
  Text text;
  for (const auto& each : strings) text.emplace_back(each.begin(), each.end());
  return text;
}

/// "psmoved on stage"; at most 63 bytes (RFC 6763 section 4.1.1).
std::string service_name() {
  constexpr std::size_t longest = 63;
  std::array<char, HOST_NAME_MAX + 1> host{};
  std::string name = "psmoved";
  if (::gethostname(host.data(), host.size() - 1) == 0) {
    const std::string full = host.data();
    name += " on " + full.substr(0, full.find('.'));
  }
  return name.substr(0, longest);
}

/// Made of the machine's own, which it does not tell.
std::string machine_id() {
  constexpr sd_id128_t psmoved = {{0x3f, 0x5b, 0xa1, 0x0c, 0x71, 0x9e, 0x4d, 0x2a, 0x8b, 0x66, 0x1d,
                                   0x0e, 0x92, 0xc4, 0x57, 0xe8}};
  sd_id128_t id{};
  if (::sd_id128_get_machine_app_specific(psmoved, &id) < 0) return {};
  std::array<char, SD_ID128_STRING_MAX> text{};
  return ::sd_id128_to_string(id, text.data());
}

}  // namespace

std::vector<std::string> text_record(const Offer& offer, const std::string& id) {
  std::vector<std::string> text = {"txtvers=1", "api=/api/v1", "ver=" PSMOVED_VERSION};
  if (!id.empty()) text.push_back("id=" + id);
  text.push_back(offer.needs_token ? "auth=token" : "auth=none");
  text.push_back(offer.is_encrypted ? "tls=1" : "tls=0");
  return text;
}

struct Advertisement::Parts : std::enable_shared_from_this<Parts> {
  Parts(asio::io_context& its_io, std::function<void(const std::string&)> on_name)
      : io(its_io), on_host_name(std::move(on_name)), bus(its_io, [this](const std::string& words) {
          spdlog::info("not advertised any more: the system bus is gone error=\"{}\"", words);
          drop();
        }) {}

  void connect();
  void drop();

  void ask_for_state();
  void take_state(std::int32_t state);
  void ask_for_host_name();
  void make_group();
  void take_group(const sdbus::ObjectPath& path);
  void take_group_state(std::int32_t state, const std::string& error);
  void add(const std::string& type, const std::vector<std::string>& text);
  void take_another_name();
  /// Not from within a callback of the group, which goes with it.
  void later(void (Parts::*what)());
  void release_group();

  asio::io_context& io;
  std::function<void(const std::string&)> on_host_name;
  std::optional<Offer> offer;
  std::string name = service_name();
  int names_tried = 0;
  bool is_making_group = false;
  drivers::SystemBus bus;
  std::unique_ptr<sdbus::IProxy> server, group;
};

// ---- the bus

void Advertisement::Parts::connect() {
  if (bus.is_open()) return;
  try {
    bus.open();
    bus.watch_owner(avahi, [this](const std::string& owner) {
      group.reset();  // it went with whoever made it
      is_making_group = false;
      if (!owner.empty()) ask_for_state();
    });
    server = sdbus::createProxy(bus.connection(), avahi, "/");
    server->uponSignal("StateChanged")
        .onInterface(server_interface)
        .call([this](std::int32_t state, const std::string&) { take_state(state); });
    server->finishRegistration();
  } catch (const sdbus::Error& error) {
    spdlog::info("not advertised: there is no system bus error=\"{}\"", error.getMessage());
    drop();
  }
}

void Advertisement::Parts::drop() {
  group.reset();
  server.reset();
  bus.close();
  is_making_group = false;
}

// ---- what Avahi says

void Advertisement::Parts::ask_for_state() {
  server->callMethodAsync("GetState")
      .onInterface(server_interface)
      .uponReplyInvoke([this](const sdbus::Error* error, std::int32_t state) {
        if (error == nullptr)
          take_state(state);
        else  // its name will tell when it comes
          spdlog::debug("Avahi does not answer error=\"{}\"", error->getMessage());
      });
}

/// It runs, or has given up the host's name for another; what was told is then told anew.
void Advertisement::Parts::take_state(std::int32_t state) {
  if (state != server_is_running) return release_group();
  ask_for_host_name();
  if (offer && !group && !is_making_group) make_group();
}

void Advertisement::Parts::ask_for_host_name() {
  server->callMethodAsync("GetHostNameFqdn")
      .onInterface(server_interface)
      .uponReplyInvoke([this](const sdbus::Error* error, const std::string& host) {
        if (error == nullptr && offer) on_host_name(host);
      });
}

void Advertisement::Parts::make_group() {
  is_making_group = true;
  server->callMethodAsync("EntryGroupNew")
      .onInterface(server_interface)
      .uponReplyInvoke([this](const sdbus::Error* error, const sdbus::ObjectPath& path) {
        is_making_group = false;
        if (error == nullptr && offer) take_group(path);
      });
}

void Advertisement::Parts::take_group(const sdbus::ObjectPath& path) {
  group = sdbus::createProxy(bus.connection(), avahi, path);
  group->uponSignal("StateChanged")
      .onInterface(group_interface)
      .call(
          [this](std::int32_t state, const std::string& error) { take_group_state(state, error); });
  group->finishRegistration();
  add("_psmoved._tcp", text_record(*offer, machine_id()));
  add(offer->is_encrypted ? "_https._tcp" : "_http._tcp", {"path=/"});
  group->callMethodAsync("Commit")
      .onInterface(group_interface)
      .uponReplyInvoke([](const sdbus::Error* error) {
        if (error != nullptr)
          spdlog::warn("Avahi does not advertise psmoved error=\"{}\"", error->getMessage());
      });
}

void Advertisement::Parts::add(const std::string& type, const std::vector<std::string>& text) {
  const std::string usual_domain;
  const std::string this_host;
  group->callMethodAsync("AddService")
      .onInterface(group_interface)
      .withArguments(unspecified, unspecified, std::uint32_t{0}, name, type, usual_domain,
                     this_host, offer->port, as_bytes(text))
      .uponReplyInvoke([this](const sdbus::Error* error) {
        if (error == nullptr) return;
        if (error->getName().ends_with(".CollisionError")) return later(&Parts::take_another_name);
        spdlog::warn("Avahi does not advertise psmoved error=\"{}\"", error->getMessage());
      });
}

void Advertisement::Parts::take_group_state(std::int32_t state, const std::string& error) {
  if (state == group_is_established)
    spdlog::info("advertised on the network name=\"{}\" port={}", name, offer ? offer->port : 0);
  else if (state == group_collision)
    later(&Parts::take_another_name);
  else if (state == group_failure)
    spdlog::warn("Avahi does not advertise psmoved error=\"{}\"", error);
}

void Advertisement::Parts::later(void (Parts::*what)()) {
  asio::post(io, [weak = weak_from_this(), what] {
    if (const auto self = weak.lock()) (self.get()->*what)();
  });
}

/// Another psmoved, of a machine with the same name, was first.
void Advertisement::Parts::take_another_name() {
  if (!group) return;  // the second service of a group that is given up already
  release_group();
  if (++names_tried >= most_names) return;
  server->callMethodAsync("GetAlternativeServiceName")
      .onInterface(server_interface)
      .withArguments(name)
      .uponReplyInvoke([this](const sdbus::Error* error, const std::string& other) {
        if (error != nullptr) return;
        name = other;
        if (offer && !group && !is_making_group) make_group();
      });
}

void Advertisement::Parts::release_group() {
  if (!group) return;
  group->callMethodAsync("Free")
      .onInterface(group_interface)
      .uponReplyInvoke([](const sdbus::Error*) {});
  group.reset();
}

// ---- Advertisement

Advertisement::Advertisement(asio::io_context& io,
                             std::function<void(const std::string&)> on_host_name)
    : parts_(std::make_shared<Parts>(io, std::move(on_host_name))) {}

Advertisement::~Advertisement() {
  parts_->drop();
}

void Advertisement::publish(const Offer& offer) {
  Parts& p = *parts_;
  if (p.offer == offer && p.bus.is_open()) return;
  p.offer = offer;
  p.connect();
  if (!p.bus.is_open()) return;
  p.release_group();
  p.ask_for_state();
  p.bus.process();
}

/// Avahi takes back what is told when who told it leaves the bus.
void Advertisement::withdraw() {
  parts_->offer.reset();
  parts_->drop();
}

}  // namespace psmove::daemon
