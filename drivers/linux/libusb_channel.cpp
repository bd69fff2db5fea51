#include "drivers/linux/libusb_channel.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <libusb.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <utility>

#include "drivers/bell.hpp"
#include "drivers/linux/on_pool.hpp"

namespace psmove::drivers {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;
using Context = std::shared_ptr<libusb_context>;

// HID over USB, Device Class Definition for HID 1.11, section 7.2.
constexpr std::uint8_t get_report = 0x01, set_report = 0x09;
constexpr std::uint16_t output_type = 0x0200, feature_type = 0x0300;
/// A controller that has not answered by then does not; usbhid waits as long.
constexpr unsigned patience_ms = 5000;
/// Reports that wait to be taken; hidraw keeps as many.
constexpr std::size_t kept_reports = 64;
/// Failed reads in a row after which a link is given up.
constexpr int errors_in_a_row = 5;

error_code error_of(int code) {
  namespace errc = boost::system::errc;
  switch (code) {
    case LIBUSB_ERROR_ACCESS:
      return make_error_code(errc::permission_denied);
    case LIBUSB_ERROR_BUSY:
      return make_error_code(errc::device_or_resource_busy);
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
      return make_error_code(errc::no_such_device);
    case LIBUSB_ERROR_NO_MEM:
      return make_error_code(errc::not_enough_memory);
    default:
      return make_error_code(errc::io_error);
  }
}

error_code error_of(libusb_transfer_status status) {
  namespace errc = boost::system::errc;
  switch (status) {
    case LIBUSB_TRANSFER_COMPLETED:
      return {};
    case LIBUSB_TRANSFER_TIMED_OUT:
      return make_error_code(errc::timed_out);
    case LIBUSB_TRANSFER_CANCELLED:
      return asio::error::operation_aborted;
    case LIBUSB_TRANSFER_STALL:
      return make_error_code(errc::broken_pipe);
    case LIBUSB_TRANSFER_NO_DEVICE:
      return make_error_code(errc::no_such_device);
    case LIBUSB_TRANSFER_OVERFLOW:
      return make_error_code(errc::value_too_large);
    case LIBUSB_TRANSFER_ERROR:
      break;
  }
  return make_error_code(errc::io_error);
}

/// Does what is due, without waiting.
void handle_events(libusb_context* context) {
  timeval none{};
  libusb_handle_events_timeout_completed(context, &none, nullptr);
}

/// Calls libusb whenever a descriptor of its is ready, until the descriptor is taken away.
Awaitable<void> watch(std::shared_ptr<Descriptor> descriptor, Context context,
                      Descriptor::wait_type what) {
  for (;;) {
    const auto [error] = co_await descriptor->async_wait(what, asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    handle_events(context.get());
  }
}

/// The HID interface of a device and where its reports come and go.
struct Interface {
  int number = -1;
  std::uint8_t in = 0, out = 0;  ///< endpoints; 0: none
  std::uint16_t in_size = 64;
};

/// An opened device. It is closed on the pool: giving it back to the kernel's driver may take a
/// while.
struct UsbDevice {
  Context context;
  libusb_device_handle* handle = nullptr;
  int fd = -1;
  Interface interface {};
  ChannelInfo info{};
};

void close_device(const UsbDevice& device) {
  if (device.handle != nullptr) {
    if (device.interface.number >= 0)
      libusb_release_interface(device.handle, device.interface.number);
    libusb_close(device.handle);
  }
  ::close(device.fd);
}

Interface find_interface(libusb_device* device) {
  Interface found;
  libusb_config_descriptor* config = nullptr;
  if (libusb_get_active_config_descriptor(device, &config) != LIBUSB_SUCCESS) return found;
  for (int i = 0; i < config->bNumInterfaces && found.number < 0; ++i) {
    const auto& candidate = config->interface[i];
    if (candidate.num_altsetting < 1) continue;
    const auto& setting = candidate.altsetting[0];
    if (setting.bInterfaceClass != LIBUSB_CLASS_HID) continue;
    found.number = setting.bInterfaceNumber;
    for (int e = 0; e < setting.bNumEndpoints; ++e) {
      const auto& endpoint = setting.endpoint[e];
      if ((endpoint.bmAttributes & 3U) != LIBUSB_TRANSFER_TYPE_INTERRUPT) continue;
      const bool is_in = (endpoint.bEndpointAddress & LIBUSB_ENDPOINT_IN) != 0;
      (is_in ? found.in : found.out) = endpoint.bEndpointAddress;
      if (is_in) found.in_size = endpoint.wMaxPacketSize;
    }
  }
  libusb_free_config_descriptor(config);
  return found;
}

Result<UsbDevice> open_device(const Context& context, const std::string& node) {
  UsbDevice device{.context = context, .fd = ::open(node.c_str(), O_RDWR | O_CLOEXEC)};
  if (device.fd < 0) return error_code(errno, boost::system::system_category());
  const auto give_up = [&device](int code) {
    close_device(device);
    return error_of(code);
  };
  int code = libusb_wrap_sys_device(context.get(), device.fd, &device.handle);
  if (code != LIBUSB_SUCCESS) return give_up(code);
  libusb_device* what = libusb_get_device(device.handle);
  libusb_device_descriptor about{};
  libusb_get_device_descriptor(what, &about);
  Interface found = find_interface(what);
  if (found.number < 0) return give_up(LIBUSB_ERROR_NO_DEVICE);
  libusb_set_auto_detach_kernel_driver(device.handle, 1);
  code = libusb_claim_interface(device.handle, found.number);
  if (code != LIBUSB_SUCCESS) return give_up(code);
  device.interface = found;
  device.info = {.vendor = about.idVendor,
                 .product = about.idProduct,
                 .transport = Transport::usb,
                 .source = Source::usb,
                 .address = std::nullopt,
                 .adapter = std::nullopt,
                 .path = node};
  return device;
}

std::vector<std::byte> bytes_of(const unsigned char* data, int length) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  return {bytes, bytes + length};
}

/// How many transfers the kernel has: only when none is left may the device be closed.
using InFlight = std::shared_ptr<int>;

/// One transfer, alive until the kernel has given it back, whoever still waits for it.
struct Transfer {
  explicit Transfer(InFlight count) : in_flight(std::move(count)), raw(libusb_alloc_transfer(0)) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() { libusb_free_transfer(raw); }

  InFlight in_flight;
  libusb_transfer* raw;
  std::vector<unsigned char> buffer;
  bool is_done = false;
  Bell bell;
};

void LIBUSB_CALL transfer_done(libusb_transfer* raw) {
  const std::unique_ptr<std::shared_ptr<Transfer>> holder(
      static_cast<std::shared_ptr<Transfer>*>(raw->user_data));
  Transfer& transfer = **holder;
  --*transfer.in_flight;
  transfer.is_done = true;
  transfer.bell.ring();
}

/// Takes a transfer back from the kernel if whoever waits for it stops waiting.
class TransferGuard {
 public:
  explicit TransferGuard(Transfer& transfer) : transfer_(transfer) {}
  TransferGuard(const TransferGuard&) = delete;
  TransferGuard& operator=(const TransferGuard&) = delete;
  ~TransferGuard() {
    if (!transfer_.is_done) libusb_cancel_transfer(transfer_.raw);
  }

 private:
  Transfer& transfer_;
};

/// Submits a filled transfer and waits for its end.
Awaitable<error_code> run(std::shared_ptr<Transfer> transfer) {
  auto holder = std::make_unique<std::shared_ptr<Transfer>>(transfer);
  transfer->raw->user_data = holder.get();
  const int code = libusb_submit_transfer(transfer->raw);
  if (code != LIBUSB_SUCCESS) co_return error_of(code);
  ++*transfer->in_flight;
  static_cast<void>(holder.release());  // transfer_done() has it
  const TransferGuard guard(*transfer);
  while (!transfer->is_done) co_await transfer->bell.wait();
  co_return error_of(transfer->raw->status);
}

class LibusbChannel final : public HidChannel {
 public:
  LibusbChannel(asio::io_context& io, asio::thread_pool& pool, UsbDevice device)
      : io_(io),
        pool_(pool),
        device_(std::move(device)),
        descriptor_(std::make_shared<Descriptor>(io, device_.fd)) {
    // usbfs is ready to write when a transfer has come back.
    asio::co_spawn(io, watch(descriptor_, device_.context, Descriptor::wait_write), asio::detached);
    listen();
  }

  LibusbChannel(const LibusbChannel&) = delete;
  LibusbChannel& operator=(const LibusbChannel&) = delete;
  ~LibusbChannel() override {
    close();
    // The kernel gives cancelled transfers back at once; but never wait for ever.
    constexpr int rounds = 20;
    for (int i = 0; *in_flight_ > 0 && i < rounds; ++i) {
      timeval moment{.tv_sec = 0, .tv_usec = 50'000};
      libusb_handle_events_timeout_completed(device_.context.get(), &moment, nullptr);
    }
    libusb_free_transfer(input_);
    descriptor_->release();  // it stays libusb's until that has closed its side
    if (io_.stopped())       // the pool is about to be, too
      close_device(device_);
    else
      asio::post(pool_, [device = std::move(device_)] { close_device(device); });
  }

  [[nodiscard]] const ChannelInfo& info() const override { return device_.info; }

  Awaitable<Result<void>> wait_readable() override {
    while (reports_.empty() && !ended_) co_await readable_.wait();
    if (reports_.empty()) co_return ended_;
    co_return Result<void>{};
  }

  Result<std::size_t> try_read(std::span<std::byte> report) override {
    if (reports_.empty()) return ended_ ? ended_ : error_code(asio::error::would_block);
    const auto& oldest = reports_.front();
    const auto length = std::min(oldest.size(), report.size());
    std::copy_n(oldest.begin(), length, report.begin());
    reports_.pop_front();
    return length;
  }

  Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t id,
                                                        std::size_t max_length) override {
    const auto transfer = control(LIBUSB_ENDPOINT_IN, get_report, feature_type | id,
                                  std::vector<std::byte>(max_length));
    const auto error = co_await run(transfer);
    if (error) co_return error;
    co_return bytes_of(transfer->buffer.data() + LIBUSB_CONTROL_SETUP_SIZE,
                       transfer->raw->actual_length);
  }

  void close() override {
    end(asio::error::operation_aborted);
    if (is_listening_) libusb_cancel_transfer(input_);
    descriptor_->cancel();
  }

 private:
  Awaitable<Result<void>> send_output(std::span<const std::byte> report) override {
    auto transfer = std::make_shared<Transfer>(in_flight_);
    if (device_.interface.out == 0) {
      transfer = control(LIBUSB_ENDPOINT_OUT, set_report,
                         output_type | std::to_integer<std::uint8_t>(report[0]),
                         std::vector(report.begin(), report.end()));
    } else {
      for (const auto byte : report)
        transfer->buffer.push_back(std::to_integer<unsigned char>(byte));
      libusb_fill_interrupt_transfer(
          transfer->raw, device_.handle, device_.interface.out, transfer->buffer.data(),
          static_cast<int>(transfer->buffer.size()), transfer_done, nullptr, patience_ms);
    }
    return sent(std::move(transfer));
  }

  Awaitable<Result<void>> send_feature(std::vector<std::byte> report) override {
    const auto id = std::to_integer<std::uint8_t>(report[0]);
    return sent(control(LIBUSB_ENDPOINT_OUT, set_report, feature_type | id, report));
  }

  static Awaitable<Result<void>> sent(std::shared_ptr<Transfer> transfer) {
    const auto error = co_await run(std::move(transfer));
    if (error) co_return error;
    co_return Result<void>{};
  }

  /// @param data  what is sent, or as many bytes as may come
  std::shared_ptr<Transfer> control(std::uint8_t direction, std::uint8_t request,
                                    std::uint16_t value, const std::vector<std::byte>& data) {
    auto transfer = std::make_shared<Transfer>(in_flight_);
    auto& buffer = transfer->buffer;
    buffer.resize(LIBUSB_CONTROL_SETUP_SIZE + data.size());
    const std::uint8_t type = static_cast<std::uint8_t>(direction | LIBUSB_REQUEST_TYPE_CLASS |
                                                        LIBUSB_RECIPIENT_INTERFACE);
    libusb_fill_control_setup(buffer.data(), type, request, value,
                              static_cast<std::uint16_t>(device_.interface.number),
                              static_cast<std::uint16_t>(data.size()));
    std::transform(data.begin(), data.end(), buffer.begin() + LIBUSB_CONTROL_SETUP_SIZE,
                   [](std::byte byte) { return std::to_integer<unsigned char>(byte); });
    libusb_fill_control_transfer(transfer->raw, device_.handle, buffer.data(), transfer_done,
                                 nullptr, patience_ms);
    return transfer;
  }

  /// Begins to take input reports, one after the other.
  void listen() {
    if (device_.interface.in == 0) return;
    input_ = libusb_alloc_transfer(0);
    input_buffer_.resize(device_.interface.in_size);
    libusb_fill_interrupt_transfer(
        input_, device_.handle, device_.interface.in, input_buffer_.data(),
        static_cast<int>(input_buffer_.size()),
        [](libusb_transfer* raw) { static_cast<LibusbChannel*>(raw->user_data)->on_input(); }, this,
        0);
    submit_input();
  }

  void submit_input() {
    const int code = libusb_submit_transfer(input_);
    if (code != LIBUSB_SUCCESS) {
      end(error_of(code));
      return;
    }
    is_listening_ = true;
    ++*in_flight_;
  }

  void on_input() {
    --*in_flight_;
    is_listening_ = false;
    if (const auto error = error_of(input_->status)) {
      const bool is_passing =
          input_->status == LIBUSB_TRANSFER_ERROR || input_->status == LIBUSB_TRANSFER_OVERFLOW;
      if (!is_passing || ++errors_ >= errors_in_a_row) return end(error);
    } else {
      errors_ = 0;
      take_input();
    }
    if (!ended_) submit_input();
  }

  void take_input() {
    if (reports_.size() == kept_reports) reports_.pop_front();
    reports_.push_back(bytes_of(input_buffer_.data(), input_->actual_length));
    readable_.ring();
  }

  void end(const error_code& why) {
    if (!ended_) ended_ = why;
    readable_.ring();
  }

  asio::io_context& io_;
  asio::thread_pool& pool_;
  UsbDevice device_;
  std::shared_ptr<Descriptor> descriptor_;
  InFlight in_flight_ = std::make_shared<int>(0);
  libusb_transfer* input_ = nullptr;
  std::vector<unsigned char> input_buffer_;
  bool is_listening_ = false;  ///< the kernel has input_
  int errors_ = 0;
  std::deque<std::vector<std::byte>> reports_;
  Bell readable_;
  error_code ended_;
};

Context make_context() {
  // We bring every device ourselves, so libusb needs neither a list of them nor a thread for one.
  libusb_set_option(nullptr, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
  libusb_context* context = nullptr;
  if (libusb_init(&context) != LIBUSB_SUCCESS) return nullptr;
  return {context, libusb_exit};
}

}  // namespace

/// The context and the descriptors that it wants to be called for.
struct LibusbHost::Events {
  explicit Events(asio::io_context& io) : context(make_context()) {
    if (!context) return;
    const libusb_pollfd** all = libusb_get_pollfds(context.get());
    for (const libusb_pollfd** each = all; each != nullptr && *each != nullptr; ++each) {
      own.push_back(std::make_shared<Descriptor>(io, (*each)->fd));
      asio::co_spawn(io, watch(own.back(), context, Descriptor::wait_read), asio::detached);
    }
    libusb_free_pollfds(all);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  ~Events() {
    for (const auto& descriptor : own) {
      descriptor->cancel();
      descriptor->release();  // libusb closes it
    }
  }

  Context context;
  std::vector<std::shared_ptr<Descriptor>> own;
};

LibusbHost::LibusbHost(asio::io_context& io, asio::thread_pool& pool) : io_(io), pool_(pool) {}
LibusbHost::~LibusbHost() = default;

Awaitable<Result<std::unique_ptr<HidChannel>>> LibusbHost::open(std::string node) {
  if (!events_) events_ = std::make_unique<Events>(io_);
  if (!events_->context) {
    events_.reset();
    co_return make_error_code(boost::system::errc::not_enough_memory);
  }
  auto opening = [context = events_->context, node = std::move(node)] {
    return open_device(context, node);
  };
  auto device = co_await on_pool(pool_, std::move(opening));
  if (!device) co_return device.error();
  std::unique_ptr<HidChannel> channel =
      std::make_unique<LibusbChannel>(io_, pool_, std::move(*device));
  co_return channel;
}

}  // namespace psmove::drivers
