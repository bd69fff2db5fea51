// Whether controllers that come would be noticed: with the kernel's own socket, and a udev that is
// there or not.
#include "drivers/linux/hotplug.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "drivers/roster.hpp"

namespace psmove::drivers {
namespace {

using namespace std::chrono_literals;

class Hotplug : public ::testing::Test {
 protected:
  ~Hotplug() override {
    monitor.stop();
    io.restart();
    io.poll();
    std::filesystem::remove(control);
  }
  void begin_udev() { std::ofstream(control) << ""; }
  void end_udev() { std::filesystem::remove(control); }
  void turn_until_watching() {
    const auto end = SteadyClock::now() + 10s;
    while (!monitor.why_not().empty() && SteadyClock::now() < end) {
      io.restart();
      io.run_one_for(20ms);
    }
  }

  std::filesystem::path control = testing::TempDir() + "udev-control-" + std::to_string(::getpid());
  UnixClock clock;
  Roster roster{clock};
  boost::asio::thread_pool pool{1};
  boost::asio::io_context io{1};
  HotplugMonitor monitor{io, pool, roster, control};
};

TEST_F(Hotplug, WatchesWhereUdevRuns) {
  begin_udev();
  EXPECT_NE(monitor.why_not(), "") << "it has not begun";
  monitor.start();
  EXPECT_EQ(monitor.why_not(), "");
}

TEST_F(Hotplug, WatchesAsSoonAsUdevRuns) {
  monitor.start();
  EXPECT_NE(monitor.why_not().find(control), std::string::npos) << monitor.why_not();
  begin_udev();
  EXPECT_NE(monitor.why_not(), "") << "what it opened before may be deaf";
  turn_until_watching();
  EXPECT_EQ(monitor.why_not(), "");
}

TEST_F(Hotplug, SaysThatUdevHasGone) {
  begin_udev();
  monitor.start();
  end_udev();
  EXPECT_NE(monitor.why_not(), "");
  begin_udev();
  EXPECT_EQ(monitor.why_not(), "");
}

TEST_F(Hotplug, ItDoesNotWatchAfterItsEnd) {
  begin_udev();
  monitor.start();
  monitor.stop();
  io.poll();
  EXPECT_NE(monitor.why_not(), "");
}

}  // namespace
}  // namespace psmove::drivers
