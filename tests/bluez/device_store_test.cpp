#include "bluez/device_store.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <sstream>
#include <unistd.h>

namespace psmove::bluez {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const Address adapter{{0x00, 0x1B, 0xDC, 0, 0, 1}};
const Address device{{0xA4, 0x53, 0x85, 0, 0, 1}};

class DeviceStoreTest : public testing::Test {
 protected:
  DeviceStoreTest() : root_(fs::temp_directory_path() / ("bluez." + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~DeviceStoreTest() override { fs::remove_all(root_); }

  void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  static std::string text_of(const fs::path& path) {
    std::ostringstream all;
    all << std::ifstream(path).rdbuf();
    return all.str();
  }

  fs::path root_;
  fs::path info_ = root_ / "00:1B:DC:00:00:01/A4:53:85:00:00:01/info";
  fs::path cache_ = root_ / "00:1B:DC:00:00:01/cache/A4:53:85:00:00:01";
  DeviceStore store_{root_};
  const StoredModel& zcm1_ = *find_stored_model("zcm1");
  const StoredModel& zcm2_ = *find_stored_model("zcm2");
};

TEST_F(DeviceStoreTest, ANewControllerIsStoredWhole) {
  EXPECT_FALSE(store_.look_up(adapter, device, zcm2_, false).is_known);
  ASSERT_EQ(store_.remember(adapter, device, zcm2_, false), "");
  const auto found = store_.look_up(adapter, device, zcm2_, false);
  EXPECT_TRUE(found.is_stored && found.is_known);
  EXPECT_FALSE(found.is_bonded || found.is_foreign);
  EXPECT_THAT(text_of(info_), HasSubstr("Trusted=true"));
  EXPECT_THAT(text_of(info_), HasSubstr("Product=3166"));
  EXPECT_EQ(fs::status(info_).permissions() & (fs::perms::group_all | fs::perms::others_all),
            fs::perms::none)
      << "a link key will be in it";
}

TEST_F(DeviceStoreTest, AMuteOneIsMendedAndKeepsItsBond) {
  // As another tool leaves it: the record of a DualShock 3, in short, which declares 48 bytes.
  const std::string too_long =
      "3500090206359A35980822251C05010901A101850175089530150026FF0009018102C0C0C0C0C0C0C0C0";
  write(info_,
        "[General]\nName=Motion Controller\nClass=0x002508\nSupportedTechnologies=BR/EDR\n"
        "Trusted=true\nBlocked=false\nServices=00001124-0000-1000-8000-00805f9b34fb;\n\n"
        "[DeviceID]\nSource=1\nVendor=1356\nProduct=3166\nVersion=1\n\n"
        "[LinkKey]\nKey=0123456789ABCDEF0123456789ABCDEF\nType=4\nPINLength=0\n");
  write(cache_,
        "[General]\nName=Motion Controller\n\n[ServiceRecords]\n0x00010000=" + too_long + "\n");
  const auto before = store_.look_up(adapter, device, zcm2_, false);
  EXPECT_FALSE(before.is_stored);
  EXPECT_TRUE(before.is_bonded);
  const auto info_before = text_of(info_);
  ASSERT_EQ(store_.remember(adapter, device, zcm2_, false), "");
  EXPECT_TRUE(store_.look_up(adapter, device, zcm2_, false).is_stored);
  EXPECT_EQ(text_of(info_), info_before) << "only the record was wrong";
  EXPECT_THAT(text_of(cache_), Not(HasSubstr(too_long)));
}

TEST_F(DeviceStoreTest, AnotherKindOfDeviceIsLeftAlone) {
  const std::string keyboard =
      "[General]\nName=Keyboard\nTrusted=true\n[DeviceID]\nSource=2\nVendor=1133\nProduct=50\n"
      "[LinkKey]\nKey=00\n";
  write(info_, keyboard);
  EXPECT_TRUE(store_.look_up(adapter, device, zcm2_, false).is_foreign);
  EXPECT_THAT(store_.remember(adapter, device, zcm2_, false), HasSubstr("another device"));
  EXPECT_EQ(text_of(info_), keyboard);
  EXPECT_FALSE(fs::exists(cache_));
}

TEST_F(DeviceStoreTest, CablePairingIsForThoseWithoutABond) {
  ASSERT_EQ(store_.remember(adapter, device, zcm1_, true), "");
  EXPECT_THAT(text_of(info_), HasSubstr("CablePairing=true"));
  ASSERT_EQ(store_.remember(adapter, Address{{0xA4, 0x53, 0x85, 0, 0, 2}}, zcm2_, true), "");
  EXPECT_THAT(text_of(root_ / "00:1B:DC:00:00:01/A4:53:85:00:00:02/info"),
              Not(HasSubstr("CablePairing")));
}

TEST_F(DeviceStoreTest, WhatBlueZItselfAddsChangesNothing) {
  ASSERT_EQ(store_.remember(adapter, device, zcm1_, false), "");
  auto text = text_of(info_);
  text.insert(text.find("\n\n"), "\nWakeAllowed=true");
  write(info_, text);
  EXPECT_TRUE(store_.look_up(adapter, device, zcm1_, false).is_stored);
}

TEST_F(DeviceStoreTest, AFileThatCannotBeParsedIsNotReplaced) {
  write(info_, "this is no key file");
  EXPECT_NE(store_.remember(adapter, device, zcm2_, false), "");
  EXPECT_EQ(text_of(info_), "this is no key file");
}

TEST_F(DeviceStoreTest, RemainsAreClearedOnceBlueZHasForgotten) {
  ASSERT_EQ(store_.remember(adapter, device, zcm2_, false), "");
  ASSERT_EQ(store_.clear_remains(adapter, device), "");
  EXPECT_TRUE(fs::exists(cache_)) << "BlueZ still knows it";
  fs::remove_all(info_.parent_path());
  ASSERT_EQ(store_.clear_remains(adapter, device), "");
  EXPECT_FALSE(fs::exists(cache_));
}

}  // namespace
}  // namespace psmove::bluez
