#include "daemon/state_file.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

namespace psmove::daemon {
namespace {

namespace fs = std::filesystem;

class StateFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(directory_);
    ASSERT_EQ(file_.prepare(), "");
  }
  void TearDown() override { fs::remove_all(directory_); }
  static std::vector<drivers::RememberedController> one(const std::string& name) {
    drivers::RememberedController controller;
    controller.address = Address{{0, 6, 0xF7, 1, 2, 3}};
    controller.model = "zcm1";
    controller.number = 4;
    controller.name = name;
    controller.firmware = "2.20 rev 1829";
    controller.source = Source::simulated;
    controller.calibration_blob = {std::byte{0x10}, std::byte{0}, std::byte{0xFE}};
    controller.magnetometer = MagnetometerCalibration{
        .hard_iron = {1.5, -20.25, 3}, .field_ut = 48.5, .residual_ut = 0.25, .coverage = 0.95};
    controller.companion = Address{{0, 6, 0xF7, 4, 5, 6}};
    controller.learned = fusion::LearnedState{};
    controller.learned->gyro_bias_rad_s = {{0.01, -0.002, 1.0 / 3}, {1e-7, 2e-7, 3e-9}};
    controller.learned->accel_latency_s = {{0.0004}, {1e-8}};
    return {controller};
  }
  void overwrite(const char* name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
  }
  const fs::path directory_ =
      fs::path(::testing::TempDir()) / ("state_file_test." + std::to_string(::getpid())) / "deep";
  const StateFile file_{directory_};
};

TEST_F(StateFileTest, WhatWasSavedIsLoaded) {
  ASSERT_EQ(file_.save(one("links \"ü\"")), "");
  const auto loaded = file_.load();
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].address, one("")[0].address);
  EXPECT_EQ(loaded[0].name, "links \"ü\"");
  EXPECT_EQ(loaded[0].number, 4);
  EXPECT_EQ(loaded[0].firmware, "2.20 rev 1829");
  EXPECT_EQ(loaded[0].source, Source::simulated);
  EXPECT_EQ(loaded[0].calibration_blob, one("")[0].calibration_blob);
  EXPECT_EQ(loaded[0].magnetometer, one("")[0].magnetometer);
  EXPECT_EQ(loaded[0].learned, one("")[0].learned);
  EXPECT_EQ(loaded[0].companion, one("")[0].companion);
}

TEST_F(StateFileTest, NothingSavedIsNothingLoaded) {
  EXPECT_TRUE(file_.load().empty());
}

TEST_F(StateFileTest, ADamagedFileIsKeptAndTheFlushedCopyLoaded) {
  ASSERT_EQ(file_.save(one("old")), "");
  file_.flush();
  overwrite("controllers.json", "{\"controllers\": [{\"id\"");
  const auto loaded = file_.load();
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].name, "old");
  EXPECT_TRUE(fs::exists(directory_ / "controllers.json.damaged"));
}

TEST_F(StateFileTest, AnEmptyFileAfterAPowerCutFallsBack) {
  ASSERT_EQ(file_.save(one("old")), "");
  file_.flush();
  ASSERT_EQ(file_.save(one("new")), "");
  EXPECT_EQ(file_.load().at(0).name, "new");
  overwrite("controllers.json", "");
  EXPECT_EQ(file_.load().at(0).name, "old");
}

TEST_F(StateFileTest, EntriesThatMakeNoSenseAreLeftOut) {
  overwrite("controllers.json",
            R"({"controllers":[3,{"id":"x"},{"id":"00:06:f7:00:00:01","number":"a","name":5}]})");
  const auto loaded = file_.load();
  ASSERT_EQ(loaded.size(), 1U);
  EXPECT_EQ(loaded[0].number, 0);
}

TEST_F(StateFileTest, ADamagedCalibrationIsNoneAndTheControllerStays) {
  for (const std::string damaged :
       {R"("magnetometer":{"hard_iron_ut":[1,2],"soft_iron":[1,0,0,0,1,0,0,0,1]})",
        R"("magnetometer":{"hard_iron_ut":[1,2,"x"],"soft_iron":[1,0,0,0,1,0,0,0,1]})",
        R"("magnetometer":7,"learned":{"version":1})",
        R"("learned":{"gyro_bias_rad_s":{"value":[1,2,null],"variance":[0,0,0]}})"}) {
    overwrite("controllers.json",
              R"({"controllers":[{"id":"00:06:f7:00:00:01","name":"left",)" + damaged + "}]}");
    const auto loaded = file_.load();
    ASSERT_EQ(loaded.size(), 1U) << damaged;
    EXPECT_EQ(loaded[0].name, "left");
    EXPECT_FALSE(loaded[0].magnetometer) << damaged;
    EXPECT_FALSE(loaded[0].learned) << damaged;
  }
}

TEST_F(StateFileTest, ADirectoryThatCannotBeMadeIsOneSentence) {
  overwrite("file", "");
  EXPECT_NE(StateFile(directory_ / "file" / "sub").prepare().find("--state-dir"),
            std::string::npos);
}

}  // namespace
}  // namespace psmove::daemon
