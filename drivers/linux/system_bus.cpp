#include "drivers/linux/system_bus.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <sdbus-c++/sdbus-c++.h>
#include <unistd.h>
#include <utility>

namespace psmove::drivers {

namespace asio = boost::asio;

struct SystemBus::Parts : std::enable_shared_from_this<SystemBus::Parts> {
  Parts(asio::io_context& its_io, std::function<void(const std::string&)> its_on_loss)
      : io(its_io), on_loss(std::move(its_on_loss)), readable(its_io) {}

  Awaitable<void> pump();
  void process();
  void close();

  asio::io_context& io;
  std::function<void(const std::string&)> on_loss;
  asio::posix::stream_descriptor readable;  ///< a duplicate of the connection's descriptor
  std::unique_ptr<sdbus::IConnection> connection;
  std::unique_ptr<sdbus::IProxy> bus;  ///< for who owns a name
};

/// For as long as the connection lasts.
Awaitable<void> SystemBus::Parts::pump() {
  const auto self = shared_from_this();
  for (;;) {
    const auto [error] = co_await readable.async_wait(asio::posix::stream_descriptor::wait_read,
                                                      asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    process();
  }
}

void SystemBus::Parts::process() {
  try {
    while (connection && connection->processPendingRequest()) {
    }
  } catch (const sdbus::Error& error) {
    on_loss(error.getMessage());
  }
}

void SystemBus::Parts::close() {
  bus.reset();
  connection.reset();
  boost::system::error_code ignored;
  readable.close(ignored);
}

SystemBus::SystemBus(asio::io_context& io, std::function<void(const std::string&)> on_loss)
    : parts_(std::make_shared<Parts>(io, std::move(on_loss))) {}

SystemBus::~SystemBus() {
  close();
}

void SystemBus::open() {
  Parts& p = *parts_;
  p.connection = sdbus::createSystemBusConnection();
  const int descriptor = ::dup(p.connection->getEventLoopPollData().fd);
  if (descriptor < 0) throw sdbus::createError(errno, "Failed to watch the bus");
  p.readable.assign(descriptor);
  asio::co_spawn(p.io, p.pump(), asio::detached);
}

void SystemBus::close() {
  parts_->close();
}

bool SystemBus::is_open() const {
  return parts_->connection != nullptr;
}

sdbus::IConnection& SystemBus::connection() {
  return *parts_->connection;
}

void SystemBus::watch_owner(const std::string& name,
                            std::function<void(const std::string& owner)> callback) {
  auto& bus = parts_->bus;
  bus = sdbus::createProxy(connection(), "org.freedesktop.DBus", "/org/freedesktop/DBus");
  bus->uponSignal("NameOwnerChanged")
      .onInterface("org.freedesktop.DBus")
      .call([name, callback = std::move(callback)](const std::string& changed, const std::string&,
                                                   const std::string& owner) {
        if (changed == name) callback(owner);
      });
  bus->finishRegistration();
}

void SystemBus::process() {
  parts_->process();
}

}  // namespace psmove::drivers
