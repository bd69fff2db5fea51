#include "drivers/hid_descriptor.hpp"

#include <gtest/gtest.h>
#include <string_view>
#include <vector>

namespace psmove::drivers {
namespace {

std::vector<std::uint8_t> bytes(std::string_view hex) {
  std::vector<std::uint8_t> out;
  unsigned value = 0;
  int digits = 0;
  for (const char c : hex) {
    if (c == ' ') continue;
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (++digits % 2 != 0) continue;
    out.push_back(static_cast<std::uint8_t>(value));
    value = 0;
  }
  return out;
}

// What pairing tools store for every Move, from psmoveapi and BlueZ's sixaxis.h.
constexpr std::string_view ds3 =
    "05 01 09 04 a1 01 a1 02 85 01 75 08 95 01 15 00 26 ff 00 81 03 75 01 95 13 15 00 25 01 35 00 "
    "45"
    "01 05 09 19 01 29 13 81 02 75 01 95 0d 06 00 ff 81 03 15 00 26 ff 00 05 01 09 01 a1 00 75 08 "
    "95"
    "04 35 00 46 ff 00 09 30 09 31 09 32 09 35 81 02 c0 05 01 75 08 95 27 09 01 81 02 75 08 95 30 "
    "09"
    "01 91 02 75 08 95 30 09 01 b1 02 c0 a1 02 85 02 75 08 95 30 09 01 b1 02 c0 a1 02 85 ee 75 08 "
    "95"
    "30 09 01 b1 02 c0 a1 02 85 ef 75 08 95 30 09 01 b1 02 c0 c0";

TEST(HidDescriptor, TheStoredRecordDeclares48) {
  EXPECT_EQ(declared_input_bytes(bytes(ds3), 1), 48U);
}

TEST(HidDescriptor, ThePatchedRecordDeclares43) {
  std::string patched(ds3);
  patched.replace(patched.find("95 27"), 5, "95 22");
  EXPECT_EQ(declared_input_bytes(bytes(patched), 1), 43U);
}

TEST(HidDescriptor, AVendorPageDescriptorIsRead) {
  EXPECT_EQ(declared_input_bytes(
                bytes("06 00 ff 09 01 a1 01 85 01 09 01 15 00 26 ff 00 75 08 95 2b 81 02 c0"), 1),
            43U);
}

TEST(HidDescriptor, OtherReportsDoNotCount) {
  EXPECT_EQ(declared_input_bytes(bytes(ds3), 2), 0U);
}

TEST(HidDescriptor, APushedSizeComesBackWithPop) {
  EXPECT_EQ(declared_input_bytes(bytes("85 01 75 08 95 02 a4 75 10 81 02 b4 81 02"), 1), 6U);
}

TEST(HidDescriptor, ACutDescriptorDeclaresNothing) {
  const auto whole = bytes(ds3);
  EXPECT_EQ(declared_input_bytes({whole.data(), whole.size() - 148 + 10}, 1), 0U);
  EXPECT_EQ(declared_input_bytes({}, 1), 0U);
}

TEST(HidDescriptor, AbsurdSizesDeclareNothing) {
  EXPECT_EQ(declared_input_bytes(bytes("85 01 77 ff ff ff 7f 97 ff ff ff 7f 81 02"), 1), 0U);
}

}  // namespace
}  // namespace psmove::drivers
