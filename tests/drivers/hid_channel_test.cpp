// What no channel may ever send: the reports that write a controller's flash or put it into
// firmware mode. Shown on every channel there is, at the far end.

#include "drivers/hid_channel.hpp"

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/clock.hpp"
#include "drivers/linux/hidraw_channel.hpp"
#include "drivers/replay/recording.hpp"
#include "drivers/replay/replay.hpp"
#include "drivers/simulation.hpp"

namespace psmove::drivers {
namespace {

using Bytes = std::vector<std::byte>;

const Bytes a_light = {std::byte{0x06}, std::byte{0}, std::byte{255}, std::byte{0}, std::byte{0},
                       std::byte{0},    std::byte{0}, std::byte{0},   std::byte{0}};

/// Both forbidden reports, in the lengths that their sources know, and as short as they can be.
std::vector<Bytes> forbidden_reports() {
  std::vector<Bytes> reports;
  for (const auto id : {std::byte{0xF1}, std::byte{0xF2}})
    for (const std::size_t length : {1, 2, 10, 49}) {
      Bytes report(length, std::byte{0x42});
      report[0] = id;
      reports.push_back(std::move(report));
    }
  reports.emplace_back();
  return reports;
}

Awaitable<void> write_each(HidChannel& channel, std::vector<Bytes> reports,
                           std::vector<error_code>& outcomes) {
  for (const Bytes& report : reports) {
    const auto written = co_await channel.write(report);
    outcomes.push_back(written ? error_code() : written.error());
  }
}

Awaitable<void> set_each(HidChannel& channel, std::vector<Bytes> reports,
                         std::vector<error_code>& outcomes) {
  for (const Bytes& report : reports) {
    const auto set = co_await channel.set_feature(report);
    outcomes.push_back(set ? error_code() : set.error());
  }
}

void expect_all_refused(boost::asio::io_context& io, HidChannel& channel) {
  std::vector<error_code> outcomes;
  const auto reports = forbidden_reports();
  boost::asio::co_spawn(io, write_each(channel, reports, outcomes), boost::asio::detached);
  io.run();
  io.restart();
  boost::asio::co_spawn(io, set_each(channel, reports, outcomes), boost::asio::detached);
  io.run();
  io.restart();
  ASSERT_EQ(outcomes.size(), 2 * reports.size());
  for (const auto& outcome : outcomes)
    EXPECT_EQ(outcome, boost::system::errc::operation_not_permitted);
}

/// A hidraw node whose other end is in our hands: a socket pair keeps the borders of reports.
class HidrawChannelTest : public ::testing::TestWithParam<Transport> {
 protected:
  HidrawChannelTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_.data()),
              0);
    ChannelInfo info;
    info.transport = GetParam();
    channel_ = make_hidraw_channel(io_, pool_, ends_[0], info);
  }
  ~HidrawChannelTest() override { ::close(ends_[1]); }

  /// Reports that have come out at the other end.
  std::vector<Bytes> arrived() {
    std::vector<Bytes> reports;
    std::array<std::byte, 256> buffer{};
    for (;;) {
      const ssize_t length = ::recv(ends_[1], buffer.data(), buffer.size(), 0);
      if (length < 0) return reports;
      reports.emplace_back(buffer.begin(), buffer.begin() + length);
    }
  }

  boost::asio::io_context io_;
  boost::asio::thread_pool pool_{1};
  std::array<int, 2> ends_{};
  std::unique_ptr<HidChannel> channel_;
};

INSTANTIATE_TEST_SUITE_P(AnyTransport, HidrawChannelTest,
                         ::testing::Values(Transport::bluetooth, Transport::usb));

TEST_P(HidrawChannelTest, FlashAndFirmwareReportsNeverReachTheNode) {
  expect_all_refused(io_, *channel_);
  EXPECT_TRUE(arrived().empty());
}

TEST_P(HidrawChannelTest, OtherReportsReachTheNode) {
  std::vector<error_code> outcomes;
  boost::asio::co_spawn(io_, write_each(*channel_, {a_light}, outcomes), boost::asio::detached);
  io_.run();
  io_.restart();
  EXPECT_EQ(arrived(), std::vector<Bytes>{a_light});
  // A socket is no hidraw node and says so: the request came through to it.
  boost::asio::co_spawn(io_, set_each(*channel_, {{std::byte{0x05}}}, outcomes),
                        boost::asio::detached);
  io_.run();
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_FALSE(outcomes[0]);
  EXPECT_EQ(outcomes[1], boost::system::errc::inappropriate_io_control_operation);
}

TEST(SimulatedChannel, FlashAndFirmwareReportsNeverReachTheDevice) {
  boost::asio::io_context io;
  Simulation simulation(emulator::parse_device_list("zcm1").devices.at(0));
  const auto channel = make_simulated_channel(simulation);
  expect_all_refused(io, *channel);
  EXPECT_EQ(simulation.move()->forbidden_writes(), 0U);

  std::vector<error_code> outcomes;
  boost::asio::co_spawn(io, write_each(*channel, {a_light}, outcomes), boost::asio::detached);
  io.run();
  EXPECT_EQ(simulation.move()->shows(SteadyClock::now()).led, (Rgb{255, 0, 0}));
}

TEST(ReplayChannel, FlashAndFirmwareReportsAreRefused) {
  boost::asio::io_context io;
  const Recording recording;
  const auto channel = make_replay_channel(recording, {});
  expect_all_refused(io, *channel);
}

/// A channel of somebody's own that would send anything.
class ObedientChannel final : public HidChannel {
 public:
  [[nodiscard]] const ChannelInfo& info() const override { return info_; }
  Awaitable<Result<void>> wait_readable() override { co_return Result<void>{}; }
  Result<std::size_t> try_read(std::span<std::byte>) override { return std::size_t{0}; }
  Awaitable<Result<std::vector<std::byte>>> get_feature(std::uint8_t, std::size_t) override {
    co_return Bytes{};
  }
  void close() override {}
  int sent = 0;

 private:
  Awaitable<Result<void>> send_output(std::span<const std::byte>) override {
    ++sent;
    co_return Result<void>{};
  }
  Awaitable<Result<void>> send_feature(std::vector<std::byte>) override {
    ++sent;
    co_return Result<void>{};
  }
  ChannelInfo info_;
};

TEST(HidChannel, NoImplementationIsAskedToSendThem) {
  boost::asio::io_context io;
  ObedientChannel channel;
  expect_all_refused(io, channel);
  EXPECT_EQ(channel.sent, 0);
}

}  // namespace
}  // namespace psmove::drivers
