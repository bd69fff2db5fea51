#include "bluez/sdp_record.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace psmove::bluez {
namespace {

/// Walks a data element (Bluetooth Core, volume 3 part B, section 3) and what is in it.
/// @return one past its end; 0 where a length leads out of it
std::size_t end_of(const Bytes& record, std::size_t at, std::size_t limit) {
  if (at >= limit) return 0;
  const unsigned kind = record[at] >> 3U;
  const unsigned size = record[at] & 7U;
  ++at;
  std::size_t length = std::size_t{1} << size;
  if (size >= 5) {
    const std::size_t octets = std::size_t{1} << (size - 5);
    length = 0;
    for (std::size_t i = 0; i < octets && at < limit; ++i) length = length << 8U | record[at++];
  }
  if (kind == 0) length = 0;
  if (at + length > limit) return 0;
  for (std::size_t inner = at; kind == 6 && inner < at + length;) {
    inner = end_of(record, inner, at + length);
    if (inner == 0) return 0;
  }
  return at + length;
}

TEST(SdpRecord, EveryLengthInItIsRight) {
  for (const auto& model : stored_models()) {
    const auto record = hid_service_record(model);
    EXPECT_EQ(end_of(record, 0, record.size()), record.size()) << model.name;
  }
}

TEST(SdpRecord, DeclaresWhatTheModelSends) {
  for (const auto& model : stored_models())
    EXPECT_EQ(declared_input(hid_service_record(model)), model.input_payload) << model.name;
}

TEST(SdpRecord, OnlyANavigationControllerIsAJoystick) {
  const Bytes joystick = {0x05, 0x01, 0x09, 0x04};  // generic desktop, joystick
  for (const auto& model : stored_models()) {
    const auto record = hid_service_record(model);
    const auto at = std::search(record.begin(), record.end(), joystick.begin(), joystick.end());
    EXPECT_EQ(at != record.end(), model.name == "navigation") << model.name;
  }
}

TEST(SdpRecord, OnesThatCannotBeReadDeclareNothing) {
  auto record = hid_service_record(*find_stored_model("zcm2"));
  EXPECT_FALSE(declared_input({}));
  for (std::size_t length = 0; length + 30 < record.size(); ++length) {
    const Bytes cut(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(length));
    const auto declared = declared_input(cut);
    EXPECT_TRUE(!declared || *declared == 43) << length;
  }
}

}  // namespace
}  // namespace psmove::bluez
