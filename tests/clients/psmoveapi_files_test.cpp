// psmoveapi's files, written here byte by byte as its sources do.

#include "clients/psmovectl/psmoveapi_files.hpp"

#include <bit>
#include <cstdint>
#include <gtest/gtest.h>
#include <initializer_list>

namespace psmove::client {
namespace {

std::string factory_file(std::size_t used, char flags) {
  std::string content(147, '\0');
  for (std::size_t i = 0; i < used; ++i) content[i] = static_cast<char>(i + 0x10);
  content[143] = flags;
  return content;
}

void append_float(std::string& out, float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>(word >> shift & 0xFFU);
}

std::string binary_file(std::initializer_list<float> values) {
  std::string content = "MvCl";
  for (const float value : values) append_float(content, value);
  return content;
}

/// x from -100 to 300, y from -250 to 150, z from -200 to 200 counts: a sphere of 200 counts.
void expect_the_sphere(const Answer<MagnetometerCalibration>& fit) {
  ASSERT_TRUE(fit) << fit.error().message;
  EXPECT_DOUBLE_EQ(fit->hard_iron.x, 31.25);
  EXPECT_DOUBLE_EQ(fit->hard_iron.y, 15.625) << "its Y points the other way in the body frame";
  EXPECT_DOUBLE_EQ(fit->hard_iron.z, 0);
  EXPECT_NEAR(fit->field_ut, 62.5, 1e-9);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(fit->soft_iron[i], i % 4 == 0 ? 1 : 0, 1e-9);
}

TEST(PsmoveapiFiles, NamesSayWhoseTheyAre) {
  const auto factory = psmoveapi_file("00_06_f7_16_2a_3b.calibration");
  ASSERT_TRUE(factory);
  EXPECT_EQ(to_string(factory->controller), "00:06:f7:16:2a:3b");
  EXPECT_EQ(factory->kind, PsmoveapiFile::Kind::factory);
  for (const char* name :
       {"00_06_f7_16_2a_3b.magnetometer.csv", "00_06_F7_16_2A_3B.magnetometer.dat"})
    EXPECT_EQ(psmoveapi_file(name)->kind, PsmoveapiFile::Kind::magnetometer) << name;
  for (const char* name :
       {"", "colormapping.dat", "00_06_f7_16_2a.calibration", "00_06_f7_16_2a_3b",
        "00_00_00_00_00_00.calibration", "00_06_f7_16_2a_3b.calibration.bak"})
    EXPECT_FALSE(psmoveapi_file(name)) << name;
}

TEST(PsmoveapiFiles, AFactoryFileSaysWhichModelItIsOf) {
  const auto zcm1 = read_factory_file(factory_file(143, 1));
  ASSERT_TRUE(zcm1);
  EXPECT_EQ(zcm1->model, "zcm1");
  EXPECT_EQ(zcm1->blob.size(), 2 * 143U);
  EXPECT_EQ(zcm1->blob.substr(0, 6), "101112");
  const auto zcm2 = read_factory_file(factory_file(96, 1));
  ASSERT_TRUE(zcm2);
  EXPECT_EQ(zcm2->model, "zcm2");
  EXPECT_EQ(zcm2->blob.size(), 2 * 96U);
}

TEST(PsmoveapiFiles, AFactoryFileThatIsNoneIsRefused) {
  EXPECT_FALSE(read_factory_file(""));
  EXPECT_FALSE(read_factory_file(factory_file(143, 1).substr(1)));
  EXPECT_FALSE(read_factory_file(factory_file(143, 0))) << "its flag says that it is empty";
  EXPECT_FALSE(read_factory_file(factory_file(0, 1))) << "nothing but zeros";
}

TEST(PsmoveapiFiles, ExtremesBecomeAFit) {
  expect_the_sphere(read_magnetometer_file("axis,min,max\nx,-100,300\ny,-250,150\nz,-200,200\n"));
  expect_the_sphere(
      read_magnetometer_file("mx,my,mz\n0.1,0.5,-0.8\naxis,min,max\nx,-100.000000,300.000000\r\n"
                             "y,-250.000000,150.000000\r\nz,-200.000000,200.000000\r\n"));
  expect_the_sphere(
      read_magnetometer_file(binary_file({0.1F, 0.5F, -0.8F, -100, -250, -200, 300, 150, 200})));
  expect_the_sphere(
      read_magnetometer_file(binary_file({-100, -250, -200, 300, 150, 200, 0.1F, 0.5F, -0.8F})));
}

TEST(PsmoveapiFiles, AnUnevenFieldIsEvenedOut) {
  const auto fit = read_magnetometer_file("axis,min,max\nx,-100,100\ny,-200,200\nz,-400,400\n");
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->soft_iron[0], 2, 1e-9);
  EXPECT_NEAR(fit->soft_iron[4], 1, 1e-9);
  EXPECT_NEAR(fit->soft_iron[8], 0.5, 1e-9);
  EXPECT_NEAR(fit->field_ut, 62.5, 1e-9);
}

TEST(PsmoveapiFiles, AnUnfinishedFitIsRefused) {
  for (const char* text :
       {"", "axis,min,max\n", "axis,min,max\nx,-100,300\ny,-250,150\n",
        "axis,min,max\nx,-10,30\ny,-250,150\nz,-200,200\n",
        "axis,min,max\nx,2147483647,-2147483648\ny,-250,150\nz,-200,200\n",
        "axis,min,max\nx,-100,nan\ny,-250,150\nz,-200,200\n",
        "axis,min,max\nx,-100,300,5\ny,-250,150\nz,-200,200\n", "MvCl", "MvCl...."})
    EXPECT_FALSE(read_magnetometer_file(text)) << text;
}

}  // namespace
}  // namespace psmove::client
