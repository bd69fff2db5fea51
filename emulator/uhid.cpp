#include "emulator/uhid.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/uhid.h>
#include <system_error>
#include <unistd.h>

namespace psmove::emulator {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// Copies text into a field of the kernel's, cut to leave its closing zero.
template <std::size_t size>
void put_text(__u8 (&field)[size], const std::string& text) {
  std::memcpy(field, text.data(), std::min(text.size(), size - 1));
}

UhidEvent::Kind kind_of(std::uint32_t type) {
  switch (type) {
    case UHID_START:
      return UhidEvent::Kind::start;
    case UHID_STOP:
      return UhidEvent::Kind::stop;
    case UHID_OPEN:
      return UhidEvent::Kind::open;
    case UHID_CLOSE:
      return UhidEvent::Kind::close;
    case UHID_OUTPUT:
      return UhidEvent::Kind::output;
    case UHID_GET_REPORT:
      return UhidEvent::Kind::get_report;
    case UHID_SET_REPORT:
      return UhidEvent::Kind::set_report;
    default:
      return UhidEvent::Kind::other;
  }
}

UhidEvent::Report report_kind_of(std::uint8_t type) {
  if (type == UHID_FEATURE_REPORT) return UhidEvent::Report::feature;
  return type == UHID_OUTPUT_REPORT ? UhidEvent::Report::output : UhidEvent::Report::input;
}

std::vector<std::byte> report_bytes(const __u8* data, std::size_t size) {
  std::vector<std::byte> report(std::min<std::size_t>(size, UHID_DATA_MAX));
  std::memcpy(report.data(), data, report.size());
  return report;
}

}  // namespace

Uhid Uhid::open(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd.is_open()) fail(path.c_str());
  return Uhid(std::move(fd));
}

void Uhid::create(const UhidIdentity& identity) {
  uhid_event event{};
  event.type = UHID_CREATE2;
  auto& create = event.u.create2;
  put_text(create.name, identity.name);
  put_text(create.phys, identity.phys);
  put_text(create.uniq, identity.uniq);
  const auto size = std::min<std::size_t>(identity.descriptor.size(), sizeof create.rd_data);
  create.rd_size = static_cast<__u16>(size);
  std::memcpy(create.rd_data, identity.descriptor.data(), size);
  create.bus = identity.bus;
  create.vendor = identity.vendor;
  create.product = identity.product;
  create.version = identity.version;
  write(&event, sizeof event);
}

void Uhid::destroy() {
  const std::uint32_t type = UHID_DESTROY;
  write(&type, sizeof type);
}

void Uhid::send_input(std::span<const std::byte> report) {
  uhid_event event;  // only what is written needs a value
  const auto size = std::min<std::size_t>(report.size(), UHID_DATA_MAX);
  event.type = UHID_INPUT2;
  event.u.input2.size = static_cast<__u16>(size);
  std::memcpy(event.u.input2.data, report.data(), size);
  write(&event, offsetof(uhid_event, u.input2.data) + size);
}

void Uhid::answer_get(std::uint32_t request, const std::optional<std::vector<std::byte>>& report) {
  uhid_event event{};
  event.type = UHID_GET_REPORT_REPLY;
  auto& reply = event.u.get_report_reply;
  reply.id = request;
  reply.err = report ? 0 : EIO;
  const auto size = report ? std::min<std::size_t>(report->size(), UHID_DATA_MAX) : 0;
  reply.size = static_cast<__u16>(size);
  if (size > 0) std::memcpy(reply.data, report->data(), size);
  write(&event, offsetof(uhid_event, u.get_report_reply.data) + size);
}

void Uhid::answer_set(std::uint32_t request, bool taken) {
  uhid_event event{};
  event.type = UHID_SET_REPORT_REPLY;
  event.u.set_report_reply.id = request;
  event.u.set_report_reply.err = taken ? 0 : EIO;
  write(&event, offsetof(uhid_event, u) + sizeof event.u.set_report_reply);
}

std::optional<UhidEvent> Uhid::next_event() {
  uhid_event raw{};  // the kernel may write less than all; the rest reads as zero
  const auto length = ::read(fd_.get(), &raw, sizeof raw);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (length < 0) fail("reading from uhid");
  if (length == 0) {
    errno = ENODEV;
    fail("reading from uhid");
  }
  UhidEvent event;
  event.kind = kind_of(raw.type);
  switch (event.kind) {
    case UhidEvent::Kind::output:
      event.report_kind = report_kind_of(raw.u.output.rtype);
      event.report = report_bytes(raw.u.output.data, raw.u.output.size);
      break;
    case UhidEvent::Kind::get_report:
      event.report_kind = report_kind_of(raw.u.get_report.rtype);
      event.request = raw.u.get_report.id;
      event.report_id = raw.u.get_report.rnum;
      break;
    case UhidEvent::Kind::set_report:
      event.report_kind = report_kind_of(raw.u.set_report.rtype);
      event.request = raw.u.set_report.id;
      event.report_id = raw.u.set_report.rnum;
      event.report = report_bytes(raw.u.set_report.data, raw.u.set_report.size);
      break;
    default:
      break;
  }
  return event;
}

void Uhid::write(const void* event, std::size_t size) {
  while (::write(fd_.get(), event, size) < 0)
    if (errno != EINTR) fail("writing to uhid");
}

}  // namespace psmove::emulator
