#include "drivers/linux/hidraw_channel.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <linux/input.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

#include "drivers/hid_descriptor.hpp"
#include "drivers/linux/on_pool.hpp"

namespace psmove::drivers {
namespace {

namespace asio = boost::asio;

error_code last_error() {
  return {errno, boost::system::system_category()};
}

Result<std::vector<std::byte>> feature_get(int fd, std::uint8_t id, std::size_t max_length) {
  std::vector<std::byte> report(max_length);
  report[0] = std::byte{id};
  const int length = ::ioctl(fd, HIDIOCGFEATURE(max_length), report.data());
  if (length < 0) return last_error();
  report.resize(static_cast<std::size_t>(length));
  return report;
}

Result<void> feature_set(int fd, std::vector<std::byte> report) {
  if (::ioctl(fd, HIDIOCSFEATURE(report.size()), report.data()) < 0) return last_error();
  return {};
}

Result<void> write_report(int fd, std::span<const std::byte> report) {
  // The kernel may answer 0 on Bluetooth and still have sent it: any result >= 0 is a success.
  if (::write(fd, report.data(), report.size()) < 0) return last_error();
  return {};
}

Awaitable<Result<void>> write_now(int fd, std::span<const std::byte> report) {
  co_return write_report(fd, report);
}

class HidrawChannel final : public HidChannel {
 public:
  HidrawChannel(asio::io_context& io, asio::thread_pool& pool, int fd, ChannelInfo info)
      : pool_(pool), node_(io, fd), info_(std::move(info)) {}

  [[nodiscard]] const ChannelInfo& info() const override { return info_; }

  Awaitable<Result<void>> wait_readable() override {
    const auto [error] = co_await node_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                   asio::as_tuple(asio::use_awaitable));
    if (error) co_return error;
    co_return Result<void>{};
  }

  Result<std::size_t> try_read(std::span<std::byte> report) override {
    const ssize_t length = ::read(node_.native_handle(), report.data(), report.size());
    if (length > 0) return static_cast<std::size_t>(length);
    if (length == 0) return error_code(asio::error::eof);
    if (errno == EAGAIN || errno == EINTR) return error_code(asio::error::would_block);
    return last_error();
  }

  Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t id,
                                                        std::size_t max_length) override {
    const int fd = node_.native_handle();
    return on_pool(pool_, [fd, id, max_length] { return feature_get(fd, id, max_length); });
  }

  void close() override { node_.cancel(); }

 private:
  Awaitable<Result<void>> send_output(std::span<const std::byte> report) override {
    // Bluetooth output reports are queued by the kernel; over USB the call waits for the transfer.
    const int fd = node_.native_handle();
    if (info_.transport == Transport::bluetooth) return write_now(fd, report);
    return on_pool(pool_, [fd, bytes = std::vector(report.begin(), report.end())] {
      return write_report(fd, bytes);
    });
  }

  Awaitable<Result<void>> send_feature(std::vector<std::byte> report) override {
    const int fd = node_.native_handle();
    return on_pool(pool_, [fd, report = std::move(report)] { return feature_set(fd, report); });
  }

  asio::thread_pool& pool_;
  asio::posix::stream_descriptor node_;
  ChannelInfo info_;
};

std::string text_of(int fd, unsigned long request, std::span<char> buffer) {
  const int length = ::ioctl(fd, request, buffer.data());
  if (length <= 0) return {};
  buffer.back() = '\0';
  return buffer.data();
}

std::size_t declared_input(int fd) {
  int size = 0;
  hidraw_report_descriptor descriptor{};
  if (::ioctl(fd, HIDIOCGRDESCSIZE, &size) < 0) return 0;
  descriptor.size = static_cast<__u32>(size);
  if (::ioctl(fd, HIDIOCGRDESC, &descriptor) < 0) return 0;
  return declared_input_bytes({descriptor.value, descriptor.size}, 0x01);
}

Result<ChannelInfo> ask_kernel(int fd, const std::string& path) {
  hidraw_devinfo device{};
  if (::ioctl(fd, HIDIOCGRAWINFO, &device) < 0) return last_error();
  std::array<char, 256> text{};
  ChannelInfo info;
  info.path = path;
  info.vendor = static_cast<std::uint16_t>(device.vendor);
  info.product = static_cast<std::uint16_t>(device.product);
  info.transport = device.bustype == BUS_BLUETOOTH ? Transport::bluetooth : Transport::usb;
  info.source = info.transport == Transport::bluetooth ? Source::hidraw : Source::usb;
  info.declared_input = declared_input(fd);
  if (info.transport == Transport::bluetooth) {
    // HID_UNIQ is the controller's address, HID_PHYS the adapter's (hidp and bluetoothd's uhid).
    info.address = parse_address(text_of(fd, HIDIOCGRAWUNIQ(text.size()), text));
    info.adapter = parse_address(text_of(fd, HIDIOCGRAWPHYS(text.size()), text));
  }
  return info;
}

}  // namespace

Result<std::unique_ptr<HidChannel>> open_hidraw(asio::io_context& io, asio::thread_pool& pool,
                                                const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return last_error();
  auto info = ask_kernel(fd, path);
  if (!info) {
    ::close(fd);
    return info.error();
  }
  return make_hidraw_channel(io, pool, fd, std::move(*info));
}

std::unique_ptr<HidChannel> make_hidraw_channel(asio::io_context& io, asio::thread_pool& pool,
                                                int fd, ChannelInfo info) {
  return std::make_unique<HidrawChannel>(io, pool, fd, std::move(info));
}

}  // namespace psmove::drivers
