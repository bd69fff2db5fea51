#include "emulator/uhid_door.hpp"

#include <linux/input.h>
#include <utility>

namespace psmove::emulator {

UhidDoor::UhidDoor(HidDevice& device, Uhid uhid, Link bus)
    : device_(device), uhid_(std::move(uhid)), bus_(bus) {
  device_.add(*this);
}

UhidIdentity UhidDoor::identity() const {
  const auto& peripheral = device_.peripheral();
  const auto who = peripheral.identity();
  const bool usb = bus_ == Link::cable;
  UhidIdentity identity;
  identity.name = usb ? who.maker + " " + who.name : who.name;
  identity.phys = usb ? "usb-emulated/input0" : to_string(peripheral.host());
  identity.uniq = usb ? "" : to_string(peripheral.address());  // it has no USB serial number
  identity.bus = usb ? BUS_USB : BUS_BLUETOOTH;
  identity.vendor = who.vendor;
  identity.product = who.product;
  identity.version = usb ? who.usb_version : 1;
  identity.descriptor = peripheral.hid_descriptor();
  return identity;
}

void UhidDoor::plug(Time now) {
  if (plugged_) return;
  device_.peripheral().reconnect();
  uhid_.create(identity());
  plugged_ = true;
  ++plugged_times_;
  device_.note(now, "PLUG");
}

void UhidDoor::unplug(Time now) {
  if (!plugged_) return;
  uhid_.destroy();
  plugged_ = open_ = false;
  device_.note(now, "UNPLUG");
  device_.link_lost(now);
}

void UhidDoor::serve(Time now) {
  while (const auto event = uhid_.next_event()) serve(*event, now);
}

void UhidDoor::serve(const UhidEvent& event, Time now) {
  const auto still_there = [this, times = plugged_times_] {
    return plugged_ && plugged_times_ == times;
  };
  switch (event.kind) {
    case UhidEvent::Kind::start:
      return device_.note(now, "START");
    case UhidEvent::Kind::stop:
      return device_.note(now, "STOP");
    case UhidEvent::Kind::open:
      open_ = plugged_;
      return device_.opened(now);
    case UhidEvent::Kind::close:
      open_ = false;
      return device_.closed(now);
    case UhidEvent::Kind::output:
      return device_.take_output(event.report, now);
    case UhidEvent::Kind::get_report:
      return device_.get_report(event.report_kind, event.report_id, bus_, now,
                                [this, request = event.request, still_there](const auto& report) {
                                  if (still_there()) uhid_.answer_get(request, report);
                                });
    case UhidEvent::Kind::set_report:
      return device_.set_report(event.report_kind, event.report, bus_, now,
                                [this, request = event.request, still_there](bool taken) {
                                  if (still_there()) uhid_.answer_set(request, taken);
                                });
    case UhidEvent::Kind::other:
      return;
  }
}

void UhidDoor::send_input(std::span<const std::byte> report, Time) {
  uhid_.send_input(report);
}

}  // namespace psmove::emulator
