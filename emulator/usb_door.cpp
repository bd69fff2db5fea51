#include "emulator/usb_door.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sys/socket.h>
#include <system_error>
#include <utility>

#include "emulator/file_descriptor.hpp"

namespace psmove::emulator {
namespace {

// Requests and descriptors: USB 2.0 chapter 9, HID 1.11 chapter 7.
enum Request : std::uint8_t {
  get_status = 0x00,
  get_descriptor = 0x06,
  hid_get_report = 0x01,
  hid_set_report = 0x09,
};
enum DescriptorType : std::uint8_t {
  device_descriptor = 0x01,
  configuration_descriptor = 0x02,
  string_descriptor = 0x03,
  interface_descriptor = 0x04,
  endpoint_descriptor = 0x05,
  hid_descriptor = 0x21,
  report_descriptor = 0x22,
};
constexpr unsigned from_device = 0x80, from_interface = 0x81, class_from_interface = 0xA1,
                   class_to_interface = 0x21;
constexpr unsigned type_mask = 0x60;  // of a request: standard, class or vendor

constexpr unsigned maker_string = 1, name_string = 2;

Bytes hid_descriptor_of(std::size_t report_descriptor_size) {
  Writer d;
  d.u8(9).u8(hid_descriptor).le16(0x0111).u8(0).u8(1);
  return d.u8(report_descriptor).le16(report_descriptor_size).take();
}

/// As the ZCM1's is published (motioninjoy wiki): class per interface, no serial number.
Bytes device_descriptor_of(const Identity& who) {
  Writer d;
  d.u8(18).u8(device_descriptor).le16(0x0200).zeros(3).u8(64);
  d.le16(who.vendor).le16(who.product).le16(who.usb_version);
  return d.u8(maker_string).u8(name_string).u8(0).u8(1).take();
}

/// One HID interface, interrupt OUT 2 and IN 1, 500 mA; the rest is as the DualShock 3 has it.
Bytes configuration_of(std::size_t report_descriptor_size) {
  Writer rest;
  rest.u8(9).u8(interface_descriptor).u8(0).u8(0).u8(2).u8(0x03).zeros(3);
  rest.raw(hid_descriptor_of(report_descriptor_size));
  rest.u8(7).u8(endpoint_descriptor).u8(0x02).u8(3).le16(64).u8(1);
  rest.u8(7).u8(endpoint_descriptor).u8(0x81).u8(3).le16(64).u8(1);
  Writer d;
  d.u8(9).u8(configuration_descriptor).le16(9 + rest.size()).u8(1).u8(1).u8(0).u8(0x80).u8(250);
  return d.raw(rest.take()).take();
}

Bytes string_of(std::string_view text) {
  Writer d;
  d.u8(2 + 2 * text.size()).u8(string_descriptor);
  for (const char letter : text) d.le16(static_cast<unsigned char>(letter));
  return d.take();
}

/// The first port that nothing is plugged into.
int free_port(const std::string& controller) {
  std::ifstream status(controller + "/status");
  if (!status) {
    errno = ENOENT;
    fail("no virtual USB port; it wants root and 'modprobe vhci-hcd'");
  }
  constexpr int not_in_use = 4;
  std::string line;
  for (std::getline(status, line); std::getline(status, line);) {
    int port = -1, state = 0;
    std::array<char, 3> kind{};
    if (std::sscanf(line.c_str(), "%2s %d %d", kind.data(), &port, &state) == 3 &&
        std::string_view(kind.data()) == "hs" && state == not_in_use)
      return port;
  }
  errno = EBUSY;
  fail("every virtual USB port has a device already");
}

}  // namespace

FileDescriptor plug_into_vhci(const std::string& controller) {
  const int port = free_port(controller);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail("USB cable");
  FileDescriptor ours(ends[0]), kernels(ends[1]);
  constexpr int full_speed = 2;
  std::ofstream attach(controller + "/attach");
  attach << port << ' ' << kernels.get() << ' ' << (1 << 16 | (port + 1)) << ' ' << full_speed
         << std::flush;
  if (!attach) fail("the kernel does not take a USB device; it wants root");
  return ours;
}

UsbDoor::UsbDoor(HidDevice& device, UsbPort port) : device_(device), port_(std::move(port)) {
  device_.add(*this);
}

void UsbDoor::plug(Time now) {
  if (is_plugged()) return;
  cable_ = port_();
  stream_ = {};
  device_.peripheral().set_on_cable(true);
  device_.note(now, "PLUG");
}

void UsbDoor::unplug(Time now) {
  if (!is_plugged()) return;
  cable_ = FileDescriptor();
  waiting_for_input_.clear();
  waiting_for_answer_.clear();
  open_ = false;
  device_.peripheral().set_on_cable(false);
  device_.note(now, "UNPLUG");
  device_.link_lost(now);
}

void UsbDoor::serve(Time now) {
  std::array<std::byte, 4096> chunk;
  while (is_plugged()) {
    const auto length = ::recv(cable_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) return unplug(now);  // the host controller went away
    stream_.add(std::span(chunk).first(static_cast<std::size_t>(length)));
    while (const auto message = stream_.next()) {
      if (const auto* transfer = std::get_if<usbip::Submit>(&*message)) submit(*transfer, now);
      if (const auto* wish = std::get_if<usbip::Unlink>(&*message)) unlink(*wish, now);
    }
    if (stream_.is_broken()) return unplug(now);
  }
}

void UsbDoor::submit(const usbip::Submit& transfer, Time now) {
  if (transfer.endpoint == 0) return control(transfer, now);
  if (transfer.is_in) {
    waiting_for_input_.push_back({transfer.number, transfer.length});
    if (!std::exchange(open_, true)) device_.opened(now);
    return;
  }
  device_.take_output(transfer.data, now);
  send(usbip::taken(transfer.number, transfer.length));
}

void UsbDoor::unlink(const usbip::Unlink& wish, Time now) {
  const bool was_waiting =
      std::erase_if(waiting_for_input_,
                    [&](const Waiting& waiting) { return waiting.number == wish.victim; }) +
          waiting_for_answer_.erase(wish.victim) >
      0;
  send(usbip::unlinked(wish.number, was_waiting));
  if (open_ && waiting_for_input_.empty()) {
    open_ = false;
    device_.closed(now);
  }
}

std::optional<Bytes> UsbDoor::descriptor(const usbip::Setup& setup) const {
  const auto& peripheral = device_.peripheral();
  const auto who = peripheral.identity();
  const unsigned index = setup.value & 0xFF;
  switch (setup.value >> 8) {
    case device_descriptor:
      return device_descriptor_of(who);
    case configuration_descriptor:
      return configuration_of(peripheral.hid_descriptor().size());
    case string_descriptor:
      if (index == 0) return Writer().u8(4).u8(string_descriptor).le16(0x0409).take();
      if (index == maker_string) return string_of(who.maker);
      if (index == name_string) return string_of(who.name);
      return std::nullopt;
    case hid_descriptor:
      return hid_descriptor_of(peripheral.hid_descriptor().size());
    case report_descriptor:
      return peripheral.hid_descriptor();
    default:
      return std::nullopt;
  }
}

void UsbDoor::control(const usbip::Submit& transfer, Time now) {
  const auto& setup = transfer.setup;
  const bool is_hid =
      setup.request_type == class_from_interface || setup.request_type == class_to_interface;
  if (is_hid) return hid_request(transfer, now);
  const bool asks_device =
      setup.request_type == from_device || setup.request_type == from_interface;
  if (asks_device && setup.request == get_descriptor) return answer(transfer, descriptor(setup));
  if (asks_device && setup.request == get_status) return answer(transfer, Bytes(2));
  // Standard requests that tell something (address, configuration, halt) need no answer.
  const bool is_fine = !transfer.is_in && (setup.request_type & type_mask) == 0;
  answer(transfer, is_fine ? std::optional<Bytes>(Bytes{}) : std::nullopt);
}

void UsbDoor::hid_request(const usbip::Submit& transfer, Time now) {
  const auto& setup = transfer.setup;
  const auto id = static_cast<std::uint8_t>(setup.value & 0xFF);
  // HID's numbers for input, output and feature.
  constexpr std::array kinds = {ReportKind::input, ReportKind::output, ReportKind::feature};
  const unsigned kind_number = setup.value >> 8;
  const bool is_report = (transfer.is_in && setup.request == hid_get_report) ||
                         (!transfer.is_in && setup.request == hid_set_report);
  if (!is_report)  // SET_IDLE and SET_PROTOCOL change nothing
    return answer(transfer, transfer.is_in ? std::nullopt : std::optional<Bytes>(Bytes{}));
  if (kind_number < 1 || kind_number > kinds.size()) return answer(transfer, std::nullopt);
  const auto kind = kinds[kind_number - 1];
  waiting_for_answer_.insert(transfer.number);
  const auto reply = [this, transfer](const std::optional<Bytes>& data) {
    if (waiting_for_answer_.erase(transfer.number) > 0) answer(transfer, data);
  };
  if (transfer.is_in)
    return device_.get_report(kind, id, Link::cable, now,
                              [reply](const auto& report) { reply(report); });
  // Some programs leave the id to the request and out of the data.
  Bytes report = transfer.data;
  if (id != 0 && (report.empty() || report.front() != std::byte{id}))
    report.insert(report.begin(), std::byte{id});
  device_.set_report(kind, report, Link::cable, now, [reply](bool taken) {
    reply(taken ? std::optional<Bytes>(Bytes{}) : std::nullopt);
  });
}

/// Ends a control transfer: with data, with nothing to say, or with a stall.
void UsbDoor::answer(const usbip::Submit& transfer, const std::optional<Bytes>& data) {
  if (!data) return send(usbip::failed(transfer.number, EPIPE));
  if (!transfer.is_in) return send(usbip::taken(transfer.number, transfer.length));
  const auto size = std::min<std::size_t>(data->size(), transfer.length);
  send(usbip::sent(transfer.number, BytesView(*data).first(size)));
}

void UsbDoor::send_input(std::span<const std::byte> report, Time) {
  if (waiting_for_input_.empty()) return;
  const auto [number, length] = waiting_for_input_.front();
  waiting_for_input_.pop_front();
  send(usbip::sent(number, report.first(std::min<std::size_t>(report.size(), length))));
}

void UsbDoor::send(const Bytes& message) {
  BytesView rest(message);
  while (is_plugged() && !rest.empty()) {
    const auto length = ::send(cable_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return;  // serve() will find the cable pulled
    rest = rest.subspan(static_cast<std::size_t>(length));
  }
}

}  // namespace psmove::emulator
