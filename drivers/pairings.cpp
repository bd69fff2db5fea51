#include "drivers/pairings.hpp"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>
#include <utility>

#include "bluez/request.hpp"
#include "bluez/stored_model.hpp"
#include "drivers/bell.hpp"
#include "drivers/linux/bluez.hpp"
#include "drivers/linux/bluez_helper.hpp"
#include "drivers/linux/radio_host.hpp"
#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// A piconet has seven places beside the host's.
constexpr int most_links = 7;
/// One feature report written and one read, on a bad cable.
constexpr auto longest_write = 25s;
/// bluetoothd's start, and its adapters' way back to life.
constexpr auto longest_restart = 30s;
/// For one that is switched off to be gone.
constexpr auto longest_leave = 5s;
/// What is in the way is looked at again when something changes, and after this long.
constexpr auto look_again = 5s;
/// BlueZ's files are looked at again after this long; at once where bluetoothd was away.
constexpr auto answer_holds = 60s;
/// BlueZ tells us of a device a moment before it tells the kernel to admit it.
constexpr auto admission = 1s;
/// BlueZ tells of many changes at once.
constexpr auto settle = 200ms;

const LinkInfo* bluetooth_link(const Controller& controller) {
  const auto& links = controller.state().links;
  const auto found = std::find_if(links.begin(), links.end(), [](const LinkInfo& link) {
    return link.transport == Transport::bluetooth;
  });
  return found == links.end() ? nullptr : &*found;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

std::string command_for(const Controller& controller, const std::string& option) {
  return "psmovectl pair " + std::to_string(controller.number()) + " " + option;
}

const BluetoothDevice* find(const std::vector<BluetoothDevice>& devices, const Address& adapter,
                            const Address& device) {
  const auto found = std::find_if(devices.begin(), devices.end(), [&](const BluetoothDevice& each) {
    return each.address == device && each.adapter == adapter;
  });
  return found == devices.end() ? nullptr : &*found;
}

std::string_view name_of(PairingStage stage) {
  switch (stage) {
    case PairingStage::plugged_in:
      return "plugged in";
    case PairingStage::waiting:
      return "waiting";
    case PairingStage::writing:
      return "writing the host's address";
    case PairingStage::host_written:
      return "host written";
    case PairingStage::storing:
      return "storing it in BlueZ";
    case PairingStage::press_ps:
      return "ready for PS";
    case PairingStage::connecting:
      return "connecting";
    case PairingStage::connected:
      return "connected";
    case PairingStage::failed:
      break;
  }
  return "failed";
}

}  // namespace

/// One controller's pairing, and what it has changed so far.
struct Pairings::Flow {
  Flow(Address its_controller, const PairingWish& its_wish)
      : controller(its_controller), wish(its_wish) {}

  /// Whether to stop here: somebody cancelled it, or put another in its place.
  [[nodiscard]] bool is_over() const { return is_cancelled || is_replaced; }
  [[nodiscard]] bool is_busy() const {
    return status.stage == PairingStage::writing || status.stage == PairingStage::storing;
  }

  Address controller;
  PairingWish wish;
  PairingStatus status;
  Bell bell;
  bool is_cancelled = false;
  bool is_replaced = false;
  bool is_finished = false;
  bool was_unplugged = false;
  bool is_planned = false;  ///< what is in the way, if anything, is known

  // How it will be done.
  bluez::Request request;
  bluez::Answer known;
  SteadyTime known_at{};
  bool must_store = false;
  bool bonds = false;        ///< it will ask for a bond, which somebody has to grant
  bool is_stranger = false;  ///< BlueZ shall learn of it when it calls
  SteadyTime questions_until;

  // What a cancellation takes back.
  std::optional<Address> former_host;
  bool is_new_to_bluez = false;
  bool has_allowed_unbonded = false;
};

Pairings::Pairings(asio::io_context& io, Roster& roster, Bluez* bluez, BluezHelper* helper,
                   PairingSettings settings)
    : io_(io), roster_(roster), bluez_(bluez), helper_(helper), settings_(settings) {
  roster_.add_listener(this);
}

Pairings::~Pairings() {
  stop();
  roster_.remove_listener(this);
}

void Pairings::start() {
  is_started_ = true;
  if (bluez_ != nullptr) bluez_->on_change([this] { wake_all(); });
}

void Pairings::stop() {
  is_started_ = false;
  if (bluez_ != nullptr) {
    bluez_->on_change({});
    bluez_->answer_no_more();
  }
  for (const auto& [address, flow] : flows_) {
    flow->is_replaced = true;
    flow->bell.ring();
  }
  flows_.clear();
}

// ---- what people ask

std::optional<PairingTrouble> Pairings::begin(const Address& address, const PairingWish& wish) {
  const Controller* controller = roster_.find(address);
  // One that is here by Bluetooth may be stored anew; an emulated one has nothing to store.
  const bool is_here =
      controller != nullptr &&
      (controller->cable() || (!wish.host && bluetooth_link(*controller) != nullptr &&
                               controller->state().source == Source::hidraw));
  if (!is_here)
    return PairingTrouble{"not_on_cable",
                          "Only a controller on the USB cable can be told whom to call: plug it "
                          "in, with a cable that carries data."};
  if (const auto found = flows_.find(address); found != flows_.end()) {
    Flow& former = *found->second;
    if (!former.is_finished && former.is_busy()) {
      if (former.wish == wish) return std::nullopt;
      return PairingTrouble{"pairing_busy",
                            "Another pairing of this controller is being carried out; try again "
                            "when it is done."};
    }
    former.is_replaced = true;
    former.bell.ring();
  }
  auto flow = std::make_shared<Flow>(address, wish);
  flows_[address] = flow;
  set_stage(*flow, PairingStage::plugged_in);
  asio::co_spawn(io_, run(flow), asio::detached);
  return std::nullopt;
}

bool Pairings::cancel(const Address& controller) {
  const auto found = flows_.find(controller);
  if (found == flows_.end()) return false;
  const auto flow = found->second;
  flow->is_cancelled = true;
  if (!flow->is_finished) {
    flow->bell.ring();
    return true;
  }
  flow->is_finished = false;  // once more, to take it back
  asio::co_spawn(io_, run(flow), asio::detached);
  return true;
}

/// Has BlueZ forget it, and then what BlueZ itself leaves of it.
Awaitable<Result<void>> Pairings::remove(Address adapter, Address controller) {
  const auto removed = co_await bluez_->remove(adapter, controller);
  const Controller* known = roster_.find(controller);
  if (!removed || helper_ == nullptr || known == nullptr) co_return removed;
  const bluez::Request request{.action = bluez::Action::forget,
                               .adapter = adapter,
                               .device = controller,
                               .model = std::string(known->model().name)};
  const auto cleaned = co_await helper_->ask(request);
  if (!cleaned.error.empty())
    spdlog::info("a name stays in BlueZ's cache controller={} because=\"{}\"",
                 to_string(controller), cleaned.error);
  co_return removed;
}

Awaitable<std::optional<PairingTrouble>> Pairings::unpair(Address controller) {
  if (bluez_ == nullptr)
    co_return PairingTrouble{"no_bluetooth", "psmoved was started without hardware."};
  bluez_->start();
  if (!bluez_->is_running()) co_return PairingTrouble{"no_bluetooth", bluez_->why_not()};
  bool was_known = false;
  for (const auto& device : bluez_->devices()) {
    if (device.address != controller) continue;
    was_known = true;
    const auto removed = co_await remove(device.adapter, controller);
    if (!removed)
      co_return PairingTrouble{"pairing_failed",
                               "BlueZ would not forget it: " + removed.error().message() + "."};
    spdlog::info("unpaired controller={} adapter={}", to_string(controller),
                 to_string(device.adapter));
  }
  if (!was_known)
    co_return PairingTrouble{"not_paired", "This computer's BlueZ does not know this controller."};
  co_return std::nullopt;
}

Awaitable<std::optional<PairingTrouble>> Pairings::unpair_all() {
  std::vector<Address> all;
  for (const auto& controller : roster_.all()) all.push_back(controller->address());
  for (const auto& address : all) {
    const auto trouble = co_await unpair(address);
    if (trouble && trouble->code != "not_paired") co_return trouble;
  }
  if (helper_ == nullptr) co_return std::nullopt;
  const bluez::Request request{.action = bluez::Action::only_bonded};
  const auto answer = co_await helper_->ask(request);
  if (!answer.error.empty())
    co_return PairingTrouble{"no_helper", answer.error, BluezHelper::command_for(request)};
  co_return std::nullopt;
}

std::optional<PairingStatus> Pairings::status(const Address& address) const {
  const Controller* controller = roster_.find(address);
  if (controller == nullptr) return std::nullopt;
  const auto& cable = controller->cable();
  const auto found = flows_.find(address);
  if (found == flows_.end() && !cable) return std::nullopt;
  PairingStatus status;
  if (found != flows_.end()) {
    status = found->second->status;
  } else if (!cable->trouble.empty()) {
    status.stage = PairingStage::failed;
    status.code = "cable_failed";
    status.trouble = cable->trouble;
  }
  status.is_cabled = cable.has_value();
  if (cable && cable->host) status.host = cable->host;
  return status;
}

bool Pairings::is_under_way(const Address& controller) const {
  const auto found = flows_.find(controller);
  if (found == flows_.end()) return false;
  const Flow& flow = *found->second;
  return !flow.is_finished && (!flow.is_planned || flow.is_busy() || flow.is_cancelled);
}

// ---- what happens around us

void Pairings::on_presence(const Controller& controller, Presence presence) {
  if (!is_started_) return;
  const Address& address = controller.address();
  const bool is_cabled = controller.cable().has_value();
  if (!is_cabled) dismissed_.erase(address);
  if (const auto found = flows_.find(address); found != flows_.end()) {
    const auto flow = found->second;
    flow->bell.ring();
    if (!is_cabled) flow->was_unplugged = true;
    const bool is_done = flow->is_finished && !flow->is_cancelled;
    const bool is_plugged_anew = is_cabled && flow->was_unplugged;
    const bool is_of_use =
        is_cabled || bluetooth_link(controller) != nullptr || flow->status.code == "nobody_called";
    const bool is_past = is_done ? is_plugged_anew || !is_of_use
                                 : is_plugged_anew && !flow->is_busy() && !flow->is_cancelled;
    if (presence != Presence::forgotten && !is_past) return;
    flow->is_replaced = true;
    flows_.erase(found);
  }
  if (presence == Presence::forgotten || !settings_.automatic || bluez_ == nullptr) return;
  const bool can_be_told =
      is_cabled && controller.cable()->trouble.empty() && !dismissed_.contains(address);
  if (can_be_told || controller.is_mute()) begin(address, {});
}

void Pairings::wake_all() {
  for (const auto& [address, flow] : flows_) flow->bell.ring();
}

void Pairings::set_stage(Flow& flow, PairingStage stage, PairingTrouble trouble) {
  PairingStatus& now = flow.status;
  if (now.stage == stage && now.code == trouble.code && now.trouble == trouble.sentence) return;
  if (stage != now.stage) {
    if (stage == PairingStage::connected) ++results_.connected;
    if (stage == PairingStage::host_written) ++results_.host_written;
    if (stage == PairingStage::failed) ++results_.failed;
  }
  now.stage = stage;
  now.code = trouble.code;
  now.trouble = std::move(trouble.sentence);
  now.command = std::move(trouble.command);
  if (stage != PairingStage::plugged_in)
    spdlog::info("pairing controller={} state=\"{}\"{}{}", to_string(flow.controller),
                 name_of(stage), now.trouble.empty() ? "" : " because=", now.trouble);
  tell();
}

void Pairings::tell() {
  if (on_change_) on_change_();
}

// ---- one pairing

Awaitable<void> Pairings::run(FlowPtr flow) {
  try {
    if (!flow->is_cancelled) co_await carry_out(flow);
    if (flow->is_cancelled) co_await take_back(flow);
  } catch (const std::exception& problem) {
    set_stage(*flow, PairingStage::failed, {"pairing_failed", problem.what()});
  }
  flow->is_finished = true;
  flow->questions_until = {};
  if (flow->is_replaced) co_return;
  answer_questions();
  if (flow->is_cancelled) {
    dismissed_.insert(flow->controller);
    flows_.erase(flow->controller);
  }
  tell();
}

Awaitable<bool> Pairings::carry_out(FlowPtr flow) {
  if (flow->wish.host) {
    flow->is_planned = true;
    const bool is_written = co_await write_host(flow, *flow->wish.host);
    if (is_written) set_stage(*flow, PairingStage::host_written);
    co_return is_written;
  }
  for (;;) {
    auto trouble = co_await make_plan(flow);
    if (flow->is_over()) co_return false;
    flow->is_planned = true;
    if (!trouble) break;
    set_stage(*flow, PairingStage::waiting, std::move(*trouble));
    co_await flow->bell.wait_until(SteadyClock::now() + look_again);
    Bell pause;
    co_await pause.wait_until(SteadyClock::now() + settle);
    const Controller* controller = roster_.find(flow->controller);
    const bool is_here =
        controller != nullptr && (controller->cable() || bluetooth_link(*controller) != nullptr);
    if (flow->is_over() || !is_here) co_return false;
  }
  const Controller* controller = roster_.find(flow->controller);
  if (controller == nullptr) co_return false;
  if (controller->cable()) {
    const bool is_written = co_await write_host(flow, *flow->status.adapter);
    if (!is_written || flow->is_over()) co_return false;
  }
  if (flow->must_store) {
    set_stage(*flow, PairingStage::storing);
    co_await switch_off(flow);
    const bool is_stored = co_await store(flow);
    if (!is_stored || flow->is_over()) co_return false;
  }
  if (flow->is_stranger)
    spdlog::warn(
        "BlueZ learns of a controller from its call, which can crash Linux 6.1 controller={}",
        to_string(flow->controller));
  const bool has_come = co_await wait_for_call(flow);
  if (flow->is_stranger) bluez_->set_discoverable(*flow->status.adapter, false);
  co_return has_come;
}

/// Finds out what has to be done, and what is in the way of it.
Awaitable<std::optional<PairingTrouble>> Pairings::make_plan(FlowPtr flow) {
  if (bluez_ == nullptr || helper_ == nullptr)
    co_return PairingTrouble{"no_bluetooth", "psmoved was started without hardware."};
  bluez_->start();
  if (!bluez_->is_running()) {
    flow->known_at = {};
    co_return PairingTrouble{"no_bluetooth", bluez_->why_not(),
                             "sudo systemctl enable --now bluetooth"};
  }
  if (auto trouble = choose_adapter(*flow)) co_return trouble;
  const Address adapter = *flow->status.adapter;
  co_await inspect(flow, adapter);
  const Controller* controller = roster_.find(flow->controller);
  if (controller == nullptr || flow->is_over()) co_return std::nullopt;
  const bluez::Answer& known = flow->known;

  const bool can_bond = bluez::find_stored_model(flow->request.model)->bonds;
  if (!known.error.empty()) {
    // Somebody may have stored it by other means.
    const auto devices = bluez_->devices();
    const auto* device = find(devices, adapter, flow->controller);
    if (device == nullptr || !device->trusted || controller->is_mute())
      co_return PairingTrouble{"no_helper", known.error, BluezHelper::command_for(flow->request)};
    flow->must_store = false;
    flow->bonds = can_bond && !device->paired;
    co_return std::nullopt;
  }
  const bool may_come = can_bond || known.cable_pairing || known.unbonded_allowed;
  if (!may_come && !flow->wish.allow_unbonded)
    co_return PairingTrouble{
        "bonds_only",
        "This model makes no bond, and BlueZ" +
            (known.version.empty() ? std::string() : " " + known.version) +
            " takes input from bonded devices only (ClassicBondedOnly). It can be told to take it "
            "from any; somebody in radio range could then act as a keyboard (CVE-2023-45866). "
            "psmovectl unpair --all takes that back.",
        command_for(*controller, "--allow-unbonded")};
  flow->request.allow_unbonded = !may_come;
  flow->must_store = !known.is_stored || !may_come;
  flow->is_new_to_bluez = !known.is_known;
  flow->bonds = can_bond && !known.is_bonded;
  if (flow->wish.without_restart) {
    if (can_bond)
      co_return PairingTrouble{
          "needs_restart",
          "BlueZ has to be told beforehand how the reports of this model look, and reads that when "
          "bluetoothd starts: pair it without --without-restart.",
          command_for(*controller, "")};
    flow->is_stranger = !known.is_stored;
    flow->must_store = false;
    co_return std::nullopt;
  }
  if (!flow->must_store || flow->wish.may_disconnect) co_return std::nullopt;
  const auto names = would_be_disconnected();
  if (names.empty()) co_return std::nullopt;
  co_return PairingTrouble{
      "would_disconnect",
      "BlueZ learns of a controller only when bluetoothd starts, and starting it anew would "
      "disconnect " +
          listed(names) + ". It is done as soon as nothing is connected, or when you say so.",
      command_for(*controller, "--disconnect-others")};
}

/// What BlueZ's files say of it. Each question is a process, and a controller that waits for a
/// person may charge for hours: the answer holds for a while.
Awaitable<void> Pairings::inspect(FlowPtr flow, Address adapter) {
  const auto now = SteadyClock::now();
  const bool is_fresh = flow->known_at != SteadyTime{} && now - flow->known_at < answer_holds &&
                        flow->request.adapter == adapter && flow->known.error.empty();
  if (is_fresh) co_return;
  flow->request = {.action = bluez::Action::inspect,
                   .adapter = adapter,
                   .device = flow->controller,
                   .model = std::string(roster_.find(flow->controller)->model().name)};
  flow->known = co_await helper_->ask(flow->request);
  flow->known_at = now;
  flow->request.action = bluez::Action::store;
}

Awaitable<bool> Pairings::write_host(FlowPtr flow, Address host) {
  Controller* controller = roster_.find(flow->controller);
  const auto before =
      controller != nullptr && controller->cable() ? controller->cable()->host : std::nullopt;
  set_stage(*flow, PairingStage::writing);
  bool is_asked = controller != nullptr && controller->ask_for_host(host);
  const auto deadline = SteadyClock::now() + longest_write;
  while (is_asked) {
    controller = roster_.find(flow->controller);
    if (controller == nullptr || !controller->cable()) break;
    const CableState& cable = *controller->cable();
    if (!cable.is_writing) {
      if (!cable.trouble.empty()) {
        set_stage(*flow, PairingStage::failed, {"cable_failed", cable.trouble});
        co_return false;
      }
      if (before != host) flow->former_host = before;
      flow->status.host = host;
      co_return true;
    }
    if (SteadyClock::now() >= deadline) {
      set_stage(*flow, PairingStage::failed,
                {"cable_failed",
                 "The controller does not answer over the cable. Try another "
                 "cable, or a port of the computer itself instead of a hub."});
      co_return false;
    }
    co_await flow->bell.wait_until(deadline);
  }
  set_stage(*flow, PairingStage::failed,
            {"cable_pulled",
             "The cable was pulled before the controller knew whom to call: plug "
             "it in again."});
  co_return false;
}

/// Has BlueZ learn of it. One controller at a time: each takes a restart of bluetoothd.
Awaitable<bool> Pairings::store(FlowPtr flow) {
  while (is_storing_) {
    co_await flow->bell.wait_until(SteadyClock::now() + settle);
    if (flow->is_over()) co_return false;
  }
  is_storing_ = true;
  const auto answer = co_await helper_->ask(flow->request);
  is_storing_ = false;
  wake_all();
  if (!answer.error.empty()) {
    set_stage(*flow, PairingStage::failed,
              {"pairing_failed", "BlueZ could not be told of it: " + answer.error + ".",
               BluezHelper::command_for(flow->request)});
    co_return false;
  }
  flow->has_allowed_unbonded = flow->request.allow_unbonded && answer.unbonded_allowed;
  const Address adapter = *flow->status.adapter;
  const auto deadline = SteadyClock::now() + longest_restart;
  for (;;) {
    bluez_->start();
    const auto adapters = bluez_->adapters();
    const bool is_back = std::any_of(
        adapters.begin(), adapters.end(),
        [&](const BluetoothAdapter& each) { return each.address == adapter && each.powered; });
    const auto devices = bluez_->devices();
    const auto* device = find(devices, adapter, flow->controller);
    if (is_back && device != nullptr && device->is_input) break;
    if (flow->is_over()) co_return false;
    if (SteadyClock::now() >= deadline) {
      set_stage(
          *flow, PairingStage::failed,
          {"no_bluetooth", "bluetoothd did not come back after it was told of the controller.",
           "systemctl status bluetooth"});
      co_return false;
    }
    co_await flow->bell.wait_until(std::min(deadline, SteadyClock::now() + 1s));
  }
  Bell pause;
  co_await pause.wait_until(SteadyClock::now() + admission);
  co_return true;
}

/// One that is here already keeps what the kernel was told of it until it calls again.
Awaitable<void> Pairings::switch_off(FlowPtr flow) {
  const auto is_here = [&] {
    const Controller* controller = roster_.find(flow->controller);
    return controller != nullptr && bluetooth_link(*controller) != nullptr;
  };
  if (!is_here()) co_return;
  co_await bluez_->disconnect(flow->controller);
  const auto deadline = SteadyClock::now() + longest_leave;
  while (is_here() && !flow->is_over() && SteadyClock::now() < deadline)
    co_await flow->bell.wait_until(deadline);
}

Awaitable<bool> Pairings::wait_for_call(FlowPtr flow) {
  const Address adapter = *flow->status.adapter;
  auto deadline = SteadyClock::now() + settings_.patience;
  bool was_cabled = true;
  bool was_connected = false;
  PairingTrouble trouble;
  if (flow->is_stranger)
    trouble = {
        "first_call",
        "Unplug the cable and press the PS button twice, the second time when it says so: "
        "at its first call BlueZ asks what it is. Should it hang up meanwhile, the Bluetooth "
        "of Linux 6.1 crashes; then restart this computer."};
  bool was_asked = false;
  for (;;) {
    const auto now = SteadyClock::now();
    const Controller* controller = roster_.find(flow->controller);
    if (controller == nullptr || flow->is_over()) co_return false;
    const LinkInfo* link = bluetooth_link(*controller);
    if (link != nullptr && link->adapter == adapter && !controller->is_mute()) {
      set_stage(*flow, PairingStage::connected);
      co_return true;
    }
    if (controller->is_mute() && trouble.code.empty())
      trouble = {"refused", "Hold its PS button for ten seconds to switch it off, then press it."};
    const bool is_cabled = controller->cable().has_value();
    if (was_cabled && !is_cabled) deadline = now + settings_.patience;
    was_cabled = is_cabled;
    flow->questions_until = flow->bonds ? deadline : SteadyTime{};
    answer_questions();

    // Whoever presses before BlueZ asks us is turned away.
    if (flow->bonds && now < deadline && !bluez_->is_answering() && bluez_->is_running()) {
      co_await flow->bell.wait_until(now + 20ms);
      continue;
    }

    const auto devices = bluez_->devices();
    const auto* device = find(devices, adapter, flow->controller);
    const bool is_connected = device != nullptr && device->connected;
    if (flow->is_stranger && !was_asked) {
      bluez_->set_discoverable(adapter, true);
      if (is_connected) {
        was_asked = true;
        set_stage(*flow, PairingStage::connecting);
        co_await bluez_->get_to_know(adapter, flow->controller);
        trouble = {"call_again", "BlueZ knows it now: press the PS button once more."};
        continue;
      }
    }
    const bool was_turned_away = was_connected && !is_connected && trouble.code != "call_again";
    if (was_turned_away)
      trouble = flow->bonds ? PairingTrouble{"refused",
                                             "It called and BlueZ did not take the call; press PS "
                                             "once more."}
                            : PairingTrouble{"refused",
                                             "It called and BlueZ turned it away. BlueZ may take "
                                             "bonded devices only (ClassicBondedOnly).",
                                             command_for(*controller, "--allow-unbonded")};
    was_connected = is_connected;
    set_stage(*flow, is_connected ? PairingStage::connecting : PairingStage::press_ps,
              is_connected ? PairingTrouble{} : trouble);
    if (now >= deadline && !is_cabled) {
      if (trouble.code.empty())
        trouble = {"nobody_called",
                   "It did not call: press PS once; if its light does not blink, charge it and "
                   "pair it again."};
      set_stage(*flow, PairingStage::failed, trouble);
      co_return false;
    }
    co_await flow->bell.wait_until(now + 1s);
  }
}

Awaitable<void> Pairings::take_back(FlowPtr flow) {
  flow->questions_until = {};
  answer_questions();
  if (flow->is_new_to_bluez && flow->status.adapter && bluez_ != nullptr)
    co_await remove(*flow->status.adapter, flow->controller);
  if (flow->has_allowed_unbonded) {
    // With a name: g++ 12 destroys an aggregate twice that is made inside a co_await.
    const bluez::Request request{.action = bluez::Action::only_bonded};
    const auto undone = co_await helper_->ask(request);
    if (!undone.error.empty())
      spdlog::warn("BlueZ still takes devices without a bond because=\"{}\"", undone.error);
  }
  if (const auto former = std::exchange(flow->former_host, std::nullopt))
    co_await write_host(flow, *former);
  ++results_.cancelled;
  spdlog::info("pairing cancelled controller={}", to_string(flow->controller));
}

/// BlueZ's questions about bonds are ours only while a controller that bonds is waited for.
void Pairings::answer_questions() {
  if (bluez_ == nullptr) return;
  const auto is_expected = [this](const Address& device) {
    const auto found = flows_.find(device);
    return found != flows_.end() && SteadyClock::now() < found->second->questions_until;
  };
  const bool is_anybody = std::any_of(flows_.begin(), flows_.end(),
                                      [&](const auto& each) { return is_expected(each.first); });
  if (is_anybody)
    bluez_->answer_for(is_expected);
  else
    bluez_->answer_no_more();
}

// ---- the radios

int Pairings::links_at(const Address& adapter) const {
  const auto& all = roster_.all();
  return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const auto& controller) {
    const LinkInfo* link = bluetooth_link(*controller);
    return link != nullptr && link->adapter == adapter;
  }));
}

std::optional<PairingTrouble> Pairings::adapter_trouble(const BluetoothAdapter& adapter) const {
  if (!adapter.powered) {
    switch (radio_block(adapter.name)) {
      case RadioBlock::by_switch:
        return PairingTrouble{"adapter_blocked", "A switch of this computer keeps Bluetooth off (" +
                                                     adapter.name + "): turn it on."};
      case RadioBlock::by_software:
        return PairingTrouble{"adapter_blocked",
                              "Bluetooth is blocked (" + adapter.name + "), as by flight mode.",
                              "rfkill unblock bluetooth"};
      case RadioBlock::none:
        return PairingTrouble{"adapter_off", "The Bluetooth adapter " + adapter.name + " is off.",
                              "bluetoothctl power on"};
    }
  }
  if (links_at(adapter.address) >= most_links)
    return PairingTrouble{"adapter_full", "Seven controllers are connected to " + adapter.name +
                                              ", as many as fit: add another Bluetooth adapter."};
  return std::nullopt;
}

/// What to say instead where the radio that is missing is there, and BlueZ does not take it: of two
/// with one address it takes one.
std::optional<PairingTrouble> Pairings::refused_adapter() const {
  const auto taken = bluez_->adapters();
  for (const auto& name : kernel_adapters()) {
    const auto is_it = [&](const BluetoothAdapter& adapter) { return adapter.name == name; };
    if (std::any_of(taken.begin(), taken.end(), is_it)) continue;
    return PairingTrouble{
        "duplicate_adapter",
        "BlueZ does not take the Bluetooth adapter " + name +
            (taken.empty() ? "."
                           : ", as of two with one address, which controllers could not tell "
                             "apart: put another in its place."),
        "journalctl -b -u bluetooth"};
  }
  return std::nullopt;
}

/// The adapter that was asked for; else the one that the controller calls already; else the one
/// with the fewest controllers.
std::optional<PairingTrouble> Pairings::choose_adapter(Flow& flow) const {
  auto all = bluez_->adapters();
  const Controller& controller = *roster_.find(flow.controller);
  if (all.empty()) {
    auto refused = refused_adapter();
    return refused ? std::move(refused)
                   : PairingTrouble{"no_adapter",
                                    "This computer has no Bluetooth adapter: plug one in."};
  }
  const LinkInfo* link = bluetooth_link(controller);
  const auto bound = flow.wish.adapter                        ? flow.wish.adapter
                     : link != nullptr && !controller.cable() ? link->adapter
                                                              : std::nullopt;
  if (bound) {
    std::erase_if(all, [&](const BluetoothAdapter& each) { return each.address != *bound; });
    if (all.empty())
      return PairingTrouble{"unknown_adapter",
                            "This computer has no Bluetooth adapter " + to_string(*bound) + ".",
                            "psmovectl adapters"};
  }
  const auto devices = bluez_->devices();
  const auto load = [&](const BluetoothAdapter& adapter) {
    const bool is_called = controller.cable() && controller.cable()->host == adapter.address;
    if (is_called) return -1;
    return static_cast<int>(std::count_if(devices.begin(), devices.end(), [&](const auto& device) {
      return device.adapter == adapter.address && device.address != flow.controller &&
             roster_.find(device.address) != nullptr;
    }));
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return load(a) < load(b); });
  const bool is_linked_here = link != nullptr && link->adapter == all.front().address;
  std::optional<PairingTrouble> first_trouble;
  for (const auto& adapter : all) {
    auto trouble = adapter_trouble(adapter);
    if (trouble && trouble->code == "adapter_full" && is_linked_here) trouble.reset();
    if (!trouble) {
      flow.status.adapter = adapter.address;
      return std::nullopt;
    }
    if (trouble->code == "adapter_full") {
      if (auto refused = refused_adapter()) trouble = std::move(refused);
    }
    if (!first_trouble) first_trouble = std::move(trouble);
  }
  return first_trouble;
}

/// What a restart of bluetoothd would cost: devices whose links it holds itself.
std::vector<std::string> Pairings::would_be_disconnected() const {
  std::vector<std::string> names;
  for (const auto& device : bluez_->devices()) {
    const auto holder = holder_of(device.address);
    if (holder == LinkHolder::kernel) continue;
    // bluetoothd 5.66 at times takes a device for away that it holds.
    if (!device.connected && holder != LinkHolder::bluetoothd) continue;
    names.push_back(device.name.empty() ? to_string(device.address) : device.name);
  }
  return names;
}

}  // namespace psmove::drivers
